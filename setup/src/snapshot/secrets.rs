//! What must not leave the account with a snapshot: the values of environment variables, and of log options that are named
//! like secrets. ARNs of secrets stay; they say where a secret is, and not what.

use serde_json::Value;

/// Parts of names of log options whose values are secret, such as `splunk-token`.
/// Source: <https://docs.docker.com/engine/logging/drivers/splunk/>
const SECRET: [&str; 4] = ["token", "password", "secret", "key"];

/// Takes the secrets out of an answer of ECS, wherever in it they are; names stay.
pub(super) fn leave_out(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(leave_out),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match (name.as_str(), &mut *member) {
                    ("environment", Value::Array(variables)) => {
                        for variable in variables.iter_mut().filter_map(Value::as_object_mut) {
                            variable.retain(|part, _| part == "name");
                        }
                    }
                    ("options", Value::Object(options)) => {
                        options.retain(|option, _| {
                            let option = option.to_ascii_lowercase();
                            !SECRET.iter().any(|part| option.contains(part))
                        });
                    }
                    _ => leave_out(member),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::leave_out;

    #[test]
    fn values_go_and_names_and_places_stay() {
        let mut answer = json!({"taskDefinition": {"containerDefinitions": [{
            "environment": [{"name": "PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "hunter2"}],
            "secrets": [{"name": "KEY", "valueFrom": "arn:aws:ssm:eu-west-1:1:parameter/key"}],
            "logConfiguration": {"logDriver": "splunk",
                "options": {"splunk-token": "hunter2", "splunk-url": "https://x"}},
            "firelensConfiguration": {"options": {"Shared_Key": "hunter2"}},
        }]}});
        leave_out(&mut answer);
        let text = answer.to_string();
        assert!(!text.contains("hunter2"), "{text}");
        for kept in [
            "PASSWORD",
            "MODE",
            "parameter/key",
            "splunk-url",
            "https://x",
        ] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}

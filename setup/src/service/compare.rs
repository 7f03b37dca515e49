//! Whether two definitions, or two services, mean the same, and in what they differ. ECS answers more than it was given:
//! defaults, empty lists, lists in another order. All of that is set aside first.
//!
//! Source of the defaults: Terraform's provider, `internal/service/ecs/task_definition_equivalency.go`, and the API reference.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::diff::FieldChange;

/// Members with the value that ECS takes where they are missing, by the member that holds them.
const DEFAULTS: &[(&str, &str, Known)] = &[
    ("containerDefinitions", "cpu", Known::Number(0)),
    ("containerDefinitions", "essential", Known::Flag(true)),
    (
        "containerDefinitions",
        "versionConsistency",
        Known::Text("enabled"),
    ),
    ("containerDefinitions", "privileged", Known::Flag(false)),
    (
        "containerDefinitions",
        "readonlyRootFilesystem",
        Known::Flag(false),
    ),
    ("containerDefinitions", "interactive", Known::Flag(false)),
    ("containerDefinitions", "pseudoTerminal", Known::Flag(false)),
    (
        "containerDefinitions",
        "disableNetworking",
        Known::Flag(false),
    ),
    ("mountPoints", "readOnly", Known::Flag(false)),
    ("volumesFrom", "readOnly", Known::Flag(false)),
    ("linuxParameters", "initProcessEnabled", Known::Flag(false)),
    ("portMappings", "protocol", Known::Text("tcp")),
    ("portMappings", "hostPort", Known::Number(0)),
    ("healthCheck", "interval", Known::Number(30)),
    ("healthCheck", "timeout", Known::Number(5)),
    ("healthCheck", "retries", Known::Number(3)),
    ("", "enableFaultInjection", Known::Flag(false)),
    ("", "networkMode", Known::Text("bridge")),
    (
        "awsvpcConfiguration",
        "assignPublicIp",
        Known::Text("DISABLED"),
    ),
    ("capacityProviderStrategy", "base", Known::Number(0)),
    ("capacityProviderStrategy", "weight", Known::Number(0)),
];

/// Lists whose order means nothing.
const SETS: &[&str] = &["requiresCompatibilities", "subnets", "securityGroups"];

/// Lists whose items have a name that no other has; their order means nothing either.
const NAMED: &[(&str, &str)] = &[
    ("containerDefinitions", "name"),
    ("environment", "name"),
    ("secrets", "name"),
    ("volumes", "name"),
    ("tags", "key"),
];

#[derive(Clone, Copy)]
enum Known {
    Number(i64),
    Flag(bool),
    Text(&'static str),
}

impl Known {
    fn is(self, value: &Value) -> bool {
        match self {
            Self::Number(number) => value.as_i64() == Some(number),
            Self::Flag(flag) => value.as_bool() == Some(flag),
            Self::Text(text) => value.as_str() == Some(text),
        }
    }
}

/// The meaning of a task definition: the same for whatever ECS takes for the same. Tags that only AWS or ecroll write are
/// no part of it.
#[must_use]
pub fn definition(members: &Value) -> Value {
    let mut members = members.clone();
    if let Some(members) = members.as_object_mut() {
        for member in handler::revision::OUTPUT_ONLY {
            members.remove(*member);
        }
        for (member, unit, size) in [("cpu", "vcpu", 1024.0), ("memory", "gb", 1024.0)] {
            if let Some(text) = members
                .get(member)
                .and_then(|value| units(value, unit, size))
            {
                members.insert(member.to_owned(), json!(text));
            }
        }
        // Some servers answer members of the definition that nobody gave with an empty text, which none of them can be.
        members.retain(|_, value| value != "");
        let mode = members.get("networkMode").and_then(Value::as_str);
        if mode.is_some_and(|mode| matches!(mode, "awsvpc" | "host")) {
            own_ports(members);
        }
        if let Some(Value::Array(tags)) = members.get_mut("tags") {
            tags.retain(|tag| {
                let key = tag.get("key").and_then(Value::as_str).unwrap_or_default();
                !key.starts_with("aws:") && !handler::ledger::is_key(key)
            });
        }
    }
    meaning("", &members)
}

/// `1 vCPU` is 1024 units and `2 GB` are 2048 MiB, as the API reference has it.
fn units(value: &Value, unit: &str, size: f64) -> Option<String> {
    let text = value.as_str()?.to_ascii_lowercase();
    let number: f64 = text.strip_suffix(unit)?.trim().parse().ok()?;
    Some(format!("{:.0}", number * size))
}

/// Where a task has a network interface of its own, or the host's, a port of the host can only be the container's.
fn own_ports(definition: &mut Map<String, Value>) {
    let containers = definition.get_mut("containerDefinitions");
    let containers = containers
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    let ports =
        containers.filter_map(|container| container.get_mut("portMappings")?.as_array_mut());
    for port in ports.flatten().filter_map(Value::as_object_mut) {
        if port.get("hostPort") == port.get("containerPort") {
            port.remove("hostPort");
        }
    }
}

/// A value without what says nothing; null where nothing is left. `holder` is the member that holds it.
fn meaning(holder: &str, value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let says = |member: &String, value: &Value| {
                let mut defaults = DEFAULTS.iter();
                !defaults
                    .any(|(of, name, known)| *of == holder && name == member && known.is(value))
            };
            let members = members.iter().filter(|(member, value)| says(member, value));
            let members = members.map(|(member, value)| (member.clone(), meaning(member, value)));
            let members: Map<String, Value> =
                members.filter(|(_, value)| !value.is_null()).collect();
            if members.is_empty() {
                Value::Null
            } else {
                Value::Object(members)
            }
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => list(holder, items),
        other => other.clone(),
    }
}

fn list(holder: &str, items: &[Value]) -> Value {
    if let Some((_, key)) = NAMED.iter().find(|(of, _)| *of == holder) {
        let name = |item: &Value| item.get(*key).and_then(Value::as_str).map(str::to_owned);
        let named: Option<BTreeMap<String, &Value>> =
            items.iter().map(|item| Some((name(item)?, item))).collect();
        if let Some(named) = named.filter(|named| named.len() == items.len()) {
            let item = |item: &Value| {
                let mut item = item.clone();
                if let Some(members) = item.as_object_mut() {
                    members.remove(*key);
                    // An item that has nothing but its name is still there.
                    let only = if members.len() == 1 {
                        members.remove("value")
                    } else {
                        None
                    };
                    if let Some(only) = only {
                        return only;
                    }
                }
                match meaning(holder, &item) {
                    Value::Null => json!({}),
                    item => item,
                }
            };
            let items = named
                .into_iter()
                .map(|(name, value)| (format!("[{name}]"), item(value)));
            return Value::Object(items.collect());
        }
    }
    let mut items: Vec<Value> = items.iter().map(|item| meaning(holder, item)).collect();
    if SETS.contains(&holder) {
        items.sort_by_key(Value::to_string);
    }
    Value::Array(items)
}

/// In what two definitions differ: what is there, and what is to be.
#[must_use]
pub fn definitions(from: &Value, to: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    differences(
        "",
        Some(&definition(from)),
        Some(&definition(to)),
        true,
        &mut changes,
    );
    changes
}

/// In what a member of a service would change. What the file does not mention below it is kept.
#[must_use]
pub fn member(name: &str, from: Option<&Value>, to: &Value) -> Vec<FieldChange> {
    let from = from
        .map(|from| meaning(name, from))
        .filter(|from| !from.is_null());
    let mut changes = Vec::new();
    let asks = meaning(name, to);
    if asks.is_null() && to.is_object() {
        return changes;
    }
    let to = (!asks.is_null()).then_some(asks);
    differences(name, from.as_ref(), to.as_ref(), false, &mut changes);
    changes
}

/// `whole`: what is there and not wanted is a difference, too.
fn differences(
    path: &str,
    from: Option<&Value>,
    to: Option<&Value>,
    whole: bool,
    out: &mut Vec<FieldChange>,
) {
    match (from, to) {
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let mut names: Vec<&String> = to.keys().collect();
            names.extend(from.keys().filter(|name| whole && !to.contains_key(*name)));
            names.sort_unstable();
            for name in names {
                differences(&below(path, name), from.get(name), to.get(name), whole, out);
            }
        }
        (Some(Value::Array(some)), Some(Value::Array(others)))
            if !whole && same_items(some, others) => {}
        (from, to) if from == to => {}
        // Items with names are told one by one, also where there were none.
        (None, Some(Value::Object(to))) if to.keys().all(|name| name.starts_with('[')) => {
            for (name, to) in to {
                differences(&below(path, name), None, Some(to), whole, out);
            }
        }
        (from, to) => out.push(FieldChange {
            field: path.to_owned(),
            from: from.map(plain),
            to: to.map(plain),
        }),
    }
}

/// ECS answers items of lists with more members than they were given.
fn same_items(from: &[Value], to: &[Value]) -> bool {
    let same = |(from, to): (&Value, &Value)| {
        let mut changes = Vec::new();
        differences("", Some(from), Some(to), false, &mut changes);
        changes.is_empty()
    };
    from.len() == to.len() && from.iter().zip(to).all(same)
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() || name.starts_with('[') {
        format!("{path}{name}")
    } else {
        format!("{path}.{name}")
    }
}

/// A value as a person reads it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{definitions, member};

    fn told(changes: &[crate::diff::FieldChange]) -> Vec<String> {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
        let changes = changes.iter();
        changes
            .map(|change| {
                format!(
                    "{}: {} -> {}",
                    change.field,
                    value(&change.from),
                    value(&change.to)
                )
            })
            .collect()
    }

    /// As somebody writes it, and as ECS answers it.
    fn pair() -> (Value, Value) {
        let given = json!({
            "family": "web", "networkMode": "awsvpc", "cpu": ".25 vCPU", "memory": "1 GB",
            "requiresCompatibilities": ["FARGATE", "EC2"],
            "containerDefinitions": [
                {"name": "app", "image": "web:v1", "portMappings": [{"containerPort": 80}],
                 "environment": [{"name": "B", "value": "2"}, {"name": "A", "value": ""}],
                 "healthCheck": {"command": ["CMD", "true"]}},
                {"name": "log", "image": "log:1", "essential": false}]
        });
        let answered = json!({
            "taskDefinitionArn": "arn", "revision": 3, "status": "ACTIVE", "registeredAt": 1.5,
            "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "1024",
            "requiresCompatibilities": ["EC2", "FARGATE"], "volumes": [], "placementConstraints": [],
            "enableFaultInjection": false,
            "containerDefinitions": [
                {"name": "app", "image": "web:v1", "cpu": 0, "essential": true, "mountPoints": [],
                 "portMappings": [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}],
                 "environment": [{"name": "A", "value": ""}, {"name": "B", "value": "2"}],
                 "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3},
                 "volumesFrom": [], "systemControls": []},
                {"name": "log", "image": "log:1", "cpu": 0, "essential": false, "environment": []}]
        });
        (given, answered)
    }

    #[test]
    fn what_ecs_adds_is_no_difference() {
        let (given, answered) = pair();
        assert_eq!(definitions(&answered, &given), []);
        let mut stamped = answered;
        stamped["tags"] =
            json!([{"key": "ecroll:0123abcd", "value": "x"}, {"key": "aws:a", "value": "b"}]);
        assert_eq!(definitions(&stamped, &given), []);
    }

    #[test]
    fn what_a_server_fills_in_is_no_difference() {
        let containers =
            json!([{"name": "app", "image": "i", "environment": [{"name": "A", "value": ""}]}]);
        let given = json!({"family": "web", "containerDefinitions": containers});
        let mut answered = given.clone();
        answered["networkMode"] = json!("bridge");
        answered["taskRoleArn"] = json!("");
        assert_eq!(definitions(&answered, &given), []);
        // In a container an empty text is one.
        answered["containerDefinitions"][0]["environment"] = json!([]);
        assert_eq!(definitions(&answered, &given).len(), 1);
        answered = given.clone();
        answered["networkMode"] = json!("host");
        assert_eq!(definitions(&answered, &given).len(), 1);
    }

    #[test]
    fn each_real_difference_is_told_with_its_place() {
        let (mut given, answered) = pair();
        let app = &mut given["containerDefinitions"][0];
        app["image"] = json!("web:v2");
        app["environment"] = json!([{"name": "A", "value": "x"}, {"name": "C", "value": "3"}]);
        app["portMappings"] = json!([{"containerPort": 8080}]);
        app["tomorrow"] = json!({"deep": [1]});
        given["containerDefinitions"][1]["essential"] = json!(true);
        given["tags"] = json!([{"key": "team", "value": "shop"}]);
        insta::assert_snapshot!(told(&definitions(&answered, &given)).join("\n"), @r#"
        containerDefinitions[app].environment[A]: "" -> x
        containerDefinitions[app].environment[B]: 2 -> (none)
        containerDefinitions[app].environment[C]: (none) -> 3
        containerDefinitions[app].image: web:v1 -> web:v2
        containerDefinitions[app].portMappings: [{"containerPort":80}] -> [{"containerPort":8080}]
        containerDefinitions[app].tomorrow: (none) -> {"deep":[1]}
        containerDefinitions[log].essential: false -> (none)
        tags[team]: (none) -> shop
        "#);
    }

    #[test]
    fn on_a_bridge_a_port_of_the_host_is_a_difference() {
        let definition = |port: Value| {
            json!({"family": "web", "containerDefinitions": [
            {"name": "app", "image": "i", "portMappings": [port]}]})
        };
        let given = definition(json!({"containerPort": 80}));
        let fixed = definition(json!({"containerPort": 80, "hostPort": 80}));
        assert_eq!(definitions(&fixed, &given).len(), 1);
        let dynamic = definition(json!({"containerPort": 80, "hostPort": 0, "protocol": "tcp"}));
        assert_eq!(definitions(&dynamic, &given), []);
    }

    #[test]
    fn what_a_service_file_does_not_mention_is_kept() {
        let live = json!({"maximumPercent": 200, "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": true, "rollback": true, "resetOnHealthyTask": true}});
        let file = json!({"minimumHealthyPercent": 50, "deploymentCircuitBreaker": {"enable": true, "rollback": true}});
        let changes = member("deploymentConfiguration", Some(&live), &file);
        assert_eq!(
            told(&changes),
            ["deploymentConfiguration.minimumHealthyPercent: 100 -> 50"]
        );
        let balancers =
            json!([{"targetGroupArn": "a", "containerName": "app", "containerPort": 80}]);
        let mut shown = balancers.clone();
        shown[0]["advancedConfiguration"] = json!({"roleArn": "r"});
        assert_eq!(member("loadBalancers", Some(&shown), &balancers), []);
        // An empty list takes away, and means nothing where there is none.
        assert_eq!(member("loadBalancers", Some(&shown), &json!([])).len(), 1);
        assert_eq!(member("loadBalancers", Some(&json!([])), &json!([])), []);
        assert_eq!(member("loadBalancers", None, &json!([])), []);
        let network = |subnets: Value| json!({"awsvpcConfiguration": {"subnets": subnets}});
        let (one, other) = (network(json!(["b", "a"])), network(json!(["a", "b"])));
        assert_eq!(member("networkConfiguration", Some(&one), &other), []);
    }
}

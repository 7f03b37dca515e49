//! As much of CloudFormation as a template of ours needs: functions are resolved, and each resource is made by the calls
//! that its type stands for. Of what could be made next the first by name is made, or the last, as a test asks, so that a
//! dependency that is not said shows.

mod make;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use setup::Code;

use crate::pocket::Pocket;

const PARTITION: &str = "aws";
const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "000000000000";

/// A template with what was asked for.
struct Stack<'t> {
    template: &'t Value,
    parameters: BTreeMap<String, Value>,
    /// What referring to a resource gives.
    refs: BTreeMap<String, Value>,
    /// What its ARN is.
    arns: BTreeMap<String, String>,
}

impl Pocket {
    /// Makes the stack of a template, with these parameters and the zip that lies where the template expects it.
    pub(crate) async fn make_stack(
        &self,
        template: &Value,
        parameters: &[(&str, &str)],
        code: &Code,
        first: bool,
    ) {
        let mut stack = Stack::new(template, parameters);
        let resources = template["Resources"].as_object().unwrap();
        let mut left: Vec<&String> = resources.keys().collect();
        while !left.is_empty() {
            let is_ready = |name: &&String| {
                let needs = stack.needs(&resources[*name]);
                needs.iter().all(|need| stack.refs.contains_key(need))
            };
            let ready = if first {
                left.iter().position(is_ready)
            } else {
                left.iter().rposition(is_ready)
            };
            let name = left.remove(ready.unwrap_or_else(|| panic!("in a circle: {left:?}")));
            let resource = &resources[name];
            let kind = resource["Type"].as_str().unwrap();
            let properties = stack.resolve(&resource["Properties"]).unwrap();
            let (given, arn) = self.make(kind, name, &properties, code);
            stack.refs.insert(name.clone(), given.into());
            stack.arns.insert(name.clone(), arn);
            if kind == "AWS::IAM::Role" || kind == "AWS::Lambda::Function" {
                self.wait_a_minute().await;
            }
        }
    }
}

impl<'t> Stack<'t> {
    fn new(template: &'t Value, given: &[(&str, &str)]) -> Self {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in template["Parameters"].as_object().unwrap() {
            let given = given
                .iter()
                .find(|(of, _)| of == name)
                .map(|(_, value)| *value);
            let value = given.or(parameter["Default"].as_str());
            let value = value.unwrap_or_else(|| panic!("{name} is asked for"));
            let list = parameter["Type"] == "CommaDelimitedList";
            let value = if list {
                json!(value.split(',').collect::<Vec<_>>())
            } else {
                json!(value)
            };
            parameters.insert(name.clone(), value);
        }
        let known = template["Parameters"].as_object().unwrap();
        assert!(given.iter().all(|(name, _)| known.contains_key(*name)));
        for (name, value) in [
            ("Partition", PARTITION),
            ("Region", REGION),
            ("AccountId", ACCOUNT),
        ] {
            parameters.insert(format!("AWS::{name}"), value.into());
        }
        Self {
            template,
            parameters,
            refs: BTreeMap::new(),
            arns: BTreeMap::new(),
        }
    }

    /// What must be there first.
    fn needs(&self, resource: &Value) -> BTreeSet<String> {
        let mut needs = BTreeSet::new();
        self.named(&resource["Properties"], &mut needs);
        let after = resource["DependsOn"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let resources = self.template["Resources"].as_object().unwrap();
        for name in after {
            let name = name.as_str().unwrap().to_owned();
            assert!(resources.contains_key(&name), "{name} is no resource");
            needs.insert(name);
        }
        needs
    }

    fn named(&self, value: &Value, needs: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    match (key.as_str(), value) {
                        ("Ref", Value::String(name))
                            if !self.parameters.contains_key(name) && name != "AWS::NoValue" =>
                        {
                            needs.insert(name.clone());
                        }
                        ("Fn::GetAtt", parts) => {
                            needs.insert(parts[0].as_str().unwrap().to_owned());
                        }
                        (_, value) => self.named(value, needs),
                    }
                }
            }
            Value::Array(members) => members.iter().for_each(|member| self.named(member, needs)),
            _ => {}
        }
    }

    /// The value of a template's expression; `None` where it is to be left out.
    fn resolve(&self, value: &Value) -> Option<Value> {
        let function = value.as_object().filter(|members| members.len() == 1);
        if let Some((name, argument)) = function.and_then(|members| members.iter().next()) {
            match name.as_str() {
                "Ref" if argument == "AWS::NoValue" => return None,
                "Ref" => return Some(self.given(argument.as_str().unwrap())),
                "Fn::GetAtt" => {
                    assert_eq!(argument[1], "Arn");
                    return Some(self.arns[argument[0].as_str().unwrap()].clone().into());
                }
                "Fn::Sub" => {
                    let mut text = argument.as_str().unwrap().to_owned();
                    for (name, value) in &self.parameters {
                        if let Some(value) = value.as_str() {
                            text = text.replace(&format!("${{{name}}}"), value);
                        }
                    }
                    assert!(!text.contains("${"), "{text}");
                    return Some(text.into());
                }
                "Fn::Join" => {
                    let parts = self.resolve(&argument[1]).unwrap();
                    let parts: Vec<&str> = parts
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|part| part.as_str().unwrap())
                        .collect();
                    return Some(parts.join(argument[0].as_str().unwrap()).into());
                }
                "Fn::Select" => {
                    let index = usize::try_from(argument[0].as_u64().unwrap()).unwrap();
                    return Some(self.resolve(&argument[1]).unwrap()[index].clone());
                }
                "Fn::If" => {
                    let condition = &self.template["Conditions"][argument[0].as_str().unwrap()];
                    let branch = if self.holds(condition) { 1 } else { 2 };
                    return self.resolve(&argument[branch]);
                }
                other => assert!(!other.starts_with("Fn::"), "{other} is not known here"),
            }
        }
        Some(match value {
            Value::Object(members) => {
                let members = members
                    .iter()
                    .filter_map(|(key, value)| Some((key.clone(), self.resolve(value)?)));
                Value::Object(members.collect())
            }
            Value::Array(members) => members
                .iter()
                .filter_map(|member| self.resolve(member))
                .collect(),
            other => other.clone(),
        })
    }

    fn given(&self, name: &str) -> Value {
        let given = self.parameters.get(name).or_else(|| self.refs.get(name));
        given
            .unwrap_or_else(|| panic!("{name} is nothing yet"))
            .clone()
    }

    fn holds(&self, condition: &Value) -> bool {
        let (name, arguments) = condition.as_object().unwrap().iter().next().unwrap();
        match name.as_str() {
            "Fn::Not" => !self.holds(&arguments[0]),
            "Fn::Equals" => self.resolve(&arguments[0]) == self.resolve(&arguments[1]),
            other => panic!("{other} is not known here"),
        }
    }
}

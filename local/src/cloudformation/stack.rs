//! One stack, and what an operation makes of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{UPDATE, invalid};
use crate::input::Input;
use crate::service::Fault;

/// How long what an operation replaced takes to be cleaned up.
const CLEANUP: TimeDelta = TimeDelta::seconds(5);

/// The name in a stack's name or ARN.
pub(super) fn name_of(named: &str) -> &str {
    match named.split_once(":stack/") {
        Some((_, path)) => path.split('/').next().unwrap_or(path),
        None => named,
    }
}

#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    status: String,
    reason: Option<String>,
    pub(super) parameters: BTreeMap<String, String>,
    /// The template's parameters, with their defaults.
    defaults: BTreeMap<String, Option<String>>,
    /// The capability that the template asks for.
    needs: Option<&'static str>,
    template: String,
    capabilities: Vec<String>,
    pub(super) role: Option<String>,
    notifications: Vec<String>,
    tags: BTreeMap<String, String>,
    created: DateTime<Utc>,
    updated: Option<DateTime<Utc>>,
    tokens: Vec<String>,
    /// Oldest first.
    events: Vec<Value>,
    /// What will happen, and when.
    ahead: Vec<(DateTime<Utc>, Step)>,
}

/// Something that an operation will do.
#[derive(Debug, Clone)]
struct Step {
    status: &'static str,
    reason: Option<String>,
    token: Option<String>,
    /// What the parameters are from then on.
    parameters: Option<BTreeMap<String, String>>,
}

/// What an update asks for, everything that it leaves out filled in.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) parameters: BTreeMap<String, String>,
    template: String,
    capabilities: Vec<String>,
    role: Option<String>,
    notifications: Vec<String>,
    tags: BTreeMap<String, String>,
    token: Option<String>,
}

/// What a template says, as far as it counts here.
struct Template {
    defaults: BTreeMap<String, Option<String>>,
    needs: Option<&'static str>,
}

impl Template {
    /// Reads a template in JSON.
    fn read(text: &str) -> Result<Self, Fault> {
        let template: Value = serde_json::from_str(text).map_err(|error| {
            invalid(format!(
                "Template format error: JSON not well-formed. ({error})"
            ))
        })?;
        let members = |name: &str| template.get(name).and_then(Value::as_object);
        if members("Resources").is_none_or(serde_json::Map::is_empty) {
            return Err(invalid(
                "Template format error: At least one Resources member must be defined.",
            ));
        }
        let parameters = members("Parameters").into_iter().flatten();
        let defaults = parameters.map(|(name, parameter)| {
            let default = parameter.get("Default");
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            (name.clone(), default.map(text))
        });
        let mut resources = members("Resources").into_iter().flatten();
        let roles = resources.any(|(_, resource)| {
            let kind = resource.get("Type").and_then(Value::as_str);
            kind.is_some_and(|kind| kind.starts_with("AWS::IAM::"))
        });
        Ok(Self {
            defaults: defaults.collect(),
            needs: roles.then_some("CAPABILITY_IAM"),
        })
    }
}

/// The value of every parameter: given, as before, or the default.
fn parameters(
    defaults: &BTreeMap<String, Option<String>>,
    before: &BTreeMap<String, String>,
    input: Input<'_>,
) -> Result<BTreeMap<String, String>, Fault> {
    let mut given = BTreeMap::new();
    let (mut unknown, mut without) = (Vec::new(), Vec::new());
    for parameter in input.list("Parameters") {
        let parameter = Input::new(parameter, "ValidationError");
        let name = parameter.need("ParameterKey")?;
        if !defaults.contains_key(name) {
            unknown.push(name);
            continue;
        }
        let value = if parameter.flag("UsePreviousValue") == Some(true) {
            if parameter.text("ParameterValue").is_some() {
                return Err(invalid(format!(
                    "Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and non empty \
                     value for a parameter"
                )));
            }
            before.get(name).cloned()
        } else {
            parameter.text("ParameterValue").map(str::to_owned)
        };
        given.insert(name.to_owned(), value);
    }
    if !unknown.is_empty() {
        let unknown = unknown.join(", ");
        return Err(invalid(format!(
            "Parameters: [{unknown}] do not exist in the template"
        )));
    }
    let mut values = BTreeMap::new();
    for (name, default) in defaults {
        match given.remove(name).flatten().or_else(|| default.clone()) {
            Some(value) => {
                values.insert(name.clone(), value);
            }
            None => without.push(name.as_str()),
        }
    }
    if without.is_empty() {
        return Ok(values);
    }
    let without = without.join(", ");
    Err(invalid(format!("Parameters: [{without}] must have values")))
}

fn tags(input: Input<'_>) -> BTreeMap<String, String> {
    let pair = |tag: &Value| {
        let text = |name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
        Some((text("Key")?, text("Value")?))
    };
    input.list("Tags").iter().filter_map(pair).collect()
}

fn insufficient(needs: Option<&'static str>, given: &[String]) -> Option<Fault> {
    let needs = needs?;
    let has = given
        .iter()
        .any(|given| given == needs || given == "CAPABILITY_NAMED_IAM");
    (!has).then(|| {
        let message = format!("Requires capabilities : [{needs}]");
        Fault::client("InsufficientCapabilitiesException", message)
    })
}

impl Wanted {
    pub(super) fn read(stack: &Stack, input: Input<'_>) -> Result<Self, Fault> {
        let (template, defaults, needs) = match input.text("TemplateBody") {
            _ if input.flag("UsePreviousTemplate") == Some(true) => {
                (stack.template.clone(), stack.defaults.clone(), stack.needs)
            }
            Some(body) => {
                let template = Template::read(body)?;
                (body.to_owned(), template.defaults, template.needs)
            }
            None => {
                return Err(invalid(
                    "Either Template URL or Template Body must be specified.",
                ));
            }
        };
        if !stack.is_ready() {
            let (id, status) = (&stack.id, &stack.status);
            return Err(invalid(format!(
                "Stack:{id} is in {status} state and can not be updated."
            )));
        }
        let token = input.text("ClientRequestToken").map(str::to_owned);
        if token
            .as_ref()
            .is_some_and(|token| stack.tokens.contains(token))
        {
            return Err(Fault::client(
                "TokenAlreadyExistsException",
                "A client request token already exists.",
            ));
        }
        let capabilities = input.texts("Capabilities");
        if let Some(fault) = insufficient(needs, &capabilities) {
            return Err(fault);
        }
        let given = |name: &str| input.get(name).is_some();
        let wanted = Self {
            parameters: parameters(&defaults, &stack.parameters, input)?,
            template,
            capabilities,
            role: match input.text("RoleARN") {
                Some(role) => Some(role.to_owned()),
                None => stack.role.clone(),
            },
            notifications: if given("NotificationARNs") {
                input.texts("NotificationARNs")
            } else {
                stack.notifications.clone()
            },
            tags: if given("Tags") {
                tags(input)
            } else {
                stack.tags.clone()
            },
            token,
        };
        let same = (&wanted.parameters, &wanted.template, &wanted.tags)
            == (&stack.parameters, &stack.template, &stack.tags);
        if same {
            return Err(invalid("No updates are to be performed."));
        }
        Ok(wanted)
    }
}

impl Stack {
    pub(super) fn create(
        id: String,
        name: &str,
        input: Input<'_>,
        now: DateTime<Utc>,
    ) -> Result<Self, Fault> {
        let body = input
            .text("TemplateBody")
            .ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
        let template = Template::read(body)?;
        let capabilities = input.texts("Capabilities");
        if let Some(fault) = insufficient(template.needs, &capabilities) {
            return Err(fault);
        }
        let token = input.text("ClientRequestToken").map(str::to_owned);
        let mut stack = Self {
            id,
            name: name.to_owned(),
            status: String::new(),
            reason: None,
            parameters: parameters(&template.defaults, &BTreeMap::new(), input)?,
            defaults: template.defaults,
            needs: template.needs,
            template: body.to_owned(),
            capabilities,
            role: input.text("RoleARN").map(str::to_owned),
            notifications: input.texts("NotificationARNs"),
            tags: tags(input),
            created: now,
            updated: None,
            tokens: token.iter().cloned().collect(),
            events: Vec::new(),
            ahead: Vec::new(),
        };
        let started = Some("User Initiated".to_owned());
        stack.step(
            now,
            Step::new("CREATE_IN_PROGRESS", started, token.as_ref()),
        );
        stack.ahead.push((
            now + UPDATE,
            Step::new("CREATE_COMPLETE", None, token.as_ref()),
        ));
        Ok(stack)
    }

    /// Whether it may be updated. Source: the stack status codes of the user guide.
    fn is_ready(&self) -> bool {
        let ready = [
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
        ];
        ready.contains(&self.status.as_str())
    }

    /// Begins an update; `fails` is why it will be rolled back.
    pub(super) fn begin(
        &mut self,
        wanted: Wanted,
        fails: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let token = wanted.token.clone();
        let before = self.parameters.clone();
        let started = Some("User Initiated".to_owned());
        self.tokens.extend(token.clone());
        self.updated = Some(now);
        self.capabilities = wanted.capabilities;
        self.role = wanted.role;
        self.notifications = wanted.notifications;
        self.tags = wanted.tags;
        self.parameters = wanted.parameters;
        if wanted.template != self.template {
            let template = Template::read(&wanted.template)?;
            self.defaults = template.defaults;
            self.needs = template.needs;
            self.template = wanted.template;
        }
        self.step(
            now,
            Step::new("UPDATE_IN_PROGRESS", started, token.as_ref()),
        );
        let (at, back) = (now + UPDATE, now + UPDATE * 2);
        let mut add = |at, status, reason, parameters| {
            let step = Step {
                parameters,
                ..Step::new(status, reason, token.as_ref())
            };
            self.ahead.push((at, step));
        };
        match fails {
            None => {
                add(at, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None, None);
                add(at + CLEANUP, "UPDATE_COMPLETE", None, None);
            }
            Some(reason) => {
                add(at, "UPDATE_ROLLBACK_IN_PROGRESS", Some(reason), None);
                let status = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS";
                add(back, status, None, Some(before));
                add(back + CLEANUP, "UPDATE_ROLLBACK_COMPLETE", None, None);
            }
        }
        Ok(())
    }

    /// Whatever is under way ends here.
    pub(super) fn strand(&mut self, status: &'static str, now: DateTime<Utc>) {
        self.ahead.clear();
        self.step(now, Step::new(status, None, None));
    }

    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now: DateTime<Utc>) {
        while let Some((at, _)) = self.ahead.first()
            && *at <= now
        {
            let (at, step) = self.ahead.remove(0);
            self.step(at, step);
        }
    }

    fn step(&mut self, at: DateTime<Utc>, step: Step) {
        if let Some(parameters) = step.parameters {
            self.parameters = parameters;
        }
        let number = self.events.len();
        self.events.push(json!({
            "StackId": self.id,
            "EventId": format!("{}-{number}", self.name),
            "StackName": self.name,
            "LogicalResourceId": self.name,
            "PhysicalResourceId": self.id,
            "ResourceType": "AWS::CloudFormation::Stack",
            "Timestamp": at.timestamp(),
            "ResourceStatus": step.status,
            "ResourceStatusReason": step.reason,
            "ClientRequestToken": step.token,
        }));
        self.status = step.status.to_owned();
        self.reason = step.reason;
    }

    /// Newest first.
    pub(super) fn events(&self) -> Vec<Value> {
        self.events.iter().rev().cloned().collect()
    }

    pub(super) fn describe(&self) -> Value {
        let parameter = |(name, value): (&String, &String)| json!({"ParameterKey": name, "ParameterValue": value});
        let tag = |(key, value): (&String, &String)| json!({"Key": key, "Value": value});
        json!({
            "StackId": self.id,
            "StackName": self.name,
            "StackStatus": self.status,
            "StackStatusReason": self.reason,
            "CreationTime": self.created.timestamp(),
            "LastUpdatedTime": self.updated.map(|at| at.timestamp()),
            "Parameters": self.parameters.iter().map(parameter).collect::<Vec<_>>(),
            "Capabilities": self.capabilities,
            "RoleARN": self.role,
            "NotificationARNs": self.notifications,
            "Tags": self.tags.iter().map(tag).collect::<Vec<_>>(),
            "DisableRollback": false,
            "RollbackConfiguration": {},
        })
    }
}

impl Step {
    fn new(status: &'static str, reason: Option<String>, token: Option<&String>) -> Self {
        Self {
            status,
            reason,
            token: token.cloned(),
            parameters: None,
        }
    }
}

//! What can be configured about a function: defaults, limits, and how it is described.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::input::{Input, present};
use crate::service::Fault;

/// The configuration of a function.
#[derive(Debug, Clone)]
pub(super) struct Configuration {
    pub(super) role: String,
    pub(super) env: BTreeMap<String, String>,
    pub(super) timeout: i64,
    pub(super) dead_letter_target: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    description: String,
    memory: i64,
    layers: Vec<String>,
    tracing: Value,
    logging: Value,
    ephemeral: Value,
}

impl Configuration {
    /// A configuration with every default.
    pub(super) fn new(name: &str) -> Self {
        Self {
            role: String::new(),
            env: BTreeMap::new(),
            timeout: 3,
            dead_letter_target: None,
            runtime: None,
            handler: None,
            description: String::new(),
            memory: 128,
            layers: Vec::new(),
            tracing: json!({"Mode": "PassThrough"}),
            logging: json!({"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")}),
            ephemeral: json!({"Size": 512}),
        }
    }

    /// The configuration after the members of `input` have replaced what they name.
    pub(super) fn with(&self, input: Input<'_>) -> Result<Self, Fault> {
        let mut new = self.clone();
        let text = |name: &str| input.text(name).map(str::to_owned);
        new.role = text("Role").unwrap_or(new.role);
        new.runtime = text("Runtime").or(new.runtime);
        new.handler = text("Handler").or(new.handler);
        new.description = text("Description").unwrap_or(new.description);
        new.timeout = bounded(input, "Timeout", 1, 900)?.unwrap_or(new.timeout);
        new.memory = bounded(input, "MemorySize", 128, 10_240)?.unwrap_or(new.memory);
        if input.get("Layers").is_some() {
            new.layers = input.texts("Layers");
        }
        for (member, held) in [
            ("TracingConfig", &mut new.tracing),
            ("EphemeralStorage", &mut new.ephemeral),
        ] {
            if let Some(value) = input.get(member) {
                held.clone_from(value);
            }
        }
        if let Some(Value::Object(given)) = input.get("LoggingConfig")
            && let Some(held) = new.logging.as_object_mut()
        {
            held.extend(given.clone());
        }
        if let Some(environment) = input.get("Environment") {
            new.env = Input::new(environment, "InvalidParameterValueException").map("Variables");
            check_environment(input, &new.env)?;
        }
        if let Some(config) = input.get("DeadLetterConfig") {
            let target = config.get("TargetArn").and_then(Value::as_str);
            new.dead_letter_target = target.filter(|arn| !arn.is_empty()).map(str::to_owned);
        }
        Ok(new)
    }

    /// Adds these members to the description of a function.
    pub(super) fn describe(&self) -> Value {
        let environment = (!self.env.is_empty()).then(|| json!({"Variables": self.env}));
        let layers: Vec<_> = self.layers.iter().map(|arn| json!({"Arn": arn})).collect();
        let dead_letter = self
            .dead_letter_target
            .as_ref()
            .map(|arn| json!({"TargetArn": arn}));
        present(json!({
            "Role": self.role,
            "Runtime": self.runtime,
            "Handler": self.handler,
            "Description": self.description,
            "Timeout": self.timeout,
            "MemorySize": self.memory,
            "Environment": environment,
            "DeadLetterConfig": dead_letter,
            "TracingConfig": self.tracing,
            "LoggingConfig": self.logging,
            "EphemeralStorage": self.ephemeral,
            "Layers": (!layers.is_empty()).then_some(layers),
        }))
    }
}

fn bounded(input: Input<'_>, name: &str, least: i64, most: i64) -> Result<Option<i64>, Fault> {
    match input.number(name) {
        Some(number) if !(least..=most).contains(&number) => Err(input.fault(format!(
            "1 validation error detected: Value '{number}' at '{name}' failed to satisfy \
             constraint: Member must have value between {least} and {most}"
        ))),
        number => Ok(number),
    }
}

/// Four kilobytes for all names and values, and names that Lambda does not keep for itself.
fn check_environment(input: Input<'_>, env: &BTreeMap<String, String>) -> Result<(), Fault> {
    const RESERVED: [&str; 5] = [
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ];
    if let Some(name) = env.keys().find(|name| RESERVED.contains(&name.as_str())) {
        return Err(input.fault(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided contains reserved keys that are currently not supported \
             for modification. Reserved keys used in this request: {name}"
        )));
    }
    if json!(env).to_string().len() > 4096 {
        return Err(input.fault(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided exceeded the 4KB limit.",
        ));
    }
    Ok(())
}

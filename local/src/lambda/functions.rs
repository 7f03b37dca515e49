//! Functions: create, read, update.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::configuration::Configuration;
use super::invoke_config::InvokeConfig;
use super::{Lambda, conflict, function_name, no_such_function};
use crate::input::{Input, present};
use crate::service::{Answer, Fault, Scope};

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    name: String,
    pub(super) arn: String,
    pub(super) configuration: Configuration,
    pub(super) code: Code,
    architectures: Value,
    modified: DateTime<Utc>,
    revision: String,
    /// From when on the function can run.
    pub(super) active: DateTime<Utc>,
    /// From when on the last update is done; until then what was before it runs.
    updated: DateTime<Utc>,
    pub(super) previous: Option<Configuration>,
    pub(super) statements: BTreeMap<String, Value>,
    pub(super) reserved: Option<u32>,
    pub(super) invoke_config: Option<InvokeConfig>,
    tags: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(super) struct Code {
    sha256: String,
    pub(super) size: usize,
}

impl Lambda {
    pub(super) fn create(&mut self, members: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(members, "InvalidParameterValueException");
        let name = function_name(input)?;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(input.fault(format!(
                "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{{1,64}}"
            )));
        }
        if self.functions.contains_key(name) {
            return Err(conflict(format!("Function already exist: {name}")));
        }
        input.need("Role")?;
        if input.text("PackageType") != Some("Image") {
            input.need("Runtime")?;
            input.need("Handler")?;
        }
        let code = input
            .get("Code")
            .ok_or_else(|| input.fault("Code is missing"))?;
        let code = Code::read(Input::new(code, "InvalidParameterValueException"))?;
        let function = Function {
            arn: scope.place.arn("lambda", &format!("function:{name}")),
            configuration: Configuration::new(name).with(input)?,
            code,
            architectures: input
                .get("Architectures")
                .cloned()
                .unwrap_or_else(|| json!(["x86_64"])),
            modified: scope.now,
            revision: self.ids.uuid(),
            active: scope.now + self.pending,
            updated: scope.now,
            previous: None,
            statements: BTreeMap::new(),
            reserved: None,
            invoke_config: None,
            tags: input.map("Tags"),
            name: name.to_owned(),
        };
        let answer = function.describe(scope);
        self.functions.insert(name.to_owned(), function);
        Ok(answer)
    }

    pub(super) fn get(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = function_name(input)?;
        let function = self
            .functions
            .get(name)
            .ok_or_else(|| no_such_function(name, scope))?;
        let reserved = |count| json!({"ReservedConcurrentExecutions": count});
        Ok(present(json!({
            "Configuration": function.describe(scope),
            "Code": {"RepositoryType": "S3",
                     "Location": format!("https://pocket.invalid/{}", function.code.sha256)},
            "Tags": (!function.tags.is_empty()).then_some(&function.tags),
            "Concurrency": function.reserved.map(reserved),
        })))
    }

    pub(super) fn list(&self, scope: &Scope<'_>) -> Value {
        let functions = self
            .functions
            .values()
            .map(|function| function.describe(scope));
        json!({"Functions": functions.collect::<Vec<_>>()})
    }

    pub(super) fn update_code(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let (revision, pending) = (self.ids.uuid(), self.pending);
        let function = self.updatable(input, scope)?;
        function.code = Code::read(input)?;
        if let Some(architectures) = input.get("Architectures") {
            function.architectures = architectures.clone();
        }
        function.previous = Some(function.configuration.clone());
        function.touch(revision, scope.now, scope.now + pending);
        Ok(function.describe(scope))
    }

    pub(super) fn update_configuration(&mut self, members: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(members, "InvalidParameterValueException");
        let (revision, pending) = (self.ids.uuid(), self.pending);
        let function = self.updatable(input, scope)?;
        let new = function.configuration.with(input)?;
        function.previous = Some(std::mem::replace(&mut function.configuration, new));
        function.touch(revision, scope.now, scope.now + pending);
        Ok(function.describe(scope))
    }

    /// The function, if neither its creation nor an update is in progress.
    fn updatable(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Result<&mut Function, Fault> {
        let name = function_name(input)?;
        let function = self
            .functions
            .get_mut(name)
            .ok_or_else(|| no_such_function(name, scope))?;
        if function.active > scope.now {
            return Err(conflict(format!(
                "The operation cannot be performed at this time. The function is currently in the \
                 following state: Pending ({})",
                function.arn
            )));
        }
        if function.updated > scope.now {
            return Err(conflict(format!(
                "The operation cannot be performed at this time. An update is in progress for \
                 resource: {}",
                function.arn
            )));
        }
        Ok(function)
    }

    pub(super) fn tag(&mut self, input: Input<'_>) -> Answer {
        let tags = input.map("Tags");
        self.tagged(input)?.tags.extend(tags);
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, input: Input<'_>) -> Answer {
        let keys = input.texts("TagKeys");
        self.tagged(input)?
            .tags
            .retain(|key, _| !keys.contains(key));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&mut self, input: Input<'_>) -> Answer {
        Ok(json!({"Tags": self.tagged(input)?.tags}))
    }

    fn tagged(&mut self, input: Input<'_>) -> Result<&mut Function, Fault> {
        let name = super::name_in_arn(input.need("Resource")?);
        self.functions
            .get_mut(name)
            .ok_or_else(|| super::no_such(name))
    }

    pub(super) fn put_concurrency(&mut self, input: Input<'_>) -> Answer {
        let name = function_name(input)?;
        let count = input.number("ReservedConcurrentExecutions");
        let count = count
            .and_then(|count| u32::try_from(count).ok())
            .ok_or_else(|| input.fault("ReservedConcurrentExecutions must be 0 or more"))?;
        self.function(input)?;
        let others = self.reserved(|other| other != name);
        // A hundred stay unreserved; an account with less than that has nothing to reserve from.
        let floor = self.account_concurrency.min(100);
        if others.saturating_add(count) > self.account_concurrency - floor {
            return Err(input.fault(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's \
                 UnreservedConcurrentExecution below its minimum value of [{floor}]."
            )));
        }
        self.function(input)?.reserved = Some(count);
        Ok(json!({"ReservedConcurrentExecutions": count}))
    }

    pub(super) fn get_concurrency(&mut self, input: Input<'_>) -> Answer {
        let reserved = self.function(input)?.reserved;
        Ok(present(json!({"ReservedConcurrentExecutions": reserved})))
    }
}

impl Function {
    /// The configuration with which the function runs now.
    pub(super) fn running(&self, now: DateTime<Utc>) -> &Configuration {
        match &self.previous {
            Some(previous) if self.updated > now => previous,
            _ => &self.configuration,
        }
    }

    pub(super) fn describe(&self, scope: &Scope<'_>) -> Value {
        let pending = self.active > scope.now;
        let updating = self.updated > scope.now;
        let mut members = present(json!({
            "FunctionName": self.name,
            "FunctionArn": self.arn,
            "CodeSize": self.code.size,
            "CodeSha256": self.code.sha256,
            "LastModified": self.modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "RevisionId": self.revision,
            "Version": "$LATEST",
            "PackageType": "Zip",
            "Architectures": self.architectures,
            "State": if pending { "Pending" } else { "Active" },
            "StateReason": pending.then_some("The function is being created."),
            "StateReasonCode": pending.then_some("Creating"),
            "LastUpdateStatus": if updating { "InProgress" } else { "Successful" },
            "LastUpdateStatusReason": updating.then_some("The function is being created."),
        }));
        if let (Some(members), Value::Object(configuration)) =
            (members.as_object_mut(), self.configuration.describe())
        {
            members.extend(configuration);
        }
        members
    }

    fn touch(&mut self, revision: String, now: DateTime<Utc>, done: DateTime<Utc>) {
        self.revision = revision;
        self.modified = now;
        self.updated = done;
    }
}

impl Code {
    /// The zip in the request; one in S3 is not simulated.
    fn read(input: Input<'_>) -> Result<Self, Fault> {
        let Some(zip) = input.text("ZipFile") else {
            let message = "the pocket account takes a function's code as ZipFile only";
            return Err(Fault::client("NotImplemented", message).with_status(501));
        };
        let bytes = BASE64_STANDARD.decode(zip).unwrap_or_default();
        if !bytes.starts_with(b"PK") {
            return Err(input.fault(
                "Could not unzip uploaded file. Please check your file, then try to upload again.",
            ));
        }
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(&bytes));
        Ok(Self {
            sha256,
            size: bytes.len(),
        })
    }
}

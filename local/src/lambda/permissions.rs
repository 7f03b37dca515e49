//! A function's resource policy: who may invoke it.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::{Lambda, conflict, name_in_arn};
use crate::input::Input;
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Scope};

impl Lambda {
    pub(super) fn add_permission(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let sid = input.need("StatementId")?;
        let principal = input.need("Principal")?;
        let action = input.need("Action")?;
        let function = self.function(input)?;
        if function.statements.contains_key(sid) {
            return Err(conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement \
                 id, or remove the existing statement."
            )));
        }
        let mut conditions = Map::new();
        if let Some(arn) = input.text("SourceArn") {
            conditions.insert("ArnLike".to_owned(), json!({"AWS:SourceArn": arn}));
        }
        if let Some(account) = input.text("SourceAccount") {
            conditions.insert(
                "StringEquals".to_owned(),
                json!({"AWS:SourceAccount": account}),
            );
        }
        let principal = match principal {
            "*" => json!("*"),
            service if service.ends_with(".amazonaws.com") => json!({"Service": service}),
            account if account.starts_with("arn:") => json!({"AWS": account}),
            account => {
                let partition = &scope.place.partition;
                json!({"AWS": format!("arn:{partition}:iam::{account}:root")})
            }
        };
        let mut statement = json!({
            "Sid": sid,
            "Effect": "Allow",
            "Principal": principal,
            "Action": action,
            "Resource": function.arn,
        });
        if let Some(members) = statement.as_object_mut()
            && !conditions.is_empty()
        {
            members.insert("Condition".to_owned(), conditions.into());
        }
        function
            .statements
            .insert(sid.to_owned(), statement.clone());
        Ok(json!({"Statement": statement.to_string()}))
    }

    pub(super) fn get_policy(&mut self, input: Input<'_>) -> Answer {
        let revision = self.ids.uuid();
        let statements = &self.function(input)?.statements;
        if statements.is_empty() {
            return Err(no_policy());
        }
        Ok(json!({"Policy": document(statements.values()).to_string(), "RevisionId": revision}))
    }

    pub(super) fn remove_permission(&mut self, input: Input<'_>) -> Answer {
        let sid = input.need("StatementId")?;
        self.function(input)?
            .statements
            .remove(sid)
            .ok_or_else(no_policy)?;
        Ok(json!({}))
    }

    /// The ARN of the role under which a function runs.
    pub(crate) fn role(&self, name: &str, now: DateTime<Utc>) -> Option<String> {
        let function = self.functions.get(name_in_arn(name))?;
        Some(function.running(now).role.clone())
    }

    /// The function's policy.
    pub(crate) fn policy(&self, arn: &str) -> Option<Value> {
        let function = self.functions.get(name_in_arn(arn))?;
        Some(document(function.statements.values()))
    }

    /// Whether a service may invoke the function on behalf of one of its resources; the error says
    /// why not.
    pub(crate) fn admits(
        &self,
        arn: &str,
        principal: &str,
        source_arn: &str,
        scope: &Scope<'_>,
    ) -> Result<(), &'static str> {
        let function = self
            .functions
            .get(name_in_arn(arn))
            .ok_or("the function does not exist")?;
        let context = [
            ("aws:SourceArn", source_arn),
            ("aws:SourceAccount", scope.place.account.as_str()),
        ];
        let ask = Ask {
            principal,
            action: "lambda:InvokeFunction",
            resource: &function.arn,
            context: &context,
        };
        if policy::admits(&document(function.statements.values()), &ask) {
            Ok(())
        } else {
            Err("the function's policy does not admit the service")
        }
    }
}

fn document<'a>(statements: impl Iterator<Item = &'a Value>) -> Value {
    let statements: Vec<_> = statements.collect();
    json!({"Version": "2012-10-17", "Id": "default", "Statement": statements})
}

fn no_policy() -> Fault {
    let message = "The resource you requested does not exist.";
    Fault::client("ResourceNotFoundException", message).with_status(404)
}

//! Who may invoke the function: statements of its resource policy.

use serde_json::Value;

use super::{Kind, Live, Note};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Result};
use crate::retry;

/// One statement. It belongs to the function and carries no tags of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The function's name and the statement's, as `function/statement`.
    pub name: String,
    /// The function.
    pub function: String,
    /// The statement's `Sid`.
    pub statement: String,
    /// What the statement says, laid out by `Grant::fields`.
    pub grant: Grant,
}

/// What a statement grants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grant {
    /// The service that may invoke.
    pub principal: String,
    /// What it may do.
    pub action: String,
    /// On whose behalf, as condition key (in lower case) and value. Without one anybody's topic could invoke.
    pub conditions: Vec<(String, String)>,
}

impl Grant {
    /// A service may invoke on behalf of this ARN.
    #[must_use]
    pub fn invoke(principal: &str, source: &str) -> Self {
        Self {
            principal: principal.to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            conditions: vec![("aws:sourcearn".to_owned(), source.to_owned())],
        }
    }

    /// Reads a statement of a live policy. Which operator compares the ARN is Lambda's choice and not compared.
    #[must_use]
    pub fn from_statement(statement: &Value) -> Self {
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let principal = statement.get("Principal");
        let service = principal.and_then(|principal| principal.get("Service"));
        let operators = statement.get("Condition").and_then(Value::as_object);
        let mut conditions: Vec<(String, String)> = operators
            .into_iter()
            .flat_map(|operators| operators.values().filter_map(Value::as_object))
            .flatten()
            .map(|(key, value)| (key.to_lowercase(), text(Some(value))))
            .collect();
        conditions.sort();
        Self {
            principal: text(service.or(principal)),
            action: text(statement.get("Action")),
            conditions,
        }
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new()
            .with("principal", &self.principal)
            .with("action", &self.action);
        for (key, value) in &self.conditions {
            fields = fields.with(&format!("condition.{key}"), value);
        }
        fields
    }
}

impl Permission {
    /// A service may invoke the function on behalf of this ARN.
    #[must_use]
    pub fn new(function: &str, statement: &str, principal: &str, source: &str) -> Self {
        Self {
            name: format!("{function}/{statement}"),
            function: function.to_owned(),
            statement: statement.to_owned(),
            grant: Grant::invoke(principal, source),
        }
    }

    /// A statement that is only named, to be removed: whatever it grants, and no other that grants the same.
    #[must_use]
    pub fn named(function: &str, statement: &str) -> Self {
        Self {
            name: format!("{function}/{statement}"),
            function: function.to_owned(),
            statement: statement.to_owned(),
            grant: Grant::default(),
        }
    }

    /// What our statement among these grants; else the same grant under another `Sid`: CloudFormation gives statements
    /// names of its own, and a second one would change nothing.
    fn found(&self, statements: &[Value]) -> Option<Grant> {
        let named = |statement: &&Value| {
            statement.get("Sid").and_then(Value::as_str) == Some(&self.statement)
        };
        let allows =
            |statement: &&Value| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        let ours = statements.iter().find(named).map(Grant::from_statement);
        ours.or_else(|| {
            let mut grants = statements.iter().filter(allows).map(Grant::from_statement);
            grants.find(|grant| *grant == self.grant)
        })
    }

    async fn add(&self, clients: &Clients) -> Result<()> {
        let source = self.grant.conditions.first().map(|(_, arn)| arn.clone());
        let call = retry::patiently(retry::function, || {
            let call = clients
                .lambda
                .add_permission()
                .function_name(&self.function);
            call.statement_id(&self.statement)
                .action(&self.grant.action)
                .principal(&self.grant.principal)
                .set_source_arn(source.clone())
                .send()
        });
        call.await.called("lambda:AddPermission", &self.name)?;
        Ok(())
    }
}

impl Kind for Permission {
    const KIND: &'static str = "permission";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        self.grant.fields()
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let policy = clients
            .lambda
            .get_policy()
            .function_name(&self.function)
            .send()
            .await;
        let absent = ["ResourceNotFoundException"];
        let policy = policy.found("lambda:GetPolicy", &self.function, &absent)?;
        let policy = policy.and_then(|found| found.policy).unwrap_or_default();
        let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
        let statements = policy.get("Statement").and_then(Value::as_array);
        let found = self.found(statements.map(Vec::as_slice).unwrap_or_default());
        Ok(found.map(|grant| {
            let state = Self {
                grant,
                ..self.clone()
            };
            Live { state, owned: true }
        }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        self.add(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        // A statement cannot be altered, only replaced.
        let call = clients
            .lambda
            .remove_permission()
            .function_name(&self.function);
        let call = call.statement_id(&self.statement).send().await;
        call.called("lambda:RemovePermission", &self.name)?;
        self.add(clients).await?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients
            .lambda
            .remove_permission()
            .function_name(&self.function);
        let call = call.statement_id(&self.statement).send().await;
        let absent = ["ResourceNotFoundException"];
        call.found("lambda:RemovePermission", &self.name, &absent)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Grant, Permission};
    use crate::diff::compare;

    #[test]
    fn what_lambda_makes_of_a_permission_is_recognised() {
        let topic = "arn:aws:sns:eu-west-1:111122223333:ecroll";
        let wanted = Grant::invoke("sns.amazonaws.com", topic);
        let mut live = json!({
            "Sid": "topic", "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "lambda:InvokeFunction",
            "Resource": "arn:aws:lambda:eu-west-1:111122223333:function:ecroll",
            "Condition": { "ArnLike": { "AWS:SourceArn": topic } },
        });
        assert_eq!(Grant::from_statement(&live), wanted);
        live["Condition"] = json!({});
        let changes = compare(&wanted.fields(), &Grant::from_statement(&live).fields());
        assert_eq!(changes[0].field, "condition.aws:sourcearn");
    }

    #[test]
    fn the_same_grant_by_another_name_is_taken_for_ours() {
        let topic = "arn:aws:sns:eu-west-1:111122223333:ecroll";
        let wanted = Permission::new("ecroll", "topic", "sns.amazonaws.com", topic);
        let statement = |sid: &str, effect: &str, source: &str| {
            json!({
                "Sid": sid, "Effect": effect, "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "lambda:InvokeFunction", "Condition": {"ArnLike": {"AWS:SourceArn": source}},
            })
        };
        let found = |statements: &[serde_json::Value]| wanted.found(statements);
        let stack = statement("ecroll-TopicPermission-x", "Allow", topic);
        assert_eq!(
            found(std::slice::from_ref(&stack)),
            Some(wanted.grant.clone())
        );
        let other = statement("x", "Allow", &format!("{topic}-2"));
        let denied = statement("x", "Deny", topic);
        assert_eq!(found(&[other, denied]), None);
        // Our own name goes before, so that drift is seen.
        let ours = statement("topic", "Allow", "elsewhere");
        let grant = found(&[stack, ours]).unwrap();
        assert_eq!(grant.conditions[0].1, "elsewhere");
    }
}

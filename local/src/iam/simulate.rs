//! `SimulatePrincipalPolicy`: what a role's policies say to calls that nobody makes.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>

use serde_json::{Value, json};

use super::{Iam, no_such_role};
use crate::input::Input;
use crate::policy::{Ask, Verdict};
use crate::service::{Answer, Scope};

impl Iam {
    /// Each action on each resource, in their order; a call without resources is about `*`.
    pub(super) fn simulate(&self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let source = input.need("PolicySourceArn")?;
        let role = self.by_arn(source);
        let role = role.ok_or_else(|| no_such_role(source.rsplit('/').next().unwrap_or(source)))?;
        let policies = role.policies_at(scope.now);
        let mut resources = input.texts("ResourceArns");
        if resources.is_empty() {
            resources.push("*".to_owned());
        }
        let entries = input.list("ContextEntries");
        let context: Vec<(String, String)> = entries
            .iter()
            .flat_map(|entry| {
                let entry = Input::new(entry, "InvalidInput");
                let key = entry.text("ContextKeyName").unwrap_or_default().to_owned();
                let values = entry.texts("ContextKeyValues").into_iter();
                values.map(move |value| (key.clone(), value))
            })
            .collect();
        let context: Vec<(&str, &str)> = context
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        let mut results = Vec::new();
        for action in input.texts("ActionNames") {
            for resource in &resources {
                let ask = Ask {
                    principal: "",
                    action: &action,
                    resource,
                    context: &context,
                };
                results.push(result(&ask, &policies.decide(&ask)));
            }
        }
        Ok(json!({"EvaluationResults": results, "IsTruncated": false}))
    }
}

fn result(ask: &Ask<'_>, verdict: &Verdict<'_>) -> Value {
    let decision = match verdict {
        Verdict::Allowed(_) => "allowed",
        Verdict::Denied => "explicitDeny",
        Verdict::Silent => "implicitDeny",
    };
    json!({
        "EvalActionName": ask.action,
        "EvalResourceName": ask.resource,
        "EvalDecision": decision,
        "MatchedStatements": [],
        "MissingContextValues": [],
    })
}

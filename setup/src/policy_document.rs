//! IAM policy documents: one pure function per policy, and a reading of live ones that ignores how they are spelt.
//!
//! Sources: the authorization reference of each service for actions, resources and condition keys; the CloudTrail user
//! guide for the bucket and the log group; the SNS and Lambda guides for the confused-deputy conditions.

mod bucket;
mod deployer;
mod handler_role;
mod operator;
mod queue;
mod topic;
mod trail_role;

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value, json};

pub use bucket::trail_bucket;
pub use deployer::deployer;
pub use handler_role::{HandlerAccess, TargetRoles, handler_role};
pub use operator::operator;
pub use queue::undelivered_queue;
pub use topic::alarm_topic;
pub use trail_role::trail_role;

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Document(Value);

impl Document {
    /// A document of these statements.
    #[must_use]
    pub fn new(statements: &[Value]) -> Self {
        Self(json!({ "Version": "2012-10-17", "Statement": statements }))
    }

    /// Reads a live document. Text that is no JSON is kept: it differs from everything that setup would write.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
    }

    /// Reads a live document as IAM returns it, with percent escapes.
    #[must_use]
    pub fn parse_escaped(text: &str) -> Self {
        Self::parse(&unescape(text))
    }

    /// Each statement's `Sid` with its canonical text. Statements without one are numbered.
    #[must_use]
    pub fn statements(&self) -> Vec<(String, String)> {
        let statements = match self.0.get("Statement") {
            Some(Value::Array(statements)) => statements.clone(),
            Some(one) => vec![one.clone()],
            None => vec![self.0.clone()],
        };
        let mut named = Vec::new();
        for (index, statement) in statements.into_iter().enumerate() {
            let sid = statement
                .get("Sid")
                .and_then(Value::as_str)
                .filter(|sid| !sid.is_empty());
            let sid = sid.map_or_else(|| format!("#{}", index + 1), ToOwned::to_owned);
            named.push((sid, canonical(statement).to_string()));
        }
        named
    }
}

impl fmt::Display for Document {
    /// Compact JSON, as the APIs take it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A role that only this service may take on. The CloudTrail guide shows no condition here, and whether CloudTrail
/// would satisfy one is not documented.
#[must_use]
pub fn assumed_by(service: &str) -> Document {
    Document::new(&[json!({
        "Sid": "AssumedByService",
        "Effect": "Allow",
        "Principal": { "Service": service },
        "Action": "sts:AssumeRole",
    })])
}

/// One spelling for statements that mean the same: a list of one is its member, lists are sorted. AWS returns documents
/// with either spelling.
fn canonical(value: Value) -> Value {
    match value {
        Value::Array(members) => {
            let mut members: Vec<Value> = members.into_iter().map(canonical).collect();
            members.sort_by_key(Value::to_string);
            match (members.len(), members.pop()) {
                (1, Some(only)) => only,
                (_, Some(last)) => {
                    members.push(last);
                    Value::Array(members)
                }
                (_, None) => Value::Array(members),
            }
        }
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(
                members
                    .into_iter()
                    .map(|(k, v)| (k, canonical(v)))
                    .collect::<Map<_, _>>(),
            )
        }
        other => other,
    }
}

/// Percent escapes of RFC 3986; a broken escape stands for itself.
fn unescape(text: &str) -> String {
    let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escape = (*first == b'%').then(|| Some((hex(tail.first())?, hex(tail.get(1))?)));
        if let Some(Some((high, low))) = escape {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::names::{Names, Place};

    fn place(partition: &str, region: &str) -> Place {
        Place {
            partition: partition.to_owned(),
            region: region.to_owned(),
            account: "111122223333".to_owned(),
        }
    }

    /// The queue's policy where every road is taken.
    fn undelivered(names: &Names, place: &Place) -> Document {
        let config = handler::config::Config {
            triggers: handler::config::TriggerKind::ALL.to_vec(),
            ..handler::config::Config::default()
        };
        undelivered_queue(&config, names, place).unwrap()
    }

    fn shown(document: &Document) -> Value {
        document.0.clone()
    }

    #[test]
    fn policies_in_the_standard_partition() {
        let place = place("aws", "eu-west-1");
        let names = Names::new("ecroll", None, &place);
        insta::assert_json_snapshot!("trail_bucket", shown(&trail_bucket(&names, &place)));
        insta::assert_json_snapshot!("trail_role", shown(&trail_role(&names, &place)));
        insta::assert_json_snapshot!("alarm_topic", shown(&alarm_topic(&names, &place)));
        insta::assert_json_snapshot!("undelivered", shown(&undelivered(&names, &place)));
        let roles = ["task", "execution"].map(|role| place.role_arn(role));
        let access = HandlerAccess {
            clusters: vec!["*".to_owned()],
            pass_roles: BTreeSet::from(roles),
            notify: Some(place.arn("sns", "deployments")),
            ..HandlerAccess::default()
        };
        insta::assert_json_snapshot!(
            "handler_role",
            shown(&handler_role(&names, &place, &access))
        );
    }

    #[test]
    fn rule_08_named_clusters_confine_the_handler() {
        let place = place("aws-us-gov", "us-gov-west-1");
        let names = Names::new("ship", Some("/their/group"), &place);
        let access = HandlerAccess {
            clusters: vec!["prod".to_owned(), place.arn("ecs", "cluster/stage-*")],
            ..HandlerAccess::default()
        };
        let document = handler_role(&names, &place, &access);
        insta::assert_json_snapshot!("handler_role_confined", shown(&document));
    }

    #[test]
    fn rule_08_targets_add_their_roles_and_regions_and_nothing_else() {
        let place = place("aws", "eu-west-1");
        let names = Names::new("ecroll", None, &place);
        let plain = HandlerAccess {
            clusters: vec!["prod".to_owned(), place.arn("ecs", "cluster/stage")],
            ..HandlerAccess::default()
        };
        let role = "arn:aws:iam::222222222222:role/ecroll";
        let access = HandlerAccess {
            assumed: BTreeSet::from([role.to_owned()]),
            regions: ["eu-west-1", "us-east-1"].map(str::to_owned).into(),
            ..plain.clone()
        };
        let before = handler_role(&names, &place, &plain).statements();
        let document = handler_role(&names, &place, &access);
        for (sid, statement) in document.statements() {
            let known = before.contains(&(sid.clone(), statement.clone()));
            let statement: Value = serde_json::from_str(&statement).unwrap();
            let resources = statement["Resource"].to_string();
            match sid.as_str() {
                "ReachTargets" => {
                    assert_eq!(statement["Action"], "sts:AssumeRole");
                    assert_eq!(statement["Resource"], role);
                }
                "RollServices" | "ReadHistory" | "WriteLedger" => {
                    assert!(
                        resources.contains(":eu-west-1:111122223333:service"),
                        "{sid}"
                    );
                    assert!(
                        resources.contains(":us-east-1:111122223333:service"),
                        "{sid}"
                    );
                    // A cluster named by its ARN stands in one Region and is named once.
                    let kinds = if sid == "ReadHistory" { 3 } else { 1 };
                    assert_eq!(resources.matches("stage").count(), kinds, "{sid}");
                }
                "RegisterDefinitions" | "TagNewDefinitions" => {
                    let there = ":us-east-1:111122223333:task-definition/*:*";
                    assert!(resources.contains(there), "{sid}");
                }
                "ListServices" => {
                    let clusters = statement["Condition"].to_string();
                    assert!(clusters.contains(":us-east-1:111122223333:cluster/prod"));
                }
                _ => assert!(known, "{sid} changed"),
            }
        }
    }

    #[test]
    fn rule_08_no_policy_names_another_partition_and_pass_role_names_roles() {
        let place = place("aws-cn", "cn-north-1");
        let names = Names::new("ecroll", None, &place);
        let access = HandlerAccess {
            clusters: vec!["*".to_owned()],
            pass_roles: BTreeSet::from([place.role_arn("task")]),
            ..HandlerAccess::default()
        };
        let documents = [
            trail_bucket(&names, &place),
            trail_role(&names, &place),
            alarm_topic(&names, &place),
            undelivered(&names, &place),
            handler_role(&names, &place, &access),
        ];
        for document in &documents {
            let text = document.to_string();
            assert!(!text.contains("arn:aws:"), "{text}");
        }
        let operator = operator(&handler::config::Config::default(), &names, &place);
        assert!(!operator.to_string().contains("arn:aws:"), "{operator}");
        for (sid, statement) in documents[4].statements() {
            if statement.contains("iam:PassRole") {
                let statement: Value = serde_json::from_str(&statement).unwrap();
                assert_eq!(statement["Resource"], place.role_arn("task"), "{sid}");
            }
        }
    }

    #[test]
    fn spelling_makes_no_difference() {
        let ours = Document::parse(
            r#"{"Statement": [{"Sid": "A", "Action": ["b:C", "a:B"], "Resource": "r"}]}"#,
        );
        let theirs = Document::parse_escaped(
            "%7B%22Statement%22:%7B%22Resource%22:%5B%22r%22%5D,%22Sid%22:%22A%22,%22Action%22:%5B%22a:B%22,%22b:C%22%5D%7D%7D",
        );
        assert_eq!(ours.statements(), theirs.statements());
        assert_eq!(Document::parse("no json").statements().len(), 1);
        assert_eq!(unescape("100%, a%2Bb"), "100%, a+b");
    }
}

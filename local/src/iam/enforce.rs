//! The judgement on each call: what its caller's policies say to everything that it needs.
//!
//! Source: "Policy evaluation logic" in the IAM user guide: a denial in any policy decides, then an allowance in a policy
//! of the caller or, inside one account, of the resource; silence denies.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::access::{self, Asked, Need};
use super::keys::Identity;
use crate::input::not_implemented;
use crate::policy::{Ask, Policies, Verdict};
use crate::service::Fault;
use crate::state::State;

/// What somebody was allowed, or not, at least once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The ARN of the user or role.
    pub principal: String,
    /// For example `ecs:UpdateService`.
    pub action: String,
    /// The `Sid` of the statement that allowed it, `#` and its number where it has none; `None` where it was refused.
    pub statement: Option<String>,
}

/// Everything that was asked of policies so far.
#[derive(Debug, Default)]
pub(crate) struct Asks(BTreeSet<Permission>);

impl Asks {
    /// Notes what was asked and how it ended; most of it is known already.
    fn note(&mut self, principal: &str, action: &str, statement: Option<&str>) {
        let same = |known: &Permission| {
            known.principal == principal
                && known.action == action
                && known.statement.as_deref() == statement
        };
        if !self.0.iter().any(same) {
            self.0.insert(Permission {
                principal: principal.to_owned(),
                action: action.to_owned(),
                statement: statement.map(str::to_owned),
            });
        }
    }

    pub(crate) fn all(&self) -> Vec<Permission> {
        self.0.iter().cloned().collect()
    }
}

/// The tags of resources, by ARN.
type Tags = BTreeMap<String, Vec<(String, String)>>;

/// Why a call may not be made.
struct Refused {
    action: &'static str,
    resource: String,
    /// A statement says so; else none says otherwise.
    denied: bool,
}

impl State {
    /// Refuses a call that its caller may not make, or that is not simulated.
    pub(crate) fn authorise(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        who: &Identity,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let row = access::row(service, operation);
        let row = row.ok_or_else(|| not_implemented(service, operation))?;
        // Nobody restricts an administrator.
        let Some(policies) = &who.policies else {
            return Ok(());
        };
        let tags = if policies.asks_for_tags() {
            self.resource_tags(row.needs, input, now)
        } else {
            Tags::new()
        };
        let asked = Asked {
            input,
            place: &self.place,
            state: self,
        };
        let mut allowed = Vec::new();
        let mut refused = None;
        for need in row.needs.iter().filter(|need| need.is_asked(&asked)) {
            match judge(need, &asked, who, policies, &tags) {
                Ok(sid) => allowed.extend(sid.map(|sid| (need.action, sid))),
                Err(why) => {
                    refused = Some(why);
                    break;
                }
            }
        }
        for (action, sid) in allowed {
            self.asks.note(&who.principal, action, Some(&sid));
        }
        match refused {
            None => Ok(()),
            Some(why) => {
                self.asks.note(&who.principal, why.action, None);
                Err(fault(service, &why, who))
            }
        }
    }

    /// Whether a role allows what a service does in its name: the trail's, a function's.
    pub(crate) fn role_allows(
        &mut self,
        arn: &str,
        action: &str,
        resource: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let statement = self.iam.role_allows(arn, action, resource, now);
        self.asks.note(arn, action, statement.as_deref());
        statement.is_some()
    }

    /// The policy of a resource, where it has one.
    fn resource_policy(&self, arn: &str) -> Option<Value> {
        let service = arn.split(':').nth(2)?;
        match service {
            "s3" => self.s3.policy(arn.rsplit(':').next()?),
            "sns" => self.sns.policy(arn),
            "sqs" => self.sqs.policy(arn),
            "lambda" => self.lambda.policy(arn),
            _ => None,
        }
    }

    /// The tags of everything that a call is about.
    fn resource_tags(&mut self, needs: &[Need], input: &Value, now: DateTime<Utc>) -> Tags {
        let asked = Asked {
            input,
            place: &self.place,
            state: self,
        };
        let resources: BTreeSet<String> = needs.iter().flat_map(|need| (need.on)(&asked)).collect();
        let tags = |arn: String| {
            let tags = self.tags_of(&arn, now);
            (arn, tags)
        };
        resources.into_iter().map(tags).collect()
    }

    /// The tags that a resource has, by its service's own way to list them.
    fn tags_of(&mut self, arn: &str, now: DateTime<Utc>) -> Vec<(String, String)> {
        let service = arn.split(':').nth(2).unwrap_or_default().to_owned();
        let last = |separator| arn.rsplit(separator).next().unwrap_or_default();
        let (operation, input) = match service.as_str() {
            "cloudtrail" => ("ListTags", json!({"ResourceIdList": [arn]})),
            "iam" => ("ListRoleTags", json!({"RoleName": last('/')})),
            "lambda" => ("ListTags", json!({"Resource": arn})),
            "s3" => ("GetBucketTagging", json!({"Bucket": last(':')})),
            "sqs" => (
                "ListQueueTags",
                json!({"QueueUrl": format!("/{}", last(':'))}),
            ),
            // Each of the others has its own idea of the capitals.
            _ => (
                "ListTagsForResource",
                json!({"resourceArn": arn, "ResourceArn": arn, "ResourceARN": arn}),
            ),
        };
        let answer = self.answer(&service, operation, &input, now);
        let Ok(answer) = answer else {
            return Vec::new();
        };
        let answer = answer.pointer("/ResourceTagList/0").unwrap_or(&answer);
        let answer = answer.get("Tagging").unwrap_or(answer);
        let tags = access::tags_in(answer).into_iter();
        tags.map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}

/// The statement that allows all of it, if anything is needed.
fn judge(
    need: &Need,
    asked: &Asked<'_>,
    who: &Identity,
    policies: &Policies,
    held: &Tags,
) -> Result<Option<String>, Refused> {
    let values: Vec<(&str, Vec<String>)> = need
        .keys
        .iter()
        .map(|(key, values)| (*key, values(asked)))
        .collect();
    let tags: Vec<(String, &str)> = asked
        .request_tags()
        .into_iter()
        .map(|(key, value)| (format!("aws:RequestTag/{key}"), value))
        .collect();
    let mut context: Vec<(&str, &str)> = Vec::new();
    for (key, values) in &values {
        context.extend(values.iter().map(|value| (*key, value.as_str())));
    }
    context.extend(tags.iter().map(|(key, value)| (key.as_str(), *value)));
    context.extend(asked.tag_keys().into_iter().map(|key| ("aws:TagKeys", key)));
    context.push(("aws:PrincipalArn", &who.principal));
    let mut sid = None;
    for resource in (need.on)(asked) {
        let held: Vec<(String, &str)> = held
            .get(&resource)
            .into_iter()
            .flatten()
            .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value.as_str()))
            .collect();
        let mut context = context.clone();
        context.extend(held.iter().map(|(key, value)| (key.as_str(), *value)));
        let ask = Ask {
            principal: "",
            action: need.action,
            resource: &resource,
            context: &context,
        };
        let by_policy = policies.decide(&ask);
        let by_resource = asked.state.resource_policy(&resource);
        let of_resource = by_resource.map(|document| {
            let ask = Ask {
                principal: &who.principal,
                ..ask
            };
            match Policies::read([&document]).decide(&ask) {
                Verdict::Allowed(_) => Some(true),
                Verdict::Denied => Some(false),
                Verdict::Silent => None,
            }
        });
        match (by_policy, of_resource.flatten()) {
            (Verdict::Denied, _) | (_, Some(false)) => {
                return Err(Refused {
                    action: need.action,
                    resource,
                    denied: true,
                });
            }
            (Verdict::Allowed(by), _) => sid = Some(by.to_owned()),
            (Verdict::Silent, Some(true)) => {}
            (Verdict::Silent, None) => {
                return Err(Refused {
                    action: need.action,
                    resource,
                    denied: false,
                });
            }
        }
    }
    Ok(sid)
}

/// The refusal as the service words it. Source: "Troubleshooting access denied error messages" in the IAM user guide; the
/// codes are those of each service's common errors.
fn fault(service: &str, why: &Refused, who: &Identity) -> Fault {
    let (code, status) = match service {
        "iam" | "sts" | "s3" | "cloudwatch" | "cloudformation" => ("AccessDenied", 403),
        "sns" => ("AuthorizationError", 403),
        "lambda" | "scheduler" => ("AccessDeniedException", 403),
        _ => ("AccessDeniedException", 400),
    };
    let Refused {
        action, resource, ..
    } = why;
    let reason = if why.denied {
        "with an explicit deny in an identity-based policy".to_owned()
    } else {
        format!("because no identity-based policy allows the {action} action")
    };
    let message = format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} {reason}",
        who.arn
    );
    Fault::client(code, message).with_status(status)
}

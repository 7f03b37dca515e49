//! What the handler may do.

use std::collections::BTreeSet;

use handler::config::StackRule;
use serde_json::{Value, json};

use super::Document;
use crate::names::{Names, Place};

/// What the handler's permissions depend on besides the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerAccess {
    /// The configuration's `clusters`: names, globs or ARNs.
    pub clusters: Vec<String>,
    /// Task and execution roles of the services that follow today.
    pub pass_roles: BTreeSet<String>,
    /// ARN of the topic that hears of results.
    pub notify: Option<String>,
    /// The roles to assume in targets.
    pub assumed: BTreeSet<String>,
    /// Whether the registry is asked for pushes that the log lacks.
    pub reconciles: bool,
    /// Whether images get a tag while they run.
    pub marks_images: bool,
    /// The Regions of targets that are reached with the handler's own role: others of its own account.
    pub regions: BTreeSet<String>,
    /// The stacks that follow.
    pub stacks: Vec<StackRule>,
    /// The roles that these stacks have today.
    pub stack_roles: BTreeSet<String>,
    /// Families follow that no service runs.
    pub lists_families: bool,
    /// The roles by which scheduled tasks are started today, if these move along.
    pub target_roles: Option<TargetRoles>,
}

/// Roles that are handed to EventBridge and to its Scheduler, which start tasks by them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TargetRoles {
    /// Those of rules.
    pub events: BTreeSet<String>,
    /// Those of schedules.
    pub scheduler: BTreeSet<String>,
}

/// Reading the log group, reading and rolling services of the followed clusters, reading what their repositories hold,
/// and reporting failures.
///
/// `RegisterTaskDefinition` with `PassRole` and `UpdateService` is as much as being every role that may be passed, so
/// these are named one by one; without any there is no such statement. Tags on a service are confined to the ledger's
/// keys.
#[must_use]
pub fn handler_role(names: &Names, place: &Place, access: &HandlerAccess) -> Document {
    let group = place.arn("logs", &format!("log-group:{}", names.log_group));
    let own_group = place.arn("logs", &format!("log-group:{}:*", names.function_log_group));
    let elsewhere = access
        .regions
        .iter()
        .filter(|region| **region != place.region);
    let elsewhere = elsewhere.map(|region| Place {
        region: region.clone(),
        ..place.clone()
    });
    let places: Vec<Place> = [place.clone()].into_iter().chain(elsewhere).collect();
    let below = |kind: &str| -> Vec<String> {
        let arns = places
            .iter()
            .flat_map(|place| service_arns(place, &access.clusters, kind));
        once(arns)
    };
    let services = below("service");
    // The reference requires both resource types of whoever describes revisions.
    let histories: Vec<String> = [
        below("service-revision"),
        below("service-deployment"),
        services.clone(),
    ]
    .concat();
    let clusters = clusters_of(&places, &access.clusters);
    let definitions: Vec<String> = places
        .iter()
        .map(|place| place.arn("ecs", "task-definition/*:*"))
        .collect();
    let definitions = match definitions.as_slice() {
        [only] => json!(only),
        several => json!(several),
    };
    let mut statements = vec![
        json!({
            "Sid": "ReadPushes",
            "Effect": "Allow",
            "Action": "logs:FilterLogEvents",
            "Resource": [group, format!("{group}:*")],
        }),
        // These two know no resource.
        json!({
            "Sid": "FindClustersAndDefinitions",
            "Effect": "Allow",
            "Action": ["ecs:DescribeTaskDefinition", "ecs:ListClusters"],
            "Resource": "*",
        }),
        json!({
            "Sid": "ListServices",
            "Effect": "Allow",
            "Action": "ecs:ListServices",
            "Resource": "*",
            "Condition": { "ArnLike": { "ecs:cluster": clusters } },
        }),
        json!({
            "Sid": "RollServices",
            "Effect": "Allow",
            "Action": ["ecs:DescribeServices", "ecs:ListServiceDeployments", "ecs:UpdateService"],
            "Resource": services,
        }),
        json!({
            "Sid": "ReadHistory",
            "Effect": "Allow",
            "Action": ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
            "Resource": histories,
        }),
        // What was pushed, and when; in whatever account and Region a service's images are.
        json!({
            "Sid": "ReadImages",
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage", "ecr:DescribeImages"],
            "Resource": format!("arn:{}:ecr:*:*:repository/*", place.partition),
        }),
        json!({
            "Sid": "WriteLedger",
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": services,
            "Condition": { "ForAllValues:StringLike": { "aws:TagKeys": "ecroll:*" } },
        }),
        json!({
            "Sid": "RegisterDefinitions",
            "Effect": "Allow",
            "Action": "ecs:RegisterTaskDefinition",
            "Resource": definitions,
        }),
        json!({
            "Sid": "TagNewDefinitions",
            "Effect": "Allow",
            "Action": "ecs:TagResource",
            "Resource": definitions,
            "Condition": { "StringEquals": { "ecs:CreateAction": "RegisterTaskDefinition" } },
        }),
        json!({
            "Sid": "WriteOwnLog",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": own_group,
        }),
        json!({
            "Sid": "ReportFailures",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": place.arn("sqs", &names.failures),
        }),
    ];
    if access.lists_families {
        // It knows no resource.
        statements.push(json!({
            "Sid": "FindFamilies",
            "Effect": "Allow",
            "Action": "ecs:ListTaskDefinitionFamilies",
            "Resource": "*",
        }));
    }
    if access.reconciles {
        // It knows no resource.
        statements.push(json!({
            "Sid": "TellCaches",
            "Effect": "Allow",
            "Action": "ecr:DescribePullThroughCacheRules",
            "Resource": "*",
        }));
    }
    if access.marks_images {
        statements.push(json!({
            "Sid": "MarkImages",
            "Effect": "Allow",
            "Action": "ecr:PutImage",
            "Resource": format!("arn:{}:ecr:*:{}:repository/*", place.partition, place.account),
        }));
    }
    if let Some(topic) = &access.notify {
        statements.push(json!({
            "Sid": "Notify",
            "Effect": "Allow",
            "Action": "sns:Publish",
            "Resource": topic,
        }));
    }
    if !access.pass_roles.is_empty() {
        statements.push(json!({
            "Sid": "PassTaskRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": access.pass_roles,
            "Condition": { "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
        }));
    }
    if !access.stacks.is_empty() {
        statements.push(json!({
            "Sid": "UpdateStacks",
            "Effect": "Allow",
            "Action": [
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
                "cloudformation:UpdateStack",
            ],
            "Resource": stack_arns(place, &access.stacks),
        }));
    }
    if !access.stack_roles.is_empty() {
        statements.push(json!({
            "Sid": "PassStackRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": access.stack_roles,
            "Condition": { "StringEquals": { "iam:PassedToService": "cloudformation.amazonaws.com" } },
        }));
    }
    if let Some(roles) = &access.target_roles {
        statements.extend(scheduled(&places, &clusters));
        for (sid, roles, service) in [
            ("PassRuleRoles", &roles.events, "events.amazonaws.com"),
            (
                "PassScheduleRoles",
                &roles.scheduler,
                "scheduler.amazonaws.com",
            ),
        ] {
            if !roles.is_empty() {
                statements.push(json!({
                    "Sid": sid,
                    "Effect": "Allow",
                    "Action": "iam:PassRole",
                    "Resource": roles,
                    "Condition": { "StringEquals": { "iam:PassedToService": service } },
                }));
            }
        }
    }
    if !access.assumed.is_empty() {
        statements.push(json!({
            "Sid": "ReachTargets",
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Resource": access.assumed,
        }));
    }
    Document::new(&statements)
}

/// Moving the targets of rules and the schedules: those that start tasks in the followed clusters, as far as IAM can tell.
/// Tags on a rule are confined to the ledger's keys.
fn scheduled(places: &[Place], clusters: &[String]) -> Vec<Value> {
    let [rules, schedules] = scheduled_arns(places);
    vec![
        // Lists that know no resource.
        json!({
            "Sid": "FindTargets",
            "Effect": "Allow",
            "Action": [
                "events:ListEventBuses",
                "events:ListRuleNamesByTarget",
                "scheduler:ListSchedules",
            ],
            "Resource": "*",
        }),
        json!({
            "Sid": "ReadRules",
            "Effect": "Allow",
            "Action": [
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
            ],
            "Resource": rules,
        }),
        json!({
            "Sid": "MoveRules",
            "Effect": "Allow",
            "Action": "events:PutTargets",
            "Resource": rules,
            "Condition": { "ForAllValues:ArnLike": { "events:TargetArn": clusters } },
        }),
        json!({
            "Sid": "MarkRules",
            "Effect": "Allow",
            "Action": "events:TagResource",
            "Resource": rules,
            "Condition": { "ForAllValues:StringLike": { "aws:TagKeys": "ecroll:*" } },
        }),
        json!({
            "Sid": "MoveSchedules",
            "Effect": "Allow",
            "Action": ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
            "Resource": schedules,
        }),
    ]
}

/// All rules, of every bus, and all schedules, of every group.
pub(super) fn scheduled_arns(places: &[Place]) -> [Vec<String>; 2] {
    [("events", "rule/*"), ("scheduler", "schedule/*/*")].map(|(service, all)| {
        let places = places.iter();
        places.map(|place| place.arn(service, all)).collect()
    })
}

fn clusters_of(places: &[Place], clusters: &[String]) -> Vec<String> {
    once(
        places
            .iter()
            .flat_map(|place| cluster_arns(place, clusters)),
    )
}

/// The stacks as ARN patterns: one that is named may be created anew, and has another ARN then.
pub(super) fn stack_arns(place: &Place, stacks: &[StackRule]) -> Vec<String> {
    let arn = |rule: &StackRule| {
        if rule.stack.starts_with("arn:") {
            rule.stack.clone()
        } else {
            place.arn("cloudformation", &format!("stack/{}/*", rule.stack))
        }
    };
    once(stacks.iter().map(arn))
}

/// Each of these once, in their order: a cluster that is named by its ARN is the same seen from every Region.
pub(super) fn once(arns: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for arn in arns {
        if !all.contains(&arn) {
            all.push(arn);
        }
    }
    all
}

/// The followed clusters as ARN patterns.
pub(super) fn cluster_arns(place: &Place, clusters: &[String]) -> Vec<String> {
    let arn = |cluster: &String| {
        let known = cluster.starts_with("arn:");
        if known {
            cluster.clone()
        } else {
            place.arn("ecs", &format!("cluster/{cluster}"))
        }
    };
    clusters.iter().map(arn).collect()
}

/// Everything of one kind below the followed clusters: `<kind>/<cluster>/*`. All clusters also admits the old short
/// ARNs `service/<name>`, so that such services can at least be seen and reported.
pub(super) fn service_arns(place: &Place, clusters: &[String], kind: &str) -> Vec<String> {
    let mut arns = Vec::new();
    for cluster in cluster_arns(place, clusters) {
        let (head, name) = cluster.split_once(":cluster/").unwrap_or((&cluster, "*"));
        let below = if name == "*" {
            format!("{kind}/*")
        } else {
            format!("{kind}/{name}/*")
        };
        arns.push(format!("{head}:{below}"));
    }
    arns
}

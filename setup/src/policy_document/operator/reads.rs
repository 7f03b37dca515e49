//! What is read by every verb: the services that follow, and what of the rest has no resource of its own.

use std::collections::BTreeSet;

use handler::config::{Config, Families, Trail};
use serde_json::{Value, json};

use super::super::handler_role::{cluster_arns, once, scheduled_arns, service_arns, stack_arns};
use super::{allow, groups, only_if};
use crate::names::{Names, Place};

/// The services that follow, and what of the rest has no resource of its own.
pub(super) fn reads(config: &Config, names: &Names, place: &Place, group: &str) -> Vec<Value> {
    let logs: &[&str] = match group {
        "*" => &[group],
        group => &[group, &names.function_log_group],
    };
    // What `status` reads elsewhere without another role: other Regions of this account.
    let own = config.targets.iter().filter(|target| target.role.is_none());
    let elsewhere = own.map(|target| Place {
        region: target.region.clone(),
        ..place.clone()
    });
    let places: Vec<Place> = [place.clone()]
        .into_iter()
        .chain(elsewhere.filter(|there| there.region != place.region))
        .collect();
    let below = |kind: &str| -> Vec<String> {
        let arns = places.iter();
        once(arns.flat_map(|place| service_arns(place, &config.clusters, kind)))
    };
    let (services, revisions) = (below("service"), below("service-revision"));
    let clusters = places.iter();
    let clusters = once(clusters.flat_map(|place| cluster_arns(place, &config.clusters)));
    let mut all = vec![
        allow(
            "FindServices",
            &["ecs:ListClusters", "ecs:DescribeTaskDefinition"],
            &json!("*"),
        ),
        only_if(
            allow("ListServices", &["ecs:ListServices"], &json!("*")),
            &json!({ "ArnLike": { "ecs:cluster": clusters } }),
        ),
        allow("ReadServices", &["ecs:DescribeServices"], &json!(services)),
        // Lists that no resource confines; subscriptions are none to IAM.
        allow(
            "ReadLists",
            &[
                "logs:DescribeLogGroups",
                "sns:GetSubscriptionAttributes",
                "sns:SetSubscriptionAttributes",
            ],
            &json!("*"),
        ),
        // Ours hang on whatever group held the records when they were made.
        allow(
            "FindFilters",
            &[
                "logs:DescribeMetricFilters",
                "logs:DescribeSubscriptionFilters",
            ],
            &json!(place.arn("logs", "log-group:*")),
        ),
        // What the last day's pushes would have rolled; and what the function says of its look-ups.
        allow(
            "PreviewPushes",
            &["logs:FilterLogEvents"],
            &groups(place, logs),
        ),
        allow(
            "PreviewImages",
            &["ecr:DescribeImages"],
            &json!(format!("arn:{}:ecr:*:*:repository/*", place.partition)),
        ),
        allow(
            "PreviewHistory",
            &["ecs:DescribeServiceRevisions", "ecs:ListServiceDeployments"],
            &json!([revisions, services].concat()),
        ),
    ];
    if config.families == Families::All {
        all.push(allow(
            "FindFamilies",
            &["ecs:ListTaskDefinitionFamilies"],
            &json!("*"),
        ));
    }
    if config.moves_targets() {
        let [rules, schedules] = scheduled_arns(std::slice::from_ref(place));
        all.push(allow(
            "FindTargets",
            &[
                "events:ListEventBuses",
                "events:ListRuleNamesByTarget",
                "scheduler:ListSchedules",
            ],
            &json!("*"),
        ));
        all.push(allow(
            "ReadRules",
            &[
                "events:DescribeRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
            ],
            &json!(rules),
        ));
        all.push(allow(
            "ReadSchedules",
            &["scheduler:GetSchedule"],
            &json!(schedules),
        ));
    }
    if !config.stacks.is_empty() {
        all.push(allow(
            "ReadStacks",
            &[
                "cloudformation:DescribeStackEvents",
                "cloudformation:DescribeStacks",
            ],
            &json!(stack_arns(place, &config.stacks)),
        ));
        // Which roles the stacks have is not known here; doctor sees whether each is still there.
        all.push(allow(
            "ReadStackRoles",
            &["iam:GetRole"],
            &json!(format!(
                "arn:{}:iam::{}:role/*",
                place.partition, place.account
            )),
        ));
    }
    let roles = config
        .targets
        .iter()
        .filter_map(|target| target.role.clone());
    let roles: BTreeSet<String> = roles.collect();
    if !roles.is_empty() {
        all.push(allow("PreviewTargets", &["sts:AssumeRole"], &json!(roles)));
    }
    if config.trail != Trail::Create {
        all.push(allow(
            "FindTrails",
            &["cloudtrail:DescribeTrails"],
            &json!("*"),
        ));
        // Trails of other Regions and of the organization are seen here as well.
        let trails = format!("arn:{}:cloudtrail:*:*:trail/*", place.partition);
        all.push(allow(
            "ReadTrails",
            &[
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:ListTags",
            ],
            &json!(trails),
        ));
    }
    all
}

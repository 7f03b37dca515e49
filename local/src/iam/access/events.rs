//! EventBridge: `list_amazoneventbridge.html`.

use serde_json::Value;

use super::{Asked, Key, Row, need, row_of, tagged};

const TARGETS: &[Key] = &[("events:TargetArn", |asked| targets(asked, "Arn"))];
const PASSED: &[Key] = &[("iam:PassedToService", |_| {
    vec!["events.amazonaws.com".to_owned()]
})];

pub(super) const TABLE: &[Row] = &[
    row_of("CreateEventBus", &[need("events:CreateEventBus", bus)]),
    row_of(
        "ListEventBuses",
        &[need("events:ListEventBuses", super::all)],
    ),
    row_of(
        "PutRule",
        &[
            need("events:PutRule", rule),
            // API reference, PutRule: tags need the permission to tag.
            need("events:TagResource", rule).when(tagged),
            need("iam:PassRole", rule_role).with(PASSED),
        ],
    ),
    row_of("DescribeRule", &[need("events:DescribeRule", rule)]),
    row_of("ListRules", &[need("events:ListRules", rules)]),
    row_of(
        "ListRuleNamesByTarget",
        &[need("events:ListRuleNamesByTarget", super::all)],
    ),
    row_of("EnableRule", &[need("events:EnableRule", rule)]),
    row_of("DisableRule", &[need("events:DisableRule", rule)]),
    row_of("DeleteRule", &[need("events:DeleteRule", rule)]),
    row_of(
        "PutTargets",
        &[
            need("events:PutTargets", of_rule).with(TARGETS),
            need("iam:PassRole", |asked| targets(asked, "RoleArn")).with(PASSED),
        ],
    ),
    row_of(
        "ListTargetsByRule",
        &[need("events:ListTargetsByRule", of_rule)],
    ),
    row_of("RemoveTargets", &[need("events:RemoveTargets", of_rule)]),
    row_of("TagResource", &[need("events:TagResource", resource)]),
    row_of("UntagResource", &[need("events:UntagResource", resource)]),
    row_of(
        "ListTagsForResource",
        &[need("events:ListTagsForResource", resource)],
    ),
];

fn bus(asked: &Asked<'_>) -> Vec<String> {
    asked.named("events", "event-bus/", "Name")
}

fn rule(asked: &Asked<'_>) -> Vec<String> {
    asked.named("events", &below(asked), "Name")
}

fn of_rule(asked: &Asked<'_>) -> Vec<String> {
    asked.named("events", &below(asked), "Rule")
}

/// What a rule's name stands after in its ARN: the name of its bus, unless that is the default.
fn below(asked: &Asked<'_>) -> String {
    let bus = asked.text("EventBusName").unwrap_or("default");
    match bus.rsplit('/').next() {
        None | Some("default") => "rule/".to_owned(),
        Some(bus) => format!("rule/{bus}/"),
    }
}

fn rules(asked: &Asked<'_>) -> Vec<String> {
    vec![asked.place.arn("events", "rule/*")]
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("ResourceARN")
}

fn rule_role(asked: &Asked<'_>) -> Vec<String> {
    asked
        .text("RoleArn")
        .map(str::to_owned)
        .into_iter()
        .collect()
}

fn targets(asked: &Asked<'_>, member: &str) -> Vec<String> {
    let targets = asked.input.get("Targets").and_then(Value::as_array);
    let members = targets.into_iter().flatten();
    let members = members.filter_map(|target| target.get(member)?.as_str());
    members.map(str::to_owned).collect()
}

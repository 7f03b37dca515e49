//! CloudWatch Logs: `list_amazoncloudwatchlogs.html`.
//!
//! The page gives a group's ARN without anything behind the name; refusals seen in the wild name `…:log-stream:` behind
//! it. Which of the two is judged is not documented, so both must be allowed.

use super::{Asked, Row, all, need, row_of, tagged};

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateLogGroup",
        &[
            need("logs:CreateLogGroup", group),
            need("logs:TagResource", group).when(tagged),
        ],
    ),
    row_of("DescribeLogGroups", &[need("logs:DescribeLogGroups", all)]),
    row_of("DeleteLogGroup", &[need("logs:DeleteLogGroup", group)]),
    row_of(
        "PutRetentionPolicy",
        &[need("logs:PutRetentionPolicy", group)],
    ),
    row_of(
        "DeleteRetentionPolicy",
        &[need("logs:DeleteRetentionPolicy", group)],
    ),
    row_of("TagResource", &[need("logs:TagResource", resource)]),
    row_of("UntagResource", &[need("logs:UntagResource", resource)]),
    row_of(
        "ListTagsForResource",
        &[need("logs:ListTagsForResource", resource)],
    ),
    row_of("PutMetricFilter", &[need("logs:PutMetricFilter", group)]),
    row_of(
        "DescribeMetricFilters",
        &[need("logs:DescribeMetricFilters", group)],
    ),
    row_of(
        "DeleteMetricFilter",
        &[need("logs:DeleteMetricFilter", group)],
    ),
    row_of(
        "PutSubscriptionFilter",
        &[need("logs:PutSubscriptionFilter", group)],
    ),
    row_of(
        "DescribeSubscriptionFilters",
        &[need("logs:DescribeSubscriptionFilters", group)],
    ),
    row_of(
        "DeleteSubscriptionFilter",
        &[need("logs:DeleteSubscriptionFilter", group)],
    ),
    row_of("TestMetricFilter", &[need("logs:TestMetricFilter", all)]),
    row_of("CreateLogStream", &[need("logs:CreateLogStream", stream)]),
    row_of(
        "DescribeLogStreams",
        &[need("logs:DescribeLogStreams", group)],
    ),
    row_of("PutLogEvents", &[need("logs:PutLogEvents", stream)]),
    row_of("FilterLogEvents", &[need("logs:FilterLogEvents", group)]),
];

fn group_arn(asked: &Asked<'_>) -> String {
    let named = asked.text("logGroupName");
    let named = named.or_else(|| asked.text("logGroupIdentifier"));
    let Some(named) = named else {
        // Whatever group: the call names none.
        return asked.place.arn("logs", "log-group:*");
    };
    let arn = asked.arn("logs", "log-group:", named);
    arn.trim_end_matches(":*").to_owned()
}

fn both(arn: String) -> Vec<String> {
    let inside = format!("{arn}:log-stream:");
    vec![arn, inside]
}

fn group(asked: &Asked<'_>) -> Vec<String> {
    both(group_arn(asked))
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    let arn = asked.text("resourceArn").unwrap_or("*");
    both(arn.trim_end_matches(":*").to_owned())
}

fn stream(asked: &Asked<'_>) -> Vec<String> {
    let name = asked.text("logStreamName").unwrap_or("*");
    vec![format!("{}:log-stream:{name}", group_arn(asked))]
}

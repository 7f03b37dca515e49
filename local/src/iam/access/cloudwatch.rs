//! CloudWatch: `list_amazoncloudwatch.html`.

use super::{Asked, Key, Row, all, need, row_of, tagged};

const ACTIONS: &[Key] = &[("cloudwatch:AlarmActions", actions)];
const NAMESPACE: &[Key] = &[("cloudwatch:namespace", |asked| asked.whole("Namespace"))];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "PutMetricAlarm",
        &[
            need("cloudwatch:PutMetricAlarm", alarm).with(ACTIONS),
            // API model, PutMetricAlarm: tags on a new alarm need the permission to tag.
            need("cloudwatch:TagResource", alarm).when(tagged),
        ],
    ),
    row_of(
        "DescribeAlarms",
        &[need("cloudwatch:DescribeAlarms", any_alarm)],
    ),
    row_of("DeleteAlarms", &[need("cloudwatch:DeleteAlarms", alarms)]),
    row_of("SetAlarmState", &[need("cloudwatch:SetAlarmState", alarm)]),
    row_of(
        "EnableAlarmActions",
        &[need("cloudwatch:EnableAlarmActions", alarms)],
    ),
    row_of(
        "DisableAlarmActions",
        &[need("cloudwatch:DisableAlarmActions", alarms)],
    ),
    row_of(
        "DescribeAlarmHistory",
        &[need("cloudwatch:DescribeAlarmHistory", any_alarm)],
    ),
    row_of(
        "ListAlarmMuteRules",
        &[need("cloudwatch:ListAlarmMuteRules", all)],
    ),
    row_of("TagResource", &[need("cloudwatch:TagResource", resource)]),
    row_of(
        "UntagResource",
        &[need("cloudwatch:UntagResource", resource)],
    ),
    row_of(
        "ListTagsForResource",
        &[need("cloudwatch:ListTagsForResource", resource)],
    ),
    row_of(
        "PutMetricData",
        &[need("cloudwatch:PutMetricData", all).with(NAMESPACE)],
    ),
    row_of(
        "GetMetricStatistics",
        &[need("cloudwatch:GetMetricStatistics", all)],
    ),
    row_of(
        "PutDashboard",
        &[
            need("cloudwatch:PutDashboard", dashboard),
            need("cloudwatch:TagResource", dashboard).when(tagged),
        ],
    ),
    row_of(
        "GetDashboard",
        &[need("cloudwatch:GetDashboard", dashboard)],
    ),
    row_of(
        "DeleteDashboards",
        &[need("cloudwatch:DeleteDashboards", dashboards)],
    ),
    row_of("ListDashboards", &[need("cloudwatch:ListDashboards", all)]),
];

fn alarm(asked: &Asked<'_>) -> Vec<String> {
    asked.named("cloudwatch", "alarm:", "AlarmName")
}

/// Reading alarms by name is judged like reading all of them: their names are only a filter.
fn any_alarm(asked: &Asked<'_>) -> Vec<String> {
    vec![asked.place.arn("cloudwatch", "alarm:*")]
}

fn alarms(asked: &Asked<'_>) -> Vec<String> {
    let names = asked.texts("AlarmNames");
    names
        .into_iter()
        .map(|name| asked.arn("cloudwatch", "alarm:", name))
        .collect()
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("ResourceARN")
}

fn actions(asked: &Asked<'_>) -> Vec<String> {
    let lists = ["AlarmActions", "OKActions", "InsufficientDataActions"];
    let actions = lists.iter().flat_map(|list| asked.texts(list));
    actions.map(str::to_owned).collect()
}

/// A dashboard belongs to no Region.
fn dashboard_arn(asked: &Asked<'_>, name: &str) -> String {
    let place = asked.place;
    format!(
        "arn:{}:cloudwatch::{}:dashboard/{name}",
        place.partition, place.account
    )
}

fn dashboard(asked: &Asked<'_>) -> Vec<String> {
    vec![dashboard_arn(
        asked,
        asked.text("DashboardName").unwrap_or("*"),
    )]
}

fn dashboards(asked: &Asked<'_>) -> Vec<String> {
    let names = asked.texts("DashboardNames");
    names
        .into_iter()
        .map(|name| dashboard_arn(asked, name))
        .collect()
}

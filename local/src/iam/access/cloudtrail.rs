//! CloudTrail: `list_awscloudtrail.html`.
//!
//! `iam:PassRole` for the role of the log group is not on the page; the page of `CreateTrail` in the API reference does
//! not name it either. It is asked for, so that a policy that lives here lives there.

use super::{Asked, Key, Row, all, need, row_of, tagged};

const PASSED: &[Key] = &[("iam:PassedToService", |_| {
    vec!["cloudtrail.amazonaws.com".to_owned()]
})];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateTrail",
        &[
            need("cloudtrail:CreateTrail", trail),
            need("cloudtrail:AddTags", trail).when(tagged),
            need("iam:PassRole", role).with(PASSED),
            // On the page as a dependent action.
            need("iam:GetRole", role),
        ],
    ),
    row_of(
        "UpdateTrail",
        &[
            need("cloudtrail:UpdateTrail", trail),
            need("iam:PassRole", role).with(PASSED),
            need("iam:GetRole", role),
        ],
    ),
    row_of("GetTrail", &[need("cloudtrail:GetTrail", trail)]),
    row_of("DescribeTrails", &[need("cloudtrail:DescribeTrails", all)]),
    row_of("ListTrails", &[need("cloudtrail:ListTrails", all)]),
    row_of("DeleteTrail", &[need("cloudtrail:DeleteTrail", trail)]),
    row_of(
        "PutEventSelectors",
        &[need("cloudtrail:PutEventSelectors", of_trail)],
    ),
    row_of(
        "GetEventSelectors",
        &[need("cloudtrail:GetEventSelectors", of_trail)],
    ),
    row_of("StartLogging", &[need("cloudtrail:StartLogging", trail)]),
    row_of("StopLogging", &[need("cloudtrail:StopLogging", trail)]),
    row_of(
        "GetTrailStatus",
        &[need("cloudtrail:GetTrailStatus", trail)],
    ),
    row_of("AddTags", &[need("cloudtrail:AddTags", resource)]),
    row_of("RemoveTags", &[need("cloudtrail:RemoveTags", resource)]),
    row_of("ListTags", &[need("cloudtrail:ListTags", resources)]),
];

fn trail(asked: &Asked<'_>) -> Vec<String> {
    asked.named("cloudtrail", "trail/", "Name")
}

fn of_trail(asked: &Asked<'_>) -> Vec<String> {
    asked.named("cloudtrail", "trail/", "TrailName")
}

fn resource(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("ResourceId")
}

fn resources(asked: &Asked<'_>) -> Vec<String> {
    let arns = asked.texts("ResourceIdList");
    arns.into_iter().map(str::to_owned).collect()
}

fn role(asked: &Asked<'_>) -> Vec<String> {
    let role = asked.text("CloudWatchLogsRoleArn");
    role.map(str::to_owned).into_iter().collect()
}

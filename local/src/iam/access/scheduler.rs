//! EventBridge Scheduler: `list_amazoneventbridgescheduler.html`.

use super::{Asked, Key, Row, need, row_of};

const PASSED: &[Key] = &[("iam:PassedToService", |_| {
    vec!["scheduler.amazonaws.com".to_owned()]
})];

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateScheduleGroup",
        &[need("scheduler:CreateScheduleGroup", group)],
    ),
    row_of(
        "CreateSchedule",
        &[
            need("scheduler:CreateSchedule", schedule),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of(
        "UpdateSchedule",
        &[
            need("scheduler:UpdateSchedule", schedule),
            need("iam:PassRole", role).with(PASSED),
        ],
    ),
    row_of("GetSchedule", &[need("scheduler:GetSchedule", schedule)]),
    row_of(
        "DeleteSchedule",
        &[need("scheduler:DeleteSchedule", schedule)],
    ),
    // It knows no resource.
    row_of(
        "ListSchedules",
        &[need("scheduler:ListSchedules", super::all)],
    ),
];

fn group(asked: &Asked<'_>) -> Vec<String> {
    asked.named("scheduler", "schedule-group/", "Name")
}

fn schedule(asked: &Asked<'_>) -> Vec<String> {
    let group = asked.text("GroupName").unwrap_or("default");
    asked.named("scheduler", &format!("schedule/{group}/"), "Name")
}

fn role(asked: &Asked<'_>) -> Vec<String> {
    let role = asked.input.pointer("/Target/RoleArn");
    let role = role.and_then(serde_json::Value::as_str);
    role.map(str::to_owned).into_iter().collect()
}

//! What the operator needs: whoever runs `ecroll plan`, `setup`, `status`, `doctor` and `destroy`.

mod reads;

use handler::config::{Config, Trail, TriggerKind};
use serde_json::{Value, json};

use super::Document;
use crate::names::{Names, Place};

/// Reading what there is; making and mending the pipeline; removing it. Every statement is confined to the names that
/// setup gives, and to the services that the roles, the function and the alarms are meant for. What only a look ahead and
/// `status` need has names with `Preview`, what only `doctor` needs has names with `Examine`, what only `destroy` needs, and
/// `setup` where a road is given up, has names with `Remove`: an operator who shall do without can be given the rest.
///
/// With `trail = "auto"` the records may be found in any log group of the account, so our metric filter may hang on any.
///
/// Whoever may write the handler's role may in effect do what that role may be given; a permissions boundary on it is the
/// account's own affair.
///
/// Sources: the authorization reference of each service; the API references of IAM, Lambda, SNS, SQS, EventBridge,
/// CloudWatch and CloudWatch Logs for tagging on creation.
#[must_use]
pub fn operator(config: &Config, names: &Names, place: &Place) -> Document {
    let group = match config.trail {
        Trail::Create => names.log_group.as_str(),
        _ => "*",
    };
    let mut statements = reads::reads(config, names, place, group);
    statements.extend(records(config, names, place, group));
    statements.extend(messages(names, place));
    statements.extend(functions(config, names, place));
    statements.extend(triggers(config, names, place));
    statements.extend(examinations(names, place));
    statements.extend(removals(names, place, group));
    Document::new(&statements)
}

/// The trail with its bucket, its log group and its role.
fn records(config: &Config, names: &Names, place: &Place, group: &str) -> Vec<Value> {
    let trail = place.arn("cloudtrail", &format!("trail/{}", names.base));
    let role = place.role_arn(&names.trail_role);
    // Where any trail is read, so is ours.
    let read: &[&str] = match config.trail {
        Trail::Create => &[
            "cloudtrail:GetEventSelectors",
            "cloudtrail:GetTrailStatus",
            "cloudtrail:ListTags",
        ],
        _ => &[],
    };
    let written = [
        "cloudtrail:AddTags",
        "cloudtrail:CreateTrail",
        "cloudtrail:DeleteTrail",
        "cloudtrail:GetTrail",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StartLogging",
        "cloudtrail:UpdateTrail",
    ];
    let mut all = vec![
        allow(
            "Bucket",
            &[
                "s3:CreateBucket",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketTagging",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
                "s3:ListBucket",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:TagResource",
            ],
            &json!(place.bucket_arn(&names.bucket)),
        ),
        allow(
            "LogGroups",
            &[
                "logs:CreateLogGroup",
                "logs:ListTagsForResource",
                "logs:PutRetentionPolicy",
                "logs:TagResource",
            ],
            &groups(place, &[&names.log_group, &names.function_log_group]),
        ),
        allow("Trail", &[&written, read].concat(), &json!(trail)),
        passing("PassTrailRole", &role, "cloudtrail.amazonaws.com"),
    ];
    let filters = filters(config);
    if !filters.is_empty() {
        all.push(allow("Filters", &filters, &groups(place, &[group])));
    }
    all
}

/// The topic and the queues.
fn messages(names: &Names, place: &Place) -> Vec<Value> {
    let function = place.arn("lambda", &format!("function:{}", names.base));
    let topic = place.arn("sns", &names.base);
    vec![
        allow(
            "Topic",
            &[
                "sns:CreateTopic",
                "sns:GetTopicAttributes",
                "sns:ListSubscriptionsByTopic",
                "sns:ListTagsForResource",
                "sns:SetTopicAttributes",
                "sns:TagResource",
            ],
            &json!(topic),
        ),
        only_if(
            allow("Subscription", &["sns:Subscribe"], &json!(topic)),
            &json!({
                "StringEquals": { "sns:Protocol": "lambda" },
                "ArnLike": { "sns:Endpoint": function },
            }),
        ),
        allow(
            "Queues",
            &[
                "sqs:CreateQueue",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:ListQueueTags",
                "sqs:SetQueueAttributes",
                "sqs:TagQueue",
            ],
            &json!([
                place.arn("sqs", &names.failures),
                place.arn("sqs", &names.undelivered)
            ]),
        ),
    ]
}

/// The function with its role, and who may invoke it.
fn functions(config: &Config, names: &Names, place: &Place) -> Vec<Value> {
    let function = place.arn("lambda", &format!("function:{}", names.base));
    let role = place.role_arn(&names.handler_role);
    vec![
        allow(
            "Roles",
            &[
                "iam:CreateRole",
                "iam:GetRole",
                "iam:GetRolePolicy",
                "iam:PutRolePolicy",
                "iam:TagRole",
                "iam:UpdateAssumeRolePolicy",
            ],
            &json!([role, place.role_arn(&names.trail_role)]),
        ),
        passing("PassHandlerRole", &role, "lambda.amazonaws.com"),
        allow(
            "Function",
            &[
                "lambda:CreateFunction",
                "lambda:GetFunction",
                "lambda:GetFunctionEventInvokeConfig",
                "lambda:GetPolicy",
                "lambda:PutFunctionConcurrency",
                "lambda:PutFunctionEventInvokeConfig",
                "lambda:RemovePermission",
                "lambda:TagResource",
                "lambda:UpdateFunctionCode",
                "lambda:UpdateFunctionConfiguration",
            ],
            &json!(function),
        ),
        only_if(
            allow("Invocation", &["lambda:AddPermission"], &json!(function)),
            &json!({ "StringEquals": { "lambda:Principal": invokers(config) } }),
        ),
    ]
}

/// The services that may be let in to invoke the function.
fn invokers(config: &Config) -> Vec<&'static str> {
    let alarm = config.takes(TriggerKind::Alarm);
    let log = config.takes(TriggerKind::LogSubscription);
    let all = [
        (true, "events.amazonaws.com"),
        (log, "logs.amazonaws.com"),
        (alarm, "sns.amazonaws.com"),
    ];
    let wanted = all.into_iter().filter(|(wanted, _)| *wanted);
    wanted.map(|(_, service)| service).collect()
}

/// What makes the filters of the log group that the roads need. With `trail = "auto"` they may hang on any log group.
fn filters(config: &Config) -> Vec<&'static str> {
    let all = [
        (TriggerKind::Alarm, "logs:PutMetricFilter"),
        (TriggerKind::LogSubscription, "logs:PutSubscriptionFilter"),
    ];
    let taken = all.into_iter().filter(|(road, _)| config.takes(*road));
    taken.map(|(_, action)| action).collect()
}

/// The alarms, the rules and the dashboard.
fn triggers(config: &Config, names: &Names, place: &Place) -> Vec<Value> {
    let function = place.arn("lambda", &format!("function:{}", names.base));
    let alarms = alarms(names, place);
    let mut told = vec![place.arn("sns", &names.base)];
    told.extend(config.notify.clone());
    let rules = rules(names, place);
    vec![
        allow(
            "AlarmTags",
            &["cloudwatch:ListTagsForResource", "cloudwatch:TagResource"],
            &json!(alarms),
        ),
        only_if(
            allow("Alarms", &["cloudwatch:PutMetricAlarm"], &json!(alarms)),
            &json!({ "ForAllValues:StringLike": {
                "cloudwatch:AlarmActions": told,
            } }),
        ),
        // Names are only a filter to this call.
        allow(
            "ReadAlarms",
            &["cloudwatch:DescribeAlarms"],
            &json!(place.arn("cloudwatch", "alarm:*")),
        ),
        allow(
            "Rules",
            &[
                "events:DeleteRule",
                "events:DescribeRule",
                "events:DisableRule",
                "events:ListTagsForResource",
                "events:ListTargetsByRule",
                "events:PutRule",
                "events:RemoveTargets",
                "events:TagResource",
            ],
            &json!(rules),
        ),
        only_if(
            allow("Targets", &["events:PutTargets"], &json!(rules)),
            &json!({ "ForAllValues:ArnLike": { "events:TargetArn": function } }),
        ),
        allow(
            "Dashboard",
            &[
                "cloudwatch:GetDashboard",
                "cloudwatch:ListTagsForResource",
                "cloudwatch:PutDashboard",
                "cloudwatch:TagResource",
            ],
            &json!(place.dashboard_arn(&names.base)),
        ),
    ]
}

/// What only `doctor` looks at, and the one message that its probe sends.
fn examinations(names: &Names, place: &Place) -> Vec<Value> {
    let alarm = place.arn("cloudwatch", &format!("alarm:{}", names.alarm));
    vec![
        // Most of these are confined to no resource; whose tasks are scheduled is known only once the rules are seen.
        allow(
            "ExamineAnything",
            &[
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListAlarmMuteRules",
                "events:ListRuleNamesByTarget",
                "events:ListTargetsByRule",
                "logs:TestMetricFilter",
            ],
            &json!("*"),
        ),
        allow(
            "ExamineRole",
            &["iam:SimulatePrincipalPolicy"],
            &json!(place.role_arn(&names.handler_role)),
        ),
        allow(
            "ExamineByProbe",
            &["cloudwatch:SetAlarmState"],
            &json!(alarm),
        ),
    ]
}

/// What `destroy` takes away, and `setup` with a road that `triggers` does not name any more.
fn removals(names: &Names, place: &Place, group: &str) -> Vec<Value> {
    let bucket = place.bucket_arn(&names.bucket);
    let roles = [&names.handler_role, &names.trail_role].map(|role| place.role_arn(role));
    let function = place.arn("lambda", &format!("function:{}", names.base));
    let queues = [&names.failures, &names.undelivered].map(|queue| place.arn("sqs", queue));
    let mut pipeline = vec![function, place.arn("sns", &names.base)];
    pipeline.extend(queues);
    pipeline.extend(alarms(names, place));
    pipeline.push(place.dashboard_arn(&names.base));
    vec![
        allow(
            "RemoveBucket",
            &["s3:DeleteBucket", "s3:ListBucketVersions"],
            &json!(bucket),
        ),
        allow(
            "RemoveFiles",
            &["s3:DeleteObject", "s3:DeleteObjectVersion"],
            &json!(format!("{bucket}/*")),
        ),
        allow(
            "RemoveLogGroups",
            &["logs:DeleteLogGroup"],
            &groups(place, &[&names.log_group, &names.function_log_group]),
        ),
        allow(
            "RemoveFilters",
            &["logs:DeleteMetricFilter", "logs:DeleteSubscriptionFilter"],
            &groups(place, &[group]),
        ),
        allow(
            "RemoveRoles",
            &["iam:DeleteRole", "iam:DeleteRolePolicy"],
            &json!(roles),
        ),
        allow("RemoveSubscription", &["sns:Unsubscribe"], &json!("*")),
        // Each of these takes only resources of its own kind, so together they allow no more, in fewer words: the whole must
        // fit where policies are kept.
        allow(
            "RemovePipeline",
            &[
                "cloudwatch:DeleteAlarms",
                "cloudwatch:DeleteDashboards",
                "lambda:DeleteFunction",
                "sns:DeleteTopic",
                "sqs:DeleteQueue",
            ],
            &json!(pipeline),
        ),
    ]
}

fn alarms(names: &Names, place: &Place) -> Vec<String> {
    [&names.alarm, &names.failures_alarm]
        .map(|alarm| place.arn("cloudwatch", &format!("alarm:{alarm}")))
        .into()
}

fn rules(names: &Names, place: &Place) -> Vec<String> {
    let all = [
        &names.rule,
        &names.deployments,
        &names.ecr_events,
        &names.cloudtrail_events,
    ];
    all.map(|rule| place.arn("events", &format!("rule/{rule}")))
        .into()
}

pub(super) fn allow(sid: &str, actions: &[&str], resources: &Value) -> Value {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources })
}

pub(super) fn only_if(mut statement: Value, condition: &Value) -> Value {
    if let Some(members) = statement.as_object_mut() {
        members.insert("Condition".to_owned(), condition.clone());
    }
    statement
}

fn passing(sid: &str, role: &str, service: &str) -> Value {
    only_if(
        allow(sid, &["iam:PassRole"], &json!(role)),
        &json!({ "StringEquals": { "iam:PassedToService": service } }),
    )
}

/// Groups, with and without what is in them: which of the two is judged is not documented.
fn groups(place: &Place, names: &[&str]) -> Value {
    let arns = names.iter().flat_map(|name| {
        let arn = place.arn("logs", &format!("log-group:{name}"));
        [arn.clone(), format!("{arn}:*")]
    });
    arns.collect::<Vec<_>>().into()
}

//! Behaviour, one file per link of the chain, each test named for the rule it holds.

mod alarms;
mod delivery;
mod faults;
mod functions;
mod logs;
mod notifications;
mod permissions;
mod roads;
mod schedules;
mod time;
mod trails;

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::{Account, Clock, Entry, FunctionError, Invocation, Options, What};

const START: &str = "2026-03-01T00:00:00Z";
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:ecroll";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:000000000000:function:ecroll";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:000000000000:failures";
const RULE: &str = "arn:aws:events:eu-west-1:000000000000:rule/sweep";
const GROUP: &str = "/ecroll/trail";

/// When the function ran, and with what.
type Run = (DateTime<Utc>, Invocation);

/// An account with parts of the pipeline, and what its function saw.
struct World {
    account: Account,
    seen: Arc<Mutex<Vec<Run>>>,
}

/// A time on the first day, `at("00:05:10")`.
fn at(time: &str) -> DateTime<Utc> {
    format!("2026-03-01T{time}Z").parse().unwrap()
}

impl World {
    fn new(options: Options) -> Self {
        let account = Account::new(Clock::new(START.parse().unwrap()), options);
        Self {
            account,
            seen: Arc::default(),
        }
    }

    #[track_caller]
    fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.account.call(service, operation, input).unwrap()
    }

    /// The code with which a call is refused.
    #[track_caller]
    fn refused(&self, service: &str, operation: &str, input: Value) -> String {
        self.account
            .call(service, operation, input)
            .unwrap_err()
            .code
    }

    fn group(&self) -> &Self {
        self.call("logs", "CreateLogGroup", json!({"logGroupName": GROUP}));
        self
    }

    /// A metric filter for `PutImage`, with or without the default 0.
    fn filter(&self, default: Option<f64>) -> &Self {
        let mut transformation =
            json!({"metricName": "Pushes", "metricNamespace": "ecroll", "metricValue": "1"});
        if let Some(default) = default {
            transformation["defaultValue"] = default.into();
        }
        let filter = json!({
            "logGroupName": GROUP, "filterName": "pushes",
            "filterPattern": "{ $.eventName = \"PutImage\" }",
            "metricTransformations": [transformation],
        });
        self.call("logs", "PutMetricFilter", filter);
        self
    }

    fn role(&self, name: &str, service: &str) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
        }]});
        let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
        let role = self.call("iam", "CreateRole", role);
        let logs = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Resource": "*",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"],
        }]});
        let policy =
            json!({"RoleName": name, "PolicyName": "p", "PolicyDocument": logs.to_string()});
        self.call("iam", "PutRolePolicy", policy);
        role["Role"]["Arn"].as_str().unwrap().to_owned()
    }

    fn bucket(&self) -> &Self {
        self.call("s3", "CreateBucket", json!({"Bucket": "trail-bucket"}));
        let statement = |action: &str, resource: &str| {
            json!({
                "Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
                "Action": action, "Resource": resource,
                "Condition": {"StringEquals": {
                    "aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:000000000000:trail/ecroll",
                }},
            })
        };
        let policy = json!({"Version": "2012-10-17", "Statement": [
            statement("s3:GetBucketAcl", "arn:aws:s3:::trail-bucket"),
            statement("s3:PutObject", "arn:aws:s3:::trail-bucket/AWSLogs/000000000000/*"),
        ]});
        let policy = json!({"Bucket": "trail-bucket", "Policy": policy.to_string()});
        self.call("s3", "PutBucketPolicy", policy);
        self
    }

    fn trail_input(role: &str) -> Value {
        json!({
            "Name": "ecroll", "S3BucketName": "trail-bucket", "IsMultiRegionTrail": true,
            "CloudWatchLogsLogGroupArn":
                format!("arn:aws:logs:eu-west-1:000000000000:log-group:{GROUP}:*"),
            "CloudWatchLogsRoleArn": role,
        })
    }

    /// Bucket, group, role, and a trail that logs writes into the group.
    async fn trail(&self) -> &Self {
        self.bucket().group();
        let role = self.role("trail", "cloudtrail.amazonaws.com");
        self.pass(TimeDelta::seconds(10)).await;
        self.call("cloudtrail", "CreateTrail", Self::trail_input(&role));
        let selectors = json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]);
        let selectors = json!({"TrailName": "ecroll", "EventSelectors": selectors});
        self.call("cloudtrail", "PutEventSelectors", selectors);
        self.call("cloudtrail", "StartLogging", json!({"Name": "ecroll"}));
        self
    }

    /// A function that answers `null`, or what `program` says, ready to run.
    async fn function(
        &self,
        program: impl Fn(&Invocation) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> &Self {
        self.slow_function(TimeDelta::zero(), program).await
    }

    async fn slow_function(
        &self,
        takes: TimeDelta,
        program: impl Fn(&Invocation) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) -> &Self {
        let role = self.role("handler", "lambda.amazonaws.com");
        self.pass(TimeDelta::seconds(10)).await;
        self.call("lambda", "CreateFunction", Self::function_input(&role));
        self.pass(TimeDelta::seconds(5)).await;
        let (seen, clock) = (Arc::clone(&self.seen), self.account.clock().clone());
        let program = Arc::new(program);
        self.account.host(Arc::new(move |invocation| {
            seen.lock().unwrap().push((clock.now(), invocation.clone()));
            let (clock, program) = (clock.clone(), Arc::clone(&program));
            Box::pin(async move {
                clock.sleep_until(clock.now() + takes).await;
                program(&invocation)
            })
        }));
        self
    }

    fn function_input(role: &str) -> Value {
        json!({
            "FunctionName": "ecroll", "Role": role, "Runtime": "provided.al2023",
            "Handler": "bootstrap", "Timeout": 300, "Code": {"ZipFile": "UEswMA=="},
        })
    }

    fn permit(&self, service: &str, source_arn: &str) -> &Self {
        let permission = json!({
            "FunctionName": "ecroll", "StatementId": service.replace('.', "-"),
            "Action": "lambda:InvokeFunction", "Principal": service, "SourceArn": source_arn,
        });
        self.call("lambda", "AddPermission", permission);
        self
    }

    /// A queue that services of the account may send to.
    fn queue(&self) -> &Self {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]},
            "Action": "sqs:SendMessage", "Resource": QUEUE,
        }]});
        let queue = json!({"QueueName": "failures", "Attributes": {"Policy": policy.to_string()}});
        self.call("sqs", "CreateQueue", queue);
        self
    }

    /// The bodies in the queue.
    fn in_queue(&self) -> Vec<String> {
        let input = json!({"QueueUrl": "https://sqs/000000000000/failures",
                           "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
        let answer = self.call("sqs", "ReceiveMessage", input);
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        messages
            .iter()
            .map(|message| message["Body"].as_str().unwrap().to_owned())
            .collect()
    }

    fn topic(&self) -> &Self {
        self.call("sns", "CreateTopic", json!({"Name": "ecroll"}));
        self
    }

    fn subscribe(&self) -> String {
        let input = json!({"TopicArn": TOPIC, "Protocol": "lambda", "Endpoint": FUNCTION});
        let answer = self.call("sns", "Subscribe", input);
        answer["SubscriptionArn"].as_str().unwrap().to_owned()
    }

    fn alarm(&self, changes: &Value) -> &Self {
        let mut alarm = json!({
            "AlarmName": "pushes", "Namespace": "ecroll", "MetricName": "Pushes",
            "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 5, "DatapointsToAlarm": 1,
            "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [TOPIC], "OKActions": [TOPIC], "InsufficientDataActions": [TOPIC],
        });
        alarm
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        self.call("cloudwatch", "PutMetricAlarm", alarm);
        self
    }

    /// Samples of the alarm's metric at these times of the first day.
    fn samples(&self, samples: &[(&str, f64)]) {
        for (time, value) in samples {
            let datum = json!({"MetricName": "Pushes", "Value": value,
                               "Timestamp": at(time).timestamp()});
            let input = json!({"Namespace": "ecroll", "MetricData": [datum]});
            self.call("cloudwatch", "PutMetricData", input);
        }
    }

    fn push(id: &str) -> Value {
        json!({
            "eventVersion": "1.08", "eventID": id, "eventTime": "2026-03-01T00:00:30Z",
            "eventSource": "ecr.amazonaws.com", "eventName": "PutImage", "awsRegion": "eu-west-1",
            "readOnly": false, "managementEvent": true, "eventCategory": "Management",
            "recipientAccountId": "000000000000",
        })
    }

    async fn pass(&self, time: TimeDelta) {
        self.account
            .run_until(self.account.clock().now() + time)
            .await;
    }

    async fn until(&self, time: &str) {
        self.account.run_until(at(time)).await;
    }

    fn journal(&self) -> Vec<Entry> {
        self.account.journal()
    }

    /// The changes of alarms as `hh:mm:ss STATE`.
    fn changes(&self) -> Vec<String> {
        let change = |entry: Entry| match entry.what {
            What::Alarm { to, .. } => Some(format!("{} {to}", entry.at.format("%H:%M:%S"))),
            _ => None,
        };
        self.journal().into_iter().filter_map(change).collect()
    }

    /// When the function began to run, as `hh:mm:ss`.
    fn runs(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .map(|(at, _)| at.format("%H:%M:%S").to_string())
            .collect()
    }

    fn invoke(&self, payload: &Value) {
        let input =
            json!({"FunctionName": "ecroll", "InvocationType": "Event", "Payload": payload});
        self.call("lambda", "Invoke", input);
    }

    /// The reasons and places of what was given up.
    fn dropped(&self) -> Vec<(String, Option<String>)> {
        let dropped = |entry: Entry| match entry.what {
            What::Dropped {
                reason, kept_in, ..
            } => Some((reason, kept_in)),
            _ => None,
        };
        self.journal().into_iter().filter_map(dropped).collect()
    }
}

fn failure() -> Result<Value, FunctionError> {
    Err(FunctionError {
        error_type: "Broken".to_owned(),
        message: "on purpose".to_owned(),
    })
}

//! Each type of resource by the calls that CloudFormation makes for it.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use setup::Code;

use super::{ACCOUNT, PARTITION, REGION};
use crate::pocket::Pocket;

impl Pocket {
    /// Makes one resource; answers what refers to it and its ARN, as far as it has one.
    #[expect(clippy::too_many_lines, reason = "a table of types with their calls")]
    pub(super) fn make(
        &self,
        kind: &str,
        id: &str,
        properties: &Value,
        code: &Code,
    ) -> (String, String) {
        let p = |name: &str| properties[name].clone();
        let text = |name: &str| properties[name].as_str().unwrap_or_default().to_owned();
        let arn = |service: &str, rest: &str| {
            format!("arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{rest}")
        };
        let tags = || p("Tags");
        let tag_map = || {
            let tags = tags();
            let tags = tags.as_array().unwrap().iter();
            let pairs = tags.map(|tag| {
                (
                    tag["Key"].as_str().unwrap().to_owned(),
                    tag["Value"].clone(),
                )
            });
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        // Every property must be known here: one that is left unread would be one that is not made.
        let only = |known: &[&str]| {
            let given: BTreeSet<&str> = properties
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let known: BTreeSet<&str> = known.iter().copied().collect();
            assert!(
                given.is_subset(&known),
                "{kind} {id}: {:?}",
                given.difference(&known)
            );
        };
        match kind {
            "AWS::S3::Bucket" => {
                only(&[
                    "BucketName",
                    "BucketEncryption",
                    "LifecycleConfiguration",
                    "PublicAccessBlockConfiguration",
                    "Tags",
                ]);
                let bucket = text("BucketName");
                let place = json!({"LocationConstraint": REGION, "Tags": tags()});
                self.call(
                    "s3",
                    "CreateBucket",
                    json!({"Bucket": bucket, "CreateBucketConfiguration": place}),
                );
                self.call(
                    "s3",
                    "PutBucketTagging",
                    json!({"Bucket": bucket, "Tagging": {"TagSet": tags()}}),
                );
                let block = p("PublicAccessBlockConfiguration");
                self.call(
                    "s3",
                    "PutPublicAccessBlock",
                    json!({"Bucket": bucket, "PublicAccessBlockConfiguration": block}),
                );
                let rule = &properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0];
                let with = &rule["ServerSideEncryptionByDefault"];
                let rules = json!({"Rules": [{"ApplyServerSideEncryptionByDefault": with}]});
                self.call(
                    "s3",
                    "PutBucketEncryption",
                    json!({"Bucket": bucket, "ServerSideEncryptionConfiguration": rules}),
                );
                let rule = &properties["LifecycleConfiguration"]["Rules"][0];
                let rules = json!({"Rules": [{"ID": rule["Id"], "Status": rule["Status"], "Filter": {"Prefix": ""},
                    "Expiration": {"Days": rule["ExpirationInDays"]}}]});
                self.call(
                    "s3",
                    "PutBucketLifecycleConfiguration",
                    json!({"Bucket": bucket, "LifecycleConfiguration": rules}),
                );
                (bucket.clone(), format!("arn:{PARTITION}:s3:::{bucket}"))
            }
            "AWS::S3::BucketPolicy" => {
                only(&["Bucket", "PolicyDocument"]);
                let policy = p("PolicyDocument").to_string();
                self.call(
                    "s3",
                    "PutBucketPolicy",
                    json!({"Bucket": p("Bucket"), "Policy": policy}),
                );
                (id.to_owned(), String::new())
            }
            "AWS::Logs::LogGroup" => {
                only(&["LogGroupName", "RetentionInDays", "Tags"]);
                let name = text("LogGroupName");
                self.call(
                    "logs",
                    "CreateLogGroup",
                    json!({"logGroupName": name, "tags": tag_map()}),
                );
                let days = p("RetentionInDays");
                self.call(
                    "logs",
                    "PutRetentionPolicy",
                    json!({"logGroupName": name, "retentionInDays": days}),
                );
                (name.clone(), arn("logs", &format!("log-group:{name}:*")))
            }
            "AWS::Logs::MetricFilter" => {
                only(&[
                    "FilterName",
                    "FilterPattern",
                    "LogGroupName",
                    "MetricTransformations",
                ]);
                let change = &properties["MetricTransformations"][0];
                let change = json!([{"metricName": change["MetricName"], "metricNamespace": change["MetricNamespace"],
                    "metricValue": change["MetricValue"], "defaultValue": change["DefaultValue"]}]);
                self.call(
                    "logs",
                    "PutMetricFilter",
                    json!({"logGroupName": p("LogGroupName"), "filterName": p("FilterName"),
                    "filterPattern": p("FilterPattern"), "metricTransformations": change}),
                );
                (text("FilterName"), String::new())
            }
            "AWS::Logs::SubscriptionFilter" => {
                only(&[
                    "DestinationArn",
                    "FilterName",
                    "FilterPattern",
                    "LogGroupName",
                ]);
                // The account itself refuses a filter whose function does not admit it.
                self.call(
                    "logs",
                    "PutSubscriptionFilter",
                    json!({"logGroupName": p("LogGroupName"), "filterName": p("FilterName"),
                    "filterPattern": p("FilterPattern"), "destinationArn": p("DestinationArn")}),
                );
                (text("FilterName"), String::new())
            }
            "AWS::IAM::Role" => {
                only(&["RoleName", "AssumeRolePolicyDocument", "Policies", "Tags"]);
                let name = text("RoleName");
                let trust = p("AssumeRolePolicyDocument").to_string();
                self.call(
                    "iam",
                    "CreateRole",
                    json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "Tags": tags()}),
                );
                for policy in properties["Policies"].as_array().unwrap() {
                    let document = policy["PolicyDocument"].to_string();
                    self.call(
                        "iam",
                        "PutRolePolicy",
                        json!({"RoleName": name, "PolicyName": policy["PolicyName"],
                        "PolicyDocument": document}),
                    );
                }
                (
                    name.clone(),
                    format!("arn:{PARTITION}:iam::{ACCOUNT}:role/{name}"),
                )
            }
            "AWS::CloudTrail::Trail" => {
                only(&[
                    "TrailName",
                    "S3BucketName",
                    "CloudWatchLogsLogGroupArn",
                    "CloudWatchLogsRoleArn",
                    "IsMultiRegionTrail",
                    "IncludeGlobalServiceEvents",
                    "EnableLogFileValidation",
                    "EventSelectors",
                    "IsLogging",
                    "Tags",
                ]);
                let name = text("TrailName");
                let mut input = properties.clone();
                let members = input.as_object_mut().unwrap();
                members.retain(|key, _| {
                    !["TrailName", "EventSelectors", "IsLogging", "Tags"].contains(&key.as_str())
                });
                members.insert("Name".to_owned(), name.clone().into());
                members.insert("TagsList".to_owned(), tags());
                self.call("cloudtrail", "CreateTrail", input);
                self.call(
                    "cloudtrail",
                    "PutEventSelectors",
                    json!({"TrailName": name, "EventSelectors": p("EventSelectors")}),
                );
                if p("IsLogging") == json!(true) {
                    self.call("cloudtrail", "StartLogging", json!({"Name": name}));
                }
                (name.clone(), arn("cloudtrail", &format!("trail/{name}")))
            }
            "AWS::SNS::Topic" => {
                only(&["TopicName", "Tags"]);
                let name = text("TopicName");
                self.call("sns", "CreateTopic", json!({"Name": name, "Tags": tags()}));
                (arn("sns", &name), arn("sns", &name))
            }
            "AWS::SNS::TopicPolicy" => {
                only(&["Topics", "PolicyDocument"]);
                let policy = p("PolicyDocument").to_string();
                self.call(
                    "sns",
                    "SetTopicAttributes",
                    json!({"TopicArn": properties["Topics"][0], "AttributeName": "Policy",
                    "AttributeValue": policy}),
                );
                (id.to_owned(), String::new())
            }
            "AWS::SNS::Subscription" => {
                only(&["Endpoint", "Protocol", "RedrivePolicy", "TopicArn"]);
                let redrive = p("RedrivePolicy").to_string();
                let endpoint = text("Endpoint");
                // SNS would take it; delivering would fail until then.
                assert!(
                    self.policy_of("ecroll").contains("sns.amazonaws.com"),
                    "{id} before its permission"
                );
                self.call("sns", "Subscribe", json!({"TopicArn": p("TopicArn"), "Protocol": p("Protocol"), "Endpoint": endpoint,
                    "Attributes": {"RedrivePolicy": redrive}}));
                (id.to_owned(), String::new())
            }
            "AWS::SQS::Queue" => {
                only(&[
                    "QueueName",
                    "MessageRetentionPeriod",
                    "SqsManagedSseEnabled",
                    "Tags",
                ]);
                let name = text("QueueName");
                let attributes = json!({"MessageRetentionPeriod": p("MessageRetentionPeriod").to_string(),
                    "SqsManagedSseEnabled": p("SqsManagedSseEnabled").to_string()});
                let made = self.answer(
                    "sqs",
                    "CreateQueue",
                    json!({"QueueName": name, "Attributes": attributes, "tags": tag_map()}),
                );
                (
                    made["QueueUrl"].as_str().unwrap().to_owned(),
                    arn("sqs", &name),
                )
            }
            "AWS::SQS::QueuePolicy" => {
                only(&["Queues", "PolicyDocument"]);
                let policy = p("PolicyDocument").to_string();
                let attributes = json!({"Policy": policy});
                self.call(
                    "sqs",
                    "SetQueueAttributes",
                    json!({"QueueUrl": properties["Queues"][0], "Attributes": attributes}),
                );
                (id.to_owned(), String::new())
            }
            "AWS::Lambda::Function" => {
                only(&[
                    "FunctionName",
                    "Description",
                    "Code",
                    "Architectures",
                    "Runtime",
                    "Handler",
                    "Role",
                    "Timeout",
                    "MemorySize",
                    "Environment",
                    "ReservedConcurrentExecutions",
                    "Tags",
                ]);
                let name = text("FunctionName");
                assert_eq!(properties["Code"]["S3Bucket"], "code");
                let key = format!("{name}/{}.zip", code.sha256_hex());
                assert_eq!(properties["Code"]["S3Key"], json!(key));
                let mut input = properties.clone();
                input["Code"] = json!({"ZipFile": BASE64_STANDARD.encode(&code.zip)});
                input["Tags"] = tag_map();
                let reserved = input
                    .as_object_mut()
                    .unwrap()
                    .remove("ReservedConcurrentExecutions");
                self.call("lambda", "CreateFunction", input);
                if let Some(reserved) = reserved {
                    self.call(
                        "lambda",
                        "PutFunctionConcurrency",
                        json!({"FunctionName": name,
                        "ReservedConcurrentExecutions": reserved}),
                    );
                }
                (name.clone(), arn("lambda", &format!("function:{name}")))
            }
            "AWS::Lambda::EventInvokeConfig" => {
                only(&[
                    "FunctionName",
                    "Qualifier",
                    "MaximumRetryAttempts",
                    "MaximumEventAgeInSeconds",
                    "DestinationConfig",
                ]);
                assert_eq!(p("Qualifier"), "$LATEST");
                let mut input = properties.clone();
                input.as_object_mut().unwrap().remove("Qualifier");
                self.call("lambda", "PutFunctionEventInvokeConfig", input);
                (id.to_owned(), String::new())
            }
            "AWS::Lambda::Permission" => {
                only(&["FunctionName", "Action", "Principal", "SourceArn"]);
                let mut input = properties.clone();
                // It gives the statement a name of its own.
                input["StatementId"] = format!("stack-{id}-1QZ3").into();
                self.call("lambda", "AddPermission", input);
                (id.to_owned(), String::new())
            }
            "AWS::CloudWatch::Alarm" => {
                self.call("cloudwatch", "PutMetricAlarm", properties.clone());
                (
                    text("AlarmName"),
                    arn("cloudwatch", &format!("alarm:{}", text("AlarmName"))),
                )
            }
            "AWS::CloudWatch::Dashboard" => {
                only(&["DashboardName", "DashboardBody", "Tags"]);
                self.call("cloudwatch", "PutDashboard", properties.clone());
                (text("DashboardName"), String::new())
            }
            "AWS::Events::Rule" => {
                only(&[
                    "Name",
                    "ScheduleExpression",
                    "EventPattern",
                    "State",
                    "Targets",
                    "Tags",
                ]);
                let name = text("Name");
                let source = arn("events", &format!("rule/{name}"));
                assert!(
                    self.policy_of("ecroll").contains(&source),
                    "{id} before its permission"
                );
                let mut input = properties.clone();
                let members = input.as_object_mut().unwrap();
                members.remove("Targets");
                if let Some(pattern) = members.get_mut("EventPattern") {
                    *pattern = pattern.to_string().into();
                }
                self.call("events", "PutRule", input);
                self.call(
                    "events",
                    "PutTargets",
                    json!({"Rule": name, "Targets": p("Targets")}),
                );
                (name, source)
            }
            other => panic!("{other} is not known here"),
        }
    }

    fn policy_of(&self, function: &str) -> String {
        let policy = self.ask("lambda", "GetPolicy", json!({"FunctionName": function}));
        policy.unwrap_or_default().to_string()
    }
}

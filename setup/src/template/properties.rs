//! Each kind of resource in CloudFormation's words.
//!
//! Source of types, properties and return values:
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

use serde_json::{Map, Value, json};

use super::symbols::{Known, mark};
use super::{CODE_BUCKET, Entry, RESERVES, SINCE, argued};
use crate::names::{Names, OWNER_TAG, Place};
use crate::resource::function::{self, CONFIG_VARIABLE};
use crate::resource::{
    Alarm, Bucket, Dashboard, Function, LogGroup, MetricFilter, Permission, Queue, Resource, Role,
    Rule, Subscription, Topic, Trail, When, bucket, role, rule, trail,
};

/// Turns resources into entries of a template, one after the other in the order in which they are made.
pub(super) struct Writer<'a> {
    names: &'a Names,
    place: &'a Place,
    /// Where the zip lies in its bucket.
    key: &'a str,
    /// Whether the time before which pushes are ignored is asked for.
    asks_since: bool,
    known: Known,
    entries: Vec<Entry>,
}

/// What becomes of a resource when the stack goes, or needs another in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes, and holds nothing.
    Plain,
    /// It goes with what it holds.
    Goes,
    /// Logs outlive the stack. A stack that fails at its creation leaves nothing that would be in the next one's way.
    Stays,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        names: &'a Names,
        place: &'a Place,
        key: &'a str,
        asks_since: bool,
        known: Known,
    ) -> Self {
        Self {
            names,
            place,
            key,
            asks_since,
            known,
            entries: Vec::new(),
        }
    }

    /// The entries, and what gives the function's ARN and the topic's.
    pub(super) fn end(self) -> (Vec<Entry>, Value, Value) {
        let Self { names, place, .. } = self;
        let function = place.arn("lambda", &format!("function:{}", names.base));
        let topic = place.arn("sns", &names.base);
        let [function, topic] = [function, topic].map(|arn| self.known.resolve(&json!(arn)));
        (self.entries, function, topic)
    }

    /// One resource of the pipeline, which may be several of CloudFormation's.
    pub(super) fn write(&mut self, resource: &Resource) {
        match resource {
            Resource::Bucket(bucket) => self.bucket(bucket),
            Resource::LogGroup(group) => self.log_group(group),
            Resource::Role(role) => self.role(role),
            Resource::Trail(trail) => self.trail(trail),
            Resource::Topic(topic) => self.topic(topic),
            Resource::Queue(queue) => self.queue(queue),
            Resource::Function(function) => self.function(function),
            Resource::Permission(permission) => self.permission(permission),
            Resource::Subscription(subscription) => self.subscription(subscription),
            Resource::MetricFilter(filter) => self.metric_filter(filter),
            Resource::Alarm(alarm) => self.alarm(alarm),
            Resource::Rule(rule) => self.rule(rule),
            Resource::Dashboard(dashboard) => self.dashboard(dashboard),
        }
    }

    fn bucket(&mut self, bucket: &Bucket) {
        let private = bucket.private;
        let mut properties = json!({
            "BucketName": bucket.name,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": private,
                "BlockPublicPolicy": private,
                "IgnorePublicAcls": private,
                "RestrictPublicBuckets": private,
            },
            "Tags": tags(&bucket.owner),
        });
        if bucket.encrypted {
            let with = json!({"SSEAlgorithm": "AES256"});
            let rule = json!({"ServerSideEncryptionByDefault": with});
            put(
                &mut properties,
                "BucketEncryption",
                json!({"ServerSideEncryptionConfiguration": [rule]}),
            );
        }
        if let Some(days) = bucket.expiry {
            let rule = json!({"Id": bucket::RULE, "Status": "Enabled", "ExpirationInDays": days});
            put(
                &mut properties,
                "LifecycleConfiguration",
                json!({"Rules": [rule]}),
            );
        }
        let comment = "Every trail must have a bucket, although the pipeline never reads from it.";
        self.add(
            "Bucket",
            "AWS::S3::Bucket",
            &[],
            Fate::Stays,
            Some(comment),
            &properties,
        );
        self.gives("Bucket", "Arn", self.place.bucket_arn(&bucket.name));
        if let Some(policy) = &bucket.policy {
            let properties = json!({"Bucket": mark("Bucket"), "PolicyDocument": policy});
            self.add(
                "BucketPolicy",
                "AWS::S3::BucketPolicy",
                &[],
                Fate::Plain,
                None,
                &properties,
            );
        }
    }

    fn log_group(&mut self, group: &LogGroup) {
        let own = group.name == self.names.function_log_group;
        let (id, fate) = if own {
            ("FunctionLogGroup", Fate::Goes)
        } else {
            ("TrailLogGroup", Fate::Stays)
        };
        let properties = json!({
            "LogGroupName": group.name,
            "RetentionInDays": group.retention,
            "Tags": tags(&group.owner),
        });
        self.add(id, "AWS::Logs::LogGroup", &[], fate, None, &properties);
        // What CloudFormation calls its ARN ends so.
        self.gives(id, "Arn", format!("{}:*", group.arn));
    }

    fn role(&mut self, role: &Role) {
        let id = if role.name == self.names.handler_role {
            "HandlerRole"
        } else {
            "TrailRole"
        };
        let mut properties = json!({
            "RoleName": role.name,
            "AssumeRolePolicyDocument": role.trust,
            "Tags": tags(&role.owner),
        });
        if let Some(policy) = &role.policy {
            let policy = json!({"PolicyName": role::POLICY, "PolicyDocument": policy});
            put(&mut properties, "Policies", json!([policy]));
        }
        self.add(id, "AWS::IAM::Role", &[], Fate::Plain, None, &properties);
        self.gives(id, "Arn", self.place.role_arn(&role.name));
    }

    fn trail(&mut self, trail: &Trail) {
        let settings = &trail.settings;
        let selector = trail::wanted();
        let properties = json!({
            "TrailName": trail.name,
            "S3BucketName": mark("Bucket"),
            "CloudWatchLogsLogGroupArn": settings.log_group,
            "CloudWatchLogsRoleArn": settings.role,
            "IsMultiRegionTrail": settings.multi_region,
            "IncludeGlobalServiceEvents": settings.global_services,
            "EnableLogFileValidation": settings.validation,
            "EventSelectors": [{
                "ReadWriteType": selector.read_write_type().map(|kind| kind.as_str()),
                "IncludeManagementEvents": selector.include_management_events(),
                "ExcludeManagementEventSources": selector.exclude_management_event_sources(),
            }],
            "IsLogging": trail.logging,
            "Tags": tags(&trail.owner),
        });
        self.add(
            "Trail",
            "AWS::CloudTrail::Trail",
            &["BucketPolicy"],
            Fate::Plain,
            None,
            &properties,
        );
        self.gives("Trail", "Arn", trail.arn.clone());
    }

    fn topic(&mut self, topic: &Topic) {
        let properties = json!({"TopicName": topic.name, "Tags": tags(&topic.owner)});
        self.add(
            "Topic",
            "AWS::SNS::Topic",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
        self.known.add(topic.arn.clone(), json!({"Ref": "Topic"}));
        if let Some(policy) = &topic.policy {
            let properties = json!({"Topics": [topic.arn], "PolicyDocument": policy});
            self.add(
                "TopicPolicy",
                "AWS::SNS::TopicPolicy",
                &[],
                Fate::Plain,
                None,
                &properties,
            );
        }
    }

    fn queue(&mut self, queue: &Queue) {
        let id = named_by_end(&queue.name, "Queue");
        let properties = json!({
            "QueueName": queue.name,
            "MessageRetentionPeriod": number(&queue.retention),
            "SqsManagedSseEnabled": queue.encrypted,
            "Tags": tags(&queue.owner),
        });
        self.add(&id, "AWS::SQS::Queue", &[], Fate::Goes, None, &properties);
        self.gives(&id, "Arn", self.place.arn("sqs", &queue.name));
        if let Some(policy) = &queue.policy {
            // What refers to a queue gives its URL.
            let properties = json!({"Queues": [mark(&id)], "PolicyDocument": policy});
            self.add(
                &format!("{id}Policy"),
                "AWS::SQS::QueuePolicy",
                &[],
                Fate::Plain,
                None,
                &properties,
            );
        }
    }

    fn function(&mut self, function: &Function) {
        let settings = &function.settings;
        let mut variables = Map::new();
        for (name, value) in &settings.environment {
            let value = if name == CONFIG_VARIABLE && self.asks_since {
                since_asked(value)
            } else {
                value.clone()
            };
            variables.insert(name.clone(), value.into());
        }
        let properties = json!({
            "FunctionName": function.name,
            "Description": function::DESCRIPTION,
            "Code": {"S3Bucket": mark(CODE_BUCKET), "S3Key": self.key},
            "Architectures": [settings.architecture],
            "Runtime": settings.runtime,
            "Handler": settings.handler,
            "Role": settings.role,
            "Timeout": settings.timeout,
            "MemorySize": settings.memory,
            "Environment": {"Variables": variables},
            "ReservedConcurrentExecutions": {"Fn::If": [RESERVES, function.concurrency, {"Ref": "AWS::NoValue"}]},
            "Tags": tags(&function.owner),
        });
        // The log group first: otherwise Lambda makes one that is kept for ever.
        self.add(
            "Function",
            "AWS::Lambda::Function",
            &["FunctionLogGroup"],
            Fate::Plain,
            None,
            &properties,
        );
        let arn = self
            .place
            .arn("lambda", &format!("function:{}", function.name));
        self.gives("Function", "Arn", arn);
        let properties = json!({
            "FunctionName": mark("Function"),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": function.events.retries,
            "MaximumEventAgeInSeconds": function.events.age,
            "DestinationConfig": {"OnFailure": {"Destination": function.events.failures}},
        });
        self.add(
            "FunctionEvents",
            "AWS::Lambda::EventInvokeConfig",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }

    fn permission(&mut self, permission: &Permission) {
        let id = named_by_end(&permission.statement, "Permission");
        let source = permission.grant.conditions.first().map(|(_, arn)| arn);
        let properties = json!({
            "FunctionName": mark("Function"),
            "Action": permission.grant.action,
            "Principal": permission.grant.principal,
            "SourceArn": source,
        });
        self.add(
            &id,
            "AWS::Lambda::Permission",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }

    fn subscription(&mut self, subscription: &Subscription) {
        let properties = json!({
            "TopicArn": subscription.topic,
            "Protocol": "lambda",
            "Endpoint": subscription.function,
            "RedrivePolicy": {"deadLetterTargetArn": subscription.dead_letters},
        });
        let after = ["TopicPermission", "UndeliveredQueuePolicy"];
        self.add(
            "Subscription",
            "AWS::SNS::Subscription",
            &after,
            Fate::Plain,
            None,
            &properties,
        );
    }

    fn metric_filter(&mut self, filter: &MetricFilter) {
        // Of a group that the stack makes, what refers to it waits for it.
        let made = self
            .entries
            .iter()
            .any(|entry| entry.name == "TrailLogGroup");
        let group = if made {
            mark("TrailLogGroup")
        } else {
            filter.log_group.clone()
        };
        let properties = json!({
            "FilterName": filter.name,
            "LogGroupName": group,
            "FilterPattern": filter.pattern,
            "MetricTransformations": [{
                "MetricName": filter.metric,
                "MetricNamespace": filter.namespace,
                "MetricValue": filter.value,
                "DefaultValue": filter.default,
            }],
        });
        self.add(
            "MetricFilter",
            "AWS::Logs::MetricFilter",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }

    fn alarm(&mut self, alarm: &Alarm) {
        let id = named_by_end(&alarm.name, "Alarm");
        let settings = &alarm.settings;
        let dimensions = settings.dimensions.iter();
        let dimensions: Vec<Value> = dimensions
            .map(|(name, value)| json!({"Name": name, "Value": value}))
            .collect();
        let properties = json!({
            "AlarmName": alarm.name,
            "AlarmDescription": alarm.description,
            "Namespace": settings.namespace,
            "MetricName": settings.metric,
            "Dimensions": dimensions,
            "Statistic": settings.statistic.as_ref().map(|statistic| statistic.as_str()),
            "Period": settings.period,
            "EvaluationPeriods": settings.periods,
            "DatapointsToAlarm": settings.breaching,
            "Threshold": settings.threshold,
            "ComparisonOperator": settings.comparison.as_ref().map(|operator| operator.as_str()),
            "TreatMissingData": settings.missing,
            "ActionsEnabled": alarm.enabled,
            "AlarmActions": alarm.alarm_actions,
            "OKActions": alarm.ok_actions,
            "InsufficientDataActions": alarm.insufficient_data_actions,
            "Tags": tags(&alarm.owner),
        });
        // A new alarm tells its state at once.
        let pushes = ["TopicPolicy", "Subscription", "MetricFilter"];
        let after: &[&str] = if alarm.name == self.names.alarm {
            &pushes
        } else {
            &[]
        };
        self.add(
            &id,
            "AWS::CloudWatch::Alarm",
            after,
            Fate::Plain,
            None,
            &properties,
        );
        self.gives(&id, "Arn", alarm.arn.clone());
    }

    fn rule(&mut self, rule: &Rule) {
        // One that is off need not exist.
        let Some(when) = &rule.when else { return };
        let id = named_by_end(&rule.name, "Rule");
        let mut properties = json!({
            "Name": rule.name,
            "State": "ENABLED",
            "Targets": [{"Id": rule::TARGET, "Arn": rule.target}],
            "Tags": tags(&rule.owner),
        });
        match when {
            When::Schedule(rate) => put(&mut properties, "ScheduleExpression", json!(rate)),
            When::Pattern(text) => {
                let pattern = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                put(&mut properties, "EventPattern", pattern);
            }
        }
        let permission = named_by_end(&rule.name, "Permission");
        self.add(
            &id,
            "AWS::Events::Rule",
            &[&permission],
            Fate::Plain,
            None,
            &properties,
        );
        self.gives(&id, "Arn", rule.arn.clone());
    }

    fn dashboard(&mut self, dashboard: &Dashboard) {
        let properties = json!({
            "DashboardName": dashboard.name,
            "DashboardBody": lines(&dashboard.body),
            "Tags": tags(&dashboard.owner),
        });
        self.add(
            "Dashboard",
            "AWS::CloudWatch::Dashboard",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }

    /// From here on this text is what an attribute of a resource gives.
    fn gives(&mut self, id: &str, attribute: &str, text: String) {
        self.known.add(text, json!({"Fn::GetAtt": [id, attribute]}));
    }

    fn add(
        &mut self,
        id: &str,
        kind: &str,
        after: &[&str],
        fate: Fate,
        comment: Option<&str>,
        properties: &Value,
    ) {
        let mut members = vec![("Type", json!(kind))];
        let properties = self.known.resolve(&without_nothing(properties));
        let metadata = argued::metadata(kind, &properties);
        members.extend(metadata.map(|metadata| ("Metadata", metadata)));
        let made = |name: &&&str| self.entries.iter().any(|entry| entry.name == ***name);
        let after: Vec<&&str> = after.iter().filter(made).collect();
        if !after.is_empty() {
            members.push(("DependsOn", json!(after)));
        }
        let policies = match fate {
            Fate::Plain => None,
            Fate::Goes => Some(("Delete", "Delete")),
            Fate::Stays => Some(("RetainExceptOnCreate", "Retain")),
        };
        if let Some((deleted, replaced)) = policies {
            members.push(("DeletionPolicy", json!(deleted)));
            members.push(("UpdateReplacePolicy", json!(replaced)));
        }
        members.push(("Properties", properties));
        let entry = Entry::new(id, members);
        self.entries.push(match comment {
            Some(comment) => entry.commented(comment),
            None => entry,
        });
    }
}

fn tags(owner: &str) -> Value {
    json!([{"Key": OWNER_TAG, "Value": owner}])
}

fn put(properties: &mut Value, key: &str, value: Value) {
    if let Some(members) = properties.as_object_mut() {
        members.insert(key.to_owned(), value);
    }
}

/// What SQS takes as text is a number here.
fn number(text: &str) -> Value {
    text.parse::<u64>()
        .map_or_else(|_| json!(text), Value::from)
}

/// `ecroll-failures`, `Queue` → `FailuresQueue`: all names of a kind that may be there several times end in its purpose.
fn named_by_end(name: &str, kind: &str) -> String {
    let end = name.rsplit('-').next().unwrap_or(name);
    let mut letters = end.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .chain(kind.chars())
        .collect()
}

/// The function's configuration with the time that is asked for.
fn since_asked(text: &str) -> String {
    let Ok(Value::Object(mut config)) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    config.insert("since".to_owned(), mark(SINCE).into());
    Value::Object(config).to_string()
}

/// Members that have no value, and lists without members, are left out, as in a call.
fn without_nothing(properties: &Value) -> Value {
    let Some(members) = properties.as_object() else {
        return properties.clone();
    };
    let is_something = |value: &Value| match value {
        Value::Null => false,
        Value::Array(members) => !members.is_empty(),
        _ => true,
    };
    let members = members.iter().filter(|(_, value)| is_something(value));
    let members = members.map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(members.collect::<Map<_, _>>())
}

/// JSON of which every member of a list has a line, so that a person can read it.
fn lines(body: &Value) -> String {
    let Some(members) = body.as_object() else {
        return body.to_string();
    };
    let member = |(key, value): (&String, &Value)| {
        let key = json!(key);
        match value.as_array() {
            Some(list) => {
                let list: Vec<String> = list.iter().map(|one| format!("\n{one}")).collect();
                format!("{key}: [{}\n]", list.join(","))
            }
            None => format!("{key}: {value}"),
        }
    };
    let members: Vec<String> = members.iter().map(member).collect();
    format!("{{{}}}", members.join(",\n"))
}

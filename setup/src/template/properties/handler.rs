//! The function, and what invokes it.

use serde_json::{Map, Value, json};

use super::{Fate, Writer, put, tags, without_nothing};
use crate::resource::function::{self, CONFIG_VARIABLE};
use crate::resource::{Function, Permission, Queue, Rule, Subscription, Topic, When, rule};
use crate::template::symbols::mark;
use crate::template::{CODE_BUCKET, RESERVES, SINCE};

impl Writer<'_> {
    pub(super) fn topic(&mut self, topic: &Topic) {
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

    pub(super) fn queue(&mut self, queue: &Queue) {
        let id = self.id(&queue.name, "Queue");
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

    pub(super) fn function(&mut self, function: &Function) {
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

    pub(super) fn permission(&mut self, permission: &Permission) {
        let id = self.id(&permission.statement, "Permission");
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

    pub(super) fn subscription(&mut self, subscription: &Subscription) {
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

    pub(super) fn rule(&mut self, rule: &Rule) {
        // One that is off need not exist.
        let Some(when) = &rule.when else { return };
        let id = self.id(&rule.name, "Rule");
        let mut properties = json!({
            "Name": rule.name,
            "State": "ENABLED",
            "Targets": [target(rule)],
            "Tags": tags(&rule.owner),
        });
        match when {
            When::Schedule(rate) => put(&mut properties, "ScheduleExpression", json!(rate)),
            When::Pattern(text) => {
                let pattern = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
                put(&mut properties, "EventPattern", pattern);
            }
        }
        let permission = self.id(&rule.name, "Permission");
        let queue = rule.undelivered.queue.as_ref();
        let mut after = vec![permission.as_str()];
        after.extend(queue.map(|_| "UndeliveredQueuePolicy"));
        self.add(
            &id,
            "AWS::Events::Rule",
            &after,
            Fate::Plain,
            None,
            &properties,
        );
        self.gives(&id, "Arn", rule.arn.clone());
    }
}

/// The rule's one target, with what becomes of events that it does not take.
fn target(rule: &Rule) -> Value {
    let mut target = json!({"Id": rule::TARGET, "Arn": rule.target});
    let undelivered = &rule.undelivered;
    if let Some(queue) = &undelivered.queue {
        put(&mut target, "DeadLetterConfig", json!({"Arn": queue}));
    }
    let retries = without_nothing(&json!({
        "MaximumRetryAttempts": undelivered.attempts,
        "MaximumEventAgeInSeconds": undelivered.seconds,
    }));
    if retries != json!({}) {
        put(&mut target, "RetryPolicy", retries);
    }
    target
}

/// What SQS takes as text is a number here.
fn number(text: &str) -> Value {
    text.parse::<u64>()
        .map_or_else(|_| json!(text), Value::from)
}

/// The function's configuration with the time that is asked for.
fn since_asked(text: &str) -> String {
    let Ok(Value::Object(mut config)) = serde_json::from_str::<Value>(text) else {
        return text.to_owned();
    };
    config.insert("since".to_owned(), mark(SINCE).into());
    Value::Object(config).to_string()
}

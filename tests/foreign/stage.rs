//! A scenario's own part of a judge's account: clusters, families and a log group that bear its name.

use std::cell::{Cell, RefCell};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::blind::Blind;
use crate::judge::{Judge, REGION};
use crate::plain;
use crate::push::image;
use crate::runtime_api::Function;
use crate::tap::Tap;

/// What a scenario works with.
#[derive(Debug)]
pub(crate) struct Stage<'j> {
    pub(crate) judge: &'j Judge,
    name: &'static str,
    /// What the handlers of this scenario call.
    pub(crate) tap: Tap,
    clusters: RefCell<Vec<String>>,
    functions: Cell<u32>,
    not_judged: RefCell<Vec<Blind>>,
}

impl<'j> Stage<'j> {
    pub(crate) fn new(judge: &'j Judge, name: &'static str) -> Self {
        let stage = Self {
            judge,
            name,
            tap: Tap::to(judge.port),
            clusters: RefCell::default(),
            functions: Cell::new(0),
            not_judged: RefCell::default(),
        };
        stage.log_group(&stage.trail());
        stage
    }

    /// Whether the judge can judge this; what it cannot is told in the end.
    pub(crate) fn sees(&self, what: Blind) -> bool {
        let sees = !what.blinds(self.judge.kind);
        if !sees {
            self.not_judged.borrow_mut().push(what);
        }
        sees
    }

    /// What was asked for and could not be judged.
    pub(crate) fn not_judged(&self) -> Vec<Blind> {
        self.not_judged.borrow().clone()
    }

    /// The log group that the handler looks in.
    pub(crate) fn trail(&self) -> String {
        format!("/ecroll/{}", self.name)
    }

    /// A name that no other scenario uses.
    pub(crate) fn own(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    pub(crate) fn ecs(&self, operation: &str, input: &Value) -> Value {
        plain::ecs(self.judge.port, operation, input)
    }

    /// Registers a task definition, all of its members, and returns the revision's ARN. Its family gets the scenario's name.
    pub(crate) fn define(&self, family: &str, definition: &Value) -> String {
        let mut input = definition.clone();
        input["family"] = json!(self.own(family));
        let answer = self.ecs("RegisterTaskDefinition", &input);
        let arn = &answer["taskDefinition"]["taskDefinitionArn"];
        arn.as_str().unwrap().to_owned()
    }

    /// Creates a service, and its cluster where it is not there yet.
    pub(crate) fn serve(&self, cluster: &str, service: &str, revision: &str) {
        let cluster = self.own(cluster);
        if !self.clusters.borrow().contains(&cluster) {
            self.ecs("CreateCluster", &json!({"clusterName": cluster}));
            self.clusters.borrow_mut().push(cluster.clone());
        }
        let tags = json!([{"key": "team", "value": "shop"}]);
        let input = json!({"cluster": cluster, "serviceName": service, "desiredCount": 1,
                           "taskDefinition": revision, "tags": tags});
        self.ecs("CreateService", &input);
    }

    /// A service of one container with this image, in the cluster `shop`; returns the revision that it runs.
    pub(crate) fn simple(&self, service: &str, image: &str) -> String {
        let revision = self.define(service, &one_container(image));
        self.serve("shop", service, &revision);
        revision
    }

    /// The same for a repository at its first tag.
    pub(crate) fn seed(&self, repository: &str) -> String {
        self.simple(repository, &image(repository, "seed"))
    }

    /// What DescribeServices says of a service, with its tags.
    pub(crate) fn service(&self, cluster: &str, service: &str) -> Value {
        let input =
            json!({"cluster": self.own(cluster), "services": [service], "include": ["TAGS"]});
        let mut answer = self.ecs("DescribeServices", &input);
        assert_eq!(answer["failures"], json!([]), "{service}");
        answer["services"][0].take()
    }

    /// The revision that a service in the cluster `shop` is to run.
    pub(crate) fn runs(&self, service: &str) -> String {
        let service = self.service("shop", service);
        service["taskDefinition"].as_str().unwrap().to_owned()
    }

    /// What DescribeTaskDefinition says of a revision, with its tags.
    pub(crate) fn definition(&self, revision: &str) -> Value {
        let input = json!({"taskDefinition": revision, "include": ["TAGS"]});
        self.ecs("DescribeTaskDefinition", &input)
    }

    /// The images of a revision's containers, in their order.
    pub(crate) fn images(&self, revision: &str) -> Vec<String> {
        let mut answer = self.definition(revision);
        let containers = answer["taskDefinition"]["containerDefinitions"].take();
        let containers = containers.as_array().unwrap().iter();
        containers
            .map(|container| container["image"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The images that a service in the cluster `shop` is to run.
    pub(crate) fn runs_images(&self, service: &str) -> Vec<String> {
        self.images(&self.runs(service))
    }

    /// Everything about the scenario's services and families that only a write changes.
    pub(crate) fn state(&self) -> Value {
        let clusters = self.clusters.borrow();
        let services = clusters.iter().map(|cluster| {
            let list = self.ecs("ListServices", &json!({"cluster": cluster}));
            let arns = list["serviceArns"].as_array().unwrap().iter();
            let described = arns.map(|arn| {
                let input = json!({"cluster": cluster, "services": [arn], "include": ["TAGS"]});
                let mut answer = self.ecs("DescribeServices", &input);
                let service = answer["services"][0].take();
                let kept = [
                    "serviceArn",
                    "taskDefinition",
                    "desiredCount",
                    "deploymentConfiguration",
                    "tags",
                ];
                let kept = kept.map(|member| (member.to_owned(), service[member].clone()));
                let deployments = service["deployments"].as_array().unwrap().iter();
                let deployments: Vec<&Value> = deployments.map(|d| &d["id"]).collect();
                let mut kept = Map::from_iter(kept);
                kept.insert("deployments".to_owned(), json!(deployments));
                Value::Object(kept)
            });
            described.collect::<Vec<_>>()
        });
        let services: Vec<_> = services.collect();
        json!({"services": services, "revisions": self.revisions()})
    }

    /// The ARNs of all revisions of the scenario's families.
    pub(crate) fn revisions(&self) -> Vec<String> {
        let own = format!("task-definition/{}-", self.name);
        let mut found = Vec::new();
        let mut input = json!({});
        loop {
            let answer = self.ecs("ListTaskDefinitions", &input);
            let arns = answer["taskDefinitionArns"].as_array().unwrap().iter();
            let arns = arns.map(|arn| arn.as_str().unwrap());
            found.extend(arns.filter(|arn| arn.contains(&own)).map(str::to_owned));
            if answer["nextToken"].is_null() {
                return found;
            }
            input = json!({"nextToken": answer["nextToken"]});
        }
    }

    /// Writes records into the log group, as CloudTrail would, at the times that they carry.
    pub(crate) fn deliver(&self, records: &[Value]) {
        self.deliver_to(&self.trail(), records);
    }

    /// The same for another log group.
    pub(crate) fn deliver_to(&self, group: &str, records: &[Value]) {
        let event = |record: &Value| {
            let at = record["eventTime"].as_str().unwrap();
            let at: DateTime<Utc> = at.parse().unwrap();
            json!({"timestamp": at.timestamp_millis(), "message": record.to_string()})
        };
        let mut events: Vec<Value> = records.iter().map(event).collect();
        events.sort_by_key(|event| event["timestamp"].as_i64());
        let input = json!({"logGroupName": group, "logStreamName": stream(), "logEvents": events});
        plain::logs(self.judge.port, "PutLogEvents", &input);
    }

    /// A log group with the stream that CloudTrail writes into.
    pub(crate) fn log_group(&self, group: &str) {
        let input = json!({"logGroupName": group});
        plain::logs(self.judge.port, "CreateLogGroup", &input);
        let input = json!({"logGroupName": group, "logStreamName": stream()});
        plain::logs(self.judge.port, "CreateLogStream", &input);
    }

    /// The real handler, for this scenario's clusters and log group; the keys given are added or win.
    pub(crate) fn function(&self, keys: &Value) -> Function {
        let mut configuration =
            json!({"log_group": self.trail(), "clusters": [format!("{}-*", self.name)]});
        let members = configuration.as_object_mut().unwrap();
        members.extend(keys.as_object().unwrap().clone());
        self.function_with(&configuration.to_string())
    }

    /// The real handler with exactly this configuration.
    pub(crate) fn function_with(&self, configuration: &str) -> Function {
        let number = self.functions.get();
        self.functions.set(number + 1);
        let folder = self.judge.home.join(self.own(&number.to_string()));
        Function::start(&self.tap.endpoint(), configuration, &folder)
    }
}

fn stream() -> String {
    format!("000000000000_CloudTrail_{REGION}")
}

/// A task definition of one container.
pub(crate) fn one_container(image: &str) -> Value {
    json!({"containerDefinitions":
        [{"name": "app", "image": image, "essential": true, "memory": 64}]})
}

/// So many minutes ago, in whole seconds, as CloudTrail writes times.
#[expect(
    clippy::disallowed_methods,
    reason = "the server and the handler run by the machine's clock"
)]
pub(crate) fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    let at = Utc::now() - TimeDelta::minutes(minutes);
    DateTime::from_timestamp(at.timestamp(), 0).unwrap()
}

/// What SNS hands to Lambda when the alarm changes its state.
///
/// Shape: <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>
pub(crate) fn alarm() -> Value {
    let topic = format!("arn:aws:sns:{REGION}:000000000000:ecroll");
    let message = json!({
        "AlarmName": "ecroll-pushes", "AWSAccountId": "000000000000",
        "NewStateValue": "ALARM", "OldStateValue": "OK",
        "NewStateReason": "Threshold Crossed: 1 datapoint was greater than or equal to the threshold (1.0).",
        "StateChangeTime": "2026-01-01T00:00:00.000+0000", "Region": "EU (Ireland)",
        "Trigger": {"MetricName": "Pushes", "Namespace": "ecroll", "Statistic": "SUM", "Period": 60},
    });
    json!({"Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:2b1e9a52-7e2c-4c4b-9c83-8bb4f2f9f0a4"),
        "Sns": {
            "Type": "Notification", "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": topic, "Subject": "ALARM: \"ecroll-pushes\" in EU (Ireland)",
            "Message": message.to_string(), "Timestamp": "2026-01-01T00:00:00.000Z",
            "SignatureVersion": "1", "Signature": "EXAMPLE", "MessageAttributes": {},
        },
    }]})
}

/// What a report says of each service: `service tag outcome`, sorted.
#[track_caller]
pub(crate) fn outcomes(report: &Value) -> Vec<String> {
    let decisions = report["decisions"].as_array().unwrap().iter();
    let mut outcomes: Vec<String> = decisions
        .map(|decision| {
            let text = |member: &str| decision[member].as_str().unwrap();
            format!("{} {} {}", text("service"), text("tag"), text("outcome"))
        })
        .collect();
    outcomes.sort();
    outcomes
}

/// The reason of the one decision with this outcome.
#[track_caller]
pub(crate) fn reason<'r>(report: &'r Value, outcome: &str) -> &'r str {
    let decisions = report["decisions"].as_array().unwrap().iter();
    let mut of = decisions.filter(|decision| decision["outcome"] == outcome);
    let reason = of.next().and_then(|decision| decision["reason"].as_str());
    assert!(of.next().is_none(), "two are {outcome}: {report}");
    reason.unwrap_or_else(|| panic!("none is {outcome}: {report}"))
}

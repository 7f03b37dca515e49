//! The account that `MiniStack` keeps: its clients, and what these tests ask of it.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudwatch::types::StateValue;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use aws_sdk_ecs::config::{BehaviorVersion, Region};
use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::judge::{Judge, REGION};
use crate::plain;

/// The cluster of the service.
const CLUSTER: &str = "shop";
/// Where setup lets CloudTrail deliver.
const TRAIL: &str = "/ecroll/trail";
/// Where the handler's log goes.
const LOG: &str = "/aws/lambda/ecroll";

pub(crate) struct Account<'j> {
    judge: &'j Judge,
    alarms: aws_sdk_cloudwatch::Client,
    ecs: aws_sdk_ecs::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
}

impl<'j> Account<'j> {
    pub(crate) fn of(judge: &'j Judge) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let credentials = Credentials::new("test", "test", None, None, "foreign");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(judge.endpoint())
            .http_client(http)
            .build();
        Self {
            judge,
            alarms: aws_sdk_cloudwatch::Client::new(&sdk),
            ecs: aws_sdk_ecs::Client::new(&sdk),
            logs: aws_sdk_cloudwatchlogs::Client::new(&sdk),
        }
    }

    /// Registers a task definition, all of its members, and runs two tasks of it. Returns the revision's ARN.
    pub(crate) async fn service(&self, name: &str, definition: &Value) -> String {
        let create = self.ecs.create_cluster().cluster_name(CLUSTER);
        create.send().await.unwrap();
        let answer = plain::ecs(self.judge.port, "RegisterTaskDefinition", definition);
        let arn = answer["taskDefinition"]["taskDefinitionArn"]
            .as_str()
            .unwrap();
        let create = self.ecs.create_service().cluster(CLUSTER);
        let create = create.service_name(name).task_definition(arn);
        create.desired_count(2).send().await.unwrap();
        arn.to_owned()
    }

    /// The answer of DescribeTaskDefinition as it came.
    pub(crate) fn definition(&self, arn: &str) -> Value {
        let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
        plain::ecs(self.judge.port, "DescribeTaskDefinition", &input)
    }

    /// How many revisions a family has.
    pub(crate) async fn revisions(&self, family: &str) -> usize {
        let list = self.ecs.list_task_definitions().family_prefix(family);
        list.send().await.unwrap().task_definition_arns().len()
    }

    /// Waits until the service is steady on a revision other than this one, if any, and returns that revision.
    pub(crate) async fn steady(&self, service: &str, other_than: &str) -> String {
        let mut last = String::new();
        for _ in 0..240 {
            let describe = self.ecs.describe_services().cluster(CLUSTER);
            let answer = describe.services(service).send().await.unwrap();
            let found = &answer.services()[0];
            let revision = found.task_definition().unwrap();
            if is_steady(found) && revision != other_than {
                return revision.to_owned();
            }
            last = format!("{found:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("after a minute: {last}\n{:?}", self.reports().await);
    }

    /// The revision and the images of each running task.
    pub(crate) async fn tasks(&self, service: &str) -> Vec<(String, Vec<String>)> {
        let list = self.ecs.list_tasks().cluster(CLUSTER).service_name(service);
        let arns = list.send().await.unwrap().task_arns.unwrap_or_default();
        let describe = self.ecs.describe_tasks().cluster(CLUSTER);
        let answer = describe.set_tasks(Some(arns)).send().await.unwrap();
        let tasks = answer.tasks().iter().map(|task| {
            let images = task.containers().iter().filter_map(|c| c.image());
            let images = images.map(str::to_owned).collect();
            (task.task_definition_arn().unwrap().to_owned(), images)
        });
        tasks.collect()
    }

    /// Writes records into the log group of the trail, as CloudTrail would.
    pub(crate) async fn deliver(&self, records: &[Value], at: DateTime<Utc>) {
        let stream = format!("000000000000_CloudTrail_{REGION}");
        let create = self.logs.create_log_stream().log_group_name(TRAIL);
        create.log_stream_name(&stream).send().await.unwrap();
        let events = records.iter().map(|record| {
            let event = InputLogEvent::builder().timestamp(at.timestamp_millis());
            event.message(record.to_string()).build().unwrap()
        });
        let put = self.logs.put_log_events().log_group_name(TRAIL);
        let put = put.log_stream_name(&stream);
        put.set_log_events(Some(events.collect()))
            .send()
            .await
            .unwrap();
    }

    /// What the alarm would do by itself if `MiniStack` knew metric filters.
    pub(crate) async fn alarm(&self, state: StateValue) {
        let set = self.alarms.set_alarm_state().alarm_name("ecroll-pushes");
        let set = set.state_value(state).state_reason("a test");
        set.send().await.unwrap();
    }

    /// The reports of the handler so far, from its log.
    pub(crate) async fn reports(&self) -> Vec<Value> {
        let read = self.logs.filter_log_events().log_group_name(LOG);
        let Ok(answer) = read.send().await else {
            return Vec::new();
        };
        let lines = answer.events().iter().filter_map(|event| event.message());
        let lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let reports = lines.filter_map(|line| {
            let report = line["fields"]["report"].as_str()?;
            serde_json::from_str(report).ok()
        });
        reports.collect()
    }

    /// Waits until the handler has reported so often, and returns the last report.
    pub(crate) async fn report(&self, number: usize) -> Value {
        for _ in 0..120 {
            let mut reports = self.reports().await;
            if reports.len() >= number {
                return reports.swap_remove(number - 1);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("no report {number} within half a minute");
    }
}

/// Whether all tasks that are wanted run, and all of one deployment.
fn is_steady(service: &Service) -> bool {
    let [only] = service.deployments() else {
        return false;
    };
    // MiniStack may call a rollout completed before a task runs, so the tasks are counted too.
    only.rollout_state() == Some(&DeploymentRolloutState::Completed)
        && only.task_definition() == service.task_definition()
        && only.running_count() == service.desired_count()
        && service.running_count() == service.desired_count()
}

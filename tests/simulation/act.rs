//! What people do, done through the API as they would.

use std::collections::BTreeMap;

use local::ecs::DeploymentState;
use local::{Account, Entry, Fault, What};
use serde_json::{Value, json};

use crate::build::{create, put};
use crate::history::{BEFORE, FIRST, History};
use crate::records::{EVENTS, GARBAGE, record};
use crate::trace::{Act, Kind, Push};

/// What DescribeTaskDefinition says and RegisterTaskDefinition does not take.
pub(crate) const OUTPUT_ONLY: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "deregisteredAt",
    "registeredBy",
    "deleteRequestedAt",
];

/// What every service ran so far, in order: what people go back to.
#[derive(Debug, Default)]
pub(crate) struct Past(BTreeMap<(String, String), Vec<String>>);

impl Past {
    /// Learns what was deployed.
    pub(crate) fn learn(&mut self, entries: &[Entry]) {
        for entry in entries {
            let What::Deployment(notice) = &entry.what else {
                continue;
            };
            if !matches!(
                notice.state,
                DeploymentState::Started | DeploymentState::RolledBack
            ) {
                continue;
            }
            let key = (notice.cluster.clone(), notice.service.clone());
            self.0
                .entry(key)
                .or_default()
                .push(notice.task_definition.clone());
        }
    }

    /// The ARN in place of which a history says [`BEFORE`] or [`FIRST`]; `runs` is what the service runs.
    fn find(&self, cluster: &str, service: &str, which: &str, runs: &str) -> Option<String> {
        let of = self.0.get(&(cluster.to_owned(), service.to_owned()))?;
        let others = || of.iter().filter(|arn| *arn != runs);
        match which {
            BEFORE => others().next_back().cloned(),
            FIRST => of.first().filter(|arn| *arn != runs).cloned(),
            arn => Some(arn.to_owned()),
        }
    }
}

/// Does it. What was done, with what stood in place of ARNs and the true times of arrival; `None` where the account
/// refused or there was nothing to do.
pub(crate) fn perform(account: &Account, history: &History, act: &Act, past: &Past) -> Option<Act> {
    let done = match act {
        Act::Push(push) => {
            self::push(account, push);
            return Some(Act::Push(history.as_delivered(push)));
        }
        Act::Create(service) => create(account, service),
        Act::Deploy {
            cluster,
            service,
            container,
            image,
        } => deploy(account, cluster, service, container, image),
        Act::RollBack {
            cluster,
            service,
            task_definition,
        } => {
            let runs = described(account, cluster, service).ok()?;
            let runs = runs["taskDefinition"].as_str()?.to_owned();
            let task_definition = past.find(cluster, service, task_definition, &runs)?;
            let input =
                json!({"cluster": cluster, "service": service, "taskDefinition": task_definition});
            account.call("ecs", "UpdateService", input).ok()?;
            return Some(Act::RollBack {
                cluster: cluster.clone(),
                service: service.clone(),
                task_definition,
            });
        }
        Act::Stop { cluster, service } => stop(account, cluster, service),
        Act::Scale {
            cluster,
            service,
            desired,
        } => {
            let input = json!({"cluster": cluster, "service": service, "desiredCount": desired});
            account.call("ecs", "UpdateService", input).map(drop)
        }
        Act::Percentages {
            cluster,
            service,
            minimum,
            maximum,
        } => {
            let configuration =
                json!({"minimumHealthyPercent": minimum, "maximumPercent": maximum});
            let input = json!({"cluster": cluster, "service": service,
                "deploymentConfiguration": configuration});
            account.call("ecs", "UpdateService", input).map(drop)
        }
        Act::Delete { cluster, service } => {
            let input = json!({"cluster": cluster, "service": service, "force": true});
            account.call("ecs", "DeleteService", input).map(drop)
        }
        Act::Fault(name) => garbage(account, name),
    };
    done.ok().map(|()| act.clone())
}

/// The registry has it, unless it refused, and the record is on its way.
pub(crate) fn push(account: &Account, push: &Push) {
    if push.kind != Kind::Refused {
        put(account, push);
    }
    let record = record(push);
    for at in &push.delivered {
        account.deliver(record.clone(), *at);
    }
}

fn described(account: &Account, cluster: &str, service: &str) -> Result<Value, Fault> {
    let input = json!({"cluster": cluster, "services": [service]});
    let mut answer = account.call("ecs", "DescribeServices", input)?;
    let service = answer["services"].as_array_mut().and_then(Vec::pop);
    service
        .filter(|service| service["status"] == "ACTIVE")
        .ok_or_else(|| Fault::client("ServiceNotFoundException", "there is none"))
}

/// A person stops the deployment that goes on, if one does.
fn stop(account: &Account, cluster: &str, service: &str) -> Result<(), Fault> {
    let deployment = &described(account, cluster, service)?["currentServiceDeployment"];
    let input = json!({"serviceDeploymentArn": deployment, "stopType": "ROLLBACK"});
    account
        .call("ecs", "StopServiceDeployment", input)
        .map(drop)
}

/// A person registers what runs with another image in one container, and deploys it.
pub(crate) fn deploy(
    account: &Account,
    cluster: &str,
    service: &str,
    container: &str,
    image: &str,
) -> Result<(), Fault> {
    let runs = described(account, cluster, service)?["taskDefinition"].clone();
    let input = json!({"taskDefinition": runs});
    let mut definition =
        account.call("ecs", "DescribeTaskDefinition", input)?["taskDefinition"].take();
    if let Some(members) = definition.as_object_mut() {
        members.retain(|name, _| !OUTPUT_ONLY.contains(&name.as_str()));
    }
    let containers = definition["containerDefinitions"].as_array_mut();
    for member in containers.into_iter().flatten() {
        if member["name"] == container {
            member["image"] = image.into();
        }
    }
    let made = account.call("ecs", "RegisterTaskDefinition", definition)?;
    let arn = &made["taskDefinition"]["taskDefinitionArn"];
    let input = json!({"cluster": cluster, "service": service, "taskDefinition": arn});
    account.call("ecs", "UpdateService", input).map(drop)
}

/// Something that should not be there, in the log group or as an event.
fn garbage(account: &Account, name: &str) -> Result<(), Fault> {
    let text_of = |list: &[(&str, &'static str)]| {
        let mut list = list.iter();
        list.find(|(of, _)| *of == name).map(|(_, text)| *text)
    };
    if let Some(text) = text_of(&GARBAGE) {
        let group = "/ecroll/trail";
        let stream = json!({"logGroupName": group, "logStreamName": "garbage"});
        // It is there already after the first time.
        let _ = account.call("logs", "CreateLogStream", stream);
        let now = account.clock().now().timestamp_millis();
        let events = json!({"logGroupName": group, "logStreamName": "garbage",
            "logEvents": [{"timestamp": now, "message": text}]});
        return account.call("logs", "PutLogEvents", events).map(drop);
    }
    let event = text_of(&EVENTS).unwrap_or("null");
    let event: Value = serde_json::from_str(event).unwrap_or_default();
    let input = json!({"FunctionName": "ecroll", "InvocationType": "Event", "Payload": event});
    account.call("lambda", "Invoke", input).map(drop)
}

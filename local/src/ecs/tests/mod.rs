//! The rules of the simulated ECS, one test each.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a call reads best with its input written in place"
)]

mod breaker;
mod clusters;
mod definitions;
mod history;
mod images;
mod invariant;
mod restore;
mod rolling;
mod services;
mod tagging;
mod tallies;
mod throttling;
mod updates;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{DeploymentState, Ecs, Notice};
use crate::service::{Fault, Place, Scope};

/// An account with the cluster `prod`, and a hand on its clock.
struct Lab {
    ecs: Ecs,
    place: Place,
    now: DateTime<Utc>,
}

impl Lab {
    fn new() -> Self {
        let place = Place {
            partition: "aws".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "000000000000".to_owned(),
        };
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let mut lab = Self {
            ecs: Ecs::default(),
            place,
            now,
        };
        lab.call("CreateCluster", json!({ "clusterName": "prod" }))
            .unwrap();
        lab
    }

    fn call(&mut self, operation: &str, input: Value) -> Result<Value, Fault> {
        let scope = Scope {
            now: self.now,
            place: &self.place,
        };
        self.ecs.call(operation, &input, &scope)
    }

    fn ok(&mut self, operation: &str, input: Value) -> Value {
        self.call(operation, input).unwrap()
    }

    fn fault(&mut self, operation: &str, input: Value) -> Fault {
        self.call(operation, input).unwrap_err()
    }

    /// Registers `family` with one container of this image and answers the ARN.
    fn define(&mut self, family: &str, image: &str) -> String {
        let containers = json!([{ "name": "main", "image": image }]);
        let input = json!({ "family": family, "containerDefinitions": containers });
        let output = self.ok("RegisterTaskDefinition", input);
        output["taskDefinition"]["taskDefinitionArn"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Creates `prod/web` of `image` with further members.
    fn serve(&mut self, image: &str, desired: u32, further: Value) -> Value {
        let definition = self.define("web", image);
        let mut input = json!({
            "cluster": "prod",
            "serviceName": "web",
            "taskDefinition": definition,
            "desiredCount": desired,
        });
        let further = further.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(further);
        self.ok("CreateService", input)["service"].clone()
    }

    /// Creates `prod/web` with these percentages and waits until it is steady.
    fn steady(&mut self, desired: u32, minimum: u32, maximum: u32) {
        let rebalancing = if maximum > 100 { "ENABLED" } else { "DISABLED" };
        let further = json!({
            "deploymentConfiguration": {
                "minimumHealthyPercent": minimum,
                "maximumPercent": maximum,
            },
            "availabilityZoneRebalancing": rebalancing,
        });
        self.serve("r/web:1", desired, further);
        self.pass(200);
        assert_eq!(self.web()["deployments"][0]["rolloutState"], "COMPLETED");
    }

    /// Registers a revision of this image and updates `prod/web` to it.
    fn roll(&mut self, image: &str) -> String {
        let definition = self.define("web", image);
        self.update(json!({ "taskDefinition": definition }));
        definition
    }

    fn update(&mut self, members: Value) -> Value {
        let input = with_web(members);
        self.ok("UpdateService", input)["service"].clone()
    }

    fn refused_update(&mut self, members: Value) -> Fault {
        let input = with_web(members);
        self.fault("UpdateService", input)
    }

    fn web(&mut self) -> Value {
        let input = json!({ "cluster": "prod", "services": ["web"], "include": ["TAGS"] });
        self.ok("DescribeServices", input)["services"][0].clone()
    }

    fn states(&mut self) -> Vec<String> {
        let deployments = self.web()["deployments"].clone();
        let state = |d: &Value| format!("{} {}", text(&d["status"]), text(&d["rolloutState"]));
        deployments.as_array().unwrap().iter().map(state).collect()
    }

    fn messages(&mut self) -> Vec<String> {
        let events = self.web()["events"].clone();
        events
            .as_array()
            .unwrap()
            .iter()
            .map(|event| text(&event["message"]))
            .collect()
    }

    /// Lets virtual time pass, stopping at every moment at which something changes.
    fn pass(&mut self, seconds: i64) -> Vec<Notice> {
        self.watch(seconds, |_| ())
    }

    fn watch(&mut self, seconds: i64, mut look: impl FnMut(&mut Self)) -> Vec<Notice> {
        let end = self.now + TimeDelta::seconds(seconds);
        let mut notices = Vec::new();
        while let Some(due) = self.ecs.next_due().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let scope = Scope {
                now: self.now,
                place: &self.place,
            };
            notices.extend(self.ecs.advance(&scope));
            look(self);
        }
        self.now = end;
        notices
    }
}

fn with_web(members: Value) -> Value {
    let mut input = json!({ "cluster": "prod", "service": "web" });
    let Value::Object(members) = members else {
        panic!("an update is an object")
    };
    input.as_object_mut().unwrap().extend(members);
    input
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn states_of(notices: &[Notice]) -> Vec<DeploymentState> {
    notices.iter().map(|notice| notice.state).collect()
}

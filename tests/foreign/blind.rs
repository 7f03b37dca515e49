//! What a judge cannot judge. Each of these is tried on it, so that none is claimed longer than it is true.

use serde_json::{Value, json};

use crate::judge::{Judge, Kind};
use crate::plain;
use crate::push::{noise, record};
use crate::stage::{Stage, minutes_ago, one_container};

/// Something that AWS does and that at least one judge does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blind {
    /// Whether members of containers survive that the judge's own model does not know.
    ContainerMembers,
    /// The same beside the containers.
    Members,
    /// Whether tasks are really replaced.
    Tasks,
    /// What was deployed to a service before.
    History,
    /// That something was never deployed to a service.
    NeverDeployed,
    /// Whether a filter pattern lets the right events through.
    Patterns,
    /// Whether a look-up follows the pages of the log group.
    LogPages,
    /// Whether a look-up follows the pages of services.
    ServicePages,
    /// Whether ECS's refusals are met: here, an empty list of tags.
    Refusals,
}

impl Blind {
    pub(crate) const ALL: [Self; 9] = [
        Self::ContainerMembers,
        Self::Members,
        Self::Tasks,
        Self::History,
        Self::NeverDeployed,
        Self::Patterns,
        Self::LogPages,
        Self::ServicePages,
        Self::Refusals,
    ];

    /// Whether this judge cannot judge it.
    pub(crate) fn blinds(self, kind: Kind) -> bool {
        match self {
            Self::ContainerMembers | Self::Tasks | Self::NeverDeployed => kind == Kind::Moto,
            Self::LogPages => kind == Kind::MiniStack,
            Self::Members
            | Self::History
            | Self::Patterns
            | Self::ServicePages
            | Self::Refusals => true,
        }
    }

    /// Why.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::ContainerMembers => "members of containers that it does not know are dropped",
            Self::Members => "members of task definitions that it does not know are dropped",
            Self::Tasks => "no task ever runs",
            Self::History => "ListServiceDeployments is missing or always empty",
            Self::NeverDeployed => "ListServiceDeployments is missing",
            Self::Patterns => "FilterLogEvents returns every event whatever the pattern",
            Self::LogPages => "FilterLogEvents has one page and drops what does not fit",
            Self::ServicePages => "ListServices has one page however many services",
            Self::Refusals => "a registration with an empty list of tags is taken",
        }
    }

    /// Tries it: whether the judge really cannot.
    fn is_so(self, stage: &Stage<'_>) -> bool {
        match self {
            Self::ContainerMembers => {
                let mut definition = one_container("nginx:1.27");
                definition["containerDefinitions"][0]["aMemberOfTomorrow"] = json!("x");
                let arn = stage.define("container-members", &definition);
                let kept = stage.definition(&arn);
                kept["taskDefinition"]["containerDefinitions"][0]["aMemberOfTomorrow"].is_null()
            }
            Self::Members => {
                let mut definition = one_container("nginx:1.27");
                definition["aMemberOfTomorrow"] = json!("x");
                let arn = stage.define("members", &definition);
                stage.definition(&arn)["taskDefinition"]["aMemberOfTomorrow"].is_null()
            }
            Self::Tasks => {
                stage.simple("tasks", "nginx:1.27");
                // A judge that runs tasks has them within a second.
                let mut tries = (0..20).map(|_| {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    stage.service("shop", "tasks")["runningCount"] == 1
                });
                !tries.any(|runs| runs)
            }
            Self::History => {
                let first = stage.simple("history", "nginx:1.27");
                let second = stage.define("history", &one_container("nginx:1.28"));
                assert_ne!(first, second);
                let cluster = stage.own("shop");
                let input =
                    json!({"cluster": cluster, "service": "history", "taskDefinition": second});
                stage.ecs("UpdateService", &input);
                deployments(stage, "history").is_none_or(|found| found == json!([]))
            }
            Self::NeverDeployed => {
                stage.simple("never", "nginx:1.27");
                deployments(stage, "never").is_none()
            }
            Self::Patterns => {
                let at = minutes_ago(1);
                stage.deliver(&[noise(at), record("patterns", "v1", at)]);
                let pattern = "{ $.eventName = \"PutImage\" }";
                let input = json!({"logGroupName": stage.trail(), "filterPattern": pattern});
                let found = plain::logs(stage.judge.port, "FilterLogEvents", &input);
                found["events"].as_array().unwrap().len() == 2
            }
            Self::LogPages => {
                let at = minutes_ago(2);
                stage.deliver(&[noise(at), noise(at)]);
                let input = json!({"logGroupName": stage.trail(), "limit": 1});
                let found = plain::logs(stage.judge.port, "FilterLogEvents", &input);
                assert_eq!(found["events"].as_array().unwrap().len(), 1);
                found["nextToken"].is_null()
            }
            Self::ServicePages => {
                stage.simple("pages-1", "nginx:1.27");
                stage.simple("pages-2", "nginx:1.27");
                let input = json!({"cluster": stage.own("shop"), "maxResults": 1});
                let list = stage.ecs("ListServices", &input);
                list["serviceArns"]
                    .as_array()
                    .is_some_and(|all| all.len() > 1)
            }
            Self::Refusals => {
                let mut input: Value = one_container("nginx:1.27");
                input["family"] = json!(stage.own("refusals"));
                input["tags"] = json!([]);
                plain::try_ecs(stage.judge.port, "RegisterTaskDefinition", &input).is_ok()
            }
        }
    }
}

/// What ListServiceDeployments says of a service, if it says anything.
fn deployments(stage: &Stage<'_>, service: &str) -> Option<Value> {
    let input = json!({"cluster": stage.own("shop"), "service": service});
    let answer = plain::try_ecs(stage.judge.port, "ListServiceDeployments", &input);
    answer
        .ok()
        .map(|answer| answer["serviceDeployments"].clone())
}

/// Tries everything on a judge; the faults are where it is not as claimed, either way.
pub(crate) fn check(judge: &Judge) -> Vec<String> {
    let stage = Stage::new(judge, "blind");
    let kind = judge.kind;
    let tried = Blind::ALL.into_iter().map(|blind| {
        let (claimed, found) = (blind.blinds(kind), blind.is_so(&stage));
        (claimed != found).then(|| {
            let is = if found { "is" } else { "is no longer" };
            format!("{kind} {is} blind to {blind:?}: say so in blind.rs")
        })
    });
    tried.flatten().collect()
}

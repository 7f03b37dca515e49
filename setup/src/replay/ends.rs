//! How the rolls of a replay ended, by what became of their deployments. Pure.

use std::collections::{BTreeMap, BTreeSet};

use handler::deployment::End;
use local::ecs::{DeploymentState, Notice};
use local::{Entry, What};

use crate::history::{Decided, Ended};

/// The ends of the rolls among these decisions, in the order of time.
pub(super) fn ends(journal: &[Entry], decisions: &[Decided]) -> Vec<Ended> {
    let rolled: BTreeSet<&String> = decisions
        .iter()
        .filter_map(|decided| decided.decision.to.as_ref())
        .collect();
    let mut ends: Vec<Ended> = Vec::new();
    // Where ECS gave a roll up and what it may do about that is not known yet.
    let mut given_up: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    // Deployments of what ran before: their end is none of a roll's.
    let mut back: BTreeSet<&str> = BTreeSet::new();
    for entry in journal {
        let What::Deployment(notice) = &entry.what else {
            continue;
        };
        let service = (notice.cluster.as_str(), notice.service.as_str());
        let is_ours = rolled.contains(&notice.task_definition);
        match notice.state {
            DeploymentState::RolledBack => {
                back.insert(&notice.deployment);
                let end = given_up.remove(&service).and_then(|at| ends.get_mut(at));
                if let Some(end) = end {
                    end.state = End::RolledBack;
                    end.runs.clone_from(&notice.task_definition);
                }
            }
            DeploymentState::Failed if is_ours && !back.contains(notice.deployment.as_str()) => {
                given_up.insert(service, ends.len());
                ends.push(end(notice, End::Stuck));
            }
            DeploymentState::Completed if is_ours && !back.contains(notice.deployment.as_str()) => {
                given_up.remove(&service);
                ends.push(end(notice, End::Completed));
            }
            _ => {}
        }
    }
    ends
}

fn end(notice: &Notice, state: End) -> Ended {
    Ended {
        at: notice.at,
        cluster: notice.cluster.clone(),
        service: notice.service.clone(),
        state,
        to: Some(notice.task_definition.clone()),
        event_id: None,
        runs: notice.task_definition.clone(),
        reason: notice.reason.clone(),
    }
}

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

#[cfg(test)]
mod tests {
    use handler::deployment::End;
    use handler::report::{Decision, Outcome};
    use local::ecs::{DeploymentState as State, Notice};
    use local::{Entry, What};

    use super::ends;
    use crate::history::Decided;

    fn notice(deployment: &str, revision: &str, state: State) -> Entry {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let notice = Notice {
            at,
            cluster: "prod".to_owned(),
            service: "web".to_owned(),
            deployment: deployment.to_owned(),
            task_definition: revision.to_owned(),
            state,
            reason: "so".to_owned(),
        };
        Entry {
            at,
            what: What::Deployment(notice),
        }
    }

    fn rolled(to: &str) -> Decided {
        Decided {
            at: "2026-03-01T11:59:00Z".parse().unwrap(),
            road: "alarm".to_owned(),
            window: None,
            policy: None,
            decision: Decision {
                cluster: "prod".to_owned(),
                service: "web".to_owned(),
                repository: "web".to_owned(),
                tag: "v".to_owned(),
                digest: "d".to_owned(),
                outcome: Outcome::Rolled,
                reason: String::new(),
                from: None,
                to: Some(to.to_owned()),
                push: to.to_owned(),
                retryable: false,
            },
        }
    }

    fn told(journal: &[Entry]) -> Vec<(String, End, String)> {
        let decisions = [rolled("web:2"), rolled("web:3")];
        let ends = ends(journal, &decisions).into_iter();
        ends.map(|end| (end.to.unwrap(), end.state, end.runs))
            .collect()
    }

    fn expected(to: &str, state: End, runs: &str) -> (String, End, String) {
        (to.to_owned(), state, runs.to_owned())
    }

    #[test]
    fn a_roll_completes_is_rolled_back_or_stays_stuck() {
        let good = notice("1", "web:2", State::Completed);
        let bad = notice("2", "web:3", State::Failed);
        let one = expected("web:2", End::Completed, "web:2");
        let stuck = told(&[good.clone(), bad.clone()]);
        assert_eq!(stuck, [one.clone(), expected("web:3", End::Stuck, "web:3")]);
        let back = [
            good,
            bad,
            notice("3", "web:2", State::RolledBack),
            // That the way back is over is no end of a roll.
            notice("3", "web:2", State::Completed),
        ];
        let undone = expected("web:3", End::RolledBack, "web:2");
        assert_eq!(told(&back), [one, undone]);
    }

    #[test]
    fn what_others_deploy_is_no_roll() {
        let others = [
            notice("1", "web:1", State::Completed),
            notice("2", "web:9", State::Failed),
        ];
        assert_eq!(told(&others), []);
    }
}

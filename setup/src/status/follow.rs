//! Following a roll to its end: what each look at the service says. Pure.

use handler::progress::{Deployment, Progress};
use serde::Serialize;

use super::State;

/// How a roll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The newest deployment runs and is steady.
    Completed,
    /// What ran before runs again: ECS, or somebody, put it back.
    RolledBack,
    /// ECS gave it up, and what ran before did not come back.
    Failed,
    /// The service is no longer there.
    Gone,
}

impl End {
    /// Whether what was rolled runs.
    #[must_use]
    pub fn is_good(self) -> bool {
        self == Self::Completed
    }

    /// How the service stands until it is looked at again.
    pub(crate) fn state(self) -> State {
        match self {
            Self::Completed => State::Current,
            Self::RolledBack => State::Held,
            Self::Failed | Self::Gone => State::Failed,
        }
    }

    /// In the text.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::RolledBack => "rolled back",
            Self::Failed => "failed",
            Self::Gone => "gone: the service was deleted",
        }
    }
}

/// A service whose roll is followed.
#[derive(Debug, Clone)]
pub struct Follow {
    /// What ran before, as far as its tasks are still there.
    before: Option<String>,
    /// The newest deployment that was seen.
    newest: Option<String>,
    undone: bool,
    /// ECS gave the newest deployment up when it was last seen.
    failed: bool,
}

impl Follow {
    /// Begins with a service whose roll is under way.
    #[must_use]
    pub fn new(progress: &Progress) -> Self {
        let mut follow = Self {
            before: others(progress).next().map(|d| d.task_definition.clone()),
            newest: progress.primary().map(|primary| primary.id.clone()),
            undone: false,
            failed: false,
        };
        follow.undone = progress.primary().is_some_and(goes_back);
        follow
    }

    /// Takes what is seen of the service by now; `None` where it is gone. Answers how the roll ended, once it has.
    pub fn look(&mut self, seen: Option<&Progress>) -> Option<End> {
        let Some((progress, primary)) = seen.and_then(|seen| Some((seen, seen.primary()?))) else {
            return Some(End::Gone);
        };
        let gave_up = others(progress).any(|d| d.state.as_deref() == Some("FAILED"));
        if self.newest.as_ref() != Some(&primary.id) {
            // A newer deployment: back to what ran before, or on to something else.
            let back = self.before.as_ref() == Some(&primary.task_definition);
            self.undone |= back || gave_up;
            if !self.undone {
                let last = others(progress).next();
                self.before = last.map(|d| d.task_definition.clone());
            }
            self.newest = Some(primary.id.clone());
            self.failed = false;
        }
        self.undone |= goes_back(primary);
        if primary.state.as_deref() == Some("FAILED") {
            // The way back, if there is one, begins right after.
            let sure = std::mem::replace(&mut self.failed, true);
            return sure.then_some(End::Failed);
        }
        if progress.is_under_way() {
            return None;
        }
        Some(if self.undone {
            End::RolledBack
        } else {
            End::Completed
        })
    }
}

fn others(progress: &Progress) -> impl Iterator<Item = &Deployment> {
    let all = progress.deployments.iter();
    all.filter(|deployment| deployment.status != "PRIMARY")
}

/// Only its reason tells a deployment that goes back from one that goes on.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html>
fn goes_back(deployment: &Deployment) -> bool {
    let reason = deployment.reason.as_deref().unwrap_or_default();
    reason.to_ascii_lowercase().contains("rolling back")
}

#[cfg(test)]
mod tests {
    use handler::progress::{Deployment, Progress};

    use super::{End, Follow};

    fn deployment(id: u32, revision: u32, state: &str, reason: &str) -> Deployment {
        Deployment {
            id: format!("ecs-svc/{id}"),
            status: "ACTIVE".to_owned(),
            task_definition: format!("web:{revision}"),
            desired: 2,
            running: 2,
            pending: 0,
            failed: 0,
            state: Some(state.to_owned()),
            reason: Some(reason.to_owned()),
            began: None,
        }
    }

    fn progress(deployments: &[Deployment]) -> Progress {
        let mut deployments = deployments.to_vec();
        deployments[0].status = "PRIMARY".to_owned();
        Progress {
            deployments,
            ..Progress::default()
        }
    }

    fn on_the_way() -> Progress {
        let old = deployment(1, 1, "COMPLETED", "");
        progress(&[deployment(2, 2, "IN_PROGRESS", ""), old])
    }

    #[test]
    fn a_roll_that_completes() {
        let mut follow = Follow::new(&on_the_way());
        assert_eq!(follow.look(Some(&on_the_way())), None);
        let done = progress(&[deployment(2, 2, "COMPLETED", "")]);
        assert_eq!(follow.look(Some(&done)), Some(End::Completed));
    }

    #[test]
    fn a_roll_that_the_breaker_undoes_ends_with_the_way_back() {
        let back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
        let mut follow = Follow::new(&on_the_way());
        let failed = progress(&[deployment(2, 2, "FAILED", "tasks failed to start.")]);
        assert_eq!(follow.look(Some(&failed)), None);
        let way_back = progress(&[
            deployment(3, 1, "IN_PROGRESS", back),
            deployment(2, 2, "FAILED", ""),
        ]);
        assert_eq!(follow.look(Some(&way_back)), None);
        let there = progress(&[deployment(3, 1, "COMPLETED", "ECS deployment completed.")]);
        assert_eq!(follow.look(Some(&there)), Some(End::RolledBack));
        // Also when nobody looked in between, and when it was on the way back from the beginning.
        assert_eq!(
            Follow::new(&on_the_way()).look(Some(&there)),
            Some(End::RolledBack)
        );
        assert_eq!(
            Follow::new(&way_back).look(Some(&there)),
            Some(End::RolledBack)
        );
    }

    #[test]
    fn a_roll_that_fails_without_a_way_back_and_one_whose_service_goes() {
        let mut follow = Follow::new(&on_the_way());
        let failed = progress(&[deployment(2, 2, "FAILED", "")]);
        assert_eq!(follow.look(Some(&failed)), None);
        assert_eq!(follow.look(Some(&failed)), Some(End::Failed));
        let mut follow = Follow::new(&on_the_way());
        assert_eq!(follow.look(None), Some(End::Gone));
        assert_eq!(follow.look(Some(&Progress::default())), Some(End::Gone));
    }

    #[test]
    fn a_newer_push_takes_over_and_its_end_counts() {
        let mut follow = Follow::new(&on_the_way());
        let newer = progress(&[
            deployment(3, 3, "IN_PROGRESS", ""),
            deployment(2, 2, "IN_PROGRESS", ""),
            deployment(1, 1, "COMPLETED", ""),
        ]);
        assert_eq!(follow.look(Some(&newer)), None);
        let done = progress(&[deployment(3, 3, "COMPLETED", "")]);
        assert_eq!(follow.look(Some(&done)), Some(End::Completed));
    }
}

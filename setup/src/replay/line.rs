//! The lines in which a history is told, one thing that happened each: by a replay at its end, by `ecroll local` as it
//! goes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use handler::manifest::Kind;
use handler::push::Push;
use handler::report::{Decision, Outcome, Report};
use local::ecs::DeploymentState;
use local::{Entry, What};

use super::host::Answer;
use crate::history::Decided;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    at: DateTime<Utc>,
    what: &'static str,
    text: String,
}

impl Line {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The word for what happened, such as `push` or `rolled`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what, text } = self;
        write!(f, "{}  {what:<9} {text}", at.format("%Y-%m-%d %H:%M:%S"))
    }
}

/// Which decisions say something new: the first on each pair of push and service, and every later one with another
/// outcome, or with another reason to hold or to refuse. That a push which rolled runs, or has been overtaken since, is not
/// new.
#[derive(Debug, Clone)]
pub struct News<P>(BTreeMap<P, (Outcome, String)>);

impl<P> Default for News<P> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<P: Ord> News<P> {
    /// Whether this decision on the pair is new; remembers it.
    pub fn is_new(&mut self, pair: P, decision: &Decision) -> bool {
        let Decision {
            outcome, reason, ..
        } = decision;
        let before = self.0.get(&pair);
        let was = before.map(|(outcome, _)| *outcome);
        let settled = matches!(was, Some(Outcome::Rolled | Outcome::Unchanged))
            && matches!(outcome, Outcome::Unchanged | Outcome::Skipped);
        // A service waits for one thing and then stops for another.
        let other = matches!(outcome, Outcome::Held | Outcome::Refused)
            && before.is_some_and(|(_, why)| why != reason);
        let new = !settled && (was != Some(*outcome) || other);
        if new {
            self.0.insert(pair, (*outcome, reason.clone()));
        }
        new
    }
}

pub(super) fn push(push: &Push) -> Line {
    let tags: Vec<&str> = push
        .tagged
        .iter()
        .map(|tagged| tagged.tag.as_str())
        .collect();
    let kind = match &push.kind {
        Kind::Image | Kind::Index(_) => String::new(),
        Kind::Other(what) => format!(", no image: {what}"),
    };
    let (repository, digest) = (&push.repository, short(&push.digest));
    let tags = tags.join(" ");
    Line {
        at: push.time(),
        what: "push",
        text: format!("{repository} {tags} {digest}{kind}"),
    }
}

/// A look-up, or an event that carried its pushes, that decided something new or failed; `None` for the others.
#[must_use]
pub fn look_up(answer: &Answer, news: usize) -> Option<Line> {
    if news == 0 && !answer.failed {
        return None;
    }
    let Report {
        trigger, pushes, ..
    } = &answer.report;
    let failed = if answer.failed {
        ", will be retried"
    } else {
        ""
    };
    let pushes = pushes.len();
    // What an event carries needs no look at the log.
    let (what, where_from) = match answer.report.window {
        Some(_) => ("look-up", "in the window"),
        None => ("event", "carried"),
    };
    Some(Line {
        at: answer.at,
        what,
        text: format!("{trigger}: {pushes} {where_from}, {news} decided{failed}"),
    })
}

/// A decision.
#[must_use]
pub fn decision(decided: &Decided) -> Line {
    let Decision {
        cluster,
        service,
        repository,
        tag,
        outcome,
        reason,
        from,
        to,
        ..
    } = &decided.decision;
    let moved = match (from, to) {
        (Some(from), Some(to)) => format!(" {} to {}", revision(from), revision(to)),
        _ => String::new(),
    };
    Line {
        at: decided.at,
        what: word(*outcome),
        text: format!("{cluster}/{service} {repository}:{tag}{moved}: {reason}"),
    }
}

/// What happened in the account, as far as it is worth a line: of deployments, those of the revisions in `rolled`.
#[must_use]
pub fn entry(entry: &Entry, rolled: &BTreeSet<String>) -> Option<Line> {
    let (what, text) = match &entry.what {
        What::Pushed { image, tag, digest } => {
            let tag = tag.as_deref().unwrap_or("without a tag");
            ("push", format!("{image} {tag} {}", short(digest)))
        }
        What::Alarm { name, from, to, .. } => ("alarm", format!("{name} {from} to {to}")),
        What::Fault { kind, on } => ("fault", format!("{kind} befalls {on}")),
        What::Dropped {
            meant_for, reason, ..
        } => ("dropped", format!("{meant_for}: {reason}")),
        What::Deployment(notice) if rolled.contains(&notice.task_definition) => {
            let (word, again) = match notice.state {
                DeploymentState::Completed => ("steady", ""),
                DeploymentState::Failed => ("failed", ""),
                // It names what ECS goes back to, not what it gave up.
                DeploymentState::RolledBack => ("undone", " is deployed again"),
                _ => return None,
            };
            let (cluster, service) = (&notice.cluster, &notice.service);
            let revision = revision(&notice.task_definition);
            (word, format!("{cluster}/{service} {revision}{again}"))
        }
        _ => return None,
    };
    let at = entry.at;
    Some(Line { at, what, text })
}

/// `name:revision` of a task definition's ARN.
pub(crate) fn revision(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A digest with twelve of its digits.
pub(crate) fn short(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').unwrap_or(("", digest));
    let hex: String = hex.chars().take(12).collect();
    format!("{algorithm}:{hex}")
}

/// The word for an outcome.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Rolled => "rolled",
        Outcome::Unchanged => "unchanged",
        Outcome::Held => "held",
        Outcome::Refused => "refused",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use local::ecs::{DeploymentState, Notice};
    use local::{Entry, What};

    use super::entry;

    #[test]
    fn a_rollback_names_the_revision_that_comes_back_as_such() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        let revision = "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:2".to_owned();
        let told = |state| {
            let notice = Notice {
                at,
                cluster: "prod".to_owned(),
                service: "web".to_owned(),
                deployment: "ecs-svc/1".to_owned(),
                task_definition: revision.clone(),
                state,
                reason: String::new(),
            };
            let what = What::Deployment(notice);
            let line = entry(&Entry { at, what }, &BTreeSet::from([revision.clone()]));
            line.map(|line| line.to_string())
        };
        let back = told(DeploymentState::RolledBack).unwrap();
        assert_eq!(
            back,
            "2026-03-01 12:00:00  undone    prod/web web:2 is deployed again"
        );
        let failed = told(DeploymentState::Failed).unwrap();
        assert_eq!(failed, "2026-03-01 12:00:00  failed    prod/web web:2");
        assert_eq!(told(DeploymentState::Started), None);
    }
}

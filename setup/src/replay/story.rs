//! What a replay showed: the timeline for people, the figures for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use handler::ledger;
use handler::manifest::Kind;
use handler::push::Push;
use handler::report::{Decision, Outcome, Report};
use local::ecs::DeploymentState;
use local::{Entry, What};
use serde::Serialize;

use super::host::Answer;
use super::run::followers;
use super::seed::Seeded;
use super::source::Rejected;

/// A decision, and when it was taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decided {
    /// When.
    #[serde(serialize_with = "seconds")]
    pub at: DateTime<Utc>,
    /// What, as the handler reported it.
    #[serde(flatten)]
    pub decision: Decision,
}

/// Seconds from push to roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Half of the rolls came sooner.
    pub p50: i64,
    /// The longest.
    pub worst: i64,
}

/// What a replay showed. As JSON, the figures and decisions; as text, the timeline before them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// Records delivered.
    pub records: usize,
    /// Images pushed among them: records that the metric filter takes, the tags of one digest counted once.
    pub pushes: usize,
    /// Messages that SNS handed to the function.
    pub notifications: usize,
    /// Invocations that looked.
    pub look_ups: usize,
    /// Pairs of such a push and a service that runs its repository on which nothing was ever decided.
    pub lost: usize,
    /// Each pair's decision, and its later changes.
    pub decisions: Vec<Decided>,
    /// `None` where nothing rolled.
    pub push_to_roll_seconds: Option<Waits>,
    /// What could not be replayed.
    pub rejected: Vec<Rejected>,
    #[serde(skip)]
    timeline: Vec<Line>,
}

/// One line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    at: DateTime<Utc>,
    what: &'static str,
    text: String,
}

fn seconds<S: serde::Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

impl Story {
    pub(super) fn new(
        records: usize,
        pushes: &[Push],
        seeded: &[Seeded],
        journal: &[Entry],
        answers: &[Answer],
        rejected: Vec<Rejected>,
    ) -> Self {
        let decisions = news(answers, pushes);
        let images: Vec<&Push> = pushes.iter().filter(|push| push.kind.is_image()).collect();
        let lost = images
            .iter()
            .flat_map(|push| followers(push, seeded).map(move |service| (push, service)))
            .filter(|(push, service)| !decided(push, service, &decisions))
            .count();
        let notified = |entry: &&Entry| matches!(entry.what, What::Notified { .. });
        let mut story = Self {
            records,
            pushes: images.len(),
            notifications: journal.iter().filter(notified).count(),
            look_ups: answers
                .iter()
                .filter(|answer| answer.report.window.is_some())
                .count(),
            lost,
            push_to_roll_seconds: waits(pushes, &decisions),
            rejected,
            timeline: Vec::new(),
            decisions,
        };
        story.timeline = timeline(pushes, journal, answers, &story.decisions);
        story
    }
}

/// Whether a decision was taken on this push.
fn is_of(decision: &Decision, push: &Push) -> bool {
    push.has_id(&ledger::word(&decision.push))
}

/// What tells one pair of push and service from another. A push has one identity per tag, and a look-up may have seen
/// some of them only.
fn pair<'a>(decision: &'a Decision, pushes: &'a [Push]) -> (&'a str, &'a str, &'a str) {
    let push = pushes.iter().find(|push| is_of(decision, push));
    let id = push.map_or(decision.push.as_str(), Push::id);
    (&decision.cluster, &decision.service, id)
}

/// The first decision on each pair, and every later one that says something new. That a push which rolled runs, or has
/// been overtaken since, is not new.
fn news(answers: &[Answer], pushes: &[Push]) -> Vec<Decided> {
    let mut last: BTreeMap<_, Outcome> = BTreeMap::new();
    let mut decided = Vec::new();
    for answer in answers {
        for decision in &answer.report.decisions {
            let before = last.get(&pair(decision, pushes)).copied();
            let settled = matches!(before, Some(Outcome::Rolled | Outcome::Unchanged))
                && matches!(decision.outcome, Outcome::Unchanged | Outcome::Skipped);
            if before != Some(decision.outcome) && !settled {
                last.insert(pair(decision, pushes), decision.outcome);
                decided.push(Decided {
                    at: answer.at,
                    decision: decision.clone(),
                });
            }
        }
    }
    decided
}

fn decided(push: &Push, service: &Seeded, decisions: &[Decided]) -> bool {
    decisions.iter().any(|decided| {
        let decision = &decided.decision;
        decision.service == service.service
            && decision.cluster == service.cluster
            && is_of(decision, push)
    })
}

fn waits(pushes: &[Push], decisions: &[Decided]) -> Option<Waits> {
    let mut waits: Vec<i64> = decisions
        .iter()
        .filter(|decided| decided.decision.outcome == Outcome::Rolled)
        .filter_map(|decided| {
            let push = pushes.iter().find(|push| is_of(&decided.decision, push))?;
            Some((decided.at - push.time()).num_seconds())
        })
        .collect();
    waits.sort_unstable();
    let p50 = *waits.get(waits.len().saturating_sub(1) / 2)?;
    Some(Waits {
        p50,
        worst: *waits.last()?,
    })
}

/// `name:revision` of a task definition's ARN.
fn revision(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn short(digest: &str) -> String {
    let (algorithm, hex) = digest.split_once(':').unwrap_or(("", digest));
    let hex: String = hex.chars().take(12).collect();
    format!("{algorithm}:{hex}")
}

fn timeline(
    pushes: &[Push],
    journal: &[Entry],
    answers: &[Answer],
    decisions: &[Decided],
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |at: DateTime<Utc>, what: &'static str, text: String| {
        lines.push(Line { at, what, text });
    };
    for push in pushes {
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
        line(
            push.time(),
            "push",
            format!("{repository} {tags} {digest}{kind}"),
        );
    }
    for answer in answers {
        // Sweeps that found nothing new are counted, not told.
        let news = decisions
            .iter()
            .filter(|decided| decided.at == answer.at)
            .count();
        if news > 0 || answer.failed {
            let Report {
                trigger, pushes, ..
            } = &answer.report;
            let failed = if answer.failed {
                ", will be retried"
            } else {
                ""
            };
            let pushes = pushes.len();
            let text = format!("{trigger}: {pushes} in the window, {news} decided{failed}");
            line(answer.at, "look-up", text);
        }
    }
    for decided in decisions {
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
        let word = word(*outcome);
        line(
            decided.at,
            word,
            format!("{cluster}/{service} {repository}:{tag}{moved}: {reason}"),
        );
    }
    let mut rolled: BTreeSet<&str> = BTreeSet::new();
    rolled.extend(
        decisions
            .iter()
            .filter_map(|decided| decided.decision.to.as_deref()),
    );
    for entry in journal {
        match &entry.what {
            What::Alarm { name, from, to, .. } => {
                line(entry.at, "alarm", format!("{name} {from} to {to}"));
            }
            What::Dropped {
                meant_for, reason, ..
            } => {
                line(entry.at, "dropped", format!("{meant_for}: {reason}"));
            }
            What::Deployment(notice) if rolled.contains(notice.task_definition.as_str()) => {
                let word = match notice.state {
                    DeploymentState::Completed => "steady",
                    DeploymentState::Failed => "failed",
                    DeploymentState::RolledBack => "undone",
                    _ => continue,
                };
                let (cluster, service) = (&notice.cluster, &notice.service);
                let text = format!("{cluster}/{service} {}", revision(&notice.task_definition));
                line(notice.at, word, text);
            }
            _ => {}
        }
    }
    lines.sort_by_key(|line| line.at);
    lines
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Rolled => "rolled",
        Outcome::Unchanged => "unchanged",
        Outcome::Held => "held",
        Outcome::Refused => "refused",
        Outcome::Skipped => "skipped",
        Outcome::Failed => "failed",
    }
}

/// How many rejections a text shows before it only counts them.
const SHOWN: usize = 10;

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Line { at, what, text } in &self.timeline {
            writeln!(f, "{}  {what:<9} {text}", at.format("%Y-%m-%d %H:%M:%S"))?;
        }
        if !self.timeline.is_empty() {
            writeln!(f)?;
        }
        for rejected in self.rejected.iter().take(SHOWN) {
            writeln!(f, "not replayed: {rejected}")?;
        }
        if let Some(more) = self
            .rejected
            .len()
            .checked_sub(SHOWN)
            .filter(|more| *more > 0)
        {
            writeln!(f, "not replayed: {more} more; --output json lists them all")?;
        }
        let Self {
            records,
            pushes,
            notifications,
            look_ups,
            lost,
            ..
        } = self;
        let count = |outcome: Outcome| {
            self.decisions
                .iter()
                .filter(|decided| decided.decision.outcome == outcome)
                .count()
        };
        let mut outcomes = Vec::new();
        for outcome in [
            Outcome::Rolled,
            Outcome::Unchanged,
            Outcome::Held,
            Outcome::Refused,
            Outcome::Skipped,
            Outcome::Failed,
        ] {
            match count(outcome) {
                0 => {}
                some => outcomes.push(format!("{some} {outcome}")),
            }
        }
        let outcomes = if outcomes.is_empty() {
            "none".to_owned()
        } else {
            outcomes.join(", ")
        };
        writeln!(
            f,
            "records        {records}, {} not replayed",
            self.rejected.len()
        )?;
        writeln!(f, "pushes         {pushes}")?;
        writeln!(f, "notifications  {notifications}")?;
        writeln!(f, "look-ups       {look_ups}")?;
        writeln!(f, "decisions      {outcomes}")?;
        match self.push_to_roll_seconds {
            Some(Waits { p50, worst }) => {
                writeln!(f, "push to roll   {p50} s median, {worst} s at worst")?;
            }
            None => writeln!(f, "push to roll   nothing rolled")?,
        }
        write!(f, "lost           {lost}")
    }
}

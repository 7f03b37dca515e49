//! What a replay showed: the timeline for people, the figures for everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use handler::config::Config;
use handler::ledger;
use handler::manifest::Kind;
use handler::push::Push;
use handler::report::{Decision, Outcome};
use local::{Entry, What};
use serde::Serialize;

use super::ends::ends;
use super::host::Answer;
use super::identity::by_record;
use super::line::{self, Line, News};
use super::plant::Planted;
use super::run::followers;
use super::seed::Seeded;
use super::source::Rejected;
use super::trace::Trace;
use crate::history::{Decided, Ended, Pushed, policy};

/// Seconds from push to roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Half of the rolls came sooner.
    pub p50: i64,
    /// The longest.
    pub worst: i64,
}

/// What came by one road.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Road {
    /// How many services it rolled.
    pub rolled: usize,
    /// Seconds from push to roll.
    pub push_to_roll_seconds: Waits,
}

/// What a replay showed. As JSON, the figures and decisions; as text, the timeline before them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
    /// What was pushed, whatever it was, in the order of time.
    pub pushed: Vec<Pushed>,
    /// Each pair's decision, and its later changes.
    pub decisions: Vec<Decided>,
    /// How the rolls ended.
    pub ended: Vec<Ended>,
    /// `None` where nothing rolled.
    pub push_to_roll_seconds: Option<Waits>,
    /// The same by road, as the handler's reports name them: `alarm`, `ecr-event`, `cloudtrail-event`, `log-subscription`,
    /// `sweep`. A road that rolled nothing is not here.
    pub roads: BTreeMap<String, Road>,
    /// What could not be replayed.
    pub rejected: Vec<Rejected>,
    /// The snapshot on which it ran, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Planted>,
    /// What the report draws besides.
    #[serde(skip)]
    pub(crate) trace: Trace,
    #[serde(skip)]
    timeline: Vec<Line>,
}

/// What a replay saw.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// How many records were delivered.
    pub(super) records: usize,
    pub(super) pushes: &'a [Push],
    /// Who made a record, by its identity.
    pub(super) by: &'a BTreeMap<String, String>,
    pub(super) seeded: &'a [Seeded],
    pub(super) journal: &'a [Entry],
    pub(super) answers: &'a [Answer],
    pub(super) config: &'a Config,
}

impl Story {
    pub(super) fn new(seen: Seen<'_>, rejected: Vec<Rejected>) -> Self {
        let Seen {
            records,
            pushes,
            by,
            seeded,
            journal,
            answers,
            config,
        } = seen;
        let answers = &by_record(answers, pushes);
        let decisions = news(answers, pushes, config);
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
            push_to_roll_seconds: waits(seconds_to_roll(pushes, decisions.iter())),
            roads: roads(pushes, &decisions),
            rejected,
            account: None,
            trace: Trace::default(),
            timeline: Vec::new(),
            pushed: pushed(pushes, by),
            ended: ends(journal, &decisions),
            decisions,
        };
        let mut news = BTreeMap::new();
        for decided in &story.decisions {
            *news.entry(decided.at).or_default() += 1;
        }
        story.trace = Trace::new(journal, answers, &news);
        story.timeline = timeline(pushes, journal, answers, &story.decisions, &news);
        story
    }
}

impl Story {
    /// The same, run on a snapshot.
    pub(super) fn on(self, account: Option<Planted>) -> Self {
        Self { account, ..self }
    }

    /// When each push was, by every identity that decisions give it, as the ledger writes it.
    pub(super) fn dates(&self) -> BTreeMap<String, DateTime<Utc>> {
        let dated = self.pushed.iter().flat_map(|push| {
            let ids = push.event_ids.iter();
            ids.filter_map(|id| Some((ledger::word(id), push.pushed_at?)))
        });
        dated.collect()
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

/// The pushes as facts, the oldest first; `by` says by its identity who made a record.
fn pushed(pushes: &[Push], by: &BTreeMap<String, String>) -> Vec<Pushed> {
    let fact = |push: &Push| {
        let tagged = push.tagged.iter();
        let event_ids: Vec<String> = tagged.clone().map(|tagged| tagged.id.clone()).collect();
        Pushed {
            account: push.repository.account.clone(),
            region: push.repository.region.clone(),
            repository: push.repository.name.clone(),
            tags: tagged.map(|tagged| tagged.tag.clone()).collect(),
            digest: push.digest.clone(),
            pushed_at: Some(push.time()),
            by: event_ids.iter().find_map(|id| by.get(id).cloned()),
            event_ids,
            no_image: match &push.kind {
                Kind::Image | Kind::Index(_) => None,
                Kind::Other(what) => Some(what.clone()),
            },
        }
    };
    let mut facts: Vec<Pushed> = pushes.iter().map(fact).collect();
    facts.sort_by_key(|push| push.pushed_at);
    facts
}

fn news(answers: &[Answer], pushes: &[Push], config: &Config) -> Vec<Decided> {
    let mut news = News::default();
    let mut decided = Vec::new();
    for answer in answers {
        for decision in &answer.report.decisions {
            if news.is_new(pair(decision, pushes), decision) {
                decided.push(Decided {
                    at: answer.at,
                    road: answer.report.trigger.clone(),
                    window: answer.report.window,
                    policy: policy(decision, config),
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

/// How long each roll among these came after its push.
fn seconds_to_roll<'a>(pushes: &[Push], decisions: impl Iterator<Item = &'a Decided>) -> Vec<i64> {
    decisions
        .filter(|decided| decided.decision.outcome == Outcome::Rolled)
        .filter_map(|decided| {
            let push = pushes.iter().find(|push| is_of(&decided.decision, push))?;
            Some((decided.at - push.time()).num_seconds())
        })
        .collect()
}

fn waits(mut seconds: Vec<i64>) -> Option<Waits> {
    seconds.sort_unstable();
    let p50 = *seconds.get(seconds.len().saturating_sub(1) / 2)?;
    Some(Waits {
        p50,
        worst: *seconds.last()?,
    })
}

fn roads(pushes: &[Push], decisions: &[Decided]) -> BTreeMap<String, Road> {
    let names: BTreeSet<&String> = decisions.iter().map(|decided| &decided.road).collect();
    let road = |name: &String| {
        let of = decisions.iter().filter(|decided| decided.road == *name);
        let seconds = seconds_to_roll(pushes, of);
        let rolled = seconds.len();
        let push_to_roll_seconds = waits(seconds)?;
        Some((
            name.clone(),
            Road {
                rolled,
                push_to_roll_seconds,
            },
        ))
    };
    names.into_iter().filter_map(road).collect()
}

fn timeline(
    pushes: &[Push],
    journal: &[Entry],
    answers: &[Answer],
    decisions: &[Decided],
    news: &BTreeMap<DateTime<Utc>, usize>,
) -> Vec<Line> {
    let mut lines: Vec<Line> = pushes.iter().map(line::push).collect();
    lines.extend(answers.iter().filter_map(|answer| {
        // Sweeps that found nothing new are counted, not told.
        line::look_up(answer, news.get(&answer.at).copied().unwrap_or_default())
    }));
    lines.extend(decisions.iter().map(line::decision));
    let rolled: BTreeSet<String> = decisions
        .iter()
        .filter_map(|decided| decided.decision.to.clone())
        .collect();
    lines.extend(
        journal
            .iter()
            .filter_map(|entry| line::entry(entry, &rolled)),
    );
    lines.sort_by_key(Line::at);
    lines
}

/// How many rejections a text shows before it only counts them.
const SHOWN: usize = 10;

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.timeline {
            writeln!(f, "{line}")?;
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
        if let Some(account) = &self.account {
            writeln!(f, "{account}")?;
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
        let told = |Waits { p50, worst }: Waits| format!("{p50} s median, {worst} s at worst");
        match (self.push_to_roll_seconds, self.roads.len()) {
            (None, _) => writeln!(f, "push to roll   nothing rolled")?,
            (Some(waits), 1) => {
                let road: String = self.roads.keys().cloned().collect();
                writeln!(f, "push to roll   {}, by {road}", told(waits))?;
            }
            (Some(waits), _) => {
                writeln!(f, "push to roll   {}", told(waits))?;
                for (name, road) in &self.roads {
                    let waits = told(road.push_to_roll_seconds);
                    writeln!(f, "  by {name}: {waits}, {} rolled", road.rolled)?;
                }
            }
        }
        write!(f, "lost           {lost}")
    }
}

//! The summary in words. Pure.

use std::collections::BTreeSet;

use handler::deployment::End;
use handler::report::Outcome;

use super::plain::{count, number, plain};
use super::story::{GRAVE_FIRST, Joined};
use super::waits::Waits;

/// The figures and sentences at the top.
pub(super) struct Summary {
    pub(super) sentences: Vec<String>,
    pub(super) figures: Vec<Figure>,
    pub(super) notes: Vec<Note>,
}

/// A number with its name.
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
    /// Whether it is one that should not be.
    pub(super) bad: bool,
}

/// Something that somebody should look at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) text: String,
    /// Where the first of it is.
    pub(super) href: Option<String>,
}

/// How many lines of what a snapshot does not hold are told.
const GAPS: usize = 10;

pub(super) fn summary(joined: &Joined<'_>, waits: Option<&Waits>) -> Summary {
    let story = joined.story;
    let mut sentences = vec![pushed(joined)];
    sentences.push(decided(joined));
    sentences.extend(ended(joined));
    if let Some(waits) = waits {
        sentences.push(format!(
            "Half of the rolls came within {} of the push, nine of ten within {}, the last after {}.",
            waits.median, waits.ninety, waits.worst
        ));
    }
    sentences.push(match story.lost {
        0 => "No push was lost: every image got its decision at every service that runs its repository.".to_owned(),
        some => format!(
            "{} lost: an image was pushed, a service runs its repository, and nothing was ever decided.",
            count(some, "pair of push and service was", "pairs of push and service were")
        ),
    });
    let rolled = of(joined, Outcome::Rolled).0;
    let figure = |name, value, bad| Figure { name, value, bad };
    let bad = of(joined, Outcome::Failed).0 + of(joined, Outcome::Refused).0;
    let median = waits.map_or_else(|| "–".to_owned(), |waits| waits.median.clone());
    Summary {
        sentences,
        figures: vec![
            figure("images pushed", number(story.pushes), false),
            figure("rolled", number(rolled), false),
            figure("median wait, push to roll", median, false),
            figure("refused or failed", number(bad), bad > 0),
            figure("lost", number(story.lost), story.lost > 0),
        ],
        notes: notes(joined),
    }
}

/// How many decisions have this outcome, and the first of them.
fn of(joined: &Joined<'_>, outcome: Outcome) -> (usize, Option<usize>) {
    let all = joined.story.decisions.iter().enumerate();
    let mut of = all
        .filter(|(_, decided)| decided.decision.outcome == outcome)
        .map(|(at, _)| at);
    let shown = of.clone().find(|at| joined.href(*at).is_some());
    (of.by_ref().count(), shown)
}

fn pushed(joined: &Joined<'_>) -> String {
    let story = joined.story;
    let images = story.pushed.iter().filter(|push| push.no_image.is_none());
    let repositories: BTreeSet<_> = images
        .map(|push| (&push.account, &push.region, &push.repository))
        .collect();
    let dates = story.pushed.iter().filter_map(|push| push.pushed_at);
    let (Some(first), Some(last)) = (dates.clone().min(), dates.max()) else {
        return format!(
            "Nothing was pushed in {}.",
            count(story.records, "record", "records")
        );
    };
    let (day, form) = ("%-d %B %Y", "%-d %B %Y, %H:%M");
    let when = if first == last {
        format!("On {} UTC", first.format(form))
    } else if first.date_naive() == last.date_naive() {
        format!(
            "On {}, {} to {} UTC",
            first.format(day),
            first.format("%H:%M"),
            last.format("%H:%M")
        )
    } else {
        format!("From {} to {}", first.format(day), last.format(day))
    };
    format!(
        "{when}, {} pushed to {}.",
        count(story.pushes, "image was", "images were"),
        count(repositories.len(), "repository", "repositories")
    )
}

fn decided(joined: &Joined<'_>) -> String {
    let decisions = &joined.story.decisions;
    if decisions.is_empty() {
        return "ecroll decided nothing.".to_owned();
    }
    let services: BTreeSet<_> = decisions
        .iter()
        .map(|one| (&one.decision.cluster, &one.decision.service))
        .collect();
    let mut outcomes = Vec::new();
    for outcome in [Outcome::Rolled].into_iter().chain(
        GRAVE_FIRST
            .into_iter()
            .filter(|one| *one != Outcome::Rolled),
    ) {
        match of(joined, outcome).0 {
            0 => {}
            some => outcomes.push(format!("{} {outcome}", number(some))),
        }
    }
    format!(
        "ecroll took {} about {}: {}.",
        count(decisions.len(), "decision", "decisions"),
        count(services.len(), "service", "services"),
        outcomes.join(", ")
    )
}

fn ended(joined: &Joined<'_>) -> Option<String> {
    let rolled = of(joined, Outcome::Rolled).0;
    let many = |state: End| {
        joined
            .story
            .ended
            .iter()
            .filter(|ended| ended.state == state)
            .count()
    };
    let (completed, back, stuck) = (
        many(End::Completed),
        many(End::RolledBack),
        many(End::Stuck),
    );
    if rolled == 0 {
        return None;
    }
    if completed == rolled && back + stuck == 0 {
        return Some("Every roll completed.".to_owned());
    }
    let untold = rolled.saturating_sub(completed + back + stuck);
    let parts = [
        (completed, "completed"),
        (back, "rolled back"),
        (stuck, "got stuck"),
        (untold, "overtaken or without an end that is told"),
    ];
    let parts = parts.into_iter().filter(|(many, _)| *many > 0);
    let parts: Vec<String> = parts
        .map(|(many, what)| format!("{} {what}", number(many)))
        .collect();
    Some(format!("Of the rolls {}.", parts.join(", ")))
}

/// What somebody should look at, the worst first.
fn notes(joined: &Joined<'_>) -> Vec<Note> {
    let story = joined.story;
    let mut notes = Vec::new();
    for (outcome, what) in [
        (Outcome::Failed, "AWS said no"),
        (
            Outcome::Refused,
            "cannot work as it is; the reason says what to change",
        ),
        (Outcome::Held, "waiting, or stopped until the next push"),
    ] {
        let (many, first) = of(joined, outcome);
        if many > 0 {
            notes.push(Note {
                text: format!("{} {outcome}: {what}", number(many)),
                href: first.and_then(|at| joined.href(at)),
            });
        }
    }
    for (state, what) in [
        (End::RolledBack, "rolled back by the circuit breaker"),
        (End::Stuck, "stuck, with nothing to go back to"),
    ] {
        let ended: Vec<_> = story
            .ended
            .iter()
            .filter(|ended| ended.state == state)
            .collect();
        if let Some(first) = ended.first() {
            let rolled = story.decisions.iter().position(|one| {
                one.decision.to.is_some()
                    && one.decision.to == first.to
                    && one.decision.service == first.service
            });
            notes.push(Note {
                text: format!("{} {what}", count(ended.len(), "roll", "rolls")),
                href: rolled.and_then(|at| joined.href(at)),
            });
        }
    }
    let note = |text: String| Note { text, href: None };
    if !story.rejected.is_empty() {
        let many = count(story.rejected.len(), "record could", "records could");
        notes.push(Note {
            text: format!("{many} not be replayed"),
            href: Some("#rejected".to_owned()),
        });
    }
    let alone = joined
        .undecided()
        .filter(|(_, push)| push.no_image.is_none())
        .count();
    if alone > 0 {
        notes.push(Note {
            text: format!("nothing was decided on {}", count(alone, "image", "images")),
            href: Some("#undecided".to_owned()),
        });
    }
    if let Some(account) = &story.account {
        notes.extend(
            account
                .to_string()
                .lines()
                .take(3 * GAPS)
                .map(|line| note(plain(line, 300))),
        );
    }
    notes
}

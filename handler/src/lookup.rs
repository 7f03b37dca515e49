//! The look-up: which pushes does the log group hold, and what is to become of them?
//!
//! The newest slice is read first and decided as soon as it is known what runs, while older slices are still being read:
//! neither a busy log group nor an old backlog makes the newest push wait. That is safe because a log event is never
//! older than its call: a push whose `eventTime` lies within the slices that were read has no newer one outside of them
//! except one that has not arrived yet. Records that are late, with an `eventTime` before the slice in which they
//! were found, wait until the reading has come to their time, be it before all that the look-up meant to read.

mod mark;
mod read;
mod slices;

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::context::Context;
use crate::deadline::Deadline;
use crate::deployment::Change;
use crate::error::{AwsError, Error};
use crate::push::{Found, Push, coalesce};
use crate::reconcile;
use crate::report::{Report, Window};
use crate::session::Session;
use crate::survey::survey;
use crate::trigger::Trigger;
pub(crate) use mark::Mark;
use read::Reader;
use slices::{Slice, slices};

/// A slice that was read, or why it could not be.
type Part = (Slice, Result<Vec<Found>, AwsError>);

/// Reads the log group and everything that runs, decides, and rolls.
///
/// # Errors
/// When the configuration names no log group, when AWS refuses the newest slice or the clusters; [`Error::Retryable`] after
/// everything else was done, when something failed that a retry may mend.
pub(crate) async fn look_up(
    context: &Context,
    trigger: &Trigger,
    event: &Value,
    until: Deadline,
) -> Result<Report, Error> {
    let to = context.now();
    let span = trigger.look_back.unwrap_or(context.config.look_back);
    let earliest = to - TimeDelta::from_std(span).unwrap_or(TimeDelta::days(1));
    let mark = context.mark();
    // Now and then everything is read, to see whether the log told everything.
    let whole = trigger.name == "sweep" && !trigger.dry_run && context.reconciles(to);
    let from = match trigger.look_back {
        Some(_) => earliest,
        None if whole => mark.start(earliest).min(earliest),
        None => mark.start(earliest),
    };
    let reader = Reader::new(context)?;
    let (read, parts) = unbounded_channel();
    let ((), done) = futures_util::join!(
        read_all(&reader, (from, to), until, read),
        decide_all(
            context,
            trigger.dry_run,
            Change::read(event),
            (from, to),
            until,
            whole && context.config.reconcile,
            parts
        )
    );
    let Done {
        mut session,
        found,
        pushes,
        reached,
        failed,
        reconciled,
    } = done?;
    let asked = reconciled.is_some() || !context.config.reconcile;
    // What was missed and still waits, for its wave or for AWS, is in no log: the next sweep has to ask again.
    let waits = session.misses_still();
    if whole && failed.is_none() && asked && !waits {
        context.set_reconciled(to);
    }
    if !trigger.dry_run {
        session.mark_images(whole).await;
    }
    // It costs a call for each family: nothing that waits for a quick answer pays for that.
    if trigger.name == "sweep" || context.config.sweep.is_none() {
        Box::pin(session.decide_families(&pushes)).await;
    }
    // After everything else: an alarm's look-up has no time for it, and nothing that it rolls is over by then.
    if matches!(trigger.name, "sweep" | "deployment") {
        Box::pin(session.move_scheduled(&pushes, whole)).await;
    }
    let full = from <= earliest;
    // What a dry run shows is not left for later: it was never meant to roll.
    let unfinished = failed.is_some() || session.is_unfinished();
    if unfinished && !trigger.dry_run {
        let left = session.oldest_left(&pushes);
        let mark = mark.unfinished(left, failed.is_some(), full);
        context.set_mark(mark.not_before(to - LATEST));
    } else if !unfinished && trigger.look_back.is_none() {
        context.set_mark(mark.handled(&found, full));
    }
    let window = Window { from: reached, to };
    let left = failed.map(|error| format!("the log before {reached} could not be read: {error}"));
    let name = if reconciled == Some(Missed::Some) {
        "reconcile"
    } else {
        trigger.name
    };
    session
        .report(name, Some(window), &pushes, left.as_deref())
        .await
}

/// What the log group holds between two times, how far back it was read, and what ended the reading before its time.
///
/// # Errors
/// When nothing of it could be read.
pub(crate) async fn read(
    context: &Context,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    until: Deadline,
) -> Result<(Vec<Found>, DateTime<Utc>, Option<AwsError>), AwsError> {
    let reader = Reader::new(context)
        .map_err(|error| AwsError::strange("FilterLogEvents", error.to_string(), false))?;
    let (read, mut parts) = unbounded_channel();
    read_all(&reader, (from, to), until, read).await;
    let (mut all, mut reached) = (Vec::new(), to);
    while let Some((slice, part)) = parts.recv().await {
        match part {
            Ok(found) => {
                all.extend(found);
                reached = slice.from;
            }
            Err(error) if slice.to.is_none() => return Err(error),
            Err(error) => return Ok((all, reached, Some(error))),
        }
    }
    Ok((all, reached, None))
}

/// Reads slice after slice, newest first, until one fails: from `from` on, and where a record came late from its own time on,
/// also where that is before all that a look-up means to read. What was pushed after it may have been handled long ago, and is
/// nevertheless newer.
async fn read_all(
    reader: &Reader<'_>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    until: Deadline,
    read: UnboundedSender<Part>,
) {
    // However much there is to read, half of the time is left to do something about it.
    let reading = until.half(reader.now());
    let mut slices = VecDeque::from(slices(from, to));
    let earliest = (to - LATEST).min(from);
    let (mut reached, mut oldest) = (from, from);
    while let Some(slice) = slices.pop_front() {
        let part = reader.read(&slice, reading).await;
        let late = part.iter().flatten().filter(|found| is_late(found));
        let times = late.map(|found| found.record.time);
        oldest = times.fold(oldest, DateTime::min).max(earliest);
        let failed = part.is_err();
        // Nobody listens any more when the clusters could not be listed.
        if read.send((slice, part)).is_err() || failed {
            return;
        }
        if slices.is_empty() && oldest < reached {
            // Day by day: what was read counts, be it that time runs out.
            let (from, to) = (oldest.max(reached - TimeDelta::days(1)), Some(reached));
            slices.push_back(Slice { from, to });
            reached = from;
        }
    }
}

/// A record that came no later than this came with its like: what was pushed after it was in sight together with it.
pub(crate) const LATE: TimeDelta = TimeDelta::minutes(15);
/// For the sake of a record that came late nothing is read that is older than this.
pub(crate) const LATEST: TimeDelta = TimeDelta::days(7);

fn is_late(found: &Found) -> bool {
    let came = DateTime::from_timestamp_millis(found.timestamp.max(found.ingestion));
    came.is_some_and(|came| came - found.record.time > LATE)
}

/// What came of the slices.
struct Done<'c> {
    session: Session<'c>,
    found: Vec<Found>,
    /// What was found, in the end.
    pushes: Vec<Push>,
    /// From here on everything was read.
    reached: DateTime<Utc>,
    failed: Option<AwsError>,
    /// What the registry said, if it was asked.
    reconciled: Option<Missed>,
}

/// Whether the registry holds a push of which the log did not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missed {
    None,
    Some,
}

async fn decide_all(
    context: &Context,
    dry: bool,
    change: Option<Change>,
    (from, began): (DateTime<Utc>, DateTime<Utc>),
    until: Deadline,
    reconciling: bool,
    mut parts: UnboundedReceiver<Part>,
) -> Result<Done<'_>, Error> {
    let inventory = survey(context, until).await?;
    let mut done = Done {
        session: Session::new(context, inventory, dry, until).hearing(change, began),
        found: Vec::new(),
        pushes: Vec::new(),
        reached: context.now(),
        failed: None,
        reconciled: None,
    };
    while let Some(part) = parts.recv().await {
        done.take(part)?;
        // Whatever else has been read meanwhile belongs to the same decision.
        while let Ok(part) = parts.try_recv() {
            done.take(part)?;
        }
        if done.reached > from && done.failed.is_none() {
            let pushes = done.reached_pushes();
            done.session.begin(&pushes).await;
        }
    }
    done.pushes = coalesce(done.found.clone());
    let lacks = |error: &AwsError| error.retryable && done.reached > from;
    if done.failed.as_ref().is_some_and(lacks) {
        done.session.lack_older();
    }
    done.session.decide(&done.pushes).await;
    // Without the older part of the log nobody knows what it told; and once something was rolled, what runs is to be
    // read anew first: the next sweep asks.
    if reconciling && done.failed.is_none() && !done.session.has_rolled() {
        done.reconcile(context, until).await;
    }
    Ok(done)
}

impl Done<'_> {
    /// Asks the registry what the log did not tell, and decides anew where there is something.
    async fn reconcile(&mut self, context: &Context, until: Deadline) {
        let inventory = &self.session.inventory;
        let missed = reconcile::pushes(context, inventory, &self.pushes, until).await;
        if missed.is_empty() {
            // What there was no time for is asked the next time.
            let asked = until.allows(context.now());
            self.reconciled = asked.then_some(Missed::None);
            return;
        }
        self.reconciled = Some(Missed::Some);
        self.pushes = coalesce(self.found.iter().cloned().chain(missed).collect());
        self.session.forget();
        self.session.decide(&self.pushes).await;
    }

    fn take(&mut self, (slice, read): Part) -> Result<(), Error> {
        match read {
            Ok(found) => {
                self.found.extend(found);
                self.reached = slice.from;
            }
            // Without the newest slice nothing can be said.
            Err(error) if slice.to.is_none() => return Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "older part of the log not read");
                self.failed = Some(error);
            }
        }
        Ok(())
    }

    /// The pushes to which no newer one can turn up in what is still to be read.
    fn reached_pushes(&self) -> Vec<Push> {
        let found = self.found.iter();
        let within = found.filter(|found| found.record.time >= self.reached);
        coalesce(within.cloned().collect())
    }
}

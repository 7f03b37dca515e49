//! One alarm over one history: when it changes, and what its look-ups find.

use local::alarms::State;

use super::choice::{Actions, Alarm, Choice};
use super::history::History;

/// From the change of an alarm to the look-up, in milliseconds: SNS and Lambda, as the pocket account takes it.
pub(crate) const LATENCY: i64 = 150;

/// What became of the pushes of some histories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) pushes: i64,
    /// Pushes that no look-up saw.
    pub(crate) lost: i64,
    /// The longest wait of a push that was seen, in milliseconds.
    pub(crate) worst: i64,
    /// The waits of all pushes that were seen, in milliseconds.
    pub(crate) waited: i64,
    /// Look-ups that the alarm caused; those of the sweep are the same for all.
    pub(crate) look_ups: i64,
    pub(crate) histories: i64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.pushes += other.pushes;
        self.lost += other.lost;
        self.worst = self.worst.max(other.worst);
        self.waited += other.waited;
        self.look_ups += other.look_ups;
        self.histories += other.histories;
    }
}

/// The changes of an alarm over a history, with their times. An alarm is at rest before the first push; `extra` is by
/// how many periods its range is longer than N.
pub(crate) fn changes(
    alarm: &Alarm,
    rearm: bool,
    history: &History,
    extra: u32,
) -> Vec<(i64, State)> {
    let watch = alarm.watch;
    let length = i64::try_from(watch.rule.n).unwrap_or(0) + i64::from(extra);
    // Until the last datapoint, four minutes late at most, has left the range, and a bit longer.
    let end = history.until + (length + 2) * watch.period * 1000 + 6 * 60_000;
    let find = |now, state| {
        let breaches = |from, to| history.breaches(from, to, now, alarm.default);
        watch.find(extra, now, state, breaches)
    };
    let mut now = watch.after(0, history.offset);
    let mut state = find(now, State::InsufficientData);
    let mut changes = Vec::new();
    while now < end {
        now = watch.after(now, history.offset);
        let found = find(now, state);
        if found == state {
            continue;
        }
        state = found;
        changes.push((now, state));
        if rearm && state == State::Alarm {
            state = State::Ok;
            changes.push((now + LATENCY, state));
        }
    }
    changes
}

/// What look-ups on these changes, and a sweep, see of a history.
pub(crate) fn tally(
    changes: &[(i64, State)],
    actions: Actions,
    sweep: Option<i64>,
    history: &History,
) -> Tally {
    let mut tally = Tally {
        histories: 1,
        ..Tally::default()
    };
    let told = changes.iter().filter(|(_, state)| actions.tell(*state));
    let mut look_ups = told.map(|(at, _)| at + LATENCY).peekable();
    for push in &history.pushes {
        while look_ups.next_if(|at| at < push).is_some() {
            tally.look_ups += 1;
        }
        let swept = sweep.map(|minutes| next_sweep(*push, minutes * 60_000, history.sweep_phase));
        let seen = look_ups.peek().copied().into_iter().chain(swept).min();
        tally.pushes += 1;
        match seen {
            Some(at) => {
                tally.worst = tally.worst.max(at - push);
                tally.waited += at - push;
            }
            None => tally.lost += 1,
        }
    }
    tally.look_ups += i64::try_from(look_ups.count()).unwrap_or(0);
    tally
}

/// The first sweep at or after `at`.
fn next_sweep(at: i64, every: i64, phase: f64) -> i64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a part of some minutes in milliseconds"
    )]
    let phase = (every as f64 * phase) as i64;
    at + (phase - at).rem_euclid(every)
}

/// The look-ups that an alarm causes over a history, in milliseconds.
pub(crate) fn look_ups(choice: &Choice, history: &History, extra: u32) -> Vec<i64> {
    let changes = changes(&choice.alarm, choice.rearm, history, extra);
    let told = changes
        .iter()
        .filter(|(_, state)| choice.actions.tell(*state));
    told.map(|(at, _)| at + LATENCY).collect()
}

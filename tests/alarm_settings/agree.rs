//! What the table computes is what the pocket account does, look-up by look-up.

use local::alarms::Missing;

use super::choice::{Actions, Alarm, Choice};
use super::history::{Group, History};
use super::{account, ours, run};

/// A choice, in circumstances that are the same for every datapoint.
#[derive(Debug)]
struct Cell<'a> {
    choice: Choice,
    group: Group,
    extra: u32,
    /// Seconds.
    delay: u64,
    pushes: &'a [i64],
}

fn cell(
    alarm: Alarm,
    actions: Actions,
    group: Group,
    (extra, delay): (u32, u64),
    pushes: &[i64],
) -> Cell<'_> {
    let choice = Choice {
        alarm,
        actions,
        sweep: None,
        rearm: false,
    };
    Cell {
        choice,
        group,
        extra,
        delay,
        pushes,
    }
}

impl Cell<'_> {
    fn rearmed(mut self) -> Self {
        self.choice.rearm = true;
        self
    }
}

#[tokio::test(start_paused = true)]
async fn the_account_and_the_table_agree() {
    use Actions::{Alarm as A, AlarmOk as O, All};
    use Group::{Busy, Idle, Patchy};
    use Missing::{Breaching, Ignore, NotBreaching, Unknown};
    let ours = ours::choice().alarm;
    let alarm = Alarm::new;
    // An isolated push; two in one minute and one in the next; two six minutes apart; one every 45 seconds.
    let single: &[i64] = &[200_500];
    let three: &[i64] = &[181_000, 239_000, 245_000];
    let pair: &[i64] = &[185_250, 545_000];
    let steady: Vec<i64> = (0..40).map(|number| 200_000 + number * 45_000).collect();
    let cells = [
        cell(ours, All, Idle, (2, 10), single),
        cell(ours, All, Busy, (0, 225), single),
        cell(ours, O, Patchy, (5, 130), pair),
        cell(ours, All, Busy, (2, 30), &steady),
        cell(ours, All, Busy, (2, 10), three).rearmed(),
        cell(ours, O, Idle, (0, 75), &steady).rearmed(),
        cell(alarm(60, 1, 1, Unknown, false), A, Idle, (2, 10), pair),
        cell(alarm(60, 1, 1, NotBreaching, true), O, Busy, (2, 70), pair),
        cell(
            alarm(60, 1, 1, NotBreaching, true),
            O,
            Patchy,
            (0, 130),
            three,
        ),
        cell(alarm(60, 1, 3, Ignore, false), O, Idle, (5, 10), pair),
        cell(alarm(60, 2, 5, Unknown, true), All, Patchy, (2, 45), three),
        cell(
            alarm(60, 5, 5, Breaching, true),
            All,
            Busy,
            (2, 10),
            &steady,
        ),
        cell(
            alarm(300, 1, 1, NotBreaching, true),
            All,
            Busy,
            (0, 30),
            pair,
        ),
        cell(
            alarm(300, 1, 3, Unknown, false),
            All,
            Idle,
            (2, 100),
            single,
        )
        .rearmed(),
        cell(
            alarm(30, 1, 5, NotBreaching, true),
            All,
            Busy,
            (2, 40),
            three,
        ),
        cell(alarm(10, 1, 3, Unknown, false), All, Idle, (5, 7), pair),
    ];
    let mut some = 0;
    for cell in cells {
        let delay = i64::try_from(cell.delay).unwrap() * 1000;
        let history = History::even(cell.pushes, cell.group, delay, account::OFFSET);
        let computed = run::look_ups(&cell.choice, &history, cell.extra);
        let seen = account::look_ups(
            &cell.choice,
            &account::Life {
                group: cell.group,
                extra: cell.extra,
                delay: cell.delay,
                pushes: cell.pushes,
                until: history.until + 50 * 60_000,
            },
        )
        .await;
        // A call of the account takes 40 milliseconds, one of the table none.
        let near = |(a, b): (&i64, &i64)| (a - b).abs() < 1000;
        let agree = computed.len() == seen.len() && computed.iter().zip(&seen).all(near);
        assert!(agree, "{cell:?}\n{computed:?}\n{seen:?}");
        some += seen.len();
    }
    assert!(some > 60, "{some}");
}

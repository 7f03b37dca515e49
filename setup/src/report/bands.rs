//! What lasts: states of alarms and numbers of tasks, cut into narrow columns, so that a year takes no more rectangles than an
//! hour. Pure.

use chrono::{DateTime, Utc};
use local::ecs::Tasks;

use super::axis::{Axis, WHOLE, X};

/// How wide a column is.
const COLUMN: i64 = 25;

/// A rectangle in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) x: X,
    pub(super) width: X,
    pub(super) y: u32,
    pub(super) height: u32,
    pub(super) class: &'static str,
}

/// Something that held between two times.
pub(super) type Span<T> = (DateTime<Utc>, DateTime<Utc>, T);

/// What held from each time to the next, up to the end.
pub(super) fn spans<T: Copy>(changes: &[(DateTime<Utc>, T)], until: DateTime<Utc>) -> Vec<Span<T>> {
    let nexts = changes.iter().skip(1).map(|(at, _)| *at).chain([until]);
    let spans = changes.iter().zip(nexts);
    spans.map(|((from, what), to)| (*from, to, *what)).collect()
}

/// For each column what `join` makes of everything that held in it; `None` where nothing did.
fn columns<T, C: Copy>(
    axis: &Axis,
    spans: &[Span<T>],
    join: impl Fn(Option<C>, &T) -> C,
) -> Vec<Option<C>> {
    let count = usize::try_from(WHOLE / COLUMN).unwrap_or_default();
    let mut columns: Vec<Option<C>> = vec![None; count];
    for (from, until, what) in spans {
        let column = |at| usize::try_from(axis.place(at).0 / COLUMN).unwrap_or_default();
        let first = column(*from).min(count - 1);
        let last = column(*until).clamp(first, count - 1);
        for column in columns.iter_mut().take(last + 1).skip(first) {
            *column = Some(join(*column, what));
        }
    }
    columns
}

/// Neighbours that say the same, as one.
fn runs<C: PartialEq>(columns: Vec<Option<C>>) -> Vec<(X, X, C)> {
    let mut runs: Vec<(X, X, C)> = Vec::new();
    for (at, column) in (0..).zip(columns) {
        let Some(what) = column else { continue };
        match runs.last_mut() {
            Some((x, width, same)) if x.0 + width.0 == at * COLUMN && *same == what => {
                width.0 += COLUMN;
            }
            _ => runs.push((X(at * COLUMN), X(COLUMN), what)),
        }
    }
    runs
}

/// Where an alarm was in ALARM, and where it did not know. A column in which it was in ALARM at all shows that.
pub(super) fn states(axis: &Axis, spans: &[Span<&str>], y: u32, height: u32) -> Vec<Rect> {
    let rank = |state: &str| match state {
        "ALARM" => 2_u8,
        "OK" => 0,
        _ => 1,
    };
    let join = |before: Option<u8>, state: &&str| rank(state).max(before.unwrap_or_default());
    let runs = runs(columns(axis, spans, join)).into_iter();
    runs.filter_map(|(x, width, state)| {
        let class = match state {
            2 => "alarm",
            1 => "unsure",
            _ => return None,
        };
        let (y, height) = if state == 2 {
            (y, height)
        } else {
            (y + height / 2, 2)
        };
        Some(Rect {
            x,
            width,
            y,
            height,
            class,
        })
    })
    .collect()
}

/// Where anything was.
pub(super) fn presence(axis: &Axis, spans: &[Span<()>], y: u32, height: u32) -> Vec<Rect> {
    let runs = runs(columns(axis, spans, |_: Option<()>, ()| ())).into_iter();
    runs.map(|(x, width, ())| Rect {
        x,
        width,
        y,
        height,
        class: "there",
    })
    .collect()
}

/// How many tasks ran in a column at least and at most, and how many were wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    least: usize,
    most: usize,
    wanted: usize,
}

/// The numbers of running tasks over the whole picture: what ran all the time of a column is filled, what ran for a part of it
/// is lighter; the line is what was wanted.
pub(super) fn levels(axis: &Axis, spans: &[Span<Tasks>], top: u32, height: u32) -> Vec<Rect> {
    let join = |before: Option<Level>, tasks: &Tasks| {
        let running = tasks.new + tasks.old;
        let before = before.unwrap_or(Level {
            least: running,
            most: running,
            wanted: tasks.wanted,
        });
        Level {
            least: before.least.min(running),
            most: before.most.max(running),
            wanted: tasks.wanted,
        }
    };
    let runs = runs(columns(axis, spans, join));
    let highest = runs.iter().map(|(.., level)| level.most.max(level.wanted));
    let scale = Scale::new(highest.max(), top, height);
    let mut rects = Vec::new();
    for (x, width, level) in runs {
        let mut put =
            |from: usize, to: usize, class| rects.extend(scale.rect((x, width), from, to, class));
        put(0, level.least, "tasks");
        put(level.least, level.most, "some-tasks");
        rects.extend(scale.line((x, width), level.wanted));
    }
    rects
}

/// The numbers of running tasks of one roll: old ones below, new ones on top.
pub(super) fn stacked(axis: &Axis, spans: &[Span<Tasks>], top: u32, height: u32) -> Vec<Rect> {
    let most = |tasks: &Tasks| (tasks.new + tasks.old + tasks.pending).max(tasks.wanted);
    let scale = Scale::new(
        spans.iter().map(|(.., tasks)| most(tasks)).max(),
        top,
        height,
    );
    let mut rects = Vec::new();
    for (from, until, tasks) in spans {
        let x = axis.place(*from);
        let at = (x, X(axis.place(*until).0 - x.0));
        let running = tasks.old + tasks.new;
        rects.extend(scale.rect(at, 0, tasks.old, "old-tasks"));
        rects.extend(scale.rect(at, tasks.old, running, "tasks"));
        rects.extend(scale.rect(at, running, running + tasks.pending, "some-tasks"));
        rects.extend(scale.line(at, tasks.wanted));
    }
    rects
}

/// How high numbers are.
struct Scale {
    highest: u32,
    top: u32,
    height: u32,
}

impl Scale {
    fn new(highest: Option<usize>, top: u32, height: u32) -> Self {
        let highest = u32::try_from(highest.unwrap_or(1).max(1)).unwrap_or(u32::MAX);
        Self {
            highest,
            top,
            height,
        }
    }

    /// From the top of the lane.
    fn y(&self, many: usize) -> u32 {
        let part = u64::from(self.height) * (many as u64) / u64::from(self.highest);
        let part = u32::try_from(part).unwrap_or(self.height).min(self.height);
        self.top + self.height - part
    }

    fn rect(
        &self,
        (x, width): (X, X),
        from: usize,
        to: usize,
        class: &'static str,
    ) -> Option<Rect> {
        let (y, bottom) = (self.y(to), self.y(from));
        (bottom > y).then_some(Rect {
            x,
            width,
            y,
            height: bottom - y,
            class,
        })
    }

    fn line(&self, (x, width): (X, X), many: usize) -> Option<Rect> {
        (many > 0).then(|| Rect {
            x,
            width,
            y: self.y(many),
            height: 1,
            class: "wanted",
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use local::ecs::Tasks;

    use super::{Axis, Rect, X, levels, spans, stacked, states};

    fn start() -> DateTime<Utc> {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    fn axis(span: TimeDelta) -> Axis {
        Axis::of([start(), start() + span], TimeDelta::days(9_999)).unwrap()
    }

    fn of<'r>(rects: &'r [Rect], class: &'r str) -> impl Iterator<Item = &'r Rect> {
        rects.iter().filter(move |rect| rect.class == class)
    }

    #[test]
    fn an_alarm_of_a_minute_shows_in_a_year_and_ten_thousand_stay_few_rectangles() {
        let year = axis(TimeDelta::days(365));
        let alarm = start() + TimeDelta::days(100);
        let changes = [
            (start(), "OK"),
            (alarm, "ALARM"),
            (alarm + TimeDelta::minutes(1), "OK"),
        ];
        let one = states(
            &year,
            &spans(&changes, start() + TimeDelta::days(365)),
            0,
            8,
        );
        assert_eq!(one.len(), 1);
        assert!(
            one[0].width >= X(25) && one[0].x <= year.place(alarm),
            "{one:?}"
        );
        let many: Vec<(DateTime<Utc>, &str)> = (0..20_000)
            .map(|at| {
                (
                    start() + TimeDelta::minutes(26) * at,
                    if at % 2 == 0 { "ALARM" } else { "OK" },
                )
            })
            .collect();
        let many = states(&year, &spans(&many, start() + TimeDelta::days(365)), 0, 8);
        assert!(many.len() <= 200, "{}", many.len());
    }

    #[test]
    fn a_dip_of_a_second_shows_in_a_year() {
        let year = axis(TimeDelta::days(365));
        let tasks = |old| Tasks {
            wanted: 4,
            old,
            ..Tasks::default()
        };
        let dip = start() + TimeDelta::days(50);
        let changes = [
            (start(), tasks(4)),
            (dip, tasks(2)),
            (dip + TimeDelta::seconds(1), tasks(4)),
        ];
        let rects = levels(
            &year,
            &spans(&changes, start() + TimeDelta::days(365)),
            0,
            40,
        );
        let least = of(&rects, "tasks").map(|rect| rect.height).min();
        assert_eq!(least, Some(20));
        assert_eq!(of(&rects, "some-tasks").count(), 1);
        assert!(of(&rects, "wanted").all(|rect| rect.y == 0));
    }

    #[test]
    fn a_roll_shows_old_new_and_pending_on_each_other() {
        let minute = axis(TimeDelta::minutes(1));
        let tasks = Tasks {
            wanted: 2,
            new: 1,
            old: 2,
            pending: 1,
        };
        let rects = stacked(
            &minute,
            &[(start(), start() + TimeDelta::minutes(1), tasks)],
            10,
            40,
        );
        let told: Vec<(&str, u32, u32)> = rects
            .iter()
            .map(|rect| (rect.class, rect.y, rect.height))
            .collect();
        let expected = [
            ("old-tasks", 30, 20),
            ("tasks", 20, 10),
            ("some-tasks", 10, 10),
            ("wanted", 30, 1),
        ];
        assert_eq!(told, expected);
    }
}

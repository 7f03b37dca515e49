//! Where a time is across the picture. Long stretches without anything are cut out, so that what happened stays readable in a
//! history of months. Pure; whole numbers only, so that one history gives one picture.

use std::fmt;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::doctor::time::span;

/// A place across the picture, in hundredths of a percent of its width.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct X(pub(super) i64);

/// The whole width.
pub(super) const WHOLE: i64 = 10_000;
/// How wide a cut is.
const CUT: i64 = 300;
/// How many cuts there are at most: more, and the pieces get too narrow for their labels.
const MOST: usize = 5;
/// A gap is cut that takes more than so many percent of what is not cut yet.
const SHARE: i32 = 15;
/// How far labels are apart.
const APART: i64 = 1_150;
/// So far from the right edge a label stands on the left of its line.
const EDGE: i64 = WHOLE - 900;
/// What a piece has before its first and after its last event at least.
const MARGIN: TimeDelta = TimeDelta::seconds(30);

impl fmt::Display for X {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0.abs() % 100)
    }
}

/// A stretch of time without a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// When its first event is.
    first: DateTime<Utc>,
    left: i64,
    width: i64,
}

/// The whole scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Axis(Vec<Piece>);

/// A line with its label in two rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) x: X,
    /// The day, where it is another than that of the label before; with the year, where that is another.
    pub(super) day: Option<String>,
    /// The time of the day, where the lines are less than a day apart.
    pub(super) time: Option<String>,
    /// Whether the label stands on the left of the line.
    pub(super) ends: bool,
}

/// A cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) x: X,
    pub(super) width: X,
    /// What was cut out.
    pub(super) label: String,
}

impl Axis {
    /// A scale for these times, in any order; `None` if there are none. Gaps shorter than `least` are never cut.
    pub(super) fn of(
        times: impl IntoIterator<Item = DateTime<Utc>>,
        least: TimeDelta,
    ) -> Option<Self> {
        let mut times: Vec<DateTime<Utc>> = times.into_iter().collect();
        times.sort_unstable();
        times.dedup();
        let (begin, end) = (*times.first()?, *times.last()?);
        let ends = times.iter().zip(times.iter().skip(1));
        let mut gaps: Vec<(TimeDelta, DateTime<Utc>, DateTime<Utc>)> =
            ends.map(|(from, to)| (*to - *from, *from, *to)).collect();
        gaps.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut uncut = end - begin;
        let mut cuts = Vec::new();
        for (gap, from, to) in gaps.into_iter().take(MOST) {
            if gap < least || gap * 100 <= uncut * SHARE {
                break;
            }
            uncut -= gap;
            cuts.push((from, to));
        }
        cuts.sort_unstable();
        let starts = std::iter::once(begin).chain(cuts.iter().map(|(_, to)| *to));
        let ends = cuts.iter().map(|(from, _)| *from).chain([end]);
        Some(Self::laid_out(starts.zip(ends).collect()))
    }

    /// Half of the width is shared out evenly, so that a short piece can be seen next to a long one; the rest by time.
    fn laid_out(spans: Vec<(DateTime<Utc>, DateTime<Utc>)>) -> Self {
        let padded: Vec<(DateTime<Utc>, DateTime<Utc>, DateTime<Utc>)> = spans
            .into_iter()
            .map(|(from, until)| {
                let margin = MARGIN.max((until - from) / 40);
                (from - margin, until + margin, from)
            })
            .collect();
        let count = i64::try_from(padded.len()).unwrap_or(i64::MAX);
        let room = WHOLE - CUT * (count - 1);
        let lengths = padded.iter().map(|(from, until, _)| length(*from, *until));
        let total: i64 = lengths.sum();
        let mut left = 0;
        let mut pieces: Vec<Piece> = Vec::new();
        for (from, until, first) in padded {
            let by_time = (room / 2) * (length(from, until) / 1_000) / (total / 1_000).max(1);
            let width = room / 2 / count + by_time;
            pieces.push(Piece {
                from,
                until,
                first,
                left,
                width,
            });
            left += width + CUT;
        }
        if let Some(last) = pieces.last_mut() {
            // What rounding left.
            last.width = WHOLE - last.left;
        }
        Self(pieces)
    }

    /// When the first event is.
    pub(super) fn first(&self) -> DateTime<Utc> {
        self.0.first().map(|piece| piece.first).unwrap_or_default()
    }

    /// When the picture ends.
    pub(super) fn until(&self) -> DateTime<Utc> {
        self.0.last().map(|last| last.until).unwrap_or_default()
    }

    /// Where a time is; what lies outside is at the edge.
    pub(super) fn place(&self, at: DateTime<Utc>) -> X {
        let mut before: Option<&Piece> = None;
        for piece in &self.0 {
            if at < piece.from {
                // In a cut.
                return X(before.map_or(0, |before| {
                    let left = before.left + before.width;
                    left + between(CUT, before.until, at, piece.from)
                }));
            }
            if at <= piece.until {
                return X(piece.left + between(piece.width, piece.from, at, piece.until));
            }
            before = Some(piece);
        }
        X(WHOLE)
    }

    /// The cuts, from left to right.
    pub(super) fn cuts(&self) -> Vec<Cut> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let cut = |(before, after): (&Piece, &Piece)| Cut {
            x: X(before.left + before.width),
            width: X(CUT),
            label: format!("{} without anything", span(after.from - before.until)),
        };
        pairs.map(cut).collect()
    }

    /// The lines with their labels, from left to right. No two labels are closer than they are wide.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let mut ticks: Vec<Tick> = Vec::new();
        let mut labelled: Option<(i64, DateTime<Utc>)> = None;
        for piece in &self.0 {
            for (at, daily) in piece.ticks() {
                let x = self.place(at);
                let ends = x.0 > EDGE;
                let start = if ends { x.0 - APART } else { x.0 };
                if labelled.is_some_and(|(last, _)| start - last < APART) {
                    ticks.push(Tick {
                        x,
                        day: None,
                        time: None,
                        ends,
                    });
                    continue;
                }
                let before = labelled.map(|(_, at)| at.date_naive());
                ticks.push(Tick {
                    x,
                    day: day(at.date_naive(), before),
                    time: (!daily).then(|| at.format("%H:%M").to_string()),
                    ends,
                });
                labelled = Some((x.0, at));
            }
        }
        ticks
    }
}

/// The day, if it is another than the one before; with its year, if that is another.
fn day(day: NaiveDate, before: Option<NaiveDate>) -> Option<String> {
    let form = match before {
        Some(before) if before == day => return None,
        Some(before) if before.year() == day.year() => "%-d %b",
        _ => "%-d %b %Y",
    };
    Some(day.format(form).to_string())
}

fn length(from: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    (until - from).num_milliseconds().max(1)
}

/// The part of a width that has passed at a time.
fn between(width: i64, from: DateTime<Utc>, at: DateTime<Utc>, until: DateTime<Utc>) -> i64 {
    // Seconds, so that a century times the width is still a number.
    let (passed, all) = (length(from, at) / 100, length(from, until) / 100);
    width * passed / all.max(1)
}

/// How far lines are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Minutes(i64),
    Days(i64),
    Months(u32),
}

const STEPS: [Step; 22] = [
    Step::Minutes(1),
    Step::Minutes(2),
    Step::Minutes(5),
    Step::Minutes(10),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(120),
    Step::Minutes(180),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(4),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(60),
];

impl Step {
    /// About how long it is.
    fn length(self) -> TimeDelta {
        match self {
            Self::Minutes(minutes) => TimeDelta::minutes(minutes),
            Self::Days(days) => TimeDelta::days(days),
            Self::Months(months) => TimeDelta::days(30) * i32::try_from(months).unwrap_or(i32::MAX),
        }
    }

    /// The first line at or before a time.
    fn first(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        match self {
            Self::Minutes(minutes) => {
                let step = minutes * 60;
                DateTime::from_timestamp(at.timestamp().div_euclid(step) * step, 0)
            }
            Self::Days(_) => Some(midnight(at.date_naive())),
            Self::Months(months) => {
                let day = at.date_naive();
                let month = if months < 12 {
                    day.month0() / months * months
                } else {
                    0
                };
                NaiveDate::from_ymd_opt(day.year(), month + 1, 1).map(midnight)
            }
        }
    }

    fn next(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Minutes(_) => at.checked_add_signed(self.length()),
            Self::Days(days) => at.checked_add_days(Days::new(days.unsigned_abs())),
            Self::Months(months) => at.checked_add_months(Months::new(months)),
        }
    }
}

impl Piece {
    /// When there are lines, and whether they are days apart. There is one at least: round times, and the first event where
    /// these begin late.
    fn ticks(&self) -> Vec<(DateTime<Utc>, bool)> {
        let wide = |step: &&Step| {
            let length = step.length().num_milliseconds() / 1_000;
            let all = length_of(self);
            self.width * length >= APART * all
        };
        let step = STEPS.iter().find(wide).copied();
        let mut ticks = Vec::new();
        let mut next = step.and_then(|step| step.first(self.from));
        while let (Some(at), Some(step)) = (next, step) {
            if at > self.until {
                break;
            }
            if at >= self.from {
                ticks.push((at, step.length() >= TimeDelta::days(1)));
            }
            next = step.next(at);
        }
        // Nobody should have to guess when a piece begins.
        let late = |at: DateTime<Utc>| between(self.width, self.from, at, self.until) > 2 * APART;
        let daily = ticks.first().is_some_and(|(_, daily)| *daily);
        if ticks.first().is_none_or(|(at, _)| late(*at)) {
            ticks.insert(0, (self.first, daily));
        }
        ticks
    }
}

fn length_of(piece: &Piece) -> i64 {
    length(piece.from, piece.until) / 1_000
}

#[cfg(test)]
mod tests;

//! What an alarm looks at, and when: pure, in milliseconds since 1970.

use super::evaluate::{Rule, State, evaluate};

/// The periods that an alarm looks at, and the rule by which they become its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Seconds per period: 10, 20, 30, or a multiple of 60.
    pub period: i64,
    /// M of N, and what to do about gaps.
    pub rule: Rule,
}

impl Watch {
    /// The first evaluation after `now`: periods of a minute and more are evaluated every minute, shorter ones every ten
    /// seconds, windows of more than a day every hour; `offset` milliseconds after it where that is a minute or an hour.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html>; the offset is
    /// what published alarms show.
    #[must_use]
    pub fn after(&self, now: i64, offset: i64) -> i64 {
        let periods = i64::try_from(self.rule.n).unwrap_or(i64::MAX);
        let (step, offset) = if self.period < 60 {
            (10_000, 0)
        } else if self.period.saturating_mul(periods) > 86_400 {
            (3_600_000, offset)
        } else {
            (60_000, offset)
        };
        now + step - (now - offset).rem_euclid(step)
    }

    /// The closed periods of the evaluation range, newest first, each from its begin (included) to its end (not
    /// included). The range is `extra` periods longer than N; AWS does not publish by how many.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
    pub fn periods(&self, extra: u32, now: i64) -> impl Iterator<Item = (i64, i64)> + use<> {
        let grain = if self.period < 60 { 10_000 } else { 60_000 };
        let end = now - now.rem_euclid(grain);
        let step = self.period.saturating_mul(1000);
        let count = self
            .rule
            .n
            .saturating_add(usize::try_from(extra).unwrap_or(0));
        std::iter::successors(Some(end), move |to| Some(to - step))
            .map(move |to| (to - step, to))
            .take(count)
    }

    /// The state that an evaluation at `now` finds. `breaches` is asked for each period, from and to, whether its
    /// datapoint breaches; `None` where there is none.
    pub fn find(
        &self,
        extra: u32,
        now: i64,
        current: State,
        mut breaches: impl FnMut(i64, i64) -> Option<bool>,
    ) -> State {
        let range: Vec<_> = self
            .periods(extra, now)
            .map(|(from, to)| breaches(from, to))
            .collect();
        evaluate(self.rule, &range, current)
    }
}

#[cfg(test)]
mod tests {
    use super::super::evaluate::Missing;
    use super::*;

    fn watch(period: i64, n: usize) -> Watch {
        let missing = Missing::NotBreaching;
        Watch {
            period,
            rule: Rule { m: 1, n, missing },
        }
    }

    #[test]
    fn rule_4_1_1_an_evaluation_is_every_minute_or_ten_seconds_or_an_hour() {
        for (watch, now, next) in [
            (watch(60, 5), 0, 20_000),
            (watch(60, 5), 20_000, 80_000),
            (watch(300, 1), 19_999, 20_000),
            (watch(10, 5), 20_000, 30_000),
            (watch(30, 1), 25_000, 30_000),
            (watch(3600, 24), 0, 20_000),
            (watch(3600, 25), 20_000, 3_620_000),
        ] {
            assert_eq!(watch.after(now, 20_000), next, "{watch:?} after {now}");
        }
    }

    #[test]
    fn periods_are_closed_and_long_ones_slide_by_the_minute() {
        let of = |watch: Watch, extra, now| watch.periods(extra, now).collect::<Vec<_>>();
        let found = of(watch(60, 1), 1, 200_000);
        assert_eq!(found, [(120_000, 180_000), (60_000, 120_000)]);
        assert_eq!(of(watch(300, 1), 0, 500_000), [(180_000, 480_000)]);
        let found = of(watch(30, 2), 0, 111_000);
        assert_eq!(found, [(80_000, 110_000), (50_000, 80_000)]);
    }
}

//! The numbers of tasks that a trace tells of one service. Pure.

use chrono::{DateTime, Utc};
use local::ecs::Tasks;

use super::bands::{Span, spans};
use crate::replay::trace::{Service, Trace};

/// What ran between two times.
pub(super) fn between(
    trace: &Trace,
    service: &Service,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Span<Tasks>> {
    let Some(told) = trace.tasks.get(service) else {
        return Vec::new();
    };
    let first = told
        .partition_point(|(at, _)| *at <= from)
        .saturating_sub(1);
    let last = told.partition_point(|(at, _)| *at < until);
    let some = told.get(first..last).unwrap_or_default();
    let cut = |(start, end, tasks): Span<Tasks>| (start.max(from), end.min(until), tasks);
    let cut = spans(some, until).into_iter().map(cut);
    cut.filter(|(start, end, _)| start < end).collect()
}

/// `2 wanted, 2 to 4 running`.
pub(super) fn note(spans: &[Span<Tasks>]) -> Option<String> {
    let running = spans.iter().map(|(.., tasks)| tasks.new + tasks.old);
    let (least, most) = (running.clone().min()?, running.max()?);
    let wanted = spans.last().map(|(.., tasks)| tasks.wanted)?;
    Some(if least == most {
        format!("{wanted} wanted, {most} running")
    } else {
        format!("{wanted} wanted, {least} to {most} running")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::{DateTime, TimeDelta, Utc};
    use local::ecs::Tasks;

    use super::{Trace, between, note};

    #[test]
    fn between_two_times_is_what_ran_then() {
        let at = |minute: i64| {
            let start: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
            start + TimeDelta::minutes(minute)
        };
        let tasks = |old, new| Tasks {
            wanted: 2,
            old,
            new,
            ..Tasks::default()
        };
        let service = ("prod".to_owned(), "web".to_owned());
        let told = vec![
            (at(0), tasks(2, 0)),
            (at(10), tasks(2, 2)),
            (at(11), tasks(0, 2)),
        ];
        let trace = Trace {
            tasks: BTreeMap::from([(service.clone(), told)]),
            ..Trace::default()
        };
        let some = between(&trace, &service, at(5), at(11));
        assert_eq!(
            some,
            [(at(5), at(10), tasks(2, 0)), (at(10), at(11), tasks(2, 2))]
        );
        assert_eq!(note(&some).unwrap(), "2 wanted, 2 to 4 running");
        assert_eq!(
            between(&trace, &service, at(20), at(21)),
            [(at(20), at(21), tasks(0, 2))]
        );
        let before = between(&trace, &service, at(-9), at(-5));
        assert_eq!(before, [], "nobody knows");
        let other = ("prod".to_owned(), "api".to_owned());
        assert_eq!(between(&trace, &other, at(0), at(9)), []);
    }
}

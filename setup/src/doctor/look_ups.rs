//! What the function's log says: when it last looked, and whether that went well.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::logged::Line;

use super::ground::Ground;
use super::link::Link;
use super::order::LOOK_UPS;
use super::time::{ago, span};
use super::trail::look_further;
use crate::error::Result;
use crate::invocations::{self, Run};

/// How far back the log is read, one after the other, until something is found; the log is kept no longer than the last.
const REACHES: [TimeDelta; 3] = [
    TimeDelta::hours(1),
    TimeDelta::hours(24),
    TimeDelta::days(30),
];

/// Sweeps that may be late: an invocation may take fifteen minutes, and the next waits for it.
const LATE: TimeDelta = TimeDelta::minutes(20);

pub(super) async fn link(ground: &Ground<'_>) -> Link {
    let runs = read(ground).await;
    judged(
        &runs,
        ground.config.sweep,
        ground.config.look_back,
        ground.now,
    )
}

async fn read(ground: &Ground<'_>) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    for reach in REACHES {
        runs = since(ground, ground.now - reach).await?;
        if !runs.is_empty() {
            break;
        }
    }
    Ok(runs)
}

/// How invocations went from a time on, oldest first.
pub(super) async fn since(ground: &Ground<'_>, from: DateTime<Utc>) -> Result<Vec<Run>> {
    let group = &ground.names.function_log_group;
    Ok(invocations::since(ground.clients, group, from).await?.all)
}

fn judged(
    runs: &Result<Vec<Run>>,
    sweep: Option<Duration>,
    look_back: Duration,
    now: DateTime<Utc>,
) -> Link {
    let runs = match runs {
        Err(error) => return Link::refused(LOOK_UPS, error),
        Ok(runs) => runs,
    };
    let Some(last) = runs.last() else {
        return Link::skip(LOOK_UPS, "the function's log shows none so far");
    };
    let when = ago(last.at, now);
    let failed = failures(runs);
    let trigger = match &last.line {
        // What failed is told after its report, so the last line says how it ended.
        Line::Failed { kind, message } => {
            let detail = format!("the last {failed} failed, the newest {when}: {kind}: {message}");
            return Link::ng(LOOK_UPS, detail, mend_of(kind));
        }
        Line::Report(report) => report.trigger.clone(),
    };
    let silence = now - last.at;
    let look_back = TimeDelta::from_std(look_back).unwrap_or(TimeDelta::MAX);
    if silence > look_back {
        let detail = format!(
            "the last was {when}, which is longer than `look_back`, {}: pushes in between may be unseen",
            span(look_back)
        );
        let mend = format!(
            "once the pipeline works again, let it look further: {}",
            look_further(silence)
        );
        return Link::ng(LOOK_UPS, detail, mend);
    }
    let every = sweep.and_then(|every| TimeDelta::from_std(every).ok());
    match every {
        Some(every) if silence > every * 2 + LATE => Link::ng(
            LOOK_UPS,
            format!(
                "the last was {when}, although the sweep is every {}",
                span(every)
            ),
            "look at the function's throttles and at the rule's failed invocations in CloudWatch; the next look-up finds \
             what was missed",
        ),
        _ => Link::ok(LOOK_UPS, format!("the last was {when}, by {trigger}")),
    }
}

/// How many of the newest failed, one after the other. A failed invocation may have written its report before it failed.
fn failures(runs: &[Run]) -> usize {
    let failed = |run: &Run| matches!(run.line, Line::Failed { .. });
    let mut count = 0;
    let mut excused = false;
    for run in runs.iter().rev() {
        match (failed(run), excused) {
            (true, _) => {
                count += 1;
                excused = true;
            }
            (false, true) => excused = false,
            (false, false) => break,
        }
    }
    count
}

fn mend_of(kind: &str) -> String {
    match kind {
        "Config" => "mend the configuration and run `ecroll setup`",
        "Retryable" => "it is tried again by itself; if it stays, mend what is named",
        _ => "mend what is named; the next look-up finds what was missed",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use handler::report::Report;

    use super::*;
    use crate::doctor::Verdict;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    fn report(time: &str) -> Run {
        let report = Report {
            trigger: "sweep".to_owned(),
            window: None,
            pushes: Vec::new(),
            decisions: Vec::new(),
            ended: Vec::new(),
        };
        Run {
            at: at(time),
            line: Line::Report(Box::new(report)),
        }
    }

    fn failed(time: &str, kind: &str) -> Run {
        Run {
            at: at(time),
            line: Line::Failed {
                kind: kind.to_owned(),
                message: "no".to_owned(),
            },
        }
    }

    fn told(runs: Vec<Run>, now: DateTime<Utc>) -> Link {
        judged(
            &Ok(runs),
            Some(Duration::from_mins(5)),
            Duration::from_hours(6),
            now,
        )
    }

    #[test]
    fn the_last_invocation_decides() {
        let now = at("12:00:00");
        let good = told(
            vec![failed("11:50:00", "Retryable"), report("11:58:00")],
            now,
        );
        assert_eq!(good.result, Verdict::Ok);
        assert_eq!(good.detail, "the last was 2 min ago, by sweep");
        let bad = told(
            vec![
                report("11:40:00"),
                report("11:50:00"),
                failed("11:50:00", "Retryable"),
                failed("11:55:00", "Config"),
            ],
            now,
        );
        assert_eq!(bad.result, Verdict::Ng);
        assert_eq!(
            bad.detail,
            "the last 2 failed, the newest 5 min ago: Config: no"
        );
        assert!(bad.mend.unwrap().contains("configuration"));
        assert_eq!(told(Vec::new(), now).result, Verdict::Skip);
    }

    #[test]
    fn rule_01_silence_is_a_fault_and_beyond_look_back_it_says_how_to_look_further() {
        assert!(told(vec![report("11:31:00")], at("12:00:00")).is_ok());
        let late = told(vec![report("11:20:00")], at("12:00:00"));
        assert_eq!(late.result, Verdict::Ng);
        assert!(late.detail.contains("every 5 min"), "{}", late.detail);
        let outage = told(vec![report("01:00:00")], at("12:00:00"));
        assert_eq!(outage.result, Verdict::Ng);
        let mend = outage.mend.unwrap();
        assert!(mend.contains(r#"{"look_back": "12h"}"#), "{mend}");
        // Without a sweep only pushes wake it.
        let quiet = judged(
            &Ok(vec![report("11:20:00")]),
            None,
            Duration::from_hours(6),
            at("12:00:00"),
        );
        assert_eq!(quiet.result, Verdict::Ok);
    }
}

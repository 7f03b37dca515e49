//! A history from a text: what `ecroll replay --output json` prints, a report of the handler, or lines of the function's log
//! as they are found: JSON lines, `aws logs tail`, `aws logs filter-log-events`. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use handler::logged::Line;
use handler::report::{PushLine, Report};
use serde_json::Value;

use super::judge::Origin;
use crate::doctor::time::of_millis;
use crate::history::{Decided, Ended, History, Pushed};
use crate::invocations::Run;
use crate::replay::line::News;
use crate::status::text;

/// By two roads the times of a push may differ so much: what the handler's ledger allows.
const APART: TimeDelta = TimeDelta::minutes(15);

/// What explain reads, for those who gave it something else.
const READABLE: &str =
    "explain reads what `ecroll replay --output json` prints, or lines of the function's log";

/// Reads a history; `name` says where the text is from.
///
/// # Errors
/// What the text is instead, in a sentence without its name.
pub fn read(name: &str, text: &str) -> Result<(History, Origin), String> {
    let mut origin = Origin {
        name: name.to_owned(),
        gaps: Vec::new(),
    };
    let runs = match serde_json::from_str::<Value>(text) {
        Ok(value) if value.get("fields").is_none() => match whole(value)? {
            Whole::Replay(history) => return Ok((history.completed(), origin)),
            Whole::Runs(runs) => runs,
        },
        _ => lines(text)?,
    };
    if runs.is_empty() {
        return Err(format!("holds no look-up: {READABLE}"));
    }
    let history = of_runs(&runs, &mut origin);
    Ok((history, origin))
}

/// What one JSON value can be.
enum Whole {
    Replay(History),
    Runs(Vec<Run>),
}

fn whole(value: Value) -> Result<Whole, String> {
    let has = |member: &str| value.get(member).is_some();
    if has("pushed") && has("decisions") {
        let replay = serde_json::from_value(value);
        return replay
            .map(Whole::Replay)
            .map_err(|error| format!("looks like a result of replay, and is none: {error}"));
    }
    if has("differences") {
        return Err(
            "is what `ecroll replay --compare` prints, which says itself what differs and why; without --compare it can \
             be explained"
                .to_owned(),
        );
    }
    if has("records") && has("decisions") {
        return Err("is of an older ecroll: run `ecroll replay --output json` again".to_owned());
    }
    if has("Records") {
        return Err(
            "holds CloudTrail records: `ecroll replay --output json FILE | ecroll explain NAME` explains them"
                .to_owned(),
        );
    }
    if has("trigger") && has("decisions") {
        let report: Report = serde_json::from_value(value)
            .map_err(|error| format!("looks like a report of the handler, and is none: {error}"))?;
        // It does not say when it was made: not before what it read and what it tells of.
        let pushed = report.pushes.iter().map(|push| push.pushed_at);
        let read = report.window.map(|window| window.to);
        let at = pushed.chain(read).max().unwrap_or_default();
        let line = Line::Report(Box::new(report));
        return Ok(Whole::Runs(vec![Run { at, line }]));
    }
    let events = value.get("events").unwrap_or(&value);
    let Some(events) = events.as_array() else {
        return Err(format!("is something else: {READABLE}"));
    };
    let run = |event: &Value| {
        let line = Line::read(event.get("message")?.as_str()?)?;
        let at = of_millis(event.get("timestamp")?.as_i64()?);
        Some(Run { at, line })
    };
    Ok(Whole::Runs(events.iter().filter_map(run).collect()))
}

/// Each line with what `aws logs tail` writes before it, or without.
fn lines(text: &str) -> Result<Vec<Run>, String> {
    let json = |line: &str| -> Option<Value> {
        let from = line.find('{')?;
        serde_json::from_str(line.get(from..)?).ok()
    };
    let mut some = false;
    let mut runs = Vec::new();
    for line in text.lines() {
        let Some(value) = json(line) else {
            continue;
        };
        some = true;
        let first = line.split_whitespace().next().unwrap_or_default();
        let own = value.get("timestamp").and_then(Value::as_str);
        let at = own.unwrap_or(first).parse::<DateTime<Utc>>();
        if let Some(line) = Line::read(&value.to_string()) {
            let at = at.map_err(|_| {
                "holds lines of the function's log without their times: `aws logs filter-log-events` gives them".to_owned()
            })?;
            runs.push(Run { at, line });
        }
    }
    if some {
        runs.sort_by_key(|run| run.at);
        return Ok(runs);
    }
    let what = if text.trim().is_empty() {
        "is empty"
    } else {
        "is no JSON"
    };
    Err(format!("{what}: {READABLE}"))
}

/// What the invocations tell. Those that failed are gaps.
pub(super) fn of_runs(runs: &[Run], origin: &mut Origin) -> History {
    let mut failed: Option<(usize, DateTime<Utc>, String)> = None;
    let mut reports: Vec<(DateTime<Utc>, &Report)> = Vec::new();
    for run in runs {
        match &run.line {
            Line::Report(report) => reports.push((run.at, report)),
            Line::Failed { kind, message } => {
                let count = failed.map_or(1, |(count, ..)| count + 1);
                failed = Some((count, run.at, format!("{kind}: {message}")));
            }
        }
    }
    if let Some((count, at, why)) = failed {
        let what = match count {
            1 => "what an invocation left undone that failed".to_owned(),
            many => format!("what {many} invocations left undone that failed, the last"),
        };
        origin.gaps.push(format!("{what} at {}: {why}", text(at)));
    }
    of_reports(&reports)
}

/// What reports tell, the oldest first.
fn of_reports(reports: &[(DateTime<Utc>, &Report)]) -> History {
    let lines = reports.iter().flat_map(|(_, report)| &report.pushes);
    let mut history = History {
        pushed: pushed(lines.collect()),
        ..History::default()
    };
    let mut all = Vec::new();
    for (at, report) in reports {
        for decision in &report.decisions {
            all.push(Decided {
                at: *at,
                road: report.trigger.clone(),
                window: report.window,
                policy: None,
                decision: decision.clone(),
            });
        }
        let ended = report.ended.iter().map(|ended| Ended {
            at: *at,
            cluster: ended.cluster.clone(),
            service: ended.service.clone(),
            state: ended.state,
            to: None,
            event_id: Some(ended.push.clone()),
            runs: ended.revision.clone(),
            reason: ended.reason.clone(),
        });
        history.ended.extend(ended);
    }
    history.decisions = all;
    let mut history = history.completed();
    let places = history.places();
    let mut news = News::default();
    let decisions = std::mem::take(&mut history.decisions).into_iter();
    let new = decisions.zip(places).filter(|(decided, push)| {
        let decision = &decided.decision;
        let pair = (decision.cluster.clone(), decision.service.clone(), *push);
        news.is_new(pair, decision.outcome)
    });
    let decisions = new.map(|(decided, _)| decided).collect();
    History {
        decisions,
        ..history
    }
}

/// Pushes as reports name them, each once: a later report may name one by another of its tags or by another road.
fn pushed(mut lines: Vec<&PushLine>) -> Vec<Pushed> {
    let place = |line: &PushLine| {
        (
            line.account.clone(),
            line.region.clone(),
            line.repository.clone(),
        )
    };
    lines.sort_by(|a, b| {
        let key = |line: &PushLine| (place(line), line.pushed_at, line.event_id.clone());
        key(a).cmp(&key(b))
    });
    let mut all: Vec<Pushed> = Vec::new();
    for line in lines {
        let same = |last: &&mut Pushed| {
            let named = last.event_ids.contains(&line.event_id);
            let near = last
                .pushed_at
                .is_some_and(|at| (line.pushed_at - at).abs() <= APART);
            let here = (&last.account, &last.region, &last.repository)
                == (&line.account, &line.region, &line.repository);
            here && last.digest == line.digest && (named || near)
        };
        if let Some(known) = all.last_mut().filter(same) {
            for (names, name) in [
                (&mut known.event_ids, &line.event_id),
                (&mut known.tags, &line.tag),
            ] {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            continue;
        }
        all.push(Pushed {
            account: line.account.clone(),
            region: line.region.clone(),
            repository: line.repository.clone(),
            tags: vec![line.tag.clone()],
            digest: line.digest.clone(),
            pushed_at: Some(line.pushed_at),
            event_ids: vec![line.event_id.clone()],
            by: None,
            no_image: None,
        });
    }
    all.sort_by_key(|push| push.pushed_at);
    all
}

#[cfg(test)]
mod tests {
    use handler::logged::Line;
    use handler::report::{Outcome, Report};
    use serde_json::{Value, json};

    use super::{of_runs, read};
    use crate::explain::judge::Origin;
    use crate::history::History;
    use crate::invocations::Run;

    fn push(at: &str, tag: &str, digest: &str, id: &str) -> Value {
        json!({"account": "111122223333", "region": "eu-west-1", "repository": "web", "tag": tag,
            "digest": digest, "pushed_at": format!("2026-03-01T{at}Z"), "event_id": id})
    }

    fn decision(outcome: &str, digest: &str, id: Option<&str>) -> Value {
        let mut decision = json!({"cluster": "prod", "service": "web", "repository": "web", "tag": "v1",
            "digest": digest, "outcome": outcome, "reason": "so", "from": null, "to": null});
        if let Some(id) = id {
            decision["event_id"] = json!(id);
        }
        decision
    }

    fn run(at: &str, pushes: &[Value], decisions: &[Value]) -> Run {
        let report =
            json!({"trigger": "sweep", "window": null, "pushes": pushes, "decisions": decisions});
        let report: Report = serde_json::from_value(report).unwrap();
        Run {
            at: format!("2026-03-01T{at}Z").parse().unwrap(),
            line: Line::Report(Box::new(report)),
        }
    }

    fn history(runs: &[Run]) -> History {
        of_runs(runs, &mut Origin::default())
    }

    fn digests(history: &History) -> Vec<String> {
        let pushes = history.pushed.iter();
        pushes
            .map(|push| format!("{} {}", push.digest, push.tags.join("+")))
            .collect()
    }

    #[test]
    fn a_push_that_is_named_twice_is_one_and_a_tag_that_moved_there_and_back_is_three() {
        let pushes = [
            push("10:00:00", "v1", "sha256:d1", "a"),
            push("10:00:02", "latest", "sha256:d1", "b"),
            push("10:05:00", "latest", "sha256:d2", "c"),
            push("10:06:00", "latest", "sha256:d1", "d"),
            push("11:00:00", "latest", "sha256:d1", "e"),
        ];
        let twice = [
            run("11:01:00", &pushes, &[]),
            run("11:05:00", &pushes[1..], &[]),
        ];
        let expected = [
            "sha256:d1 v1+latest",
            "sha256:d2 latest",
            "sha256:d1 latest",
            "sha256:d1 latest",
        ];
        assert_eq!(digests(&history(&twice)), expected);
    }

    #[test]
    fn of_what_every_look_up_says_again_only_news_is_kept() {
        let pushes = [push("10:00:00", "v1", "sha256:d1", "a")];
        let said = |at, outcome| run(at, &pushes, &[decision(outcome, "sha256:d1", Some("a"))]);
        let history = history(&[
            said("10:05:00", "failed"),
            said("10:06:00", "rolled"),
            said("10:10:00", "unchanged"),
            said("10:15:00", "held"),
            said("10:20:00", "held"),
        ]);
        let outcomes: Vec<Outcome> = history
            .decisions
            .iter()
            .map(|decided| decided.decision.outcome)
            .collect();
        assert_eq!(outcomes, [Outcome::Failed, Outcome::Rolled, Outcome::Held]);
    }

    #[test]
    fn decisions_find_their_pushes_by_identity_and_in_an_old_log_by_the_image() {
        let pushes = [
            push("10:00:00", "v1", "sha256:d1", "a"),
            push("10:05:00", "v2", "sha256:d2", "b"),
            push("10:30:00", "v1", "sha256:d1", "c"),
        ];
        let decisions = [
            decision("skipped", "sha256:d1", Some("a")),
            decision("skipped", "sha256:d2", None),
            decision("rolled", "sha256:d1", None),
            decision("held", "sha256:d9", Some("gone")),
        ];
        let history = history(&[run("10:31:00", &pushes, &decisions)]);
        assert_eq!(history.places(), [Some(0), Some(1), Some(2), Some(3)]);
        let unknown = &history.pushed[3];
        assert_eq!(
            (unknown.digest.as_str(), unknown.pushed_at),
            ("sha256:d9", None)
        );
    }

    #[test]
    fn a_report_alone_is_a_history_and_failed_invocations_are_gaps() {
        let report = json!({"trigger": "direct", "window": null,
            "pushes": [push("10:00:00", "v1", "sha256:d1", "a")],
            "decisions": [decision("rolled", "sha256:d1", Some("a"))]});
        let (history, origin) = read("it", &report.to_string()).unwrap();
        assert_eq!(history.decisions.len(), 1);
        assert!(origin.gaps.is_empty());
        let mut runs = vec![run("10:05:00", &[], &[])];
        for at in ["10:10:00", "10:15:00"] {
            let at = format!("2026-03-01T{at}Z").parse().unwrap();
            let (kind, message) = ("Config".to_owned(), "no".to_owned());
            runs.push(Run {
                at,
                line: Line::Failed { kind, message },
            });
        }
        let mut origin = Origin::default();
        let _ = of_runs(&runs, &mut origin);
        let gap = "what 2 invocations left undone that failed, the last at 2026-03-01T10:15:00Z: Config: no";
        assert_eq!(origin.gaps, [gap]);
    }
}

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

/// Lines that cannot be put in order.
fn timeless(count: usize) -> String {
    let (lines, their) = if count == 1 {
        ("line", "its time")
    } else {
        ("lines", "their times")
    };
    format!(
        "{count} {lines} of the function's log without {their}, which `aws logs filter-log-events` gives"
    )
}

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
        Ok(value) if value.get("fields").is_none() => match whole(value, &mut origin)? {
            Whole::Replay(history) => return Ok((history.completed(), origin)),
            Whole::Runs(runs) => runs,
        },
        _ => lines(text, &mut origin)?,
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

fn whole(value: Value, origin: &mut Origin) -> Result<Whole, String> {
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
    let line = |event: &Value| {
        let line = Line::read(event.get("message")?.as_str()?)?;
        let millis = event.get("timestamp").and_then(Value::as_i64);
        Some((millis.map(of_millis), line))
    };
    let lines = events.iter().filter_map(line).collect();
    timed(lines, origin).map(Whole::Runs)
}

/// Lines with their times. Those of which nobody can say when they were written are a gap.
///
/// # Errors
/// When there are no others.
fn timed(
    lines: Vec<(Option<DateTime<Utc>>, Line)>,
    origin: &mut Origin,
) -> Result<Vec<Run>, String> {
    let all = lines.len();
    let run = |(at, line): (Option<DateTime<Utc>>, Line)| at.map(|at| Run { at, line });
    let runs: Vec<Run> = lines.into_iter().filter_map(run).collect();
    let lost = timeless(all - runs.len());
    match runs.len() {
        count if count == all => Ok(runs),
        0 => Err(format!("holds {lost}")),
        _ => {
            origin.gaps.push(lost);
            Ok(runs)
        }
    }
}

/// Each line with what `aws logs tail` writes before it, or without.
fn lines(text: &str, origin: &mut Origin) -> Result<Vec<Run>, String> {
    let json = |line: &str| -> Option<Value> {
        let from = line.find('{')?;
        serde_json::from_str(line.get(from..)?).ok()
    };
    let mut some = false;
    let mut found = Vec::new();
    for line in text.lines() {
        let Some(value) = json(line) else {
            continue;
        };
        some = true;
        let first = line.split_whitespace().next().unwrap_or_default();
        let own = value.get("timestamp").and_then(Value::as_str);
        let mut times = own.into_iter().chain([first]);
        let at = times.find_map(|time| time.parse().ok());
        found.extend(Line::read(&value.to_string()).map(|line| (at, line)));
    }
    if some {
        let mut runs = timed(found, origin)?;
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
        news.is_new(pair, decision)
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
mod tests;

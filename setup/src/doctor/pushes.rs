//! What was pushed lately: for each repository who follows, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use handler::Context;
use handler::report::{DRY_RUN, Decision, Outcome, PushLine, Report};

use super::ground::Ground;
use super::link::Link;
use super::order::PUSHES;
use super::time::ago;
use crate::outlook::rehearsal;

/// A push that is not rolled after this time is not merely under way: CloudTrail takes up to fifteen minutes, a sweep five.
const OVERDUE: TimeDelta = TimeDelta::minutes(30);

pub(super) async fn link(ground: &Ground<'_>, context: &Context) -> Link {
    let report = rehearsal(context).await.map_err(|error| error.to_string());
    judged(&report, ground.now)
}

fn judged(report: &Result<Report, String>, now: DateTime<Utc>) -> Link {
    let report = match report {
        Err(why) => {
            let mend = "allow the call: `ecroll setup --print-policy` prints all that is needed";
            return Link::ng(PUSHES, format!("cannot be read: {why}"), mend);
        }
        Ok(report) => report,
    };
    let newest = newest(&report.pushes);
    if newest.is_empty() {
        return Link::skip(PUSHES, "none in the last day");
    }
    let mut lines = Vec::new();
    let (mut faults, mut overdue) = (BTreeSet::new(), false);
    for push in newest.values() {
        let decisions: Vec<&Decision> = report
            .decisions
            .iter()
            .filter(|decision| {
                decision.repository == push.repository && decision.digest == push.digest
            })
            .collect();
        let mut said: Vec<String> = decisions.iter().map(|decision| told(decision)).collect();
        if said.is_empty() {
            said.push("no service runs it".to_owned());
        }
        let when = ago(push.pushed_at, now);
        lines.push(format!(
            "{}:{}, {when}: {}",
            push.repository,
            push.tag,
            said.join("; ")
        ));
        for decision in decisions {
            if matches!(decision.outcome, Outcome::Refused | Outcome::Failed) {
                faults.insert(decision.reason.clone());
            }
            overdue |= would_roll(decision) && now - push.pushed_at > OVERDUE;
        }
    }
    let detail = lines.join("\n");
    if !faults.is_empty() {
        let faults: Vec<String> = faults.into_iter().collect();
        return Link::ng(PUSHES, detail, faults.join("; "));
    }
    if overdue {
        let mend = "the handler should have rolled it: `ecroll doctor --probe` lets it look, and its log says why not";
        return Link::ng(PUSHES, detail, mend);
    }
    Link::ok(PUSHES, detail)
}

/// The newest push of each repository.
fn newest(pushes: &[PushLine]) -> BTreeMap<(&str, &str, &str), &PushLine> {
    let mut newest = BTreeMap::new();
    for push in pushes {
        let key = (
            push.account.as_str(),
            push.region.as_str(),
            push.repository.as_str(),
        );
        let held = newest.entry(key).or_insert(push);
        if held.pushed_at <= push.pushed_at {
            *held = push;
        }
    }
    newest
}

fn would_roll(decision: &Decision) -> bool {
    decision.outcome == Outcome::Held && decision.reason.starts_with(DRY_RUN)
}

fn told(decision: &Decision) -> String {
    let Decision {
        cluster,
        service,
        outcome,
        reason,
        ..
    } = decision;
    if would_roll(decision) {
        return format!("{cluster}/{service} would roll now");
    }
    match outcome {
        Outcome::Unchanged => format!("{cluster}/{service} runs it"),
        _ => format!("{cluster}/{service} {outcome}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-01T{time}Z").parse().unwrap()
    }

    fn push(repository: &str, digest: &str, time: &str) -> PushLine {
        PushLine {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            repository: repository.to_owned(),
            tag: "v1".to_owned(),
            digest: digest.to_owned(),
            pushed_at: at(time),
            event_id: digest.to_owned(),
        }
    }

    fn decision(digest: &str, outcome: Outcome, reason: &str) -> Decision {
        Decision {
            cluster: "prod".to_owned(),
            service: "web".to_owned(),
            repository: "web".to_owned(),
            tag: "v1".to_owned(),
            digest: digest.to_owned(),
            outcome,
            reason: reason.to_owned(),
            from: None,
            to: None,
            push: String::new(),
            retryable: false,
        }
    }

    fn told(pushes: Vec<PushLine>, decisions: Vec<Decision>) -> Link {
        let report = Report {
            trigger: "direct".to_owned(),
            window: None,
            pushes,
            decisions,
            ended: Vec::new(),
        };
        judged(&Ok(report), at("12:00:00"))
    }

    #[test]
    fn the_newest_push_of_a_repository_is_told_with_who_follows_and_why_not() {
        let pushes = vec![
            push("web", "old", "10:00:00"),
            push("web", "new", "11:00:00"),
            push("tool", "t", "11:00:00"),
        ];
        let decisions = vec![
            decision("old", Outcome::Refused, "it is past"),
            decision("new", Outcome::Skipped, "the policy takes another tag"),
        ];
        let link = told(pushes, decisions);
        assert_eq!(link.result, Verdict::Ok);
        assert_eq!(
            link.detail,
            "tool:v1, 60 min ago: no service runs it\n\
             web:v1, 60 min ago: prod/web skipped: the policy takes another tag"
        );
        assert_eq!(told(Vec::new(), Vec::new()).result, Verdict::Skip);
    }

    #[test]
    fn rule_01_a_push_that_should_have_rolled_long_ago_is_a_fault() {
        let link = |time: &str| {
            let would = decision("new", Outcome::Held, DRY_RUN);
            told(vec![push("web", "new", time)], vec![would])
        };
        assert_eq!(link("11:00:00").result, Verdict::Ng);
        assert_eq!(link("11:45:00").result, Verdict::Ok);
        let refused = decision("new", Outcome::Refused, "set maximum percent to 150");
        let link = told(vec![push("web", "new", "11:45:00")], vec![refused]);
        assert_eq!(link.mend.unwrap(), "set maximum percent to 150");
    }
}

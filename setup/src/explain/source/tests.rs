use handler::logged::Line;
use handler::report::{Outcome, Report};
use serde_json::{Value, json};

use super::{of_runs, read};
use crate::explain::ask::Asked;
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
    let gap =
        "what 2 invocations left undone that failed, the last at 2026-03-01T10:15:00Z: Config: no";
    assert_eq!(origin.gaps, [gap]);
}

#[test]
fn what_a_service_waits_for_last_is_the_last_word() {
    let pushes = [push("10:00:00", "v1", "sha256:d1", "a")];
    let held = |at, reason: &str| {
        let mut decision = decision("held", "sha256:d1", Some("a"));
        decision["reason"] = json!(reason);
        run(at, &pushes, &[decision])
    };
    let history = history(&[
        held("10:05:00", "waits for prod/first of wave 1 to run it"),
        held("10:10:00", "waits for prod/first of wave 1 to run it"),
        held("10:15:00", "prod/first of wave 1 had it undone"),
    ]);
    let mut reasons = history.decisions.iter().map(|it| &*it.decision.reason);
    assert_eq!(
        reasons.next_back(),
        Some("prod/first of wave 1 had it undone")
    );
    assert_eq!(reasons.count(), 1);
}

#[test]
fn of_pushes_before_the_log_only_what_is_new_is_told() {
    let pushes = [
        push("08:00:00", "v1", "sha256:d1", "a"),
        push("08:30:00", "v2", "sha256:d2", "b"),
        push("10:00:00", "v3", "sha256:d3", "c"),
    ];
    let decisions = [
        decision("unchanged", "sha256:d1", Some("a")),
        decision("rolled", "sha256:d2", Some("b")),
        decision("unchanged", "sha256:d3", Some("c")),
    ];
    let from = "2026-03-01T09:00:00Z".parse().unwrap();
    let runs = [run("10:01:00", &pushes, &decisions)];
    let (history, repeated) = history(&runs).without_repeated(from);
    assert!(repeated);
    assert_eq!(digests(&history), ["sha256:d2 v2", "sha256:d3 v3"]);
    assert_eq!(history.places(), [Some(0), Some(1)]);
}

#[test]
fn one_image_in_two_repositories_is_two_pushes_though_the_registry_names_them_alike() {
    let of = |mut value: Value, repository: &str| {
        value["repository"] = json!(repository);
        value
    };
    let id = "ecr:found-d1-0";
    let pushes = ["web", "api"].map(|name| of(push("10:00:00", "v1", "sha256:d1", id), name));
    let decided = |name| of(decision("rolled", "sha256:d1", Some(id)), name);
    let history = history(&[run("10:31:00", &pushes, &[decided("web"), decided("api")])]);
    let repositories = history
        .places()
        .into_iter()
        .map(|at| &*history.pushed[at.unwrap()].repository);
    assert_eq!(repositories.collect::<Vec<_>>(), ["web", "api"]);
}

#[test]
fn a_repository_named_like_a_digest_can_be_asked_for() {
    let named = |mut value: Value| {
        value["repository"] = json!("facade");
        value
    };
    let pushes = [
        named(push("10:00:00", "v1", "sha256:11", "a")),
        named(push("10:10:00", "v2", "sha256:22", "b")),
    ];
    let history = history(&[run("10:31:00", &pushes, &[])]);
    let asked = Asked::read("facade", &history).unwrap();
    assert_eq!(asked, Asked::Pushes(vec![0, 1]));
}

#[test]
fn rule_10_a_line_without_its_time_is_a_gap_and_hides_no_other() {
    let report = json!({"trigger": "sweep", "window": null,
        "pushes": [push("10:00:00", "v1", "sha256:d1", "a")],
        "decisions": [decision("rolled", "sha256:d1", Some("a"))]});
    let line = |at: Option<&str>| {
        let mut line = json!({"fields": {"message": "report", "report": report.to_string()}});
        if let Some(at) = at {
            line["timestamp"] = json!(at);
        }
        line.to_string()
    };
    let timed = line(Some("2026-03-01T10:05:00Z"));
    let text = format!("{}\nSTART RequestId: x\n{timed}\n", line(None));
    let (history, origin) = read("it", &text).unwrap();
    assert_eq!(history.decisions.len(), 1);
    let gap =
        "1 line of the function's log without its time, which `aws logs filter-log-events` gives";
    assert_eq!(origin.gaps, [gap]);
    // So it is among the events of a call that left the times out, and where the line's own time is none.
    let events = json!([{"message": line(None), "timestamp": 1}, {"message": line(None)}]);
    assert_eq!(read("it", &events.to_string()).unwrap().1.gaps, [gap]);
    let named = format!("2026-03-01T10:05:00Z x {}", line(Some("soon")));
    assert_eq!(read("it", &named).unwrap().1.gaps, [""; 0]);
    let why = read("it", &format!("{0}\n{0}", line(None))).unwrap_err();
    assert!(
        why.starts_with("holds 2 lines of the function's log without"),
        "{why}"
    );
}

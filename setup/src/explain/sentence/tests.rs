use serde_json::{Value, json};

use crate::explain::Explanation;
use crate::explain::ask::Asked;
use crate::explain::judge::{Origin, explain};
use crate::explain::source::read;

/// A decision on the push `a` of 10:00, five minutes later; `more` goes into it.
fn decision(outcome: &str, reason: &str, more: &Value) -> Value {
    let mut all = json!({"at": "2026-03-01T10:05:00Z", "road": "alarm", "policy": "any", "window": null,
        "cluster": "prod", "service": "web", "repository": "web", "tag": "v2", "digest": "sha256:d2",
        "event_id": "a", "outcome": outcome, "reason": reason, "from": "x/web:1", "to": null});
    let more = more.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(more);
    all
}

/// What is said of the service of these decisions.
fn told(decisions: &[Value], ended: &[Value]) -> Explanation {
    let push = json!({"account": "111122223333", "region": "eu-west-1", "repository": "web", "tags": ["v2"],
        "digest": "sha256:d2", "pushed_at": "2026-03-01T10:00:00Z", "event_ids": ["a"]});
    let other = json!({"account": "111122223333", "region": "eu-west-1", "repository": "web", "tags": ["v3"],
        "digest": "sha256:d3", "pushed_at": "2026-03-01T11:00:00Z", "event_ids": ["b"]});
    let history = json!({"pushed": [push, other], "decisions": decisions, "ended": ended});
    let (history, origin) = read("it", &history.to_string()).unwrap();
    explain(&history, &Asked::Pushes(vec![0]), "web:v2", origin, false)
}

fn sentences(decisions: &[Value], ended: &[Value]) -> Vec<String> {
    let told = told(decisions, ended);
    told.pushes[0].services[0].sentences.clone()
}

#[test]
fn every_road_is_told_as_what_it_was() {
    let window = json!({"from": "2026-03-01T09:00:00Z", "to": "2026-03-01T10:05:00Z"});
    let roads = [
        ("alarm", true),
        ("sweep", true),
        ("deployment", true),
        ("reconcile", true),
        ("direct", true),
        ("direct", false),
        ("ecr-event", false),
        ("cloudtrail-event", false),
        ("log-subscription", false),
        ("unknown", true),
    ];
    let said = roads.map(|(road, looked)| {
        let window = if looked { &window } else { &Value::Null };
        let more = json!({"road": road, "window": window});
        let all = sentences(&[decision("held", "so", &more)], &[]);
        assert_eq!(all[1].starts_with("It read the log from"), looked, "{road}");
        all[0].clone()
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn only_what_no_record_told_of_is_said_to_come_from_the_registry() {
    let push = |id: &str| {
        let history = json!({
            "pushed": [{"account": "111122223333", "region": "eu-west-1", "repository": "web", "tags": ["v2"],
                "digest": "sha256:d2", "pushed_at": "2026-03-01T10:00:00Z", "event_ids": [id]}],
            "decisions": [decision("unchanged", "so", &json!({"road": "reconcile", "event_id": id}))],
            "ended": []});
        let (history, origin) = read("it", &history.to_string()).unwrap();
        let told = explain(&history, &Asked::Pushes(vec![0]), "web:v2", origin, false);
        told.pushes[0].services[0].sentences[0].clone()
    };
    assert!(push("ecr:found-0123-0").starts_with("No record told of it"));
    assert!(push("a").starts_with("A look-up of the sweep"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn what_is_to_be_done_follows_from_the_reason_and_from_what_came_after() {
    let rolled = |more: Value| {
        let mut decision = decision("rolled", "v2 is the newest push", &more);
        if decision["to"].is_null() {
            decision["to"] = json!("x/web:2");
        }
        decision
    };
    let end = |state: &str, runs: &str| {
        json!({"at": "2026-03-01T10:07:00Z", "cluster": "prod", "service": "web", "state": state,
            "to": "x/web:2", "runs": runs, "reason": "tasks failed to start."})
    };
    let by_push = json!({"at": "2026-03-01T10:07:00Z", "cluster": "prod", "service": "web",
        "state": "completed", "to": null, "event_id": "a", "runs": "x/web:2", "reason": ""});
    let others = json!({"at": "2026-03-01T10:07:00Z", "cluster": "prod", "service": "api",
        "state": "completed", "to": null, "event_id": "a", "runs": "x/api:2", "reason": ""});
    let later = json!({"at": "2026-03-01T11:05:00Z", "event_id": "b", "tag": "v3",
        "digest": "sha256:d3", "to": "x/web:3"});
    let stack = json!({"cluster": "cloudformation", "service": "shop", "from": "v1", "to": "v2"});
    let plain = json!({});
    let cases = [
        (
            "completed",
            vec![rolled(plain.clone())],
            vec![end("completed", "x/web:2")],
        ),
        (
            "completed, told by the push",
            vec![rolled(plain.clone())],
            vec![by_push],
        ),
        (
            "another service's end",
            vec![rolled(plain.clone())],
            vec![others],
        ),
        (
            "rolled back",
            vec![rolled(plain.clone())],
            vec![end("rolled-back", "x/web:1")],
        ),
        (
            "stuck",
            vec![rolled(plain.clone())],
            vec![end("stuck", "x/web:2")],
        ),
        (
            "overtaken",
            vec![
                rolled(plain.clone()),
                decision("rolled", "v3 is the newest push", &later),
            ],
            vec![],
        ),
        (
            "the same revision",
            vec![rolled(json!({"to": "x/web:1"}))],
            vec![],
        ),
        ("a stack", vec![rolled(stack)], vec![]),
        (
            "failed, then rolled",
            vec![
                decision("failed", "throttled", &plain),
                rolled(json!({"at": "2026-03-01T10:06:00Z"})),
            ],
            vec![end("completed", "x/web:2")],
        ),
        (
            "unchanged",
            vec![decision("unchanged", "the service runs this image", &plain)],
            vec![],
        ),
        (
            "dry run",
            vec![decision(
                "held",
                "dry run: it would have been rolled",
                &plain,
            )],
            vec![],
        ),
        (
            "on hold",
            vec![decision(
                "held",
                "`hold` is set for this service; clear it to let the push roll",
                &plain,
            )],
            vec![],
        ),
        (
            "undone",
            vec![decision(
                "held",
                "rolled back since, by a person or the circuit breaker; the next push rolls",
                &plain,
            )],
            vec![],
        ),
        (
            "stopped in an earlier wave",
            vec![decision(
                "held",
                "prod/first of wave 1 had it undone: the push stops there; the next one begins anew",
                &plain,
            )],
            vec![],
        ),
        (
            "what cannot be read",
            vec![decision(
                "held",
                "waits for what could not be read: prod/first, which is of wave 1",
                &plain,
            )],
            vec![],
        ),
        (
            "a stack that the policy leaves out",
            vec![decision(
                "skipped",
                "policy exact:v1 does not take the tag v2",
                &json!({"cluster": "cloudformation", "service": "shop", "from": "v1"}),
            )],
            vec![],
        ),
        (
            "a scheduled task that was set back",
            vec![decision(
                "held",
                "somebody set it to another revision; left so until the next push",
                &json!({"cluster": "events", "service": "nightly/1", "from": "x/batch:3", "policy": null}),
            )],
            vec![],
        ),
        (
            "its turn",
            vec![decision(
                "held",
                "waits for prod/first of wave 1 to run it",
                &plain,
            )],
            vec![],
        ),
        (
            "not known",
            vec![decision(
                "held",
                "whether it was rolled back cannot be known: denied",
                &plain,
            )],
            vec![],
        ),
        (
            "policy",
            vec![decision(
                "skipped",
                "policy exact:v9 does not take the tag v2",
                &json!({"policy": "exact:v9"}),
            )],
            vec![],
        ),
        (
            "superseded",
            vec![decision(
                "skipped",
                "superseded by v3 of 2026-03-01T11:00:00Z",
                &plain,
            )],
            vec![],
        ),
        (
            "older",
            vec![decision(
                "skipped",
                "older than what runs, pushed 2026-03-01T10:01:00Z",
                &plain,
            )],
            vec![],
        ),
        (
            "no image",
            vec![decision("skipped", "no image: config of type helm", &plain)],
            vec![],
        ),
        (
            "left out",
            vec![decision(
                "skipped",
                "the configuration's `repositories` leave this one out",
                &plain,
            )],
            vec![],
        ),
        (
            "of another account's registry",
            vec![decision(
                "skipped",
                "policy exact:v9 does not take the tag v2",
                &json!({"policy": "exact:v9",
                    "from": "arn:aws:ecs:eu-west-1:222222222222:task-definition/web:1"}),
            )],
            vec![],
        ),
        (
            "refused",
            vec![decision(
                "refused",
                "the service is DRAINING, not ACTIVE",
                &plain,
            )],
            vec![],
        ),
    ];
    let said = cases.map(|(name, decisions, ended)| {
        let all = sentences(&decisions, &ended);
        let after = all.iter().skip_while(|said| !said.starts_with("The "));
        let lines: Vec<String> = after.map(|said| format!("  {said}")).collect();
        format!("{name}\n{}", lines.join("\n"))
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn only_the_last_pushes_are_told_unless_all_are_wanted() {
    let pushes: Vec<Value> = (0..8)
        .map(|n| {
            json!({"account": "1", "region": "r", "repository": "web", "tags": [format!("v{n}")],
                "digest": format!("sha256:d{n}"), "pushed_at": format!("2026-03-01T10:0{n}:00Z"),
                "event_ids": [format!("e{n}")]})
        })
        .collect();
    let decisions: Vec<Value> = (0..8)
        .map(|n| {
            decision(
                "skipped",
                "so",
                &json!({"event_id": format!("e{n}"), "digest": format!("sha256:d{n}")}),
            )
        })
        .collect();
    let history = json!({"pushed": pushes, "decisions": decisions, "ended": []});
    let (history, _) = read("it", &history.to_string()).unwrap();
    let asked = Asked::read("web", &history).unwrap();
    let told = |all| explain(&history, &asked, "web", Origin::default(), all);
    let few = told(false);
    assert_eq!((few.pushes.len(), few.earlier), (5, 3));
    assert_eq!(few.pushes[0].push.tags, ["v7"], "the newest first");
    assert!(
        few.to_string()
            .ends_with("3 earlier pushes; --all tells of them"),
        "{few}"
    );
    assert_eq!((told(true).pushes.len(), told(true).earlier), (8, 0));
}

#[test]
fn the_call_that_is_offered_is_one_that_the_function_takes() {
    let reason = "policy exact:v9 does not take the tag v2";
    let told = told(
        &[decision("skipped", reason, &json!({"policy": "exact:v9"}))],
        &[],
    );
    let next = &told.pushes[0].services[0].next;
    let (_, call) = next.split_once('{').unwrap();
    let (call, _) = call.split_once('}').unwrap();
    let event: Value = serde_json::from_str(&format!("{{{call}}}")).unwrap();
    let trigger = handler::trigger::Trigger::read(&event);
    let handler::trigger::Task::Deploy(_) = trigger.task else {
        panic!("{event}: {:?}", trigger.task);
    };
}

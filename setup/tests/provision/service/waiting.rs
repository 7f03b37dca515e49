//! Waiting for ends: of deployments, and of services that were deleted.

use std::time::Duration;

use chrono::TimeDelta;
use local::faults::{Kind, Planned};
use serde_json::{Value, json};
use setup::exit::Exit;
use setup::ui::Output;

use super::scene::{Desk, definition, service};

fn delete(desk: &Desk) {
    let input = json!({"cluster": "prod", "service": "web", "force": true});
    desk.pocket.call("ecs", "DeleteService", input);
}

#[tokio::test(start_paused = true)]
async fn an_inactive_service_is_made_anew() {
    let desk = Desk::standing().await;
    delete(&desk);
    desk.pocket.wait_minutes(2).await;
    assert_eq!(desk.live()["status"], "INACTIVE");
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    insta::assert_snapshot!(out);
    assert_eq!(desk.pocket.writes(), ["ecs:CreateService"]);
    assert_eq!(desk.live()["status"], "ACTIVE");
    assert_eq!(desk.live()["runningCount"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_draining_service_is_waited_for_or_left_with_the_way_out() {
    let desk = Desk::standing().await;
    delete(&desk);
    desk.pocket.forget();
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    insta::assert_snapshot!(out);
    let (exit, out, _) = desk.json(&[]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&value["state"], &value["done"]),
        (&json!("draining"), &json!(false))
    );
    let (exit, _, _) = desk.run(&["--wait", "--timeout", "1s"]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    assert_eq!(desk.pocket.writes(), Vec::<String>::new());

    let (exit, out, err) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert!(err.contains("prod/web is DRAINING: waiting"), "{err}");
    assert!(out.starts_with("prod/web: INACTIVE\n"), "{out}");
    assert_eq!(desk.live()["status"], "ACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_roll_that_the_breaker_undoes_is_exit_code_1_with_what_failed() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2-crash"), &service(2));
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    insta::assert_snapshot!(out);
    assert!(desk.runs().ends_with("web:1"));

    desk.files(&definition("web:v3-missing"), &service(2));
    let (exit, out, _) = desk.json(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["ended"], "rolled_back");
    let failures = value["failures"].to_string();
    assert!(failures.contains("CannotPullContainerError"), "{failures}");
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_that_fails_is_told_too() {
    let desk = Desk::new();
    desk.files(&definition("web:v1-missing"), &service(1));
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    assert!(out.contains("prod/web: failed: ECS gave it up"), "{out}");
    assert!(out.contains("CannotPullContainerError"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_the_timeout_ends_it_with_what_to_do() {
    let desk = Desk::new();
    let mut bare = service(1);
    bare.as_object_mut()
        .unwrap()
        .remove("deploymentConfiguration");
    desk.files(&definition("web:v1-crash"), &bare);
    let (exit, out, _) = desk.run(&["--wait", "--timeout", "20m"]).await;
    assert_eq!(exit.unwrap(), Exit::No);
    let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        out.contains("not over after 20 minutes; it goes on in ECS"),
        "{out}"
    );
    assert!(out.contains("Essential container in task exited"), "{out}");
    let (_, out, _) = desk.json(&["--wait", "--timeout", "1m"]).await;
    let value: Value = serde_json::from_str(&out).unwrap();
    // Nothing was to be done, and what was under way is followed all the same.
    assert_eq!(
        (&value["done"], &value["ended"]),
        (&json!(false), &json!("timed_out"))
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_wait_leaves_the_deployment_to_ecs_and_says_so() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &service(2));
    let args = desk.args(&["--cluster", "prod", "--wait"]);
    let soon = tokio::time::sleep(Duration::from_secs(20));
    let (exit, _, err) = desk
        .pocket
        .verb_service(true, &args, Output::Text, soon)
        .await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    let said = "interrupted; done: registered web:2, updated service prod/web; what was begun goes on in ECS: \
                `ecroll status prod/web --watch` follows it";
    assert!(err.contains(said), "{err}");
    desk.pocket.wait_minutes(5).await;
    assert!(desk.runs().ends_with("web:2"));
    assert_eq!(desk.live()["deployments"][0]["rolloutState"], "COMPLETED");
    let before = std::future::ready(());
    desk.files(&definition("web:v3"), &service(2));
    let (exit, _, err) = desk
        .pocket
        .verb_service(true, &args, Output::Text, before)
        .await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    assert!(err.contains("interrupted; nothing was changed"), "{err}");
}

#[tokio::test(start_paused = true)]
async fn a_deployment_of_somebody_else_in_between_is_followed_on() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &service(2));
    let args = desk.args(&["--cluster", "prod", "--wait"]);
    let never = std::future::pending();
    let run = desk.pocket.verb_service(true, &args, Output::Text, never);
    let other = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        desk.pocket
            .call("ecs", "RegisterTaskDefinition", definition("web:v9"));
        let input = json!({"cluster": "prod", "service": "web", "taskDefinition": "web:3"});
        desk.pocket.call("ecs", "UpdateService", input);
    };
    let ((exit, out, _), ()) = futures_util::join!(run, other);
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert!(out.contains("web:3"), "{out}");
}

/// One answer of an operation goes wrong.
fn plan(desk: &Desk, operation: &str, kind: Kind, times: u32) {
    let now = desk.pocket.account().clock().now();
    desk.pocket.account().plan_faults(vec![Planned {
        kind,
        from: now,
        until: now + TimeDelta::hours(1),
        operation: Some(operation.to_owned()),
        skip: 0,
        times,
        amount: TimeDelta::minutes(5),
    }]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_makes_one_service_and_goes_well() {
    let desk = Desk::new();
    desk.files(&definition("web:v1"), &service(2));
    plan(&desk, "CreateService", Kind::AnswerLost, 1);
    desk.pocket.forget();
    let (exit, out, err) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}{err}");
    // Sent twice with one token; the second time ECS knows it.
    let writes = [
        "ecs:RegisterTaskDefinition",
        "ecs:CreateService",
        "ecs:CreateService",
    ];
    assert_eq!(desk.pocket.writes(), writes);
    assert_eq!(desk.live()["runningCount"], 2);
}

#[tokio::test(start_paused = true)]
async fn answers_of_before_the_update_are_no_rollback() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &service(2));
    // The first look is at the service before it is changed; those that follow get that answer once more.
    plan(&desk, "DescribeServices", Kind::Stale, 3);
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert!(
        out.ends_with("completed\n") && desk.runs().ends_with("web:2"),
        "{out}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_cannot_be_read_for_a_while_is_followed_on() {
    let desk = Desk::standing().await;
    desk.files(&definition("web:v2"), &service(2));
    let args = desk.args(&["--cluster", "prod", "--wait"]);
    let never = std::future::pending();
    let run = desk.pocket.verb_service(true, &args, Output::Text, never);
    let outage = async {
        tokio::time::sleep(Duration::from_secs(8)).await;
        plan(&desk, "DescribeServices", Kind::ErrorBefore, 9);
    };
    let ((exit, out, _), ()) = futures_util::join!(run, outage);
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
}

#[tokio::test(start_paused = true)]
async fn what_stands_is_told_where_a_later_step_is_refused_and_the_next_run_goes_on() {
    let desk = Desk::new();
    desk.files(&definition("web:v1"), &service(2));
    plan(&desk, "CreateService", Kind::ErrorBefore, 3);
    let (exit, _, _) = desk.run(&[]).await;
    let error = exit.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Refused, "{error}");
    let said = "stopped at service `prod/web`; finished before: registered web:1; mend it and run `ecroll service` again";
    assert!(error.to_string().contains(said), "{error}");
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    // What was registered is not registered again.
    assert!(out.contains("keep task definition web:1"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_meets_another_is_made_again() {
    let desk = Desk::new();
    desk.files(&definition("web:v1"), &service(1));
    let account = desk.pocket.account();
    account.with_ecs(|ecs, _| ecs.fail_registrations("web", 2));
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
}

#[tokio::test(start_paused = true)]
async fn an_older_image_in_place_of_one_that_ecroll_rolled_is_said() {
    let desk = Desk::standing().await;
    let mut rolled = definition("web:v2");
    rolled["tags"] = json!([{"key": "ecroll:0123abcd", "value": "x"}]);
    desk.pocket.call("ecs", "RegisterTaskDefinition", rolled);
    let input = json!({"cluster": "prod", "service": "web", "taskDefinition": "web:2"});
    desk.pocket.call("ecs", "UpdateService", input);
    let (exit, out, _) = desk.run(&[]).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(
        out.contains("  note: ecroll rolled what runs for a push"),
        "{out}"
    );
    assert!(!out.contains("ecroll:0123abcd"), "{out}");
}

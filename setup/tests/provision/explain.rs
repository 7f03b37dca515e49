//! `ecroll explain`: by the log that the real handler wrote, by what `ecroll replay` prints, by the bundled sample.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use handler::config::Config;
use serde_json::{Value, json};
use setup::command::explain::ExplainArgs;
use setup::exit::Exit;
use setup::names::{Names, Place};
use setup::policy_document::operator;
use setup::ui::Output;

use crate::doctor_faults::HANDLER;
use crate::pocket::Pocket;
use crate::status::scene::{Scene, digest};

fn about(name: &str) -> ExplainArgs {
    ExplainArgs {
        name: name.to_owned(),
        file: None,
        since: None,
        all: false,
    }
}

async fn text(scene: &Scene, name: &str) -> String {
    scene.pocket.forget();
    let (exit, out, err) = scene.pocket.verb_explain(&about(name), Output::Text).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{err}");
    assert_eq!(scene.pocket.writes(), Vec::<String>::new(), "it only reads");
    let wide = out.lines().find(|line| line.chars().count() > 80);
    assert_eq!(wide, None);
    out
}

async fn json(scene: &Scene, name: &str) -> Value {
    let (exit, out, err) = scene.pocket.verb_explain(&about(name), Output::Json).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{err}");
    serde_json::from_str(&out).unwrap()
}

async fn refusal(scene: &Scene, name: &str) -> String {
    let (exit, ..) = scene.pocket.verb_explain(&about(name), Output::Text).await;
    let error = exit.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Wrong);
    error.to_string()
}

/// Its ends are heard of as well.
const ENDS: &str = "[service]\nscheduled = true\n";

#[tokio::test(start_paused = true)]
async fn a_roll_is_told_from_the_push_to_its_end_and_what_came_after() {
    let scene = Scene::logged(ENDS).await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    let after_one = text(&scene, "web").await;
    insta::assert_snapshot!("rolled", after_one);
    scene.push("web:v3", 'b');
    scene.minutes(20).await;
    insta::assert_snapshot!("overtaken", text(&scene, "web:v2").await);
    let json = json(&scene, "prod/web").await;
    let [newest, older] = &json["pushes"].as_array().unwrap()[..] else {
        panic!("{json}");
    };
    assert_eq!(newest["tags"], json!(["v3"]));
    let case = &newest["services"][0];
    assert_eq!(case["outcome"], "rolled");
    assert_eq!(case["ended"]["state"], "completed");
    assert_eq!(case["ran"]["tag"], "v2");
    assert_eq!(case["overtaken"], Value::Null);
    assert_eq!(older["services"][0]["overtaken"]["tag"], "v3");
}

#[tokio::test(start_paused = true)]
async fn what_the_circuit_breaker_undid_is_told_with_what_to_do() {
    let scene = Scene::logged(ENDS).await;
    scene.serve_with_breaker("web", &["web:v1"]);
    scene.minutes(5).await;
    scene.push("web:crash-2", 'b');
    scene.minutes(40).await;
    insta::assert_snapshot!("rolled_back", text(&scene, "web").await);
    let json = json(&scene, "web").await;
    let case = &json["pushes"][0]["services"][0];
    assert_eq!(case["ended"]["state"], "rolled-back");
    assert_eq!(case["steps"][0]["outcome"], "rolled");
    assert_eq!(case["outcome"], "held", "and it stays so");
}

#[tokio::test(start_paused = true)]
async fn held_skipped_and_unchanged_are_told_with_their_policies() {
    let scene = Scene::logged(
        "[[services]]\nservice = \"held\"\nhold = true\n\
         [[services]]\nservice = \"picky\"\ntags = \"prefix:release-\"\n",
    )
    .await;
    for name in ["held", "picky", "free"] {
        scene.serve(name, &["web:v1"], &json!({}));
    }
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.push("web:v3", 'b');
    scene.minutes(20).await;
    // Somebody was quicker than ecroll.
    scene.serve("quick", &["web:v3"], &json!({}));
    scene.minutes(20).await;
    insta::assert_snapshot!("several", text(&scene, "web:v3").await);
    insta::assert_snapshot!("superseded", text(&scene, "web:v2").await);
    let json = json(&scene, &digest('b')).await;
    let said: Vec<(&str, &str, &str)> = json["pushes"][0]["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let word = |member: &str| case[member].as_str().unwrap();
            (word("service"), word("outcome"), word("policy"))
        })
        .collect();
    let expected = [
        ("free", "rolled", "any"),
        ("held", "held", "any"),
        ("picky", "skipped", "prefix:release-"),
        ("quick", "unchanged", "any"),
    ];
    assert_eq!(said, expected);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_put_back_and_what_waits_for_its_wave_are_told() {
    let scene = Scene::logged("[[waves]]\nservices = [\"first\"]\n").await;
    scene.serve("first", &["web:v1"], &json!({}));
    scene.serve("second", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.rolls("first").await;
    insta::assert_snapshot!("its_turn", text(&scene, "second").await);
    scene.minutes(20).await;
    scene.deploy("first", "first:1");
    scene.minutes(20).await;
    insta::assert_snapshot!("put_back", text(&scene, "first").await);
    let json = json(&scene, "second").await;
    let case = &json["pushes"][0]["services"][0];
    let steps = case["steps"].as_array().unwrap();
    let outcomes: Vec<&Value> = steps.iter().map(|step| &step["outcome"]).collect();
    assert_eq!(outcomes, ["held", "rolled"], "its turn came");
}

#[tokio::test(start_paused = true)]
async fn refused_and_failed_are_told_with_the_mend() {
    let scene = Scene::logged("").await;
    let tight =
        json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 125}});
    scene.serve("tight", &["web:v1"], &tight);
    scene.serve("denied", &["api:v1"], &json!({}));
    let role = HANDLER;
    let input = json!({"RoleName": role, "PolicyName": "no", "PolicyDocument": json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "ecs:UpdateService", "Resource": "*"}],
    }).to_string()});
    scene.pocket.call("iam", "PutRolePolicy", input);
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.push("api:v2", 'b');
    scene.minutes(20).await;
    insta::assert_snapshot!("refused", text(&scene, "tight").await);
    insta::assert_snapshot!("failed", text(&scene, "denied").await);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_concerns_nobody_is_told_as_well() {
    let scene = Scene::logged("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("other:v1", 'c');
    scene.minutes(20).await;
    insta::assert_snapshot!("nobody", text(&scene, "other:v1").await);
}

#[tokio::test(start_paused = true)]
async fn rule_10_names_that_mean_nothing_or_too_much_are_refused_with_the_near_ones() {
    let scene = Scene::bare();
    let told = refusal(&scene, "web").await;
    assert!(
        told.contains("there is no log group `/aws/lambda/ecroll`"),
        "{told}"
    );
    let group = json!({"logGroupName": "/aws/lambda/ecroll"});
    scene.pocket.call("logs", "CreateLogGroup", group);
    let told = refusal(&scene, "web").await;
    assert!(told.contains("tells of no look-up since"), "{told}");
    let scene = Scene::logged("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene
        .pocket
        .call("ecs", "CreateCluster", json!({"clusterName": "stage"}));
    let twin = json!({"cluster": "stage", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1});
    scene.pocket.call("ecs", "CreateService", twin);
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    insta::assert_snapshot!(refusal(&scene, "web").await, @"`web` may be prod/web or stage/web: name one of them");
    insta::assert_snapshot!(refusal(&scene, "prod/wbe").await, @"no service and no push is `prod/wbe` here; nearest: prod/web, stage/web; a service is a name, cluster/name or ARN, a push repository:tag, a digest or its identity");
    insta::assert_snapshot!(refusal(&scene, "web:v3").await, @"no service and no push is `web:v3` here; nearest: web:v2; a service is a name, cluster/name or ARN, a push repository:tag, a digest or its identity");
    insta::assert_snapshot!(refusal(&scene, "sha256:aa").await, @"no service and no push is `sha256:aa` here; of a digest at least 6 digits are needed; a service is a name, cluster/name or ARN, a push repository:tag, a digest or its identity");
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/stage/web";
    assert!(text(&scene, arn).await.contains("stage/web  rolled"));
    assert!(
        refusal(&scene, &arn.replace("eu-west-1", "eu-west-2"))
            .await
            .contains("nearest: ")
    );
    assert!(text(&scene, "aaaaaaa").await.contains("web:v2"));
}

#[tokio::test(start_paused = true)]
async fn rule_08_the_operators_policy_allows_every_call_and_what_it_lacks_is_named() {
    let place = Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "*".to_owned(),
    };
    let names = Names::new("ecroll", None, &place);
    let policy = operator(&Config::default(), &names, &place);
    let told = |pocket: Pocket| async move {
        let (exit, out, err) = pocket.verb_explain(&about("web"), Output::Text).await;
        (exit.map(|_| out), err)
    };
    let scene = async || {
        let scene = Scene::logged("").await;
        scene.serve("web", &["web:v1"], &json!({}));
        scene.minutes(5).await;
        scene.push("web:v2", 'a');
        scene.minutes(20).await;
        scene.pocket
    };
    let pocket = scene()
        .await
        .deployer(&serde_json::to_value(policy).unwrap());
    let out = told(pocket).await.0.unwrap();
    assert!(
        out.contains("by arn:aws:iam::000000000000:user/ci"),
        "{out}"
    );
    assert!(!out.contains("not seen"), "{out}");
    let but = |action: &str, group: &str| {
        let resource = format!("arn:aws:logs:eu-west-1:000000000000:log-group:{group}:*");
        let resource = if group.is_empty() {
            "*".to_owned()
        } else {
            resource
        };
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": action, "Resource": resource},
        ]})
    };
    for (policy, lacks) in [
        (but("lambda:GetFunction", ""), "not seen: the policies: "),
        (
            but("logs:FilterLogEvents", "/ecroll/trail"),
            "not seen: who pushed: ",
        ),
    ] {
        let out = told(scene().await.deployer(&policy)).await.0.unwrap();
        assert!(out.contains(lacks), "{out}");
        assert!(out.contains("Rolled: v2 is the newest push"), "{out}");
    }
    let denied = but("logs:FilterLogEvents", "/aws/lambda/ecroll");
    let error = told(scene().await.deployer(&denied)).await.0.unwrap_err();
    assert_eq!(Exit::of(&error), Exit::Refused);
}

/// Runs the program; answers exit code, standard output and error.
fn ecroll(arguments: &[&str], input: Option<&str>) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_ecroll"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(input) = input {
        // Who does not read it has refused something already.
        let _ = run.stdin.take().unwrap().write_all(input.as_bytes());
    }
    let done = run.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code(), text(done.stdout), text(done.stderr))
}

#[test]
fn a_replay_piped_into_it_says_the_same_as_the_sample_and_as_a_file() {
    let (code, replay, err) = ecroll(&["replay", "--output", "json"], None);
    assert_eq!(code, Some(0), "{err}");
    let (code, piped, err) = ecroll(&["explain", "web"], Some(&replay));
    assert_eq!(code, Some(0), "{err}");
    insta::assert_snapshot!("piped", piped);
    let (_, sample, err) = ecroll(&["explain", "web"], None);
    let same = |text: &str, source: &str| text.replace(source, "it");
    assert_eq!(
        same(&sample, "the bundled sample"),
        same(&piped, "standard input")
    );
    assert!(err.contains("the bundled sample is explained"), "{err}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("replay.json");
    std::fs::write(&file, &replay).unwrap();
    let file = file.display().to_string();
    let (code, text, _) = ecroll(&["explain", "web", &file], None);
    assert_eq!(
        (code, same(&text, &format!("`{file}`"))),
        (Some(0), same(&piped, "standard input"))
    );
}

#[test]
fn rule_10_a_source_that_is_none_is_refused_with_what_it_is() {
    let table = [
        ("", "is empty"),
        ("hello", "is no JSON"),
        ("{}", "is something else"),
        ("[]", "holds no look-up"),
        (
            r#"{"Records": []}"#,
            "holds CloudTrail records: `ecroll replay --output json FILE",
        ),
        (
            r#"{"differences": []}"#,
            "without --compare it can be explained",
        ),
        (
            r#"{"records": 1, "decisions": []}"#,
            "is of an older ecroll",
        ),
        (
            r#"{"pushed": 1, "decisions": []}"#,
            "looks like a result of replay, and is none",
        ),
        (
            r#"{"trigger": "alarm", "decisions": 1}"#,
            "looks like a report of the handler, and is none",
        ),
        (r#"{"fields": {"message": "other"}}"#, "holds no look-up"),
    ];
    for (text, expected) in table {
        let (code, _, err) = ecroll(&["explain", "web", "-"], Some(text));
        assert_eq!(code, Some(2), "{text}: {err}");
        assert!(err.contains(expected), "{text}: {err}");
        assert!(err.contains("standard input"), "{text}: {err}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_functions_log_is_read_in_every_form_in_which_it_is_found() {
    let scene = Scene::logged("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.minutes(20).await;
    let mut events = Vec::new();
    let mut token = Value::Null;
    loop {
        let input = json!({"logGroupName": "/aws/lambda/ecroll", "nextToken": token});
        let page = scene.pocket.answer("logs", "FilterLogEvents", input);
        events.extend(page["events"].as_array().unwrap().clone());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let mut tailed = String::new();
    for event in &events {
        let at =
            chrono::DateTime::from_timestamp_millis(event["timestamp"].as_i64().unwrap()).unwrap();
        let message = event["message"].as_str().unwrap().trim();
        writeln!(tailed, "{} 2026/03/01/[1]ab {message}", at.to_rfc3339()).unwrap();
    }
    let said = |text: &str| {
        let (code, out, err) = ecroll(&["explain", "web"], Some(text));
        assert_eq!(code, Some(0), "{err}");
        out
    };
    let whole = said(&json!({"events": events}).to_string());
    assert!(
        whole.contains("Rolled: v2 is the newest push; web:2 took the place of web:1."),
        "{whole}"
    );
    assert_eq!(said(&json!(events).to_string()), whole);
    assert_eq!(said(&tailed), whole);
}

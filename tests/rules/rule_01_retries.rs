//! Which errors pass and which do not: a call is made again where that helps and nowhere else, and what could not be done is
//! said with its reason and found by the next look-up.

use handler::config::Action;
use handler::report::{Decision, Outcome};
use handler::{Context, Error};

use crate::fleet::{asleep, config, context, fill, look_up, now, push, states};
use crate::proxy::{Reply, Script};
use crate::world::World;

/// One service, one push, a warm function, and the script between them.
async fn scene() -> (World, Context, Script) {
    let options = local::Options {
        empty_page_every: 0,
        ..local::Options::default()
    };
    let world = asleep(options).await;
    fill(&world.account, 1, 1, 1);
    push(&world, "v1", "event-1").await;
    let script = Script::default();
    let context = context(&world, &script);
    (world, context, script)
}

/// The one decision of a look-up, and whether the invocation is to be tried again.
async fn decided(world: &World, context: &Context) -> (Decision, bool) {
    let (report, again) = match look_up(world, context).await {
        Ok(report) => (report, false),
        Err(Error::Retryable { report, .. }) => (*report.unwrap(), true),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(report.decisions.len(), 1, "{report:?}");
    (report.decisions[0].clone(), again)
}

#[tokio::test(start_paused = true)]
async fn rule_01_errors_that_pass_are_waited_out() {
    let passing = [
        (
            "RegisterTaskDefinition",
            Reply::error(
                400,
                "ClientException",
                "Too many concurrent attempts to create a new revision of the specified family.",
            ),
        ),
        (
            "RegisterTaskDefinition",
            Reply::error(400, "ClientException", "Role is not valid"),
        ),
        (
            "RegisterTaskDefinition",
            Reply::error(400, "ClientException", "Rate exceeded"),
        ),
        (
            "RegisterTaskDefinition",
            Reply::error(500, "ServerException", "Service Unavailable."),
        ),
        (
            "TagResource",
            Reply::error(400, "ThrottlingException", "Rate exceeded"),
        ),
        (
            "UpdateService",
            Reply::error(400, "ThrottlingException", "Rate exceeded"),
        ),
        (
            "UpdateService",
            Reply::error(503, "ServiceUnavailableException", "later"),
        ),
        ("UpdateService", Reply::Reset),
        (
            "DescribeServices",
            Reply::error(429, "SlowDown", "Too Many Requests"),
        ),
        (
            "DescribeServices",
            Reply::Answer(200, "<html>not JSON</html>".to_owned()),
        ),
        ("DescribeTaskDefinition", Reply::Reset),
        (
            "ListServices",
            Reply::Answer(502, "<html>Bad Gateway</html>".to_owned()),
        ),
        (
            "ListClusters",
            Reply::error(400, "ThrottlingException", "Rate exceeded"),
        ),
        (
            "FilterLogEvents",
            Reply::error(400, "ThrottlingException", "Rate exceeded"),
        ),
        (
            "FilterLogEvents",
            Reply::error(503, "ServiceUnavailableException", "later"),
        ),
        ("FilterLogEvents", Reply::Reset),
    ];
    for (call, reply) in passing {
        let (world, context, script) = scene().await;
        script.say(call, 2, &reply);
        let (decision, again) = decided(&world, &context).await;
        assert_eq!(
            decision.outcome,
            Outcome::Rolled,
            "{call} {reply:?}: {}",
            decision.reason
        );
        assert!(!again, "{call} {reply:?}");
        // One call more for each time that it is made anyway: the second reading, and three slices of the log.
        let begun = match call {
            "DescribeServices" => 4,
            "FilterLogEvents" => 5,
            _ => 3,
        };
        assert_eq!(script.count(call), begun, "{call} {reply:?}");
        assert_eq!(
            states(&world.account, 1, 1)[0].0,
            "f0:2",
            "{call} {reply:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_errors_that_do_not_pass_are_not_repeated() {
    let lasting = [
        (
            "RegisterTaskDefinition",
            "LimitExceededException",
            "The limit for revisions has been exceeded.",
        ),
        (
            "RegisterTaskDefinition",
            "ClientException",
            "Invalid setting for container 'app'.",
        ),
        (
            "RegisterTaskDefinition",
            "InvalidParameterException",
            "Family should not be null or empty.",
        ),
        ("TagResource", "ResourceNotFoundException", "gone"),
        (
            "UpdateService",
            "ServiceNotActiveException",
            "Service was not ACTIVE.",
        ),
        (
            "UpdateService",
            "InvalidParameterException",
            "no such thing",
        ),
        (
            "UpdateService",
            "AccessDeniedException",
            "not authorized to perform: ecs:UpdateService",
        ),
    ];
    for (call, code, message) in lasting {
        let (world, context, script) = scene().await;
        script.say(call, 1, &Reply::error(400, code, message));
        let (decision, again) = decided(&world, &context).await;
        assert_eq!(decision.outcome, Outcome::Failed, "{call} {code}");
        assert_eq!(decision.reason, format!("{call}: {code}: {message}"));
        assert!(
            !again,
            "{call} {code}: a retry of the invocation would not help"
        );
        assert_eq!(script.count(call), 1, "{call} {code}");
        assert_eq!(states(&world.account, 1, 1)[0].0, "f0:1", "{call} {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_error_that_does_not_pass_in_time_ends_the_invocation_retryable() {
    let (world, context, script) = scene().await;
    script.say(
        "UpdateService",
        5,
        &Reply::error(500, "ServerException", "down"),
    );
    let (decision, again) = decided(&world, &context).await;
    assert_eq!(decision.outcome, Outcome::Failed);
    assert!(
        again && decision.reason.contains("ServerException"),
        "{}",
        decision.reason
    );
    // The next look-up takes up the revision that the ledger names, and registers none.
    let (decision, again) = decided(&world, &context).await;
    assert_eq!(
        (decision.outcome, again),
        (Outcome::Rolled, false),
        "{}",
        decision.reason
    );
    assert_eq!(script.count("RegisterTaskDefinition"), 1);
    world.minutes(1).await;
    assert_eq!(world.deployments("s0"), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_page_that_repeats_its_token_is_no_end() {
    for call in ["ListServices", "ListClusters"] {
        let (world, context, script) = scene().await;
        let members = r#"{"serviceArns": [], "clusterArns": [], "nextToken": "same"}"#;
        script.say(call, 2, &Reply::Answer(200, members.to_owned()));
        match look_up(&world, &context).await {
            Err(error @ Error::Retryable { .. }) if call == "ListClusters" => {
                assert!(error.to_string().contains("same token"), "{error}");
            }
            Err(Error::Retryable { report, .. }) => {
                let report = report.unwrap();
                assert_eq!(report.decisions[0].outcome, Outcome::Failed);
                assert!(
                    report.decisions[0].reason.contains("same token"),
                    "{report:?}"
                );
            }
            other => panic!("{call}: {other:?}"),
        }
        assert_eq!(decided(&world, &context).await.0.outcome, Outcome::Rolled);
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_service_that_could_not_be_described_is_told_and_hides_no_other() {
    let (world, context, script) = scene().await;
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/default/s0";
    let failure =
        format!(r#"{{"services": [], "failures": [{{"arn": "{arn}", "reason": "INTERNAL"}}]}}"#);
    script.say("DescribeServices", 1, &Reply::Answer(200, failure));
    let (decision, again) = decided(&world, &context).await;
    assert_eq!((decision.outcome, again), (Outcome::Failed, true));
    assert_eq!(
        (decision.service.as_str(), decision.cluster.as_str()),
        ("s0", "default")
    );
    assert!(decision.reason.contains("INTERNAL"), "{}", decision.reason);
    assert_eq!(decided(&world, &context).await.0.outcome, Outcome::Rolled);
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_denied_ledger_makes_one_revision_an_hour_and_not_one_a_look_up() {
    let (world, context, script) = scene().await;
    let denied = Reply::error(
        400,
        "AccessDeniedException",
        "not authorized to perform: ecs:TagResource",
    );
    script.say("TagResource", 1, &denied);
    for _ in 0..11 {
        let (decision, again) = decided(&world, &context).await;
        assert_eq!((decision.outcome, again), (Outcome::Failed, false));
        assert!(
            decision.reason.contains("ecs:TagResource"),
            "{}",
            decision.reason
        );
        world
            .account
            .run_until(world.now() + chrono::TimeDelta::minutes(5))
            .await;
    }
    assert_eq!(script.count("RegisterTaskDefinition"), 1);
    assert_eq!(script.count("TagResource"), 1);
    // Meanwhile the policy was mended.
    world
        .account
        .run_until(world.now() + chrono::TimeDelta::minutes(10))
        .await;
    assert_eq!(decided(&world, &context).await.0.outcome, Outcome::Rolled);
}

#[tokio::test(start_paused = true)]
async fn rule_03_a_forced_deployment_that_may_have_begun_is_not_sent_again() {
    let (world, _, script) = scene().await;
    // A deployment within the push's own second would count as one that came after it.
    world.minutes(1).await;
    push(&world, "seed", "event-2").await;
    let mut config = config();
    config.service.action = Action::Force;
    let sdk = script.over(&world.sdk());
    let context = Context::new(config, &sdk, now(&world));
    script.say("UpdateService", 1, &Reply::Reset);
    let lost = look_up(&world, &context).await;
    assert!(matches!(lost, Err(Error::Retryable { .. })), "{lost:?}");
    assert_eq!(script.count("UpdateService"), 1);
    // What ECS refused to take was not begun, and is sent again.
    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    script.say("UpdateService", 1, &throttled);
    look_up(&world, &context).await.unwrap();
    assert_eq!(script.count("UpdateService"), 3);
    world.minutes(1).await;
    assert_eq!(world.deployments("s0"), 1);
}

/// Half a minute later somebody else may have deployed: sent again, the update would undo that.
#[tokio::test(start_paused = true)]
async fn rule_03_an_update_that_was_never_answered_is_not_sent_again() {
    let (world, context, script) = scene().await;
    script.say("UpdateService", 1, &Reply::Silence);
    let (decision, again) = decided(&world, &context).await;
    assert_eq!(
        (decision.outcome, again),
        (Outcome::Failed, true),
        "{}",
        decision.reason
    );
    assert_eq!(script.count("UpdateService"), 1);
    // The next look-up sees that it was taken.
    let (decision, again) = decided(&world, &context).await;
    assert_eq!(
        (decision.outcome, again),
        (Outcome::Unchanged, false),
        "{}",
        decision.reason
    );
    assert_eq!(script.count("UpdateService"), 1);
}

/// It noted its push over what the other had noted for the same one: taken back, the push would roll again once undone.
#[tokio::test(start_paused = true)]
async fn rule_03_a_look_up_that_another_overtook_notes_the_others_revision() {
    let (world, slow, script) = scene().await;
    let busy = Reply::error(400, "ClientException", "Rate exceeded");
    script.say("RegisterTaskDefinition", 1, &busy);
    let other = Script::default();
    let quick = context(&world, &other);
    let before = world.describe("s0")["taskDefinition"].clone();
    let event = serde_json::json!({});
    let both = Box::pin(async {
        tokio::join!(
            handler::handle(&event, &slow),
            handler::handle(&event, &quick)
        )
    });
    let (first, second) = world.account.drive(both).await;
    assert!(second.is_ok());
    assert!(first.is_ok() || matches!(first, Err(Error::Retryable { .. })));
    assert_eq!(script.count("UpdateService"), 0, "overtaken");
    assert_eq!(other.count("UpdateService"), 1);
    world.minutes(10).await;
    // Somebody goes back: that stays.
    let cluster = world.describe("s0")["clusterArn"].clone();
    let back = serde_json::json!({"cluster": cluster, "service": "s0", "taskDefinition": before});
    world.account.call("ecs", "UpdateService", back).unwrap();
    world.minutes(10).await;
    let (decision, _) = decided(&world, &quick).await;
    assert_eq!(decision.outcome, Outcome::Held, "{}", decision.reason);
    assert_eq!(world.describe("s0")["taskDefinition"], before);
}

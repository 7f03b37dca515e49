//! What somebody chose stays until the next push: a rollback, a target set back, a higher revision, none at all.

use handler::report::Outcome;
use serde_json::json;

use super::{
    brief, call, config, count, create, of, put, rule, runs, schedule, scheduled, target, world,
};
use crate::road::{context, invoke};
use crate::world::{World, image};

#[tokio::test(start_paused = true)]
async fn rule_03_a_revision_that_was_rolled_back_is_not_moved_to() {
    let world = World::with(&[], &config()).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &breaker, &containers);
    rule(&world, "nightly", &[target("1", "web:1")]);
    create(&world, &schedule("nightly", "web:1"));
    world.set_up(&config()).await;
    world.minutes(10).await;
    let before = world.account.journal_len();
    world.push("web", "crash", "bad", 5);
    world.minutes(150).await;
    assert_eq!(world.deployments("web"), 1, "it was deployed, and undone");
    assert_eq!(
        count(&world, before, "PutTargets") + count(&world, before, "UpdateSchedule"),
        0
    );
    world.push("web", "good", "fixed", 5);
    world.minutes(30).await;
    let now = brief(&world.describe("web")["taskDefinition"]);
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        (now.clone(), now)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_03_what_somebody_sets_back_stays_until_the_next_push() {
    let mut world = world().await;
    world.push("web", "v1", "one", 3);
    world.minutes(30).await;
    assert_eq!(runs(&world, "nightly"), "web:2");
    put(&world, "nightly", &[target("1", "web:1")]);
    let back = schedule("nightly", "web:1");
    call(&world, "scheduler", "UpdateSchedule", back);
    // Sweeps that look at everything among them.
    world.minutes(180).await;
    // And a function that has just started.
    let config = json!({"service": {"scheduled": true}});
    let fresh = context(&world, &config);
    let sweep = json!({"detail-type": "Scheduled Event", "source": "aws.events"});
    let report = invoke(&world, &fresh, &sweep).await.unwrap();
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:1".into(), "web:1".into())
    );
    for cluster in ["events", "scheduler"] {
        let of = of(&report.decisions, cluster);
        let [one] = of[..] else { panic!("{of:?}") };
        assert_eq!(one.outcome, Outcome::Held);
        assert!(one.reason.contains("until the next push"), "{}", one.reason);
    }
    world.push("web", "v2", "two", 3);
    world.minutes(30).await;
    assert_eq!(
        (runs(&world, "nightly"), scheduled(&world, "nightly")),
        ("web:3".into(), "web:3".into())
    );
    assert!(world.heard().iter().all(|answer| !answer.failed));
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_target_with_a_higher_revision_stays_and_one_without_follows_by_itself() {
    let world = World::with(&[("web", &image("web", "seed"))], &config()).await;
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    for _ in 0..4 {
        let definition =
            json!({"family": "web", "memory": "512", "containerDefinitions": containers});
        call(&world, "ecs", "RegisterTaskDefinition", definition);
    }
    rule(&world, "higher", &[target("1", "web:9")]);
    rule(&world, "free", &[target("1", "web")]);
    create(&world, &schedule("higher", "web:9"));
    world.set_up(&config()).await;
    world.minutes(10).await;
    let before = world.account.journal_len();
    world.push("web", "v1", "one", 3);
    world.minutes(90).await;
    assert_eq!(brief(&world.describe("web")["taskDefinition"]), "web:6");
    assert_eq!(
        count(&world, before, "PutTargets") + count(&world, before, "UpdateSchedule"),
        0
    );
}

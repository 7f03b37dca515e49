//! ECS may answer as it would have a while before: what was rolled meanwhile is not rolled again.

use chrono::TimeDelta;
use handler::report::Outcome;
use local::faults::{Kind, Planned};
use serde_json::json;

use crate::world::{World, image};

/// Two services, of which the circuit breaker watches over one.
async fn world() -> World {
    let world = World::new(&[("api", &image("api", "seed"))]).await;
    // With three tasks the third that fails is soon there: no look-up comes between the roll and its end.
    let breaker = json!({"desiredCount": 3, "deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([{"name": "web", "image": image("web", "seed")}]);
    world.service("web", &breaker, &containers);
    world
}

/// A crashing image is pushed; runs until it is rolled.
async fn pushed(world: &World) -> String {
    world.minutes(10).await;
    let push = world.push("web", "crash", "bad", 5);
    while world.deployments("web") == 0 {
        let soon = world.now() + TimeDelta::seconds(1);
        world.account.run_until(soon).await;
    }
    push
}

/// The breaker undoes it, whose event wakes the handler; so many of the answers about services that it then gets are of the time
/// before.
async fn after(answers: u32) -> (World, String) {
    let before = world().await;
    pushed(&before).await;
    let rolled = before.now();
    let world = world().await;
    world.account.plan_faults(vec![Planned {
        kind: Kind::Stale,
        from: rolled,
        until: rolled + TimeDelta::minutes(2),
        operation: Some("DescribeServices".to_owned()),
        skip: 0,
        times: answers,
        amount: TimeDelta::minutes(2),
    }]);
    let push = pushed(&world).await;
    assert_eq!(world.now(), rolled, "the same history");
    world.minutes(60).await;
    (world, push)
}

#[tokio::test(start_paused = true)]
async fn rule_03_an_answer_from_before_the_roll_does_not_roll_it_again() {
    for answers in [1, 2] {
        let (mut world, push) = after(answers).await;
        let fired = world.account.faults().len();
        assert_eq!(fired, usize::try_from(answers).unwrap(), "all were given");
        assert_eq!(world.deployments("web"), 1, "{answers} old answers");
        assert_eq!(world.image_of("web", 0), image("web", "seed"));
        let (outcome, reason) = world.last("web", &push).unwrap();
        assert_eq!(outcome, Outcome::Held, "{reason}");
    }
}

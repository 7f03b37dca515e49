//! The circuit breaker undid a revision that carried two new pushes: each is tried once alone.

use handler::report::Outcome;
use serde_json::json;

use crate::world::{World, image};

/// A service of two containers, and what it was rolled to after these tags were pushed, web's first.
async fn after(web: &str, proxy: &str) -> (World, String, String) {
    let world = World::new(&[]).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let containers = json!([
        {"name": "web", "image": image("web", "seed")},
        {"name": "proxy", "image": image("proxy", "seed")},
    ]);
    world.service("shop", &breaker, &containers);
    world.minutes(10).await;
    let first = world.push("web", web, &format!("web-{web}"), 5);
    let second = world.push("proxy", proxy, &format!("proxy-{proxy}"), 5);
    world.minutes(360).await;
    (world, first, second)
}

#[tokio::test(start_paused = true)]
async fn rule_03_the_good_one_of_two_that_were_undone_together_comes_to_run() {
    for (web, proxy, runs) in [
        ("crash", "good", ["seed", "good"]),
        ("good", "crash", ["good", "seed"]),
    ] {
        let (mut world, first, second) = after(web, proxy).await;
        assert_eq!(
            world.image_of("shop", 0),
            image("web", runs[0]),
            "{web} {proxy}"
        );
        assert_eq!(
            world.image_of("shop", 1),
            image("proxy", runs[1]),
            "{web} {proxy}"
        );
        assert_eq!(
            world.deployments("shop"),
            3,
            "together, and each once alone"
        );
        let outcomes = [
            world.last("shop", &first).unwrap().0,
            world.last("shop", &second).unwrap().0,
        ];
        let expected = |tag| match tag {
            "good" => Outcome::Unchanged,
            _ => Outcome::Held,
        };
        assert_eq!(outcomes, [expected(web), expected(proxy)]);
        assert_eq!(world.describe("shop")["runningCount"], json!(2));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_two_that_fail_both_are_tried_once_together_and_once_each() {
    let (mut world, first, second) = after("crash-a", "crash-b").await;
    assert_eq!(world.image_of("shop", 0), image("web", "seed"));
    assert_eq!(world.image_of("shop", 1), image("proxy", "seed"));
    assert_eq!(world.deployments("shop"), 3);
    for push in [first, second] {
        assert_eq!(world.last("shop", &push).unwrap().0, Outcome::Held);
    }
}

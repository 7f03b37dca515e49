//! A tag that somebody names is deployed, also backwards, and stays until the next push.

use handler::report::Outcome;
use serde_json::{Value, json};

use crate::road::{context, invoke};
use crate::world::{World, digest, image};

/// v1 and v2 were pushed and rolled.
async fn world(config: &Value) -> World {
    let config = handler::config::Config::from_json(config).unwrap();
    let world = World::with(&[("web", &image("web", "seed"))], &config).await;
    for (tag, name) in [("v1", "one"), ("v2", "two")] {
        world.push("web", tag, name, 3);
        world.minutes(10).await;
    }
    world
}

fn v1() -> Value {
    json!({"repository": "web", "tag": "v1"})
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_named_tag_goes_back_and_look_ups_leave_it_until_the_next_push() {
    let world = world(&json!({})).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    let report = invoke(&world, &context(&world, &json!({})), &v1()).await;
    let report = report.unwrap();
    assert_eq!((report.trigger.as_str(), report.window), ("direct", None));
    let decision = &report.decisions[0];
    assert_eq!(decision.outcome, Outcome::Rolled);
    assert!(decision.reason.contains("named directly"));
    assert_eq!(decision.digest, digest("one"));
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.deployments("web"), 3);
    world.push("web", "v3", "three", 3);
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), image("web", "v3"));
}

#[tokio::test(start_paused = true)]
async fn rule_03_named_twice_it_rolls_once() {
    let world = world(&json!({})).await;
    let context = context(&world, &json!({}));
    invoke(&world, &context, &v1()).await.unwrap();
    world.minutes(5).await;
    let again = invoke(&world, &context, &v1()).await.unwrap();
    assert_eq!(again.decisions[0].outcome, Outcome::Unchanged);
    assert_eq!(world.deployments("web"), 3);
}

#[tokio::test(start_paused = true)]
async fn the_name_overrides_policies_but_not_hold_and_not_a_dry_run() {
    let world = world(&json!({})).await;
    let mut dry = v1();
    dry["dry_run"] = json!(true);
    for (config, event, outcome) in [
        (json!({"service": {"hold": true}}), v1(), Outcome::Held),
        (json!({}), dry, Outcome::Held),
        (
            json!({"service": {"tags": "exact:prod"}, "repositories": ["api"],
                "services": [{"service": "web", "tags": "prefix:main-"}]}),
            v1(),
            Outcome::Rolled,
        ),
    ] {
        let report = invoke(&world, &context(&world, &config), &event).await;
        assert_eq!(report.unwrap().decisions[0].outcome, outcome, "{config}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_10_what_cannot_be_deployed_is_refused_with_a_way_out() {
    let world = world(&json!({})).await;
    let context = context(&world, &json!({}));
    for (event, words) in [
        (
            json!({"repository": "web", "tag": "v9"}),
            ["`web`", "`v9`", "aws ecr list-images"],
        ),
        (
            json!({"repository": "api", "tag": "v1"}),
            ["no service", "`api`", "ecroll status"],
        ),
        (
            json!({"repository": "web", "tag": "v1", "account": "999999999999"}),
            ["no service", "`web`", "ecroll status"],
        ),
        (
            json!({"repository": "web", "tag": "v1", "service": "other-*"}),
            ["no service", "`web`", "ecroll status"],
        ),
        (
            json!({"repository": "web", "tag": "v1", "digest": digest("two")}),
            ["`v1`", "names", "nothing was deployed"],
        ),
        (
            json!({"repository": "web", "tag": "v 1"}),
            ["`tag` must be", "v 1", "direct use takes"],
        ),
    ] {
        let error = invoke(&world, &context, &event).await.unwrap_err();
        assert_eq!(error.kind(), "Permanent");
        for word in words {
            assert!(error.to_string().contains(word), "{event}: {error}");
        }
    }
    assert_eq!(world.deployments("web"), 2, "nothing was deployed");
}

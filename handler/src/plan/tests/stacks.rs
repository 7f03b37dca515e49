//! Services that a stack of the configuration makes.

use serde_json::json;

use super::builders::{Scene, outcomes, rolled};
use crate::report::Outcome::Skipped;

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/8f3e";

/// A service of the stack `shop` that runs `web`, with a push.
fn scene(stack: &str, more: &serde_json::Value) -> Scene {
    let mut config =
        json!({"stacks": [{"stack": stack, "repository": "web", "parameter": "ImageTag"}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        config[key] = value.clone();
    }
    let mut scene = Scene::new(&["web:v1"])
        .configured(&config)
        .pushed("web:v2", "d2", 0);
    let tag = "aws:cloudformation:stack-id".to_owned();
    scene.web().tags.insert(tag, STACK.to_owned());
    scene
}

#[test]
fn rule_03_a_service_of_a_stack_that_follows_is_left_to_the_stack() {
    for stack in ["shop", STACK] {
        let plan = scene(stack, &json!({})).look_up(5);
        assert_eq!(outcomes(&plan), [(Skipped, "v2")], "{stack}");
        let reason = &plan.decisions[0].reason;
        assert!(
            reason.contains("stack shop, which takes the push by its parameter ImageTag"),
            "{reason}"
        );
        assert_eq!((plan.rolls.len(), plan.notes.len()), (0, 0), "{stack}");
    }
}

#[test]
fn rule_01_a_service_of_another_stack_or_of_another_repository_rolls() {
    let other = STACK.replace("8f3e", "77");
    for stack in ["shop-2", &other] {
        assert_eq!(
            rolled(&scene(stack, &json!({})).look_up(5)),
            ["web:v2"],
            "{stack}"
        );
    }
    // A stack of that name where the function is not.
    let targets = json!({"targets": [{"account": "111122223333", "region": "eu-west-1"}]});
    assert_eq!(rolled(&scene("shop", &targets).look_up(5)), ["web:v2"]);
    // Of its two repositories the stack takes one.
    let repository =
        json!({"stacks": [{"stack": "shop", "repository": "api", "parameter": "ImageTag"}]});
    assert_eq!(rolled(&scene("shop", &repository).look_up(5)), ["web:v2"]);
}

//! A roll that cannot proceed is refused, with the smallest change that would let it.

use handler::report::Outcome;
use serde_json::json;

use crate::world::{World, image};

#[tokio::test(start_paused = true)]
async fn rule_06_impossible_percentages_are_refused_with_the_repair() {
    let mut world = World::new(&[]).await;
    let percentages = json!({"desiredCount": 2, "deploymentConfiguration":
        {"minimumHealthyPercent": 75, "maximumPercent": 100}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &percentages, &containers);
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(
        reason.contains("150 or more") && reason.contains("50 or less"),
        "{reason}"
    );

    // Mended as it says, the push rolls with the next sweep.
    let mend = json!({"cluster": "default", "service": "web",
        "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 100}});
    world.account.call("ecs", "UpdateService", mend).unwrap();
    world.minutes(10).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_06_foreign_controllers_are_told_not_called() {
    let mut world = World::new(&[]).await;
    let foreign = json!({"deploymentController": {"type": "CODE_DEPLOY"}});
    let containers = json!([{"name": "app", "image": image("web", "seed")}]);
    world.service("web", &foreign, &containers);
    let before = world.account.journal_len();
    let push = world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    let (outcome, reason) = world.last("web", &push).unwrap();
    assert_eq!(outcome, Outcome::Refused);
    assert!(reason.contains("CODE_DEPLOY"), "{reason}");
    let calls = world.calls(before);
    assert!(
        !calls
            .iter()
            .any(|call| call == "RegisterTaskDefinition" || call == "UpdateService")
    );
}

//! Stacks that follow, beside services and tags that somebody names.

use chrono::TimeDelta;
use handler::Deadline;
use handler::report::Outcome;
use local::What;
use local::faults::{Kind, Planned};
use serde_json::{Value, json};

use crate::road::{IMAGE, context, event, invoke, put};
use crate::stacks::{entry, following, stack, updates, value};
use crate::world::{World, image};

/// A service `shop` that runs the image, made by the stack or by a person.
fn serve(world: &World, by_stack: bool) {
    let containers = json!([{"name": "app", "image": image("shop", "v1")}]);
    world.service("shop", &json!({}), &containers);
    if by_stack {
        let id = stack(world)["StackId"].as_str().unwrap().to_owned();
        world
            .account
            .with_ecs(|ecs, _| ecs.made_by_stack("shop", &id));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_03_the_services_of_a_stack_get_a_push_by_the_stack_alone() {
    let mut world = following(&[entry()]).await;
    serve(&world, true);
    world.minutes(5).await;
    let push = world.push("shop", "v2", "two", 3);
    world.minutes(30).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
    assert_eq!(updates(&world).len(), 1);
    // What the template makes of the parameter is not simulated: nobody touched the service.
    assert_eq!(world.deployments("shop"), 0);
    let said = world.decisions();
    let mut of = said
        .iter()
        .filter(|d| d.push == push && d.cluster == "default");
    assert!(
        of.all(|d| d.outcome == Outcome::Skipped && d.reason.contains("belongs to the stack shop"))
    );
    let described = world.describe("shop");
    assert_eq!(
        described["tags"].as_array().unwrap().len(),
        1,
        "no ledger: {described}"
    );
}

fn named(tag: &str) -> Value {
    json!({"repository": "shop", "tag": tag})
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_named_tag_moves_a_stack_also_backwards_and_look_ups_leave_it() {
    let mut narrow = entry();
    narrow["tags"] = json!("newest-semver");
    let world = following(&[narrow.clone()]).await;
    for (tag, name) in [("1.0.0", "one"), ("2.0.0", "two")] {
        put(&world, "shop", tag, name, IMAGE);
        world.push("shop", tag, name, 3);
        world.minutes(15).await;
        assert_eq!(value(&world, "ImageTag"), tag);
    }
    let fresh = context(&world, &json!({"stacks": [narrow]}));
    // Nobody runs it besides the stack, and services are not meant.
    let none = json!({"repository": "shop", "tag": "1.0.0", "service": "*"});
    let refused = invoke(&world, &fresh, &none).await.unwrap_err();
    assert!(
        refused.to_string().contains("no service that follows runs"),
        "{refused}"
    );
    let report = invoke(&world, &fresh, &named("1.0.0")).await.unwrap();
    let [one] = &report.decisions[..] else {
        panic!("{:?}", report.decisions);
    };
    assert_eq!(
        (one.cluster.as_str(), one.outcome),
        ("cloudformation", Outcome::Rolled)
    );
    assert_eq!(
        (one.from.as_deref(), one.to.as_deref()),
        (Some("2.0.0"), Some("1.0.0"))
    );
    assert!(one.reason.contains("named directly"), "{}", one.reason);
    // Named again while it is being set: nothing happens twice, and whoever asks knows what to do.
    let again = invoke(&world, &fresh, &named("1.0.0")).await.unwrap();
    assert_eq!(again.decisions[0].outcome, Outcome::Held);
    assert!(again.decisions[0].reason.contains("name the tag again"));
    world.minutes(10).await;
    let again = invoke(&world, &fresh, &named("1.0.0")).await.unwrap();
    assert_eq!(again.decisions[0].outcome, Outcome::Unchanged);
    world.minutes(90).await;
    assert_eq!(value(&world, "ImageTag"), "1.0.0", "look-ups leave it");
    assert_eq!(updates(&world).len(), 3);
    world.push("shop", "2.1.0", "three", 3);
    world.minutes(30).await;
    assert_eq!(value(&world, "ImageTag"), "2.1.0");
}

#[tokio::test(start_paused = true)]
async fn rule_10_a_named_tag_says_why_a_stack_does_not_take_it() {
    let mut missing = entry();
    missing["stack"] = json!("gone");
    let world = following(&[missing.clone(), entry()]).await;
    let fresh = context(&world, &json!({"stacks": [missing]}));
    put(&world, "shop", "v2", "two", IMAGE);
    let report = invoke(&world, &fresh, &named("v2")).await.unwrap();
    assert_eq!(report.decisions[0].outcome, Outcome::Refused);
    assert!(
        report.decisions[0]
            .reason
            .contains("there is no stack gone here")
    );
    // An entry that does not name the registry leaves open which one.
    let bare = json!({"stack": "gone", "repository": "shop", "parameter": "ImageTag"});
    let bare = context(&world, &json!({"stacks": [bare]}));
    let error = invoke(&world, &bare, &named("v2"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("the stack gone could not be read") && error.contains("does not exist"),
        "{error}"
    );
    let mut dry = named("v2");
    dry["dry_run"] = json!(true);
    let held = context(&world, &json!({"stacks": [entry()]}));
    let report = invoke(&world, &held, &dry).await.unwrap();
    assert_eq!(report.decisions[0].outcome, Outcome::Held);
    assert_eq!(value(&world, "ImageTag"), "v1");
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_roll_that_takes_its_time_holds_no_stack_up() {
    let world = following(&[entry()]).await;
    serve(&world, false);
    world.minutes(5).await;
    put(&world, "shop", "v2", "two", IMAGE);
    let now = world.now();
    world.account.plan_faults(vec![Planned {
        kind: Kind::Slow,
        from: now,
        until: now + TimeDelta::minutes(10),
        operation: Some("RegisterTaskDefinition".to_owned()),
        skip: 0,
        times: 1,
        amount: TimeDelta::seconds(20),
    }]);
    let fresh = context(&world, &json!({"stacks": [entry()]}));
    let from = world.account.journal_len();
    let told = event("shop", "v2", "two", now);
    let report = invoke(&world, &fresh, &told).await.unwrap();
    let rolled = report
        .decisions
        .iter()
        .filter(|d| d.outcome == Outcome::Rolled);
    assert_eq!(rolled.count(), 2, "{:?}", report.decisions);
    let journal = world.account.journal_since(from);
    let at = |wanted: &str| {
        let mut of = journal.iter().filter(|entry| {
            matches!(&entry.what,
            What::Call { operation, .. } if operation == wanted)
        });
        of.next().unwrap().at - now
    };
    assert!(
        at("UpdateService") > TimeDelta::seconds(19),
        "{:?}",
        at("UpdateService")
    );
    assert!(
        at("UpdateStack") < TimeDelta::seconds(5),
        "{:?}",
        at("UpdateStack")
    );
    // Neither twice, by whichever road it comes again.
    world.minutes(30).await;
    invoke(&world, &fresh, &told).await.unwrap();
    assert_eq!((updates(&world).len(), world.deployments("shop")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn rule_01_without_time_for_an_update_none_is_begun_and_the_next_look_up_does_it() {
    let world = following(&[entry()]).await;
    put(&world, "shop", "v2", "two", IMAGE);
    let fresh = context(&world, &json!({"stacks": [entry()]}));
    let told = event("shop", "v2", "two", world.now());
    let soon = Deadline::at(world.now() + TimeDelta::seconds(20));
    let work = Box::pin(handler::handle_by(&told, &fresh, soon));
    let report = world.account.drive(work).await.unwrap();
    assert_eq!(
        report.decisions[0].outcome,
        Outcome::Held,
        "{:?}",
        report.decisions
    );
    assert!(
        report.decisions[0]
            .reason
            .contains("left to the next look-up")
    );
    assert_eq!(updates(&world), []);
    world.push("shop", "v2", "two", 1);
    world.minutes(15).await;
    assert_eq!(value(&world, "ImageTag"), "v2");
}

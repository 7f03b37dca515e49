//! Records and events that come late: hours after the push, by whichever road, when something newer was decided long ago.

use chrono::TimeDelta;
use handler::report::{Outcome, Report};
use serde_json::json;

use crate::fleet;
use crate::proxy::{Reply, Script};
use crate::road::{batch, context, event, invoke};
use crate::world::{World, image, record};

async fn world(services: &[&str]) -> World {
    let images: Vec<_> = services.iter().map(|name| image(name, "seed")).collect();
    let services: Vec<(&str, &str)> = services
        .iter()
        .zip(&images)
        .map(|(name, image)| (*name, image.as_str()))
        .collect();
    World::new(&services).await
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    let decisions = report.decisions.iter();
    decisions.map(|d| (d.tag.as_str(), d.outcome)).collect()
}

#[tokio::test(start_paused = true)]
async fn rule_02_what_an_event_tells_late_keeps_its_place_in_the_log() {
    let world = world(&["web"]).await;
    let pushed = world.now();
    // Within one second: which came last only the log can tell.
    world.push("web", "v1", "one", 1);
    let second = world.push("web", "v2", "two", 2);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    let again = record("web", "v2", "two", pushed, &second);
    for late in [
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": again}),
        event("web", "v1", "one", pushed + TimeDelta::seconds(2)),
    ] {
        let report = invoke(&world, &context(&world, &json!({})), &late).await;
        let report = report.unwrap();
        let told = [("v1", Outcome::Skipped), ("v2", Outcome::Unchanged)];
        assert_eq!(outcomes(&report), told, "{report:#?}");
        assert_eq!(world.image_of("web", 0), image("web", "v2"));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_01_a_late_event_of_a_tag_that_moved_back_is_a_push_of_its_own() {
    let world = world(&["web"]).await;
    world.push("web", "v1", "one", 6);
    world.minutes(2).await;
    world.push("web", "v1", "two", 6);
    world.minutes(2).await;
    // Its record never arrives.
    let back = world.now();
    let name = image("web", "v1");
    let name = name.rsplit_once(':').unwrap().0.to_owned();
    crate::road::put(&world, "web", "v1", "one", crate::road::IMAGE);
    world
        .account
        .with_ecs(|ecs, _| ecs.push_image(&name, "v1", &crate::world::digest("one")));
    world.minutes(30).await;
    let late = event("web", "v1", "one", back);
    let report = invoke(&world, &context(&world, &json!({})), &late).await;
    let report = report.unwrap();
    let digests: Vec<&str> = report.pushes.iter().map(|p| p.digest.as_str()).collect();
    let [one, two] = ["one", "two"].map(crate::world::digest);
    assert_eq!(digests, [&one, &two, &one], "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn rule_01_where_the_log_cannot_be_read_what_came_late_waits_alone() {
    let world = world(&["web", "api"]).await;
    let late = record("web", "v1", "one", world.now(), "late");
    world.minutes(60).await;
    let fresh = record("api", "v1", "one", world.now(), "fresh");
    let batch = batch(&[late, fresh]);
    let script = Script::default();
    let throttled = Reply::error(400, "ThrottlingException", "Rate exceeded");
    script.say("FilterLogEvents", 50, &throttled);
    let first = invoke(&world, &fleet::context(&world, &script), &batch).await;
    let first = first.unwrap_err();
    assert!(matches!(first, handler::Error::Retryable { .. }), "{first}");
    let words = first.to_string();
    assert!(words.contains("web: FilterLogEvents"), "{words}");
    assert_eq!(world.image_of("api", 0), image("api", "v1"));
    assert_eq!(world.image_of("web", 0), image("web", "seed"));
    let context = fleet::context(&world, &Script::default());
    invoke(&world, &context, &batch).await.unwrap();
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.deployments("api"), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_01_where_the_log_may_not_be_read_what_came_late_is_decided_by_itself() {
    let world = world(&["web"]).await;
    let late = record("web", "v1", "one", world.now(), "late");
    world.minutes(60).await;
    let script = Script::default();
    let denied = Reply::error(400, "AccessDeniedException", "not authorized");
    script.say("FilterLogEvents", 50, &denied);
    let context = fleet::context(&world, &script);
    invoke(&world, &context, &batch(&[late])).await.unwrap();
    assert!(script.count("FilterLogEvents") > 0);
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
}

#[tokio::test(start_paused = true)]
async fn rule_02_a_record_later_than_the_look_back_is_decided_with_what_was_pushed_since() {
    let world = world(&["web"]).await;
    let pushed = world.now();
    world.minutes(5).await;
    world.push("web", "v2", "two", 1);
    world.minutes(180).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    // Pushed before v2, and told only now.
    let late = record("web", "v1", "one", pushed, "late");
    world.account.deliver(late.clone(), world.now());
    world.minutes(1).await;
    let short = context(&world, &json!({"look_back": "1h"}));
    for told in [json!({}), batch(&[late])] {
        let report = invoke(&world, &short, &told).await.unwrap();
        let decided = [("v1", Outcome::Skipped), ("v2", Outcome::Unchanged)];
        assert_eq!(outcomes(&report), decided, "{report:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_02_nothing_older_than_a_week_is_read_for_the_sake_of_one_record() {
    let world = world(&["web"]).await;
    let now = world.now();
    let strange = record("other", "v1", "one", now - TimeDelta::days(400), "strange");
    world.account.deliver(strange, now);
    world.minutes(1).await;
    let context = context(&world, &json!({}));
    let report = invoke(&world, &context, &json!({})).await.unwrap();
    let window = report.window.unwrap();
    assert_eq!(window.from, window.to - TimeDelta::days(7));
}

//! A service's own tags, over the configuration.

use serde_json::json;

use super::builders::{Scene, at, outcomes, rolled, service, writes_nothing};
use crate::report::Outcome::{Held, Refused, Skipped};

fn tagged(tags: &[(&str, &str)]) -> Scene {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let tags = tags
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    scene.web().tags.extend(tags);
    scene
}

#[test]
fn its_own_tags_win_over_rule_and_default() {
    let rule = json!({"service": {"tags": "exact:x", "hold": true},
        "services": [{"service": "web", "tags": "prefix:y", "minimum_healthy_percent": 10}]});
    let mut scene = tagged(&[
        ("ecroll:tags", "prefix:v"),
        ("ecroll:hold", "no"),
        ("ecroll:pin", "digest"),
        ("ecroll:minimum-healthy-percent", "50"),
        ("ecroll:maximum-percent", "150"),
    ])
    .configured(&rule);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v1"]);
    let roll = &plan.rolls[0];
    assert_eq!(
        (roll.minimum_healthy_percent, roll.maximum_percent),
        (Some(50), Some(150))
    );
    assert_eq!(scene.images(), ["web@sha256:d1"]);
}

#[test]
fn hold_by_a_tag_holds() {
    for value in ["true", "yes"] {
        let plan = tagged(&[("ecroll:hold", value)]).settled();
        assert_eq!(outcomes(&plan), [(Held, "v1")]);
        writes_nothing(&plan);
    }
}

#[test]
fn rule_10_wrong_tags_refuse_this_services_pushes_with_all_that_is_wrong_and_no_other() {
    let mut scene = tagged(&[("ecroll:pin", "hash"), ("ecroll:hold", "maybe")]);
    scene.inventory.services.push(service("other", 1));
    let scene = scene.pushed("web:v2", "d2", 5);
    let plan = scene.settled();
    let of_web: Vec<_> = plan
        .decisions
        .iter()
        .filter(|d| d.service == "web")
        .collect();
    assert_eq!(of_web.len(), 2);
    for decision in of_web {
        assert_eq!(decision.outcome, Refused);
        for word in [
            "`ecroll:pin`",
            "`hash`",
            "tag or digest",
            "`ecroll:hold`",
            "`maybe`",
        ] {
            assert!(decision.reason.contains(word), "{}", decision.reason);
        }
    }
    assert_eq!(plan.rolls.len(), 1);
    assert_eq!(plan.rolls[0].service.name, "other");
}

#[test]
fn rule_10_what_is_no_image_or_not_followed_is_skipped_also_there() {
    let scene = tagged(&[("ecroll:pin", "hash")]).configured(&json!({"repositories": ["shop"]}));
    assert_eq!(outcomes(&scene.settled()), [(Skipped, "v1")]);
}

#[test]
fn rule_10_wrong_tags_stop_what_died_as_well() {
    let mut scene = tagged(&[("ecroll:tags", "oops")]).noted("web", "direct:now", 0, 2, 1);
    scene.records.clear();
    let plan = scene.deployed(&[]).settled();
    writes_nothing(&plan);
}

#[test]
fn tags_that_mean_nothing_are_remarked_on_and_the_ledgers_are_not() {
    let mut scene = tagged(&[("ecroll:tag", "any"), ("ecroll:owner", "ecroll")]);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v1"]);
    let plan = scene.settled();
    let remarks: Vec<&String> = plan.remarks.iter().collect();
    assert_eq!(remarks.len(), 1, "{remarks:?}");
    assert!(remarks[0].contains("service/main/web") && remarks[0].contains("`ecroll:tags`?"));
}

#[test]
fn pin_digest_names_what_was_pushed_and_a_change_of_pin_alone_rolls_nothing() {
    let pinned = json!({"service": {"pin": "digest"}});
    let mut scene = Scene::new(&["web:seed", "web:seed@sha256:aa", "proxy:seed"])
        .configured(&pinned)
        .pushed("web:v1", "d1", 0);
    let plan = scene.look_up(5);
    assert_eq!(rolled(&plan), ["web:v1"]);
    assert_eq!(
        scene.images(),
        ["web@sha256:d1", "web@sha256:d1", "proxy:seed"]
    );
    writes_nothing(&scene.look_up(6));
    // The ledger remembers the tag.
    let entry = scene
        .web()
        .entry(&super::builders::repository("web"))
        .unwrap();
    assert_eq!(entry.tag, "v1");
    // By tag from now on: what runs stays, and a digest stays a digest.
    let mut by_tag = scene.clone().configured(&json!({}));
    writes_nothing(&by_tag.look_up(7));
    // The other way round.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(5);
    let mut scene = scene.configured(&pinned);
    writes_nothing(&scene.look_up(6));
    assert_eq!(scene.images(), ["web:v1"]);
    // Somebody deployed the digest by hand.
    let mut scene = Scene::new(&["web@sha256:d1"])
        .configured(&pinned)
        .pushed("web:v1", "d1", 0);
    scene.web().deployed_at = Some(at(3));
    let plan = scene.look_up(5);
    assert_eq!((plan.rolls.len(), plan.notes.len()), (0, 1));
}

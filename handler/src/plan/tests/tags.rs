//! By which of its tags a push rolls.

use super::builders::{Scene, outcomes, rolled};
use crate::report::Outcome::Skipped;

/// The service runs `latest`; the push set that tag at minute 10, and `v1` a minute later.
fn scene() -> Scene {
    Scene::new(&["web:latest"])
        .pushed("web:latest", "d1", 10)
        .pushed("web:v1", "d1", 11)
}

#[test]
fn the_services_own_tag_is_kept_where_the_push_has_it() {
    assert_eq!(rolled(&scene().settled()), ["web:latest"]);
}

#[test]
fn rule_02_a_tag_that_the_ledger_knows_to_be_another_images_is_not_that_of_an_older_push() {
    // Of the image that the ledger names no record is in sight any more.
    let taken = scene().noted("web", "d9-web-latest", 50, 2, 1);
    assert_eq!(outcomes(&taken.plan()), [(Skipped, "v1")]);
    let other_tag = scene().noted("web", "d9-web-main", 50, 2, 1);
    assert_eq!(outcomes(&other_tag.plan()), [(Skipped, "latest")]);
    for minute in [5, 10] {
        let before = scene().noted("web", "d9-web-latest", minute, 2, 1);
        assert_eq!(rolled(&before.plan()), ["web:latest"], "{minute}");
    }
}

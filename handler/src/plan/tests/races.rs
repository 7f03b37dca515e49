//! Two look-ups at once, and what only looks like it.

use serde_json::json;

use super::builders::{Scene, arn, at, definition, outcomes, rolled, writes_nothing};
use super::cases::{history, redeploy};
use super::dates::origin;
use crate::inventory::Origin;
use crate::plan::{Deployed, History, Plan};
use crate::report::Outcome::{Held, Skipped, Unchanged};

#[test]
fn rule_01_a_push_that_lost_a_race_to_an_older_one_is_rolled_after_it() {
    // The other handler saw v1 only and updated between our ledger and our update: v2 was never deployed.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 2)
        .noted("web", "d2-web-v2", 2, 3, 1);
    history(&mut scene, &[(&other, 6)]);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["web:v2"], "{plan:#?}");
}

#[test]
fn rule_01_nor_where_both_were_pushed_in_one_second() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 0)
        .noted("web", "d2-web-v2", 0, 3, 1);
    scene.records[1].timestamp += 5;
    history(&mut scene, &[(&other, 6)]);
    let plan = scene.settled();
    assert_eq!(rolled(&plan), ["web:v2"], "{plan:#?}");
}

#[test]
fn rule_01_nor_where_both_have_one_tag_and_revisions_name_digests() {
    let mut scene = Scene::new(&["web:latest"])
        .configured(&json!({"service": {"pin": "digest"}}))
        .pushed("web:latest", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:latest", "d2", 2)
        .noted("web", "d2-web-latest", 2, 3, 1);
    history(&mut scene, &[(&other, 6)]);
    let plan = scene.settled();
    assert_eq!(plan.rolls.len(), 1, "{plan:#?}");
}

#[test]
fn rule_02_what_a_roll_for_another_repository_pulled_is_no_race_where_it_was_pushed_later() {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("api:v2", "d1", 0);
    let _ = scene.look_up(6);
    let mut scene = scene.pushed("api:main", "d1", 8);
    assert_eq!(outcomes(&scene.look_up(15)), [(Unchanged, "v2")]);
    // `api:v2` moved on at minute 29, and its record takes its time.
    let mut scene = scene.pushed("web:v2", "d9", 30);
    assert_eq!(rolled(&scene.look_up(31)), ["web:v2"]);
    // A warm look-up reads what came lately.
    let _ = scene.records.remove(0);
    scene.origin = Some(origin("d5", Some(29)));
    let plan = scene.asked();
    let told = [(Skipped, "main"), (Unchanged, "v2")];
    assert_eq!(outcomes(&plan), told, "{plan:#?}");
    writes_nothing(&plan);
    // Before a task has pulled it, ECR tells what the tag names.
    scene.origin = Some(Origin {
        pushed_at: Some(at(29)),
        ..Origin::default()
    });
    let plan = scene.asked();
    assert_eq!(outcomes(&plan), told, "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_01_what_somebody_deployed_before_the_roll_began_hides_no_race() {
    // Revision 50 is what the roll began from; 40 was somebody's before it. The other handler saw v1 only.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 2)
        .noted("web", "d2-web-v2", 2, 60, 50);
    history(&mut scene, &[(&arn(40), 3), (&arn(50), 4), (&other, 6)]);
    assert_eq!(rolled(&scene.settled()), ["web:v2"]);
    // After it, somebody's choice stays.
    history(&mut scene, &[(&arn(50), 3), (&arn(40), 4), (&other, 6)]);
    assert_eq!(rolled(&scene.settled()), Vec::<String>::new());
}

/// The plan that follows on a roll of `api` in the same service.
fn after_another_repository(scene: Scene) -> Plan {
    let mut scene = scene.pushed("api:v1", "d3", 800);
    let plan = scene.asked();
    assert_eq!(rolled(&plan), ["api:v1"]);
    scene.carry_out(&plan, 801);
    scene.asked()
}

#[test]
fn rule_03_what_was_rolled_back_further_stays_when_another_repository_is_rolled() {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let mut scene = scene.pushed("web:v2", "d2", 40);
    assert_eq!(rolled(&scene.look_up(41)), ["web:v2"]);
    // Not to the revision before it, but to the first of all.
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 90);
    let plan = after_another_repository(scene);
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
    assert!(outcomes(&plan).contains(&(Held, "v2")), "{plan:#?}");
}

#[test]
fn rule_03_nor_is_it_rolled_again_where_the_image_got_a_further_tag_while_it_ran() {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(3);
    let mut scene = scene.pushed("web:v2", "d1", 8);
    scene.origin = Some(origin("d1", Some(0)));
    assert_eq!(outcomes(&scene.look_up(9)), [(Unchanged, "v1")]);
    let web = scene.web().arn.clone();
    scene.deploy(&web, 1, 90);
    scene.origin = Some(origin("d0", Some(-500)));
    let plan = after_another_repository(scene);
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
}

#[test]
fn rule_03_what_somebody_deployed_over_a_push_stays_when_another_repository_is_rolled() {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("web:v1", "d1", 790);
    assert_eq!(rolled(&scene.look_up(792)), ["web:v1"]);
    let web = scene.web().arn.clone();
    // A revision of their own, newer than ecroll's.
    scene.define(definition(200, &["web:v0", "api:seed"]));
    scene.deploy(&web, 200, 795);
    assert_eq!(outcomes(&scene.asked()), [(Held, "v1")]);
    let plan = after_another_repository(scene);
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
    assert!(outcomes(&plan).contains(&(Held, "v1")), "{plan:#?}");
}

#[test]
fn rule_03_nor_is_what_was_noted_and_never_deployed_rolled_over_it() {
    let mut scene = Scene::new(&["web:seed", "api:seed"])
        .pushed("web:v1", "d1", 780)
        .noted("web", "d1-web-v1", 780, 2, 1);
    let web = scene.web().arn.clone();
    scene.define(definition(200, &["web:v0", "api:seed"]));
    scene.deploy(&web, 200, 790);
    scene.origin = Some(origin("d0", Some(-500)));
    assert_eq!(outcomes(&scene.asked()), [(Held, "v1")]);
    let plan = after_another_repository(scene);
    assert_eq!(rolled(&plan), Vec::<String>::new(), "{plan:#?}");
}

#[test]
fn rule_03_what_was_deployed_long_after_a_push_is_no_race() {
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 2)
        .noted("web", "d2-web-v2", 2, 3, 1);
    history(&mut scene, &[(&arn(3), 5), (&other, 6)]);
    assert_eq!(rolled(&scene.settled()), ["web:v2"]);
    history(&mut scene, &[(&arn(3), 5), (&other, 21)]);
    assert_eq!(rolled(&scene.settled()), Vec::<String>::new());
}

#[test]
fn rule_01_what_was_found_running_is_rolled_where_another_repository_brought_an_older_image() {
    let mut scene = Scene::new(&["web:latest", "api:seed"]).pushed("web:latest", "d1", 0);
    scene.web().deployed_at = Some(at(5));
    scene.origin = Some(origin("d1", Some(0)));
    assert_eq!(outcomes(&scene.look_up(6)), [(Unchanged, "latest")]);
    let mut scene = scene.pushed("web:v2", "d1", 700);
    assert_eq!(outcomes(&scene.look_up(701)), [(Unchanged, "latest")]);
    // `latest` had moved at minute 690, unheard.
    let mut scene = scene.pushed("api:v1", "d3", 800);
    assert_eq!(rolled(&scene.look_up(801)), ["api:v1"]);
    scene.origin = None;
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.rolls, [], "{plan:#?}");
    scene.origin = Some(origin("d7", Some(690)));
    let plan = scene.clone().asked();
    assert_eq!(rolled(&plan), ["web:v2"], "{plan:#?}");
    // One that is newer stays.
    scene.origin = Some(origin("d7", Some(790)));
    assert_eq!(rolled(&scene.asked()), Vec::<String>::new());
}

#[test]
fn rule_02_what_was_left_undone_is_not_taken_up_over_what_was_pushed_later() {
    // Noted for revision 2, and never deployed: somebody deployed another one, and went back at minute 15.
    let mut scene = Scene::new(&["web:latest"])
        .pushed("web:v1", "d1", 3)
        .noted("web", "d1-web-v1", 3, 2, 1)
        .deployed(&[(3, 10), (1, 15)]);
    scene.web().deployed_at = Some(at(15));
    let plan = scene.first_plan(&scene.inventory);
    assert_eq!(plan.undated.len(), 1, "{plan:#?}");
    writes_nothing(&plan);
    // `latest` had moved at minute 4, unheard.
    scene.origin = Some(origin("d5", Some(4)));
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Skipped, "v1")], "{plan:#?}");
    writes_nothing(&plan);
    scene.origin = Some(origin("d0", Some(-500)));
    assert_eq!(rolled(&scene.settled()), ["web:v1"]);
}

#[test]
fn rule_01_what_was_left_undone_while_the_breaker_went_back_is_taken_up() {
    // Revision 2, for another repository, was undone at minute 3: the way back is not listed. Revision 3 was noted, no more.
    let mut scene = Scene::new(&["web:seed", "api:seed"])
        .pushed("api:v1", "d1", 0)
        .noted("api", "d1-api-v1", 0, 3, 1);
    scene.web().deployed_at = Some(at(3));
    scene.origin = Some(origin("d0", Some(-500)));
    let service = scene.web().arn.clone();
    let undone = |undone| {
        History::whole(vec![Deployed {
            undone,
            ..Deployed::new(arn(2), at(1))
        }])
    };
    scene.histories.insert(service.clone(), undone(true));
    assert_eq!(rolled(&scene.settled()), ["api:v1"]);
    // Without that, it is not known how what runs came to run.
    scene.histories.insert(service, undone(false));
    assert_eq!(outcomes(&scene.settled()), [(Held, "v1")]);
}

#[test]
fn rule_01_what_was_to_follow_what_the_breaker_undid_is_rolled_anew() {
    // Revision 2, for another repository, was failing when revision 3 was noted on top of it, and no more; the breaker went back.
    let mut scene = Scene::new(&["web:seed", "api:seed"])
        .pushed("api:v1", "d1", 10)
        .noted("api", "d1-api-v1", 10, 3, 2);
    scene.web().deployed_at = Some(at(15));
    scene.origin = Some(origin("d0", Some(-500)));
    let doubts = scene.plan().doubts;
    assert!(
        doubts[0].since <= at(-60),
        "what it was to follow is in sight: {doubts:?}"
    );
    let service = scene.web().arn.clone();
    let past = |revision, minute, undone| Deployed {
        undone,
        ..Deployed::new(arn(revision), at(minute))
    };
    let mut known = |past: &[Deployed]| {
        let known = History::whole(past.to_vec());
        scene.histories.insert(service.clone(), known);
        scene.clone().settled()
    };
    assert_eq!(rolled(&known(&[past(2, -20, true)])), ["api:v1"]);
    // A person went back.
    let chosen = known(&[past(2, -20, false)]);
    assert_eq!(outcomes(&chosen), [(Held, "v1")]);
    let chosen = known(&[past(2, -20, true), past(1, 12, false)]);
    assert_eq!(outcomes(&chosen), [(Held, "v1")]);
}

#[test]
fn rule_01_a_push_rolls_by_the_tag_that_names_it_where_another_repository_pulled_what_took_the_other()
 {
    let mut scene = Scene::new(&["web:seed", "api:seed"]).pushed("web:latest", "d1", 0);
    let _ = scene.look_up(6);
    // `latest` moves at minute 30, unheard; a roll for another repository pulls that.
    let mut scene = scene.pushed("api:v1", "d3", 35);
    assert_eq!(rolled(&scene.look_up(36)), ["api:v1"]);
    let mut scene = scene.pushed("web:stable", "d1", 40);
    scene.origin = Some(origin("d7", Some(30)));
    assert_eq!(rolled(&scene.asked()), ["web:stable"]);
}

#[test]
fn rule_01_nor_is_a_push_of_another_repository_lost_to_the_race() {
    let mut scene = Scene::new(&["web:seed", "proxy:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("proxy:v2", "d2", 2)
        .noted("proxy", "d2-proxy-v2", 2, 3, 1);
    history(&mut scene, &[(&other, 6)]);
    let plan = scene.look_up(10);
    assert_eq!(rolled(&plan), ["proxy:v2"], "{plan:#?}");
    assert_eq!(scene.images(), ["web:v1", "proxy:v2"]);
}

#[test]
fn rule_02_rolling_forward_after_a_race_keeps_the_other_repositorys_image() {
    let mut scene = Scene::new(&["web:seed", "proxy:seed"])
        .pushed("web:v1", "d1", 0)
        .pushed("proxy:v9", "d9", 1);
    let _ = scene.look_up(6);
    let other = scene.web().task_definition.clone();
    let mut scene = scene
        .pushed("web:v2", "d2", 2)
        .noted("web", "d2-web-v2", 2, 3, 1);
    history(&mut scene, &[(&arn(3), 5), (&other, 6)]);
    scene.define(definition(3, &["web:v2", "proxy:seed"]));
    let plan = scene.look_up(10);
    assert_eq!(rolled(&plan), ["web:v2"]);
    assert_eq!(scene.images(), ["web:v2", "proxy:v9"]);
}

#[test]
fn rule_03_two_handlers_on_one_push_and_then_a_rollback() {
    // Ours noted revision 9, the other deployed its own for the same push; the ledger must learn of that one.
    let mut scene = Scene::new(&["web:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(6);
    let theirs = scene.web().task_definition.clone();
    let mut scene = scene.noted("web", "d1-web-v1", 0, 9, 1);
    let plan = scene.look_up(10);
    assert_eq!(outcomes(&plan), [(Unchanged, "v1")]);
    writes_nothing(&scene.look_up(11));
    redeploy(&mut scene, &arn(1), 30);
    history(&mut scene, &[(&theirs, 6), (&arn(1), 30)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Held, "v1")], "{plan:#?}");
    writes_nothing(&plan);
}

#[test]
fn rule_03_a_tag_that_moved_on_is_not_rolled_again_with_the_revision_of_another_repository() {
    // What moved it never reached the log; the roll of the proxy then pulled what it names by now.
    let mut scene = Scene::new(&["web:seed", "proxy:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(5);
    let own = scene.web().task_definition.clone();
    let mut scene = scene.pushed("proxy:v9", "d9", 60);
    let _ = scene.look_up(65);
    let other = scene.web().task_definition.clone();
    assert_ne!(own, other);
    scene.origin = Some(origin("d2", Some(30)));
    history(&mut scene, &[(&own, 5), (&other, 65)]);
    let plan = scene.settled();
    assert_eq!(outcomes(&plan), [(Unchanged, "v9"), (Held, "v1")]);
    let reason = &plan.decisions[1].reason;
    assert!(reason.contains("another image by now"), "{reason}");
    writes_nothing(&plan);
}

#[test]
fn rule_03_what_was_found_running_is_not_taken_for_ecrolls_own() {
    let mut scene = Scene::new(&["web:seed", "proxy:seed"]).pushed("web:v1", "d1", 0);
    let _ = scene.look_up(5);
    let own = scene.web().task_definition.clone();
    // Somebody takes web elsewhere, with a proxy of which ecroll then hears.
    scene.define(definition(7, &["web:mine", "proxy:v9"]));
    redeploy(&mut scene, &arn(7), 60);
    let mut scene = scene.pushed("proxy:v9", "d9", 55);
    let past = [(own.as_str(), 5), (&arn(7), 60)];
    for minute in [62, 67] {
        history(&mut scene, &past);
        let plan = scene.look_up(minute);
        assert_eq!(rolled(&plan), Vec::<String>::new(), "{minute}");
        assert_eq!(outcomes(&plan), [(Unchanged, "v9"), (Held, "v1")]);
    }
}

#[test]
fn rule_03_a_rollback_to_what_ecroll_made_for_another_repository_is_no_race() {
    let mut scene = Scene::new(&["web:seed", "proxy:seed"]).pushed("proxy:v1", "p1", 0);
    assert_eq!(rolled(&scene.look_up(5)), ["proxy:v1"]);
    let first = scene.web().task_definition.clone();
    // Either push gets a further tag, by which the ledger knows it from then on.
    let mut scene = scene.pushed("proxy:main", "p1", 50);
    let _ = scene.look_up(55);
    // The log forgets them.
    scene.records.clear();
    let mut scene = scene.pushed("web:v2", "d2", 60);
    assert_eq!(rolled(&scene.look_up(65)), ["web:v2"]);
    let mut scene = scene.pushed("web:main", "d2", 70);
    let _ = scene.look_up(75);
    let web = scene.web().arn.clone();
    let number = first.rsplit(':').next().unwrap().parse().unwrap();
    scene.deploy(&web, number, 300);
    let plan = scene.asked();
    let mut decisions = plan.decisions.iter();
    let held = decisions.find(|decision| decision.outcome == Held);
    let reason = &held.unwrap().reason;
    assert!(reason.contains("the next push rolls"), "{reason}");
    writes_nothing(&plan);
}

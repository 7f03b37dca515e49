//! What holds whatever was pushed, in whatever order it arrives.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::builders::{Scene, arn, definition, record, service};
use crate::image::Repository;
use crate::plan::Plan;
use crate::push::Found;

const REPOSITORIES: [&str; 3] = ["api", "api-admin", "team/api"];

prop_compose! {
    /// A container's image: of one of the repositories, or of somebody else's registry.
    fn image()(repository in 0..4_usize, tag in 0..4_u8, form in 0..4_u8) -> String {
        let Some(name) = REPOSITORIES.get(repository) else {
            return "444455556666.dkr.ecr.eu-west-1.amazonaws.com/api:t0".to_owned();
        };
        match form {
            0 => format!("{name}@sha256:d{tag}"),
            1 => format!("{name}:t{tag}@sha256:d{tag}"),
            _ => format!("{name}:t{tag}"),
        }
    }
}

prop_compose! {
    /// Pushes in any order; with `moving`, one tag may get several digests.
    fn records(moving: bool)(
        pushes in prop::collection::vec((0..3_usize, 0..4_u8, 0..3_u8, 0..30_i64), 0..14),
    ) -> Vec<Found> {
        let pushes = pushes.into_iter().enumerate();
        pushes.map(|(number, (name, tag, digest, minute))| {
            let name = format!("{}:t{tag}", REPOSITORIES[name]);
            record(&name, &format!("d{}", if moving { digest } else { tag }), minute, &format!("id-{number}"))
        }).collect()
    }
}

fn config() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({"service": {"tags": "glob:t*"}})),
        1 => Just(json!({"service": {"tags": "exact:t1"}})),
        1 => Just(json!({"services": [{"service": "s1", "hold": true}]})),
        1 => Just(json!({"services": [{"repository": "api", "tags": "exact:t2"}]})),
    ]
}

prop_compose! {
    fn scene(moving: bool)(
        services in prop::collection::vec(prop::collection::vec(image(), 1..4), 1..4),
        deployed in prop::collection::vec(-5..35_i64, 4),
        records in records(moving),
        config in config(),
    ) -> Scene {
        let mut scene = Scene::default().configured(&config);
        scene.records = records;
        for (index, images) in services.iter().enumerate() {
            let revision = u32::try_from(index).unwrap() + 1;
            let images: Vec<&str> = images.iter().map(String::as_str).collect();
            scene.define(definition(revision, &images));
            let mut service = service(&format!("s{index}"), revision);
            service.deployed_at = Some(super::builders::at(deployed[index]));
            service.task_definition = arn(revision);
            scene.inventory.services.push(service);
        }
        scene
    }
}

/// Decisions and rolls, by service and push.
fn answers(plan: &Plan) -> BTreeMap<(String, String, String), usize> {
    let mut answers = BTreeMap::new();
    let decided = plan.decisions.iter().map(|decision| {
        let (service, repository) = (decision.service.clone(), decision.repository.clone());
        (
            service,
            repository,
            decision.digest.clone() + &decision.push,
        )
    });
    let rolled = plan.rolls.iter().flat_map(|roll| {
        let of = |cargo: &crate::plan::Cargo| {
            let (service, repository) = (roll.service.name.clone(), cargo.repository.name.clone());
            (service, repository, cargo.digest.clone() + &cargo.push)
        };
        roll.cargo.iter().map(of).collect::<Vec<_>>()
    });
    for answer in decided.chain(rolled) {
        *answers.entry(answer).or_default() += 1;
    }
    answers
}

/// The repository and image of every container of every service.
fn containers(scene: &Scene) -> Vec<(String, usize, Repository, String)> {
    let services = scene.inventory.services.iter();
    let of = |service: &crate::inventory::Service| {
        let definition = &scene.inventory.definitions[&service.task_definition];
        let images = definition.images.iter();
        let one = |(index, (text, image)): (&usize, &(String, crate::image::ImageRef))| {
            (
                service.name.clone(),
                *index,
                image.repository.clone(),
                text.clone(),
            )
        };
        images.map(one).collect::<Vec<_>>()
    };
    services.flat_map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn rule_01_every_push_gets_one_answer_for_every_service_that_runs_its_repository(scene in scene(true)) {
        let plan = scene.settled();
        let mut expected = BTreeMap::new();
        for push in scene.pushes() {
            for (service, _, repository, _) in containers(&scene) {
                if repository == push.repository {
                    let push_id = push.digest.clone() + push.id();
                    expected.insert((service, repository.name, push_id), 1);
                }
            }
        }
        prop_assert_eq!(answers(&plan), expected);
    }

    #[test]
    fn rule_02_whatever_arrives_when_no_service_moves_backwards(
        scene in scene(true), order in any::<prop::sample::Index>(), window in 1..8_usize,
    ) {
        let mut scene = scene;
        let mut arrivals = std::mem::take(&mut scene.records);
        if !arrivals.is_empty() {
            let by = order.index(arrivals.len());
            arrivals.rotate_left(by);
        }
        let mut newest = BTreeMap::new();
        for (minute, end) in (1..=arrivals.len()).enumerate() {
            // The log group shows the last few only.
            scene.records = arrivals[end.saturating_sub(window)..end].to_vec();
            let plan = scene.asked();
            scene.carry_out(&plan, 100 + i64::try_from(minute).unwrap());
            for roll in &plan.rolls {
                for cargo in &roll.cargo {
                    let key = (roll.service.name.clone(), cargo.repository.clone());
                    let before = newest.insert(key, cargo.pushed.0);
                    prop_assert!(before <= Some(cargo.pushed.0), "{:#?}", plan);
                }
            }
        }
    }

    #[test]
    fn rule_03_after_the_plan_was_carried_out_nothing_is_left_to_write(scene in scene(false)) {
        let mut scene = scene;
        let _ = scene.look_up(100);
        let again = scene.settled();
        prop_assert_eq!(&again.rolls, &[]);
        prop_assert_eq!(&again.notes, &[]);
    }

    #[test]
    fn rule_03_where_tags_move_it_settles_all_the_same(scene in scene(true)) {
        // A roll for one repository lets ECS resolve the other's tag anew: that may take a second roll.
        let mut scene = scene;
        for minute in 100..103 {
            let plan = scene.asked();
            scene.carry_out(&plan, minute);
        }
        let again = scene.asked();
        prop_assert_eq!(&again.rolls, &[]);
        prop_assert_eq!(&again.notes, &[]);
    }

    #[test]
    fn rule_04_only_containers_of_exactly_the_pushed_repository_change(scene in scene(true)) {
        let mut scene = scene;
        let before = containers(&scene);
        let pushes = scene.pushes();
        let _ = scene.look_up(100);
        let after = containers(&scene);
        prop_assert_eq!(before.len(), after.len());
        for (old, new) in before.iter().zip(&after) {
            prop_assert_eq!((&old.0, old.1, &old.2), (&new.0, new.1, &new.2));
            let pushed = pushes.iter().any(|push| push.repository == old.2);
            prop_assert!(pushed || old.3 == new.3, "{:?} became {:?}", old, new);
        }
    }
}

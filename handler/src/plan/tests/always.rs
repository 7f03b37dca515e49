//! What holds whatever was pushed, in whatever order it arrives.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::builders::{Scene, arn, definition, record, service};
use crate::config::{Action, OwnTags, Pin, ServiceSettings};
use crate::image::Repository;
use crate::inventory::Service;
use crate::plan::{Cargo, Plan, Source};
use crate::policy::{TagPolicy, version};
use crate::push::Found;
use crate::revision::{copy, without_images};

const REPOSITORIES: [&str; 3] = ["api", "api-admin", "team/api"];
const SERVICES: [&str; 3] = ["api", "api-admin", "web"];
const TAGS: [&str; 6] = ["t0", "t1", "1.9.0", "v2.0.0", "2.0.1", "2.1.0-rc.1"];
/// What a service's own tags may say.
const OWN: [(&str, &str); 10] = [
    ("ecroll:tags", "semver:2.x"),
    ("ecroll:tags", "newest-semver"),
    ("ecroll:tags", "exact:t1"),
    ("ecroll:tags", "nonsense"),
    ("ecroll:pin", "digest"),
    ("ecroll:action", "force"),
    ("ecroll:match", "name-prefix"),
    ("ecroll:hold", "yes"),
    ("ecroll:minimum-healthy-percent", "50"),
    ("ecroll:unknown", ""),
];

prop_compose! {
    /// A container's image: of one of the repositories, or of somebody else's registry.
    fn image()(repository in 0..4_usize, tag in 0..TAGS.len(), form in 0..4_u8) -> String {
        let Some(name) = REPOSITORIES.get(repository) else {
            return "444455556666.dkr.ecr.eu-west-1.amazonaws.com/api:t0".to_owned();
        };
        match form {
            0 => format!("{name}@sha256:d{tag}"),
            1 => format!("{name}:{}@sha256:d{tag}", TAGS[tag]),
            _ => format!("{name}:{}", TAGS[tag]),
        }
    }
}

prop_compose! {
    /// Pushes in any order; with `moving`, one tag may get several digests.
    fn records(moving: bool)(
        pushes in prop::collection::vec((0..3_usize, 0..TAGS.len(), 0..3_usize, 0..30_i64), 0..14),
    ) -> Vec<Found> {
        let pushes = pushes.into_iter().enumerate();
        pushes.map(|(number, (name, tag, digest, minute))| {
            let name = format!("{}:{}", REPOSITORIES[name], TAGS[tag]);
            record(&name, &format!("d{}", if moving { digest } else { tag }), minute, &format!("id-{number}"))
        }).collect()
    }
}

fn config() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({"service": {"tags": "glob:t*"}})),
        1 => Just(json!({"service": {"tags": "exact:t1"}})),
        1 => Just(json!({"service": {"tags": "regex:v?[0-9.]+", "pin": "digest"}})),
        2 => Just(json!({"service": {"tags": "newest-semver"}})),
        1 => Just(json!({"service": {"action": "force"}})),
        1 => Just(json!({"service": {"match": "name-prefix", "pin": "digest"}})),
        1 => Just(json!({"service": {"match": "name-prefix", "action": "force"}})),
        1 => Just(json!({"services": [{"service": "web", "hold": true}]})),
        1 => Just(json!({"services": [{"repository": "api", "tags": "newest-semver", "pin": "digest"},
            {"repository": "team/api", "action": "force"}]})),
    ]
}

prop_compose! {
    fn scene(moving: bool)(
        services in prop::collection::vec(prop::collection::vec(image(), 1..4), 1..4),
        deployed in prop::collection::vec(-5..35_i64, 4),
        own in prop::collection::vec(prop::collection::vec(prop::option::of(prop::sample::select(&OWN[..])), 0..3), 4),
        records in records(moving),
        config in config(),
    ) -> Scene {
        let mut scene = Scene::default().configured(&config);
        scene.records = records;
        for (index, images) in services.iter().enumerate() {
            let revision = u32::try_from(index).unwrap() + 1;
            let images: Vec<&str> = images.iter().map(String::as_str).collect();
            scene.define(definition(revision, &images));
            let mut service = service(SERVICES[index], revision);
            let own = own[index].iter().flatten();
            let own = own.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            service.tags.extend(own);
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

/// What a plan rolls.
fn cargos(plan: &Plan) -> Vec<(&Service, &Cargo)> {
    let rolls = plan.rolls.iter();
    rolls
        .flat_map(|roll| roll.cargo.iter().map(|cargo| (&roll.service, cargo)))
        .collect()
}

/// What holds for a service and a repository.
fn settings(scene: &Scene, service: &Service, repository: &Repository) -> ServiceSettings {
    let configured = scene
        .config
        .settings("main", &service.name, &repository.name);
    OwnTags::read(&service.tags).rule.over(&configured)
}

fn follows_versions(scene: &Scene) -> bool {
    let services = scene.inventory.services.iter();
    let pairs = services.flat_map(|service| {
        let definition = &scene.inventory.definitions[&service.task_definition];
        let repositories = definition.repositories().into_iter();
        let tags = |repository| settings(scene, service, repository).tags;
        repositories.map(tags).collect::<Vec<_>>()
    });
    pairs
        .into_iter()
        .any(|tags| tags == TagPolicy::NewestSemver)
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
    #![proptest_config(ProptestConfig::with_cases(512))]

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
        let mut again = scene.settled();
        if !again.notes.is_empty() {
            // The version that ran was pushed again, which rolls nothing; a roll for another repository let ECS resolve it
            // anew all the same, and the ledger learns of that.
            prop_assert!(follows_versions(&scene));
            scene.carry_out(&again, 101);
            again = scene.settled();
        }
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
    fn newest_semver_only_moves_up(
        scene in scene(true), order in any::<prop::sample::Index>(), window in 1..8_usize,
    ) {
        let mut scene = scene;
        let mut arrivals = std::mem::take(&mut scene.records);
        if !arrivals.is_empty() {
            let by = order.index(arrivals.len());
            arrivals.rotate_left(by);
        }
        let mut highest = BTreeMap::new();
        for (minute, end) in (1..=arrivals.len()).enumerate() {
            scene.records = arrivals[end.saturating_sub(window)..end].to_vec();
            let plan = scene.asked();
            scene.carry_out(&plan, 100 + i64::try_from(minute).unwrap());
            for (service, cargo) in cargos(&plan) {
                if settings(&scene, service, &cargo.repository).tags != TagPolicy::NewestSemver {
                    continue;
                }
                let version = version(&cargo.tag).unwrap();
                prop_assert!(version.pre.is_empty());
                // A force deploys the tag that the container names, which may move.
                let forced = settings(&scene, service, &cargo.repository).action == Action::Force;
                let before = highest.insert((service.name.clone(), cargo.repository.clone()), version.clone());
                prop_assert!(forced || before.as_ref() < Some(&version), "{:#?}", plan);
            }
        }
    }

    #[test]
    fn rule_05_only_the_image_changes_and_a_pinned_one_names_the_pushed_digest(scene in scene(true)) {
        let plan = scene.settled();
        for roll in &plan.rolls {
            let base = &scene.inventory.definitions[&roll.service.task_definition];
            let Source::Register(registration) = &roll.source else {
                prop_assert_eq!(&roll.source, &Source::Same);
                let all = roll.cargo.iter();
                let mut actions = all.map(|cargo| settings(&scene, &roll.service, &cargo.repository).action);
                prop_assert!(actions.all(|action| action == Action::Force));
                continue;
            };
            let copied = copy(base, registration).unwrap();
            let mut copied = without_images(&copied);
            copied.as_object_mut().unwrap().remove("tags");
            prop_assert_eq!(copied, without_images(&base.raw));
            for cargo in &roll.cargo {
                let settings = settings(&scene, &roll.service, &cargo.repository);
                let new = registration.images.iter().filter(|(index, _)| base.images[*index].1.repository == cargo.repository);
                for (_, image) in new {
                    prop_assert!(settings.action == Action::Revision);
                    let pinned = image.ends_with(&format!("@{}", cargo.digest));
                    let tagged = image.ends_with(&format!(":{}", cargo.tag));
                    prop_assert!(if settings.pin == Pin::Digest { pinned } else { pinned || tagged }, "{}", image);
                }
            }
        }
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

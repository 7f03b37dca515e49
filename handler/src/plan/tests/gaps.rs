//! What could not be read, and who has to wait for it.

use std::collections::BTreeSet;

use super::builders::Scene;
use crate::inventory::Gap;
use crate::scheduled::{Goal, Goals, family};
use crate::site::Place;

#[test]
fn a_service_of_which_only_the_revision_could_not_be_read_hides_no_family_but_its_own() {
    let mut scene = Scene::new(&["web:seed"]);
    let web = scene.web().clone();
    let gap = |service: &str| Gap {
        place: Place::of(&web.cluster_arn),
        cluster: web.cluster().to_owned(),
        service: service.to_owned(),
        reason: "ThrottlingException".to_owned(),
        retryable: true,
    };
    scene.inventory.definitions.clear();
    scene.inventory.gaps = vec![gap(&web.name), gap("other"), gap("")];
    let hidden = scene.inventory.hidden().map(|gap| gap.service.as_str());
    assert_eq!(hidden.collect::<Vec<_>>(), ["other", ""]);
    scene.inventory.gaps.truncate(1);
    let own = family(&web.task_definition).0;
    assert_eq!(scene.inventory.families(), BTreeSet::from([own]));
    let goals = Goals::of(&scene.inventory, &BTreeSet::new(), &[], &scene.config);
    let waits =
        |family: &str| matches!(goals.of_task(family, &web.cluster_arn), Some(Goal::Wait(_)));
    assert!(waits(own) && !waits("other"));
    assert!(!goals.follows(own), "nobody knows whether they follow");
}

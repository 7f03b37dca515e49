//! Which image the in-use tag is to name.

use std::sync::Arc;

use serde_json::json;

use super::marks;
use crate::config::Config;
use crate::image::Repository;
use crate::inventory::{Controller, Definition, Gap, Inventory, Rollout, Service};
use crate::ledger;

fn repository() -> Repository {
    Repository {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "web".to_owned(),
    }
}

/// Services that run a revision each, of a push of an image at a minute.
fn inventory(services: &[(&str, &str, u32)]) -> Inventory {
    let mut inventory = Inventory::default();
    for (place, (name, digest, minute)) in services.iter().enumerate() {
        let arn = format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/{name}:{place}");
        let image = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:{digest}");
        let images = ledger::short(&image);
        let stamp = format!("2026-03-01T08:{minute:02}:00Z id-{digest} sha256:{digest} {images}");
        let read = json!({
            "taskDefinition": {"taskDefinitionArn": arn, "family": name, "revision": place,
                "containerDefinitions": [{"name": "app", "image": image}]},
            "tags": [{"key": ledger::key(&repository()), "value": stamp}],
        });
        let definition = Definition::read(&read).unwrap();
        inventory
            .definitions
            .insert(arn.clone(), Arc::new(definition));
        inventory.services.push(service(name, &arn));
    }
    inventory
}

fn service(name: &str, revision: &str) -> Service {
    Service {
        cluster_arn: "arn:aws:ecs:eu-west-1:000000000000:cluster/main".to_owned(),
        arn: format!("arn:aws:ecs:eu-west-1:000000000000:service/main/{name}"),
        name: name.to_owned(),
        status: "ACTIVE".to_owned(),
        task_definition: revision.to_owned(),
        deployed_at: None,
        desired: 1,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        daemon: false,
        controller: Controller::Rolling,
        express: false,
        fargate: false,
        zone_rebalancing: false,
        rollout: Some(Rollout::Completed),
        tags: std::collections::BTreeMap::new(),
    }
}

/// The digests that the tag would name.
fn named(inventory: &Inventory) -> Vec<String> {
    let config = Config::from_json(&json!({"service": {"in_use_tag": "prod"}})).unwrap();
    marks(inventory, &config).into_values().collect()
}

#[test]
fn of_several_services_the_newest_push_counts() {
    let two = inventory(&[("a", "aa", 5), ("b", "bb", 3)]);
    assert_eq!(named(&two), ["sha256:aa"]);
}

#[test]
fn the_tag_stays_while_one_that_shares_it_is_deployed_or_cannot_be_read() {
    let mut two = inventory(&[("a", "aa", 5), ("b", "bb", 3)]);
    two.services[0].rollout = Some(Rollout::UnderWay);
    assert_eq!(named(&two), Vec::<String>::new());
    two.services[0].rollout = Some(Rollout::Completed);
    two.services[1].rollout = Some(Rollout::UnderWay);
    assert_eq!(named(&two), ["sha256:aa"], "an older one is deployed");
    two.services[1].rollout = Some(Rollout::Completed);
    // What failed for good says nothing, and nobody waits for it.
    two.services[0].rollout = Some(Rollout::Failed);
    assert_eq!(named(&two), ["sha256:bb"]);
    let mut gap = Gap {
        place: None,
        cluster: "main".to_owned(),
        service: "c".to_owned(),
        reason: "throttled".to_owned(),
        retryable: true,
    };
    two.gaps.push(gap.clone());
    assert_eq!(named(&two), Vec::<String>::new());
    gap.retryable = false;
    two.gaps = vec![gap];
    assert_eq!(named(&two), ["sha256:bb"]);
}

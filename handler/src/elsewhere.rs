//! Pushes that nobody follows because they happened where nobody looks after services.

use std::collections::BTreeSet;

use crate::config::{Config, StackRule};
use crate::context::Context;
use crate::image::Repository;
use crate::inventory::Inventory;
use crate::push::Push;
use crate::site::Place;

/// Tells of each such push once, with what would make services there follow.
pub(crate) fn warn(context: &Context, pushes: &[Push], inventory: &Inventory) {
    let Some(places) = context.places() else {
        return;
    };
    for push in unfollowed(pushes, inventory, &context.config, &places) {
        if context.is_news(&format!("{} elsewhere", push.id())) {
            tracing::warn!(
                push = push.id(),
                repository = push.repository.name,
                "{}",
                advice(&push.repository)
            );
        }
    }
}

fn advice(repository: &Repository) -> String {
    let Repository {
        account, region, ..
    } = repository;
    format!(
        "pushed to {account} in {region}, where no services are looked after, and no other service runs the repository; \
         to let services there follow, add `[[targets]]` with account = \"{account}\" and region = \"{region}\""
    )
}

/// The pushes to followed repositories of other places than these that no service runs.
fn unfollowed<'p>(
    pushes: &'p [Push],
    inventory: &Inventory,
    config: &Config,
    places: &BTreeSet<Place>,
) -> Vec<&'p Push> {
    let run: BTreeSet<&Repository> = inventory
        .definitions
        .values()
        .flat_map(|definition| definition.repositories())
        .collect();
    let stacks: BTreeSet<Repository> = config
        .stacks
        .iter()
        .filter_map(StackRule::registry)
        .collect();
    let unknown = |push: &&Push| {
        let repository = &push.repository;
        let place = Place {
            account: repository.account.clone(),
            region: repository.region.clone(),
        };
        !places.contains(&place)
            && !run.contains(repository)
            && !stacks.contains(repository)
            && config.follows_repository(&repository.name)
    };
    pushes.iter().filter(unknown).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    use serde_json::json;

    use super::{advice, unfollowed};
    use crate::config::Config;
    use crate::image::Repository;
    use crate::inventory::{Definition, Inventory};
    use crate::manifest::Kind;
    use crate::push::Push;
    use crate::site::Place;

    fn push(account: &str, region: &str, name: &str) -> Push {
        Push {
            repository: Repository {
                account: account.to_owned(),
                region: region.to_owned(),
                name: name.to_owned(),
            },
            tagged: Vec::new(),
            digest: "sha256:ab".to_owned(),
            order: (chrono::DateTime::UNIX_EPOCH, 0, 0, name.to_owned()),
            kind: Kind::Image,
        }
    }

    #[test]
    fn rule_01_pushes_where_nobody_looks_after_services_are_told() {
        let pushes = [
            push("111122223333", "eu-west-1", "here, run by nobody"),
            push("111122223333", "us-east-1", "web"),
            push("111122223333", "us-east-1", "other"),
            push("444455556666", "eu-west-1", "theirs"),
        ];
        let answer = json!({"taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1",
            "containerDefinitions": [
                {"image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1"}]}});
        let definition = Definition::read(&answer).unwrap();
        let inventory = Inventory {
            definitions: BTreeMap::from([(definition.arn.clone(), Arc::new(definition))]),
            ..Inventory::default()
        };
        let here = Place {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let places = BTreeSet::from([here]);
        let told = |config: &Config| {
            let told = unfollowed(&pushes, &inventory, config, &places);
            told.iter()
                .map(|push| push.repository.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&Config::default()), ["other", "theirs"]);
        let narrow = Config {
            repositories: vec!["web".to_owned()],
            ..Config::default()
        };
        assert_eq!(told(&narrow), [""; 0]);
        let stack = json!({"stack": "s", "parameter": "Tag",
            "repository": "444455556666.dkr.ecr.eu-west-1.amazonaws.com/theirs"});
        let stacks = Config::from_json(&json!({"stacks": [stack]})).unwrap();
        assert_eq!(told(&stacks), ["other"]);
        let advice = advice(&pushes[3].repository);
        assert!(
            advice.contains("account = \"444455556666\" and region = \"eu-west-1\""),
            "{advice}"
        );
    }
}

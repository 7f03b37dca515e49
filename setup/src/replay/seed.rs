//! The services of a replay: one for every repository that the records push to.

use std::collections::{BTreeMap, BTreeSet};

use handler::image::Repository;
use local::Account;
use local::service::Fault;
use serde_json::json;

/// The cluster in which the services run.
const CLUSTER: &str = "default";
/// How many tasks each has: enough to see a rolling update keep one of them.
const TASKS: u32 = 2;

/// A service made for a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seeded {
    /// Its cluster.
    pub(super) cluster: String,
    /// Its name: the repository's with `/` as `-`.
    pub(super) service: String,
    /// The repository that it runs.
    pub(super) repository: Repository,
}

/// The host of a repository's registry.
pub(super) fn host(repository: &Repository) -> String {
    let suffix = if repository.region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    format!(
        "{}.dkr.ecr.{}.{suffix}",
        repository.account, repository.region
    )
}

/// Names for the services of these repositories; where two would have the same name, the later gets a number.
pub(super) fn services(repositories: &BTreeSet<Repository>) -> Vec<Seeded> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut seeded = Vec::new();
    for repository in repositories {
        // ECS allows letters, digits, hyphens and underscores in a service's name, 255 at most.
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        };
        let name: String = repository.name.chars().map(plain).take(240).collect();
        let count = taken.entry(name.clone()).or_default();
        *count += 1;
        let service = if *count == 1 {
            name
        } else {
            format!("{name}-{count}")
        };
        let cluster = CLUSTER.to_owned();
        seeded.push(Seeded {
            cluster,
            service,
            repository: repository.clone(),
        });
    }
    seeded
}

/// Creates the services, each with its task definition.
///
/// # Errors
/// What the account refuses, for example a repository whose name no image could have.
pub(super) fn plant(account: &Account, seeded: &[Seeded]) -> Result<(), Fault> {
    account.call("ecs", "CreateCluster", json!({"clusterName": CLUSTER}))?;
    for Seeded {
        cluster,
        service,
        repository,
    } in seeded
    {
        let image = format!("{}/{}:seed", host(repository), repository.name);
        let definition = json!({
            "family": service,
            "containerDefinitions": [{"name": "app", "image": image, "essential": true, "memory": 128}],
        });
        account.call("ecs", "RegisterTaskDefinition", definition)?;
        let input = json!({
            "cluster": cluster, "serviceName": service, "taskDefinition": service, "desiredCount": TASKS,
        });
        account.call("ecs", "CreateService", input)?;
    }
    Ok(())
}

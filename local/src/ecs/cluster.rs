//! Clusters: created, listed, described.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::service::{Answer, Fault, Place};

use super::Ecs;
use super::arn;
use super::page::page;
use super::request::{Input, invalid};
use super::service::{Service, Status};
use super::tags::{self, Tags};

/// A cluster and the names in it.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) arn: String,
    pub(super) tags: Tags,
    /// Deleted: it can still be described, and made anew.
    pub(super) inactive: bool,
    /// Service name to the service's number; names outlive their service until it is replaced.
    pub(super) services: BTreeMap<String, u64>,
    /// Settings, configuration and capacity providers as they were given.
    members: Map<String, Value>,
}

/// The members of `CreateCluster` that come back as they are.
const CARRIED: &[&str] = &[
    "settings",
    "configuration",
    "capacityProviders",
    "defaultCapacityProviderStrategy",
    "serviceConnectDefaults",
];

impl Ecs {
    /// `CreateCluster`: `default` without a name; an existing cluster is returned as it is.
    pub(super) fn create_cluster(&mut self, input: Input<'_>, place: &Place) -> Answer {
        let name = input
            .text("clusterName")?
            .filter(|name| !name.is_empty())
            .unwrap_or("default");
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() > 255 || !name.chars().all(fits) {
            return Err(invalid("Invalid cluster name."));
        }
        let tags = tags::read(input, self.settings.tags)?;
        if self
            .clusters
            .get(name)
            .is_none_or(|cluster| cluster.inactive)
        {
            let members = CARRIED
                .iter()
                .filter_map(|member| Some(((*member).to_owned(), input.get(member)?.clone())))
                .collect();
            let arn = place.arn("ecs", &format!("cluster/{name}"));
            let cluster = Cluster {
                arn,
                tags,
                inactive: false,
                services: BTreeMap::new(),
                members,
            };
            self.clusters.insert(name.to_owned(), cluster);
        }
        let described = self
            .clusters
            .get(name)
            .map(|cluster| self.cluster(name, cluster, true));
        Ok(json!({ "cluster": described }))
    }

    /// `ListClusters`: pages of 100.
    pub(super) fn list_clusters(&self, input: Input<'_>) -> Answer {
        let active = self.clusters.values().filter(|cluster| !cluster.inactive);
        let arns = active.map(|cluster| cluster.arn.as_str());
        page(
            arns,
            input,
            "clusterArns",
            self.settings.page,
            self.settings.page,
        )
    }

    /// `DeleteCluster`: INACTIVE from then on; refused while it has services that are not INACTIVE (API model).
    pub(super) fn delete_cluster(&mut self, input: Input<'_>) -> Answer {
        let name = self
            .cluster_of(Some(input.required("cluster")?))?
            .to_owned();
        let services = self
            .clusters
            .get(&name)
            .map(|cluster| cluster.services.values());
        let mut services = services
            .into_iter()
            .flatten()
            .filter_map(|id| self.services.get(id));
        if services.any(|service| service.status != Status::Inactive) {
            return Err(Fault::client(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            ));
        }
        if let Some(cluster) = self.clusters.get_mut(&name) {
            cluster.inactive = true;
        }
        let described = self.clusters.get(&name);
        let described = described.map(|cluster| self.cluster(&name, cluster, false));
        Ok(json!({ "cluster": described }))
    }

    /// `DescribeClusters`: up to 100, misses in `failures`.
    pub(super) fn describe_clusters(&self, input: Input<'_>, place: &Place) -> Answer {
        let mut asked = input.texts("clusters")?;
        if asked.is_empty() {
            asked.push("default");
        }
        if asked.len() > self.settings.page {
            return Err(invalid(format!(
                "clusters can have at most {} items.",
                self.settings.page
            )));
        }
        let with_tags = input.wants_tags()?;
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for given in asked {
            let name = arn::cluster_name(Some(given))?;
            match self
                .clusters
                .get(name)
                .filter(|_| arn::is_here(given, place))
            {
                Some(cluster) => clusters.push(self.cluster(name, cluster, with_tags)),
                None => failures.push(json!({
                    "arn": place.arn("ecs", &format!("cluster/{name}")),
                    "reason": "MISSING",
                })),
            }
        }
        Ok(json!({ "clusters": clusters, "failures": failures }))
    }

    /// The cluster that a call means, by name or ARN.
    pub(super) fn cluster_of<'a>(&self, given: Option<&'a str>) -> Result<&'a str, Fault> {
        let name = arn::cluster_name(given)?;
        if self
            .clusters
            .get(name)
            .is_some_and(|cluster| !cluster.inactive)
        {
            return Ok(name);
        }
        Err(Fault::client(
            "ClusterNotFoundException",
            "Cluster not found.",
        ))
    }

    fn cluster(&self, name: &str, cluster: &Cluster, with_tags: bool) -> Value {
        let services = || {
            cluster
                .services
                .values()
                .filter_map(|id| self.services.get(id))
        };
        let mut output = cluster.members.clone();
        let mut put = |member: &str, value: Value| output.insert(member.to_owned(), value);
        put("clusterArn", json!(cluster.arn));
        put("clusterName", json!(name));
        let status = if cluster.inactive {
            "INACTIVE"
        } else {
            "ACTIVE"
        };
        put("status", json!(status));
        put(
            "registeredContainerInstancesCount",
            json!(self.settings.container_instances),
        );
        put(
            "runningTasksCount",
            json!(services().map(Service::running).sum::<usize>()),
        );
        put(
            "pendingTasksCount",
            json!(services().map(Service::pending).sum::<usize>()),
        );
        let active = services().filter(|s| s.status == Status::Active).count();
        put("activeServicesCount", json!(active));
        put(
            "tags",
            if with_tags {
                tags::write(&cluster.tags)
            } else {
                json!([])
            },
        );
        Value::Object(output)
    }
}

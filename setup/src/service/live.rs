//! What stands: the cluster, the service, and the definition to compare with, each as ECS answered it.

use aws_sdk_ecs::types::{ServiceField, TaskDefinitionField};
use handler::Keep;
use handler::progress::Progress;
use serde_json::Value;

use super::{State, Wanted};
use crate::clients::Clients;
use crate::error::{Called, Error, Result};

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cluster {
    /// ECS knows none of this name.
    Missing,
    /// It has this status.
    There(String),
}

/// What stands.
#[derive(Debug, Clone)]
pub struct Live {
    /// The cluster.
    pub cluster: Cluster,
    /// The service as DescribeServices answers it, with its tags.
    pub service: Option<Value>,
    /// How far its deployments have come.
    pub progress: Option<Progress>,
    /// The revision that the service runs, as DescribeTaskDefinition answers it; only of an ACTIVE one.
    pub runs: Option<Value>,
    /// The newest revision of the family that is asked for.
    pub newest: Option<Value>,
}

impl Live {
    /// How the service stands.
    #[must_use]
    pub fn state(&self) -> State {
        let status = self
            .service
            .as_ref()
            .and_then(|service| service.get("status"));
        match status.and_then(Value::as_str) {
            None => State::Missing,
            Some("DRAINING") => State::Draining,
            Some("INACTIVE") => State::Inactive,
            Some(_) => State::Active,
        }
    }
}

/// Reads what stands.
///
/// # Errors
/// What AWS refuses.
pub async fn read(clients: &Clients, wanted: &Wanted) -> Result<Live> {
    let answer = clients
        .ecs
        .describe_clusters()
        .clusters(&wanted.cluster)
        .send()
        .await;
    let answer = answer.called("ecs:DescribeClusters", &wanted.cluster)?;
    let status = answer
        .clusters()
        .first()
        .and_then(|cluster| cluster.status());
    let cluster = status.map_or(Cluster::Missing, |status| Cluster::There(status.to_owned()));
    let mut live = Live {
        cluster,
        service: None,
        progress: None,
        runs: None,
        newest: None,
    };
    if live.cluster != Cluster::There("ACTIVE".to_owned()) {
        return Ok(live);
    }
    (live.service, live.progress) = service(clients, &wanted.cluster, &wanted.name).await?;
    let runs = live
        .service
        .as_ref()
        .and_then(|service| service.get("taskDefinition"));
    if let Some(runs) = runs
        .and_then(Value::as_str)
        .filter(|_| live.state() == State::Active)
    {
        live.runs = definition(clients, runs).await?;
    }
    if live.state() != State::Draining {
        live.newest = definition(clients, &wanted.family).await?;
    }
    Ok(live)
}

/// A service as ECS answers it, and how far its deployments have come; neither where there is none.
pub(crate) async fn service(
    clients: &Clients,
    cluster: &str,
    name: &str,
) -> Result<(Option<Value>, Option<Progress>)> {
    let keep = Keep::default();
    let request = clients
        .ecs
        .describe_services()
        .cluster(cluster)
        .services(name);
    let request = request.include(ServiceField::Tags).customize();
    let answer = request.interceptor(keep.clone()).send().await;
    let answer = answer.called("ecs:DescribeServices", name)?;
    let raw: Value = serde_json::from_slice(&keep.taken()).unwrap_or_default();
    let raw = raw.pointer("/services/0").cloned();
    let failure = answer
        .failures()
        .first()
        .and_then(|failure| failure.reason());
    if let Some(reason) = failure.filter(|reason| *reason != "MISSING") {
        return Err(Error::Unreadable(format!("{cluster}/{name}: {reason}")));
    }
    Ok((raw, answer.services().first().map(Progress::read)))
}

/// A revision, or the newest of a family, with its tags; `None` where there is none.
async fn definition(clients: &Clients, named: &str) -> Result<Option<Value>> {
    let keep = Keep::default();
    let request = clients
        .ecs
        .describe_task_definition()
        .task_definition(named);
    let request = request.include(TaskDefinitionField::Tags).customize();
    let answer = request.interceptor(keep.clone()).send().await;
    // ECS says it with a ClientException, "Unable to describe task definition."
    let found = answer.found("ecs:DescribeTaskDefinition", named, &["ClientException"])?;
    let raw = serde_json::from_slice(&keep.taken()).ok();
    Ok(found.and(raw))
}

//! Everything that a look-up would read of the accounts that follow, as AWS answered it: for whoever wants to try on it what
//! would happen. Nothing is judged here, and nothing changed.
//!
//! What cannot be read is a part as well, so that it is never silently missing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::concurrent;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr;
use crate::ecs;
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::Definition;
use crate::ledger::{self, Entry};
use crate::site::{Access, Place};
use crate::survey::BATCH;

/// One thing that was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The ARN of a cluster whose services follow.
    Cluster(String),
    /// An answer of DescribeTaskDefinition, with tags. It comes before the services that run it.
    Definition(Value),
    /// A service.
    Service(Box<ServicePart>),
    /// Images of a repository: members of `imageDetails` of `DescribeImages`. A large repository has several such parts.
    Images {
        /// Which.
        repository: Repository,
        /// The images.
        images: Vec<Value>,
    },
    /// What could not be read, and why.
    Gap(String),
}

/// A service, with what ECS knows of its past where it runs images of ECR.
#[derive(Debug, Clone, PartialEq)]
pub struct ServicePart {
    /// A member of `services` of DescribeServices, with its tags.
    pub service: Value,
    /// `serviceDeployments` of ListServiceDeployments.
    pub deployments: Vec<Value>,
    /// `serviceRevisions` of DescribeServiceRevisions, those that the deployments put in place.
    pub revisions: Vec<Value>,
}

/// Why a picture was not finished.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The clusters of the caller's own place cannot be listed, or are elsewhere.
    #[error("{0}")]
    Unread(#[from] AwsError),
    /// Whoever takes the parts cannot keep them.
    #[error(transparent)]
    Unkept(#[from] std::io::Error),
}

/// Who takes the parts, in the order in which they are read.
pub type Taker<'a> = &'a mut dyn FnMut(Part) -> std::io::Result<()>;

/// What was read already, and what is to be read once all services are known.
#[derive(Default)]
struct Later {
    definitions: BTreeSet<String>,
    /// Those of them that run images of ECR.
    of_ecr: BTreeSet<String>,
    /// By repository, the digests that run.
    repositories: BTreeMap<Repository, BTreeSet<String>>,
}

/// Reads the followed clusters of every place, ten services at a time, then the repositories that they run.
///
/// # Errors
/// When the clusters of the caller's own place cannot be listed, and when a part cannot be kept. All else is a gap.
pub async fn picture(context: &Context, take: Taker<'_>) -> Result<(), Unfinished> {
    let mut later = Later::default();
    for at in context.everywhere(Deadline::NONE) {
        let listed = ecs::list_clusters(at).await;
        let meant = at.site.place.as_ref();
        let reached = listed.as_ref().ok().and_then(|arns| arns.first());
        let reached = reached.and_then(|arn| Place::of(arn));
        let clusters = match (listed, meant) {
            (Ok(_), Some(meant)) if reached.as_ref().is_some_and(|reached| reached != meant) => {
                take(Part::Gap(format!(
                    "target {meant}: its credentials lead elsewhere; give it the `role` to assume"
                )))?;
                continue;
            }
            (Ok(clusters), _) => clusters,
            (Err(error), None) => return Err(error.into()),
            (Err(error), Some(meant)) => {
                take(Part::Gap(format!("target {meant}: {error}")))?;
                continue;
            }
        };
        if let (None, Some(home)) = (meant, reached) {
            context.learn_home(home);
        }
        for cluster in clusters {
            if context.config.follows_cluster(&cluster) {
                take(Part::Cluster(cluster.clone()))?;
                services(at, &cluster, &mut later, take).await?;
            }
        }
    }
    for (repository, digests) in &later.repositories {
        images(context, repository, digests, take).await?;
    }
    Ok(())
}

async fn services(
    at: Access<'_>,
    cluster: &str,
    later: &mut Later,
    take: Taker<'_>,
) -> Result<(), Unfinished> {
    let name = cluster.rsplit('/').next().unwrap_or(cluster);
    let arns = match ecs::list_services(at, cluster).await {
        Ok(arns) => arns,
        Err(error) => return Ok(take(Part::Gap(format!("{name}: {error}")))?),
    };
    for some in arns.chunks(BATCH) {
        let answer = match ecs::raw_services(at, cluster, some).await {
            Ok(answer) => answer,
            Err(error) => {
                take(Part::Gap(format!("{name}: {error}")))?;
                continue;
            }
        };
        for failure in list(&answer, "failures") {
            // Between the two calls a service may have gone.
            if text(failure, "reason") != Some("MISSING") {
                let arn = text(failure, "arn").unwrap_or("a service");
                let reason = text(failure, "reason").unwrap_or("no reason");
                take(Part::Gap(format!("{name}: {arn}: {reason}")))?;
            }
        }
        let read = list(&answer, "services");
        let known = &definitions(at, read, later, take).await?;
        let whole = read
            .iter()
            .map(|service| async move { (service, past(at, cluster, service, known).await) });
        for (service, past) in concurrent::all(whole).await {
            let (deployments, revisions) = match past {
                Ok(past) => past,
                Err(error) => {
                    let service = text(service, "serviceName").unwrap_or_default();
                    take(Part::Gap(format!("{name}/{service}: its past: {error}")))?;
                    (Vec::new(), Vec::new())
                }
            };
            for image in revisions
                .iter()
                .flat_map(|one| list(one, "containerImages"))
            {
                later.runs(image);
            }
            take(Part::Service(Box::new(ServicePart {
                service: service.clone(),
                deployments,
                revisions,
            })))?;
        }
    }
    Ok(())
}

impl Later {
    fn runs(&mut self, image: &Value) {
        let of = text(image, "image").and_then(crate::image::ImageRef::parse);
        if let (Some(of), Some(digest)) = (of, text(image, "imageDigest"))
            && let Some(digests) = self.repositories.get_mut(&of.repository)
        {
            digests.insert(digest.to_owned());
        }
    }
}

/// Reads the revisions that these services run and that their ledgers name, as far as nobody has yet. Answers which of the
/// services' own run images of ECR.
async fn definitions(
    at: Access<'_>,
    services: &[Value],
    later: &mut Later,
    take: Taker<'_>,
) -> Result<BTreeSet<String>, Unfinished> {
    let wanted: BTreeSet<String> = services.iter().flat_map(named).collect();
    let new = wanted
        .into_iter()
        .filter(|arn| later.definitions.insert(arn.clone()));
    let read = new.map(|arn| async move {
        let answer = ecs::raw_definition(at, &arn).await;
        (arn, answer)
    });
    for (arn, answer) in concurrent::all(read).await {
        match answer {
            Ok(answer) => {
                if let Some(definition) = Definition::read(&answer) {
                    for repository in definition.repositories() {
                        later.of_ecr.insert(arn.clone());
                        later.repositories.entry(repository.clone()).or_default();
                    }
                }
                take(Part::Definition(answer))?;
            }
            Err(error) => take(Part::Gap(format!("{arn}: {error}")))?,
        }
    }
    let own = services.iter().filter_map(runs);
    let own = own.filter(|arn| later.of_ecr.contains(*arn));
    Ok(own.map(str::to_owned).collect())
}

/// The ARN of the revision that a service runs, whoever deploys it: its own, or that of its primary task set, or of the first
/// where none is primary. `service` is a member of `services` of DescribeServices.
#[must_use]
pub fn runs(service: &Value) -> Option<&str> {
    let sets = list(service, "taskSets").iter();
    let primary = |set: &&Value| text(set, "status") == Some("PRIMARY");
    let set = sets.clone().find(primary).or_else(|| sets.clone().next());
    text(service, "taskDefinition").or_else(|| text(set?, "taskDefinition"))
}

/// That revision, and those that its ledger speaks of: the handler may have to go on with one of them.
fn named(service: &Value) -> Vec<String> {
    let Some(runs) = runs(service) else {
        return Vec::new();
    };
    let mut all = vec![runs.to_owned()];
    for tag in list(service, "tags") {
        let ours = text(tag, "key").is_some_and(ledger::is_key);
        let entry = text(tag, "value").filter(|_| ours).and_then(Entry::read);
        all.extend(entry.and_then(|entry| entry.new.beside(runs)));
    }
    all
}

type Past = (Vec<Value>, Vec<Value>);

async fn past(
    at: Access<'_>,
    cluster: &str,
    service: &Value,
    known: &BTreeSet<String>,
) -> Result<Past, AwsError> {
    let arn = text(service, "serviceArn").unwrap_or_default();
    // Task sets have no service deployments.
    let of_ecs = service
        .pointer("/deploymentController/type")
        .is_none_or(|controller| controller == "ECS");
    if !of_ecs || !runs(service).is_some_and(|arn| known.contains(arn)) {
        return Ok((Vec::new(), Vec::new()));
    }
    let deployments = ecs::raw_deployments(at, cluster, arn).await?;
    let targets = deployments
        .iter()
        .filter_map(|one| text(one, "targetServiceRevisionArn"));
    let targets: BTreeSet<String> = targets.map(str::to_owned).collect();
    let targets: Vec<String> = targets.into_iter().collect();
    let revisions = ecs::raw_revisions(at, &targets).await?;
    Ok((deployments, revisions))
}

/// The tagged images of a repository, page by page, and those that run without a tag.
async fn images(
    context: &Context,
    repository: &Repository,
    running: &BTreeSet<String>,
    take: Taker<'_>,
) -> Result<(), Unfinished> {
    let client = context.ecr(&repository.region);
    let mut open = running.clone();
    let mut token = None;
    loop {
        let page = match ecr::raw_page(&client, repository, token.as_deref()).await {
            Ok(page) => page,
            // What runs may outlive its repository; that there is none was read.
            Err(error) if error.message.starts_with("RepositoryNotFoundException") => return Ok(()),
            Err(error) => return Ok(take(Part::Gap(format!("images of {repository}: {error}")))?),
        };
        let images = list(&page, "imageDetails").to_vec();
        for digest in images.iter().filter_map(|image| text(image, "imageDigest")) {
            open.remove(digest);
        }
        let repository = repository.clone();
        take(Part::Images { repository, images })?;
        let next = ecs::next(token.as_deref(), text(&page, "nextToken"), "DescribeImages");
        token = match next {
            Ok(next) => next,
            Err(error) => return Ok(take(Part::Gap(error.to_string()))?),
        };
        if token.is_none() {
            break;
        }
    }
    for digest in open {
        match ecr::raw_image(&client, repository, &digest).await {
            Ok(images) if images.is_empty() => {}
            Ok(images) => {
                let repository = repository.clone();
                take(Part::Images { repository, images })?;
            }
            Err(error) => take(Part::Gap(format!("{repository}@{digest}: {error}")))?,
        }
    }
    Ok(())
}

fn text<'a>(value: &'a Value, member: &str) -> Option<&'a str> {
    value.get(member).and_then(Value::as_str)
}

fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    let list = value.get(member).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

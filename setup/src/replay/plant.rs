//! A snapshot in pocket accounts: the services as they were described, before anything that the records tell of happened.
//!
//! A snapshot may be younger than the records. What it says of later times than the first record has not happened yet: images
//! pushed since, and what ecroll noted of them, are left out. What runs cannot be known of the past: services begin with the
//! revision of the snapshot.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};
use handler::Place;
use handler::config::{Config, Target};
use handler::image::Repository;
use handler::inventory::Definition;
use handler::ledger::{self, Stamp};
use handler::picture::ServicePart;
use handler::push::Push;
use local::ecr::Pushed;
use local::ecs::Described;
use local::{Account, Options};
use serde::Serialize;
use serde_json::{Value, json};

use super::seed::{Seeded, host};
use crate::error::Error;
use crate::snapshot::Snapshot;

/// What a replay has of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// The snapshot's file.
    pub file: String,
    /// When it was taken.
    #[serde(serialize_with = "crate::status::seconds")]
    pub taken_at: DateTime<Utc>,
    /// Its account.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// How many of its services are there.
    pub services: usize,
    /// The others, each with why.
    pub left_out: Vec<String>,
    /// How many notes of ecroll on services and revisions tell of pushes after the records begin.
    pub later_notes: usize,
    /// How many pushes go to repositories that no service there runs.
    pub unfollowed: usize,
    /// Whether it was taken after the records begin.
    pub younger: bool,
    /// What could not be read when it was taken.
    pub gaps: Vec<String>,
}

/// How many lines of one kind a text shows before it only counts them.
const SHOWN: usize = 10;

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, lines) in [
            ("left out", &self.left_out),
            ("not in the snapshot", &self.gaps),
        ] {
            for line in lines.iter().take(SHOWN) {
                writeln!(f, "{what}: {line}")?;
            }
            let more = lines.len().saturating_sub(SHOWN);
            if more > 0 {
                writeln!(f, "{what}: {more} more; --output json lists them all")?;
            }
        }
        if self.younger {
            let notes = match self.later_notes {
                0 => String::new(),
                many => format!("; {many} notes of ecroll on later pushes are left out"),
            };
            writeln!(
                f,
                "the snapshot is younger than the records: services begin as they stood then{notes}"
            )?;
        }
        let at = self.taken_at.format("%Y-%m-%d %H:%M:%S");
        let (services, account, region) = (self.services, &self.account, &self.region);
        write!(
            f,
            "account        {services} services of {account} in {region}, as of {at}"
        )?;
        if self.unfollowed > 0 {
            write!(
                f,
                "\nnot followed   {} pushes to repositories that none of them runs",
                self.unfollowed
            )?;
        }
        Ok(())
    }
}

/// A snapshot in place.
pub(super) struct Garden {
    pub(super) seeded: Vec<Seeded>,
    /// The accounts and Regions of targets. Nobody else keeps them.
    pub(super) beside: Vec<Account>,
    pub(super) planted: Planted,
}

/// Whether the records can tell of anything that the snapshot's services run.
///
/// # Errors
/// Where all pushes are to other accounts.
pub(super) fn check(snapshot: &Snapshot, records: &[Push]) -> Result<(), Error> {
    let arns = snapshot.clusters.iter().filter_map(|arn| Place::of(arn));
    let mut known: BTreeSet<String> = arns.map(|place| place.account).collect();
    known.insert(snapshot.home.account.clone());
    let definitions = snapshot.definitions.iter().filter_map(Definition::read);
    known.extend(definitions.flat_map(|definition| {
        let repositories = definition.repositories().into_iter();
        repositories
            .map(|of| of.account.clone())
            .collect::<Vec<_>>()
    }));
    let told: BTreeSet<&str> = records
        .iter()
        .map(|one| one.repository.account.as_str())
        .collect();
    if told.is_empty() || told.iter().any(|account| known.contains(*account)) {
        return Ok(());
    }
    let told: Vec<&str> = told.into_iter().collect();
    let Snapshot { file, home, .. } = snapshot;
    Err(Error::Wrong(format!(
        "{file} is a snapshot of {home}, and the records tell of pushes to {} only: name records of that account, or \
         take a snapshot there",
        told.join(", ")
    )))
}

/// Puts the snapshot into the account, and into one beside it for each target. `first` is when the records begin.
pub(super) fn plant(
    account: &Account,
    snapshot: &Snapshot,
    config: &Config,
    pushes: &[Push],
    first: DateTime<Utc>,
) -> Garden {
    let (places, beside) = reach(account, snapshot, config);
    for cluster in &snapshot.clusters {
        if let Some(there) = Place::of(cluster).and_then(|place| places.get(&place)) {
            // It refuses none that was one.
            let _ = there.call(
                "ecs",
                "CreateCluster",
                json!({ "clusterName": last(cluster) }),
            );
        }
    }
    let later = images(snapshot, places.values(), pushes, first);
    let mut spade = Spade {
        first,
        places,
        later,
        runs: BTreeMap::new(),
        left_out: Vec::new(),
        later_notes: 0,
    };
    for answer in &snapshot.definitions {
        spade.definition(answer);
    }
    let mut seeded = Vec::new();
    let mut services = 0;
    for part in &snapshot.services {
        match spade.service(part) {
            Ok(of) => {
                services += 1;
                let cluster = text(&part.service, "clusterArn");
                seeded.extend(of.into_iter().filter(|_| config.follows_cluster(cluster)));
            }
            Err(why) => {
                let cluster = last(text(&part.service, "clusterArn"));
                let name = text(&part.service, "serviceName");
                spade.left_out.push(format!("{cluster}/{name}: {why}"));
            }
        }
    }
    let run: BTreeSet<&Repository> = seeded.iter().map(|one| &one.repository).collect();
    let strange = |push: &&Push| push.kind.is_image() && !run.contains(&push.repository);
    let planted = Planted {
        file: snapshot.file.clone(),
        taken_at: snapshot.taken_at,
        account: snapshot.home.account.clone(),
        region: snapshot.home.region.clone(),
        services,
        left_out: spade.left_out,
        later_notes: spade.later_notes,
        unfollowed: pushes.iter().filter(strange).count(),
        younger: snapshot.taken_at > first,
        gaps: snapshot.gaps.clone(),
    };
    Garden {
        seeded,
        beside,
        planted,
    }
}

/// The account of each place that follows, and those among them that are new.
fn reach(
    account: &Account,
    snapshot: &Snapshot,
    config: &Config,
) -> (BTreeMap<Place, Account>, Vec<Account>) {
    let mut places = BTreeMap::from([(snapshot.home.clone(), account.clone())]);
    let mut beside = Vec::new();
    for target in &config.targets {
        let place = Place {
            account: target.account.clone(),
            region: target.region.clone(),
        };
        if let Entry::Vacant(free) = places.entry(place) {
            let there = neighbour(account, target, beside.len());
            beside.push(there.clone());
            free.insert(there);
        }
    }
    (places, beside)
}

/// What puts one thing after another in its place.
struct Spade {
    /// When the records begin.
    first: DateTime<Utc>,
    places: BTreeMap<Place, Account>,
    /// Digests that were not there yet.
    later: BTreeSet<String>,
    /// By the ARN of a revision that is there, the repositories that it runs.
    runs: BTreeMap<String, BTreeSet<Repository>>,
    left_out: Vec<String>,
    later_notes: usize,
}

impl Spade {
    fn definition(&mut self, answer: &Value) {
        let mut answer = answer.clone();
        let dated = |value: &str| Stamp::read(value).map(|stamp| stamp.time);
        let notes = forget(&mut answer, dated, self.first);
        let Some(definition) = Definition::read(&answer) else {
            return;
        };
        let place = Place::of(&definition.arn);
        let Some(there) = place.and_then(|place| self.places.get(&place)) else {
            return;
        };
        match there.with_ecs(|ecs, scope| ecs.restore_definition(&answer, scope)) {
            Ok(()) => {
                self.later_notes += notes;
                let repositories = definition.repositories().into_iter().cloned().collect();
                self.runs.insert(definition.arn, repositories);
            }
            Err(fault) => {
                let line = format!("{}: {}", definition.arn, fault.message);
                self.left_out.push(line);
            }
        }
    }

    /// Puts a service in its place; answers it for each repository that it runs, or why it is left out.
    fn service(&mut self, part: &ServicePart) -> Result<Vec<Seeded>, String> {
        let cluster_arn = text(&part.service, "clusterArn");
        let place = Place::of(cluster_arn).ok_or("its cluster has no ARN")?;
        let there = self.places.get(&place);
        let there = there.ok_or_else(|| format!("no target of the configuration names {place}"))?;
        let status = text(&part.service, "status");
        if status != "ACTIVE" {
            return Err(format!("it is {status}"));
        }
        let arn = revision(&part.service).ok_or("nothing says what it runs")?;
        let repositories = self.runs.get(arn);
        let repositories = repositories.ok_or("its revision is not in the snapshot")?;
        let mut service = part.service.clone();
        let dated = |value: &str| ledger::Entry::read(value).map(|entry| entry.time);
        let notes = forget(&mut service, dated, self.first);
        let mut revisions = part.revisions.clone();
        forget_digests(&mut revisions, &self.later);
        let of = Described {
            service: &service,
            deployments: &part.deployments,
            revisions: &revisions,
        };
        there
            .with_ecs(|ecs, scope| ecs.restore_service(of, scope))
            .map_err(|fault| fault.message)?;
        self.later_notes += notes;
        let seeded = repositories.iter().map(|repository| Seeded {
            cluster: last(cluster_arn).to_owned(),
            service: text(&part.service, "serviceName").to_owned(),
            repository: repository.clone(),
        });
        Ok(seeded.collect())
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    let text = value.get(member).and_then(Value::as_str);
    text.unwrap_or_default()
}

/// An account for a target within reach of this one, with the role that the target names.
fn neighbour(account: &Account, target: &Target, number: usize) -> Account {
    let options = Options {
        account: target.account.clone(),
        region: target.region.clone(),
        seed: u64::try_from(number + 1).unwrap_or_default(),
        ..Options::default()
    };
    let there = Account::new(account.clock().clone(), options);
    account.beside(&there);
    if let Some(role) = &target.role {
        let home = account.place();
        let root = format!("arn:{}:iam::{}:root", home.partition, home.account);
        let mut trust =
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": root}});
        if let (Some(id), Some(members)) = (&target.external_id, trust.as_object_mut()) {
            let condition = json!({"StringEquals": {"sts:ExternalId": id}});
            members.insert("Condition".to_owned(), condition);
        }
        let document = |statement: Value| {
            json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
        };
        let name = last(role);
        let made = json!({"RoleName": name, "AssumeRolePolicyDocument": document(trust)});
        let may = json!({"Effect": "Allow", "Action": ["ecs:*", "iam:PassRole"], "Resource": "*"});
        let may =
            json!({"RoleName": name, "PolicyName": "ecroll", "PolicyDocument": document(may)});
        // Two targets may share a role; what else could go wrong shows as a target that cannot be reached.
        let _ = there.call("iam", "CreateRole", made);
        let _ = there.call("iam", "PutRolePolicy", may);
    }
    there
}

/// Puts the images that were there when the records begin into every registry; answers the digests of those that were not.
fn images<'a>(
    snapshot: &Snapshot,
    accounts: impl Iterator<Item = &'a Account>,
    pushes: &[Push],
    first: DateTime<Utc>,
) -> BTreeSet<String> {
    let accounts: Vec<&Account> = accounts.collect();
    let mut later: BTreeSet<String> = pushes.iter().map(|push| push.digest.clone()).collect();
    for (repository, image) in &snapshot.images {
        let named = |member: &str| image.get(member).and_then(Value::as_str);
        let at = image.get("imagePushedAt").and_then(time);
        let (Some(digest), Some(at)) = (named("imageDigest"), at) else {
            continue;
        };
        if at >= first {
            later.insert(digest.to_owned());
            continue;
        }
        later.remove(digest);
        let tags = image.get("imageTags").and_then(Value::as_array);
        let tags = tags.into_iter().flatten().filter_map(Value::as_str);
        let mut tags: Vec<Option<&str>> = tags.map(Some).collect();
        if tags.is_empty() {
            tags.push(None);
        }
        let manifest = manifest(named("imageManifestMediaType"), named("artifactMediaType"));
        let location = format!("{}/{}", host(repository), repository.name);
        for (account, tag) in accounts
            .iter()
            .flat_map(|account| tags.iter().map(move |tag| (account, *tag)))
        {
            let put = Pushed {
                registry: repository.account.clone(),
                region: repository.region.clone(),
                repository: repository.name.clone(),
                tag: tag.map(str::to_owned),
                digest: digest.to_owned(),
                manifest: manifest.clone(),
            };
            account.with_ecr(|ecr, _| ecr.put(put, at));
            if let Some(tag) = tag {
                account.with_ecs(|ecs, _| ecs.push_image(&location, tag, digest));
            }
        }
    }
    later
}

/// A manifest that says no more than its kind, which is what a snapshot knows.
fn manifest(kind: Option<&str>, config: Option<&str>) -> String {
    let media = kind.unwrap_or("application/vnd.docker.distribution.manifest.v2+json");
    let list = media.contains("manifest.list") || media.contains("image.index");
    let config = config.unwrap_or("application/vnd.docker.container.image.v1+json");
    let text = if list {
        json!({"schemaVersion": 2, "mediaType": media, "manifests": []})
    } else {
        json!({"schemaVersion": 2, "mediaType": media, "config": {"mediaType": config}, "layers": []})
    };
    text.to_string()
}

/// Takes the notes of ecroll out that tell of pushes of a time or later; answers how many.
fn forget(
    answer: &mut Value,
    dated: impl Fn(&str) -> Option<DateTime<Utc>>,
    first: DateTime<Utc>,
) -> usize {
    let Some(tags) = answer.get_mut("tags").and_then(Value::as_array_mut) else {
        return 0;
    };
    let before = tags.len();
    tags.retain(|tag| {
        let ours = ledger::is_key(text(tag, "key"));
        let at = ours.then(|| dated(text(tag, "value"))).flatten();
        at.is_none_or(|at| at < first)
    });
    before - tags.len()
}

fn forget_digests(revisions: &mut [Value], later: &BTreeSet<String>) {
    let lists = revisions
        .iter_mut()
        .filter_map(|revision| revision.get_mut("containerImages")?.as_array_mut());
    for image in lists.flatten().filter_map(Value::as_object_mut) {
        let digest = image.get("imageDigest").and_then(Value::as_str);
        if digest.is_some_and(|digest| later.contains(digest)) {
            image.remove("imageDigest");
        }
    }
}

/// The revision that a service runs, whoever deploys it.
fn revision(service: &Value) -> Option<&str> {
    let sets = service.get("taskSets").and_then(Value::as_array);
    let mut sets = sets.into_iter().flatten();
    let primary = sets.find(|set| set.get("status").is_some_and(|status| status == "PRIMARY"));
    let of = service.get("taskDefinition");
    of.or_else(|| primary?.get("taskDefinition"))?.as_str()
}

/// A time as the APIs carry it: seconds since 1970, with fractions.
fn time(value: &Value) -> Option<DateTime<Utc>> {
    let millis = value.as_f64()? * 1000.0;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds of any date fit, and others saturate"
    )]
    DateTime::from_timestamp_millis(millis as i64)
}

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

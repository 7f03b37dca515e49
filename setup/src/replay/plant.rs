//! A snapshot in pocket accounts: the services as they were described, before anything that the records tell of happened.
//!
//! A snapshot may be younger than the records. What it says of later times than the first record has not happened yet: images
//! pushed since, and what ecroll noted of them, are left out. What runs cannot be known of the past: services begin with the
//! revision of the snapshot.

mod images;
mod planted;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use handler::Place;
use handler::config::{Config, Target};
use handler::image::Repository;
use handler::inventory::Definition;
use handler::ledger::{self, Stamp};
use handler::picture::{self, ServicePart};
use handler::push::Push;
use local::ecs::Described;
use local::{Account, Options};
use serde_json::{Value, json};

use super::seed::Seeded;
use crate::error::Error;
use crate::snapshot::Snapshot;
use images::{forget, forget_digests, images};
pub use planted::Planted;

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
        let arn = picture::runs(&part.service).ok_or("nothing says what it runs")?;
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

fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

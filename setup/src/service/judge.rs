//! What is to be done, from the files and from what stands. Pure: it refuses everything that it can foresee, before anything
//! was done.

mod change;

use serde_json::{Value, json};

use super::file::Members;
use super::live::{Cluster, Live};
use super::{Asked, Deeds, Outline, State, Wanted, Write, compare, roll};
use crate::diff::{Action, Change, FieldChange};
use crate::error::{Error, Result};
use change::update;

/// Members of CreateService that say which service is meant, and what the definition's file says.
const IDENTITY: &[&str] = &["cluster", "serviceName", "taskDefinition", "clientToken"];

/// Puts together what is to be done.
///
/// # Errors
/// A cluster that is not there; what cannot be changed on a service that is; settings with which it could never roll; all
/// of them at once.
pub fn judge(wanted: &Wanted, live: &Live) -> Result<Outline> {
    let cluster = wanted.cluster.rsplit('/').next().unwrap_or_default();
    match &live.cluster {
        Cluster::Missing => {
            return Err(Error::Wrong(format!(
                "there is no cluster `{cluster}`: make it with `aws ecs create-cluster --cluster-name {cluster}`, or \
                 name another with --cluster"
            )));
        }
        Cluster::There(status) if status != "ACTIVE" => {
            return Err(Error::Wrong(format!(
                "the cluster `{cluster}` is {status}: `aws ecs create-cluster --cluster-name {cluster}` makes a deleted \
                 one anew; or name another with --cluster"
            )));
        }
        Cluster::There(_) => {}
    }
    let mut outline = Outline {
        cluster: cluster.to_owned(),
        service: wanted.name.clone(),
        state: live.state(),
        changes: Vec::new(),
        notes: wanted.notes.clone(),
        deeds: Deeds::default(),
    };
    match outline.state {
        State::Draining => outline.notes.push(draining(live)),
        State::Active => update(wanted, live, &mut outline)?,
        State::Missing | State::Inactive => create(wanted, live, &mut outline)?,
    }
    Ok(outline)
}

fn draining(live: &Live) -> String {
    let running = live
        .progress
        .as_ref()
        .map_or(0, |progress| progress.running);
    let tasks = if running == 1 { "task" } else { "tasks" };
    format!(
        "it was deleted and is DRAINING, {running} {tasks} still running: ECS takes no new service of this name before \
         it is INACTIVE; pass --wait to wait for that, or run this again then"
    )
}

/// What becomes of the task definition: the revision that runs is kept where it means the same, else the family's newest
/// where that does, such as one of an earlier run that did not get to its end.
fn define(wanted: &Wanted, live: &Live, outline: &mut Outline) {
    let file = wanted.definition.value();
    let same = |answer: &&Value| {
        let family = answer.pointer("/taskDefinition/family");
        let of_family = family.and_then(Value::as_str) == Some(wanted.family.as_str());
        of_family && compare::definitions(&described(answer), &file).is_empty()
    };
    let revision = |answer: &Value| {
        let arn = answer.pointer("/taskDefinition/taskDefinitionArn");
        arn.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let keep = |name: &str, note: Option<String>| Change {
        action: Action::Keep,
        resource: "task definition",
        name: name.rsplit('/').next().unwrap_or(name).to_owned(),
        fields: Vec::new(),
        note,
    };
    if let Some(runs) = live.runs.as_ref().filter(same) {
        let arn = revision(runs);
        outline.changes.push(keep(
            &arn,
            Some("it runs, and means the same as the file".to_owned()),
        ));
        outline.deeds.revision = Some(arn);
        return;
    }
    if let Some(newest) = live.newest.as_ref().filter(same) {
        let arn = revision(newest);
        let note = "registered before, and means the same as the file".to_owned();
        outline.changes.push(keep(&arn, Some(note)));
        outline.deeds.revision = Some(arn);
        if let (Some(runs), Some(change)) = (&live.runs, outline.changes.last_mut()) {
            change.action = Action::Change;
            change.fields = compare::definitions(&described(runs), &file);
        }
        return;
    }
    let base = live.runs.as_ref().or(live.newest.as_ref());
    let mut change = keep(&wanted.family, None);
    if let Some(base) = base {
        change.action = Action::Change;
        change.fields = compare::definitions(&described(base), &file);
        let base = revision(base);
        let base = base.rsplit('/').next().unwrap_or(&base);
        let what = if live.runs.is_some() {
            "which runs"
        } else {
            "the newest"
        };
        change.note = Some(format!("a new revision, against {base}, {what}"));
    } else {
        change.action = Action::Create;
        change.note = Some("the first revision of its family".to_owned());
    }
    if rolled_by_ecroll(live) && change.fields.iter().any(|f| f.field.contains("].image")) {
        outline.notes.push(
            "ecroll rolled what runs for a push; it leaves another image that somebody puts in its place alone until the \
             next push"
                .to_owned(),
        );
    }
    outline.changes.push(change);
    outline.deeds.register = Some(wanted.definition.clone());
}

/// Whether the revision that runs carries a push.
fn rolled_by_ecroll(live: &Live) -> bool {
    let tags = live
        .runs
        .as_ref()
        .and_then(|runs| runs.get("tags")?.as_array());
    let mut keys = tags
        .into_iter()
        .flatten()
        .filter_map(|tag| tag.get("key")?.as_str());
    keys.any(handler::ledger::is_key)
}

/// A described definition with its tags, as a file has them.
fn described(answer: &Value) -> Value {
    let mut definition = answer.get("taskDefinition").cloned().unwrap_or_default();
    if let (Some(members), Some(tags)) = (definition.as_object_mut(), answer.get("tags")) {
        members.insert("tags".to_owned(), tags.clone());
    }
    definition
}

/// The file's members with what the command line says of the percentages.
fn effective(wanted: &Wanted) -> Members {
    let Asked {
        minimum_healthy_percent: minimum,
        maximum_percent: maximum,
        ..
    } = wanted.asked;
    let mut service = wanted.service.clone();
    if (minimum, maximum) == (None, None) {
        return service;
    }
    let configuration = service.get("deploymentConfiguration");
    let mut configuration = configuration.unwrap_or_else(|| json!({}));
    if let Some(members) = configuration.as_object_mut() {
        for (member, percent) in [
            ("minimumHealthyPercent", minimum),
            ("maximumPercent", maximum),
        ] {
            if let Some(percent) = percent {
                members.insert(member.to_owned(), json!(percent));
            }
        }
    }
    service.set("deploymentConfiguration", &configuration);
    service
}

fn create(wanted: &Wanted, live: &Live, outline: &mut Outline) -> Result<()> {
    let mut service = effective(wanted);
    let daemon = service.text("schedulingStrategy").as_deref() == Some("DAEMON");
    let of_file = service.get("desiredCount").and_then(|count| count.as_i64());
    let desired = wanted.asked.desired.map(i64::from).or(of_file);
    if daemon && wanted.asked.desired.is_some() {
        return Err(no_count());
    }
    if desired.is_none() && !daemon {
        return Err(Error::Wrong(format!(
            "`{}` is to be created, and nothing says how many tasks it is to have: put `desiredCount` into the service's \
             file, or pass --desired-count",
            wanted.name
        )));
    }
    let count = desired
        .and_then(|desired| i32::try_from(desired).ok())
        .unwrap_or(0);
    // A daemon service has one task on each instance, however many there are.
    let tasks = if daemon { 1 } else { count };
    if let Some(why) = roll::obstacle(&json!({}), &service.value(), tasks) {
        return Err(never(&wanted.name, &why));
    }
    if let Some(desired) = wanted.asked.desired {
        service.set("desiredCount", &json!(desired));
    }
    service.set("cluster", &json!(wanted.cluster));
    define(wanted, live, outline);
    let fields = service.names().filter(|member| !IDENTITY.contains(member));
    let shown = |member: &str| FieldChange {
        field: member.to_owned(),
        from: None,
        to: service.get(member).map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        }),
    };
    let note = (outline.state == State::Inactive).then(|| {
        "one of this name was deleted, and is INACTIVE: a new one takes its place".to_owned()
    });
    outline.changes.push(Change {
        action: Action::Create,
        resource: "service",
        name: format!("{}/{}", outline.cluster, outline.service),
        fields: fields.map(shown).collect(),
        note,
    });
    outline.deeds.write = Write::Create(service);
    Ok(())
}

fn never(name: &str, why: &str) -> Error {
    Error::Wrong(format!("`{name}` could never roll: {why}"))
}

fn no_count() -> Error {
    Error::Wrong(
        "a DAEMON service runs one task on each instance: leave --desired-count out".to_owned(),
    )
}

//! What is to be done, from the files and from what stands. Pure: it refuses everything that it can foresee, before anything
//! was done.

use serde_json::{Value, json};

use super::file::Members;
use super::live::{Cluster, Live};
use super::members::Structure;
use super::{Asked, Deeds, Outline, State, Wanted, Write, compare, roll};
use crate::diff::{Action, Change, FieldChange};
use crate::error::{Error, Result};

/// Members of CreateService that say which service is meant, and what the definition's file says.
const IDENTITY: &[&str] = &["cluster", "serviceName", "taskDefinition", "clientToken"];

/// Members that a service shows on its primary deployment and not on itself (API model).
const ON_DEPLOYMENT: &[&str] = &[
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

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

fn update(wanted: &Wanted, live: &Live, outline: &mut Outline) -> Result<()> {
    let Some(service) = &live.service else {
        return Ok(());
    };
    let file = effective(wanted);
    let mut refused = Vec::new();
    if service["resourceManagementType"] == "ECS" {
        refused.push(
            "it is an Express service, whose definition ECS owns: change it with `aws ecs \
             update-express-gateway-service`"
                .to_owned(),
        );
    }
    define(wanted, live, outline);
    let runs = service["taskDefinition"].as_str();
    let moves = outline.deeds.register.is_some() || outline.deeds.revision.as_deref() != runs;
    let controller = service.pointer("/deploymentController/type");
    let controller = controller.and_then(Value::as_str).unwrap_or("ECS");
    if controller != "ECS" && moves {
        let instead = match controller {
            "CODE_DEPLOY" => "`aws deploy create-deployment`",
            _ => "`aws ecs create-task-set`",
        };
        refused.push(format!(
            "its deployments belong to {controller}, so UpdateService takes no other task definition: start one with \
             {instead}"
        ));
    }
    let (fields, changed) = members(&file, service, controller, &mut refused);
    let mut fields = fields;
    let mut send = file.only(|member| changed.iter().any(|one| one == member));
    if let Some(configuration) = configuration(&file, service) {
        send.set("deploymentConfiguration", &configuration);
    }
    let daemon = service["schedulingStrategy"] == "DAEMON";
    let running = service["desiredCount"].as_i64().unwrap_or(0);
    let mut desired = running;
    match (wanted.asked.desired, file.get("desiredCount").and_then(|count| count.as_i64())) {
        (Some(_), _) if daemon => return Err(no_count()),
        (Some(count), _) if i64::from(count) != running => {
            desired = i64::from(count);
            send.set("desiredCount", &json!(count));
            fields.push(FieldChange {
                field: "desiredCount".to_owned(),
                from: Some(running.to_string()),
                to: Some(count.to_string()),
            });
        }
        (None, Some(count)) if count != running && !daemon => outline.notes.push(format!(
            "desiredCount stays {running}; the file says {count}, and --desired-count {count} would set it"
        )),
        _ => {}
    }
    let desired = i32::try_from(desired).unwrap_or(i32::MAX);
    let tasks = if daemon { desired.max(1) } else { desired };
    let touched = moves || send.names().next().is_some();
    if let Some(why) = roll::obstacle(service, &file.value(), tasks).filter(|_| touched) {
        refused.push(format!("it could never roll: {why}"));
    }
    if !refused.is_empty() {
        let name = format!("{}/{}", outline.cluster, outline.service);
        return Err(Error::Wrong(format!(
            "{name} cannot be made what the files say, and nothing was done: {}",
            refused.join("; ")
        )));
    }
    let tags = tags(&file, service, &mut fields);
    let action = if fields.is_empty() {
        Action::Keep
    } else {
        Action::Change
    };
    outline.changes.push(Change {
        action,
        resource: "service",
        name: format!("{}/{}", outline.cluster, outline.service),
        fields,
        note: None,
    });
    if touched {
        send.set("cluster", &json!(wanted.cluster));
        send.set("service", &json!(wanted.name));
        outline.deeds.write = Write::Update(send, moves);
    }
    outline.deeds.tags = tags;
    Ok(())
}

/// The members that UpdateService is to change, as differences and by name; those that it cannot change are refused.
fn members(
    file: &Members,
    service: &Value,
    controller: &str,
    refused: &mut Vec<String>,
) -> (Vec<FieldChange>, Vec<String>) {
    let takes = Structure::named("UpdateServiceRequest");
    let knows = Structure::named("CreateServiceRequest");
    let (mut fields, mut sent) = (Vec::new(), Vec::new());
    for member in file.names() {
        if IDENTITY.contains(&member) || matches!(member, "desiredCount" | "tags") {
            continue;
        }
        let Some(value) = file.get(member) else {
            continue;
        };
        let changes = compare::member(member, shown(service, member), &value);
        if changes.is_empty() {
            continue;
        }
        let updatable = takes.is_some_and(|takes| takes.member(member).is_some())
            // Nobody here knows a member that no list names; ECS does.
            || knows.is_some_and(|knows| knows.member(member).is_none());
        match way_out(member, controller) {
            Some(way) => refused.push(format!("`{}`: {way}", told(&changes))),
            None if updatable => {
                fields.extend(changes);
                if member != "deploymentConfiguration" {
                    sent.push(member.to_owned());
                }
            }
            None => refused.push(format!("`{}`: {ANEW}", told(&changes))),
        }
    }
    (fields, sent)
}

const ANEW: &str = "UpdateService does not change it: delete the service with `aws ecs delete-service --force`, and run \
                    this again when it is INACTIVE; or give the new one another `serviceName`";

/// Why a member cannot be changed although UpdateService may take it, and what does it instead.
fn way_out(member: &str, controller: &str) -> Option<&'static str> {
    match (member, controller) {
        ("deploymentController", _) => Some(
            "who deploys is for a person to change, between two deployments: `aws ecs update-service \
             --deployment-controller type=…`",
        ),
        ("launchType", _) => Some(
            "UpdateService does not change the launch type: `capacityProviderStrategy` in its place does (FARGATE, or a \
             provider of your instances); or delete the service and run this again when it is INACTIVE",
        ),
        ("role", _) => Some(
            "UpdateService does not change the role of a load balancer: leave `role` out, then ECS uses its service-linked \
             role",
        ),
        // Source: UpdateService, `loadBalancers`, in the API reference.
        ("loadBalancers", "CODE_DEPLOY") => Some(
            "the target groups of a service that CodeDeploy deploys change with `aws deploy create-deployment`",
        ),
        ("loadBalancers", "EXTERNAL") => Some(
            "the target groups of a service with an EXTERNAL controller change with `aws ecs create-task-set`",
        ),
        _ => None,
    }
}

fn told(changes: &[FieldChange]) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let changes = changes.iter();
    let changes = changes.map(|c| format!("{}: {} -> {}", c.field, value(&c.from), value(&c.to)));
    changes.collect::<Vec<_>>().join(", ")
}

/// A member as the service shows it, or its primary deployment.
fn shown<'a>(service: &'a Value, member: &str) -> Option<&'a Value> {
    let member = if member == "role" { "roleArn" } else { member };
    if !ON_DEPLOYMENT.contains(&member) {
        return service.get(member);
    }
    let deployments = service.get("deployments")?.as_array()?.iter();
    let mut primary = deployments.filter(|deployment| deployment["status"] == "PRIMARY");
    primary.next()?.get(member)
}

/// Of the deployment configuration only what changes: ECS keeps what is left out at its top, and replaces what is below.
/// Source: facts measured by `go-to-k/cdkd`, `src/provisioning/providers/ecs-provider.ts`.
fn configuration(file: &Members, service: &Value) -> Option<Value> {
    let wanted = file.get("deploymentConfiguration")?;
    let live = service.get("deploymentConfiguration");
    let mut changed = serde_json::Map::new();
    for (member, value) in wanted.as_object()? {
        let from = live.and_then(|live| live.get(member));
        if !compare::member(member, from, value).is_empty() {
            changed.insert(member.clone(), value.clone());
        }
    }
    (!changed.is_empty()).then_some(Value::Object(changed))
}

/// Tags of the file that the service does not have so. Others stay, those of the ledger among them.
fn tags(
    file: &Members,
    service: &Value,
    fields: &mut Vec<FieldChange>,
) -> Option<(String, Vec<(String, String)>)> {
    let pairs = |tags: &Value| -> Vec<(String, String)> {
        let tags = tags.as_array().map_or(&[][..], Vec::as_slice).iter();
        let text = |tag: &Value, member: &str| Some(tag.get(member)?.as_str()?.to_owned());
        tags.filter_map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default())))
            .collect()
    };
    let live = service.get("tags").map(pairs).unwrap_or_default();
    let mut wanted = pairs(&file.get("tags")?);
    wanted.retain(|pair| !live.contains(pair));
    for (key, value) in &wanted {
        let from = live.iter().find(|(name, _)| name == key);
        fields.push(FieldChange {
            field: format!("tags[{key}]"),
            from: from.map(|(_, value)| value.clone()),
            to: Some(value.clone()),
        });
    }
    let arn = service.get("serviceArn")?.as_str()?.to_owned();
    (!wanted.is_empty()).then_some((arn, wanted))
}

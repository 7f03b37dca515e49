//! What is to be changed on a service that is there; what UpdateService does not change is refused, with the way round.

use serde_json::{Value, json};

use super::super::file::Members;
use super::super::live::Live;
use super::super::members::Structure;
use super::super::{Outline, Wanted, Write, compare, roll};
use super::{IDENTITY, define, effective, no_count};
use crate::diff::{Action, Change, FieldChange};
use crate::error::{Error, Result};

/// Members that a service shows on its primary deployment and not on itself (API model).
const ON_DEPLOYMENT: &[&str] = &[
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

pub(super) fn update(wanted: &Wanted, live: &Live, outline: &mut Outline) -> Result<()> {
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

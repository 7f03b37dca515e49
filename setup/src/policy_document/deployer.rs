//! What whoever runs `ecroll service` with two files needs: just these names, and just the roles that they hand over.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Document;
use super::operator::{allow, only_if};
use crate::names::Place;
use crate::service::Wanted;

/// Reading the cluster, the service and definitions; registering, creating, updating; handing over the roles that the files
/// name. The tasks are read only to say why a deployment failed that was waited for.
///
/// Sources: the authorization reference of ECS; ECS developer guide, "Grant permission to tag resources on creation".
#[must_use]
pub fn deployer(wanted: &Wanted, place: &Place) -> Document {
    let cluster = wanted.cluster.rsplit('/').next().unwrap_or_default();
    let at = place.arn("ecs", &format!("cluster/{cluster}"));
    let service = place.arn("ecs", &format!("service/{cluster}/{}", wanted.name));
    let family = place.arn("ecs", &format!("task-definition/{}:*", wanted.family));
    // The account is not known here, and perhaps the Region.
    let inside = json!({ "ArnLike": { "ecs:cluster": at } });
    let mut statements = vec![
        allow("ReadCluster", &["ecs:DescribeClusters"], &json!(at)),
        allow("ReadService", &["ecs:DescribeServices"], &json!(service)),
        // No resource confines it.
        allow(
            "ReadDefinitions",
            &["ecs:DescribeTaskDefinition"],
            &json!("*"),
        ),
        allow("Register", &["ecs:RegisterTaskDefinition"], &json!(family)),
        allow(
            "Service",
            &["ecs:CreateService", "ecs:UpdateService"],
            &json!(service),
        ),
        only_if(
            allow(
                "ReadTasks",
                &["ecs:ListTasks", "ecs:DescribeTasks"],
                &json!([
                    place.arn("ecs", &format!("container-instance/{cluster}/*")),
                    place.arn("ecs", &format!("task/{cluster}/*")),
                ]),
            ),
            &inside,
        ),
    ];
    if wanted.definition.get("tags").is_some() {
        statements.push(only_if(
            allow("TagDefinition", &["ecs:TagResource"], &json!(family)),
            &json!({ "StringEquals": { "ecs:CreateAction": "RegisterTaskDefinition" } }),
        ));
    }
    if wanted.service.get("tags").is_some() {
        statements.push(allow("TagService", &["ecs:TagResource"], &json!(service)));
    }
    let definition = &wanted.definition;
    let roles = ["taskRoleArn", "executionRoleArn"].into_iter();
    let roles = roles.filter_map(|member| definition.text(member));
    passing(
        "PassTaskRoles",
        roles.collect(),
        "ecs-tasks.amazonaws.com",
        place,
        &mut statements,
    );
    let mut roles: BTreeSet<String> = wanted.service.text("role").into_iter().collect();
    named_roles(&wanted.service.value(), &mut roles);
    passing(
        "PassServiceRoles",
        roles,
        "ecs.amazonaws.com",
        place,
        &mut statements,
    );
    Document::new(&statements)
}

fn passing(
    sid: &str,
    roles: BTreeSet<String>,
    service: &str,
    place: &Place,
    statements: &mut Vec<Value>,
) {
    // A role may be named alone.
    let arn = |role: String| {
        if role.starts_with("arn:") {
            role
        } else {
            place.role_arn(&role)
        }
    };
    let roles: Vec<String> = roles.into_iter().map(arn).collect();
    if !roles.is_empty() {
        statements.push(only_if(
            allow(sid, &["iam:PassRole"], &json!(roles)),
            &json!({ "StringEquals": { "iam:PassedToService": service } }),
        ));
    }
}

/// Roles that ECS takes on for a service: for volumes, load balancers, lattices.
fn named_roles(value: &Value, roles: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                match value {
                    Value::String(role) if member == "roleArn" => {
                        roles.insert(role.clone());
                    }
                    below => named_roles(below, roles),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| named_roles(item, roles)),
        _ => {}
    }
}

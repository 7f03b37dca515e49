//! Carrying out what was put together: register, then create or update, then the tags.

use std::time::Duration;

use aws_sdk_ecs::types::Tag;
use chrono::{DateTime, Utc};
use handler::carry;
use handler::progress::Progress;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Done, Outline, Write};
use crate::clients::Clients;
use crate::error::{Called, Result};
use crate::retry::patiently;

/// How long a registration is tried again that meets another one of its family, or a role that was just made.
const REGISTRATIONS_PASS: Duration = Duration::from_mins(2);

/// How far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A call is on its way; whether it takes effect, its answer says.
    Begun(&'static str),
    /// It was answered; what is done, in words.
    Done(String),
}

/// Does what the outline says. `told` hears of each step. `now` makes the token of a creation, by which ECS
/// knows a second sending of the same call from a second service.
///
/// # Errors
/// What AWS refuses; what was done until then, stands.
pub async fn act(
    clients: &Clients,
    outline: &Outline,
    now: DateTime<Utc>,
    mut told: impl FnMut(Step),
) -> Result<Done> {
    let deeds = &outline.deeds;
    let mut revision = deeds.revision.clone();
    if let Some(definition) = &deeds.register {
        let family = definition.text("family").unwrap_or_default();
        told(Step::Begun("RegisterTaskDefinition"));
        let arn = register(clients, &family, &definition.body()).await?;
        let name = arn.rsplit('/').next().unwrap_or(&arn);
        told(Step::Done(format!("registered {name}")));
        revision = Some(arn);
    }
    let name = format!("{}/{}", outline.cluster, outline.service);
    let progress = match &deeds.write {
        Write::Nothing => None,
        Write::Create(members) => {
            let mut members = members.clone();
            if let Some(revision) = &revision {
                members.set("taskDefinition", &json!(revision));
            }
            if members.get("clientToken").is_none() {
                members.set("clientToken", &json!(token(&name, now)));
            }
            let body = members.body();
            let request = clients.ecs.create_service().service_name(&outline.service);
            let request = request.customize();
            let request = request.mutate_request(move |request| carry(request, body.clone()));
            told(Step::Begun("CreateService"));
            let answer = request.send().await.called("ecs:CreateService", &name)?;
            told(Step::Done(format!("created service {name}")));
            answer.service().map(Progress::read)
        }
        Write::Update(members, moves) => {
            let mut members = members.clone();
            if let Some(revision) = revision.as_ref().filter(|_| *moves) {
                members.set("taskDefinition", &json!(revision));
            }
            let body = members.body();
            let request = clients.ecs.update_service().service(&outline.service);
            let request = request.customize();
            let request = request.mutate_request(move |request| carry(request, body.clone()));
            told(Step::Begun("UpdateService"));
            let answer = request.send().await.called("ecs:UpdateService", &name)?;
            told(Step::Done(format!("updated service {name}")));
            answer.service().map(Progress::read)
        }
    };
    if let Some((arn, tags)) = &deeds.tags {
        let tags = tags.iter();
        let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
        let request = clients.ecs.tag_resource().resource_arn(arn);
        let request = request.set_tags(Some(tags.collect()));
        told(Step::Begun("TagResource"));
        request.send().await.called("ecs:TagResource", &name)?;
        told(Step::Done(format!("tagged service {name}")));
    }
    Ok(Done {
        task_definition: revision,
        progress,
    })
}

async fn register(clients: &Clients, family: &str, body: &str) -> Result<String> {
    // A ClientException that passes; the SDK takes each for final. Source of the first:
    // <https://github.com/hashicorp/terraform-provider-aws/issues/9777>
    let passes = |code: &str, message: &str| {
        let texts = ["Too many concurrent attempts", "Role is not valid"];
        let passes = code == "ClientException" && texts.iter().any(|text| message.contains(text));
        passes.then_some(REGISTRATIONS_PASS)
    };
    let send = || {
        let body = body.to_owned();
        let request = clients.ecs.register_task_definition();
        // What the builder asks for; the body that is sent replaces it.
        let request = request
            .family("replaced")
            .set_container_definitions(Some(Vec::new()));
        let request = request.customize();
        request
            .mutate_request(move |request| carry(request, body.clone()))
            .send()
    };
    let answer = patiently(passes, send).await;
    let answer = answer.called("ecs:RegisterTaskDefinition", family)?;
    let definition = answer.task_definition();
    let arn = definition.and_then(|definition| definition.task_definition_arn());
    Ok(arn.unwrap_or(family).to_owned())
}

/// At most 36 characters, another one at each run: a service of the same files that was deleted since is to be made anew.
fn token(name: &str, now: DateTime<Utc>) -> String {
    let nanoseconds = now.timestamp_nanos_opt().unwrap_or_default();
    let bytes = Sha256::digest(format!("{name} {nanoseconds}").as_bytes());
    let hex = bytes.iter().take(16).map(|byte| format!("{byte:02x}"));
    hex.collect()
}

//! The stacks of the configuration: whether each can be read, whether a push could move it, and whether its role is there.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use handler::Context;
use handler::stacks::{Following, following};

use super::link::{Link, allow};
use super::order::STACKS;
use crate::clients::Clients;
use crate::error::Called;

pub(super) async fn link(clients: &Clients, context: &Context) -> Link {
    let stacks = following(context).await;
    let roles = stacks
        .iter()
        .filter_map(|one| one.stack.as_ref().ok()?.role.clone());
    let roles: BTreeSet<String> = roles.collect();
    let asked = roles.iter().map(|role| async move {
        let is_gone = is_gone(clients, role).await;
        is_gone.then(|| role.clone())
    });
    let gone = join_all(asked).await.into_iter().flatten().collect();
    judged(&stacks, &gone)
}

/// Whether there is no such role. Where nobody may ask, it is taken to be there.
async fn is_gone(clients: &Clients, arn: &str) -> bool {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let role = clients.iam.get_role().role_name(name).send().await;
    let role = role.found("iam:GetRole", name, &["NoSuchEntity"]);
    matches!(role, Ok(None))
}

fn judged(stacks: &[Following], gone: &BTreeSet<String>) -> Link {
    let mut troubles = Vec::new();
    let mut denied = false;
    for one in stacks {
        let name = one.rule.name();
        if let Some(why) = &one.refusal {
            troubles.push(format!("stack {name}: {why}"));
        }
        match &one.stack {
            Err(error) if one.refusal.is_none() => {
                denied |= error.message.starts_with("AccessDenied");
                troubles.push(format!("stack {name} cannot be read: {error}"));
            }
            Err(_) => {}
            Ok(stack) => {
                let role = stack.role.as_ref().filter(|role| gone.contains(*role));
                troubles.extend(role.map(|role| {
                    format!(
                        "stack {name}: its role {role} is gone, so CloudFormation can neither update it nor roll an \
                         update back: create the role anew, or give the stack another (`aws cloudformation \
                         update-stack --stack-name {name} --use-previous-template --role-arn …`)"
                    )
                }));
            }
        }
    }
    if denied {
        let mend = allow("cloudformation:DescribeStacks");
        return Link::ng(STACKS, troubles.join("\n"), mend);
    }
    if !troubles.is_empty() {
        return Link::ng(
            STACKS,
            troubles.join("\n"),
            "do as it says, or correct `[[stacks]]` in ecroll.toml; then run `ecroll setup`",
        );
    }
    match stacks.len() {
        0 => Link::skip(STACKS, "none in `[[stacks]]`"),
        1 => Link::ok(STACKS, "1 follows"),
        many => Link::ok(STACKS, format!("{many} follow")),
    }
}

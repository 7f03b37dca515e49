//! The stacks of the configuration: whether each can be read, and whether a push could move it.

use handler::Context;
use handler::stacks::{Following, following};

use super::link::{Link, allow};
use super::order::STACKS;

pub(super) async fn link(context: &Context) -> Link {
    judged(&following(context).await)
}

fn judged(stacks: &[Following]) -> Link {
    let mut troubles = Vec::new();
    let mut denied = false;
    for one in stacks {
        match &one.stack {
            Err(error) => {
                denied |= error.message.starts_with("AccessDenied");
                troubles.push(format!("stack {} cannot be read: {error}", one.rule.name()));
            }
            Ok(_) => {
                let refusal = one.refusal.iter();
                let name = one.rule.name();
                troubles.extend(refusal.map(|why| format!("stack {name}: {why}")));
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

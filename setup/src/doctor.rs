//! Whether the pipeline works: every link from the trail to the services, each with what would mend it.
//!
//! [`examine`] reads everything at once and writes nothing. Whatever is denied, missing or unknown to the endpoint becomes
//! the result of the link that wanted it, so that the first fault never hides the others; `settle` then leaves out what
//! only follows from an earlier fault. What should be is not said here a second time: the [desired](crate::desired)
//! resources are compared as a plan compares them, and the handler's own code is asked what it would decide.
//!
//! One file per part of the chain, each with its reading, which talks to AWS, and its judgement, which is pure.

mod alarm;
mod function;
mod ground;
mod group;
mod link;
mod look_ups;
mod metric;
mod order;
mod probe;
mod pushes;
mod queues;
mod resources;
mod role;
mod services;
mod settle;
mod simulation;
mod stacks;
mod tasks;
pub(crate) mod time;
mod trail;

use chrono::{DateTime, Utc};
use futures_util::join;
use handler::config::Config;

use crate::clients::Clients;
use ground::Ground;
use resources::Inspected;

pub use link::{Checkup, Link, Verdict};
pub use order::{LINKS, PROBE};
pub use probe::probe;

/// Examines every link. Reads only, and never fails: what cannot be read is said of its link.
pub async fn examine(clients: &Clients, config: &Config, now: DateTime<Utc>) -> Checkup {
    // It holds the calls of every service, which is much for the stack of whoever asks.
    Box::pin(examined(clients, config, now)).await
}

async fn examined(clients: &Clients, config: &Config, now: DateTime<Utc>) -> Checkup {
    let ground = match Box::pin(Ground::read(clients, config, now)).await {
        Ok(ground) => ground,
        Err(link) => return settle::stopped(vec![link]),
    };
    let ground = &ground;
    let found = Box::pin(resources::inspect(ground)).await;
    if found.iter().all(Inspected::is_missing) {
        return settle::stopped(vec![ground.credentials(), resources::nothing(ground)]);
    }
    let found = &found;
    let (records, metric, alarm, function, queues, roles, services) = join!(
        Box::pin(records(ground, found)),
        Box::pin(metric::links(ground, found)),
        Box::pin(alarm::links(ground, found)),
        Box::pin(function::links(ground, found)),
        Box::pin(queues::links(ground, found)),
        Box::pin(role::links(ground, found)),
        Box::pin(services::links(ground)),
    );
    let mut links = vec![ground.credentials(), ground.configuration()];
    links.extend([records, metric, alarm, function, queues, roles, services].concat());
    // What is nothing but a resource of setup's.
    for name in order::PLAIN {
        links.extend(resources::judge(name, found));
    }
    settle::settled(links)
}

async fn records(ground: &Ground<'_>, found: &[Inspected]) -> Vec<Link> {
    let (trail, group) = join!(
        Box::pin(trail::links(ground, found)),
        Box::pin(group::link(ground, found)),
    );
    let mut links = trail;
    links.push(group);
    links
}

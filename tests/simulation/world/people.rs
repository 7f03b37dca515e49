//! People who deploy, roll back, scale, create and delete while images are pushed.

use chrono::{DateTime, Utc};

use crate::history::{BEFORE, FIRST};
use crate::trace::{Act, Kind, Service, World};

use super::services::{self, Repository};
use super::{Chance, start};

/// Puts what people do between the pushes.
pub(super) fn meddle(
    chance: &mut Chance,
    world: &World,
    repositories: &[Repository],
    acts: &mut Vec<(DateTime<Utc>, Act)>,
    small: bool,
) {
    if chance.one_in(3) {
        return;
    }
    let span = acts.iter().map(|(at, _)| *at).max().unwrap_or(start()) - start();
    let seconds = span.num_seconds() + 1800;
    let mut services = world.services.clone();
    let count = chance.within(1..=if small { 3 } else { 8 });
    for number in 0..count {
        let at = start() + chance.seconds(30..=seconds);
        let act = act(chance, repositories, &mut services, acts, number);
        acts.push((at, act));
    }
}

fn act(
    chance: &mut Chance,
    repositories: &[Repository],
    services: &mut Vec<Service>,
    acts: &[(DateTime<Utc>, Act)],
    number: i64,
) -> Act {
    let service = chance.of(services);
    let (cluster, name) = (service.cluster.clone(), service.name.clone());
    match chance.of(&[0, 0, 0, 1, 1, 1, 2, 3, 4, 5]) {
        0 => Act::Deploy {
            cluster,
            service: name,
            container: "app".to_owned(),
            image: an_image(chance, repositories, acts),
        },
        1 => Act::RollBack {
            cluster,
            service: name,
            task_definition: chance.of(&[BEFORE, BEFORE, FIRST]).to_owned(),
        },
        2 => Act::Scale {
            cluster,
            service: name,
            desired: chance.of(&[0, 1, 2, 5]),
        },
        3 => {
            let (minimum, maximum) = chance.of(&[(100, 200), (50, 100), (50, 200), (90, 110)]);
            Act::Percentages {
                cluster,
                service: name,
                minimum,
                maximum,
            }
        }
        4 => Act::Delete {
            cluster,
            service: name,
        },
        _ => {
            let mut new = services::service(chance, repositories);
            new.name = format!("{}-{number}", new.name);
            services.push(new.clone());
            Act::Create(new)
        }
    }
}

/// Lets people stop deployments, of which most begin soon after a record came; and some circuit breakers bring nothing back.
pub(super) fn stop(chance: &mut Chance, world: &mut World, acts: &mut Vec<(DateTime<Utc>, Act)>) {
    let created = acts.iter_mut().filter_map(|(_, act)| match act {
        Act::Create(service) => Some(service),
        _ => None,
    });
    for service in world.services.iter_mut().chain(created) {
        service.rollback = !chance.one_in(3);
    }
    let arrivals = acts.iter().filter_map(|(_, act)| match act {
        Act::Push(push) => push.delivered.first().copied(),
        _ => None,
    });
    let stops: Vec<_> = arrivals
        .filter_map(|at| {
            let service = chance.of(&world.services);
            let at = at + chance.seconds(10..=300);
            let (cluster, service) = (service.cluster, service.name);
            chance
                .one_in(8)
                .then_some((at, Act::Stop { cluster, service }))
        })
        .collect();
    acts.extend(stops);
}

/// Something to deploy: what was pushed, or what was there before.
fn an_image(
    chance: &mut Chance,
    repositories: &[Repository],
    acts: &[(DateTime<Utc>, Act)],
) -> String {
    let pushed: Vec<String> = acts
        .iter()
        .filter_map(|(_, act)| match act {
            Act::Push(push) if push.kind == Kind::Image => {
                let path = format!(
                    "{}/{}",
                    crate::history::host(&push.account, &push.region),
                    push.repository
                );
                let tag = push.tag.as_ref()?;
                Some(format!("{path}:{tag}"))
            }
            _ => None,
        })
        .collect();
    if pushed.is_empty() || chance.one_in(3) {
        let repository = chance.of(repositories);
        services::image(chance, &repository)
    } else {
        chance.of(&pushed)
    }
}

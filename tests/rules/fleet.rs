//! Many services, and the handler called directly: nothing else looks meanwhile.

use std::sync::Arc;

use chrono::TimeDelta;
use handler::config::Config;
use handler::report::Report;
use handler::{Context, Deadline, Error, Now};
use local::{Account, What};
use serde_json::{Value, json};

use crate::proxy::Script;
use crate::world::{World, image, record};

/// The pipeline's account with its functions put to sleep.
pub(crate) async fn asleep(options: local::Options) -> World {
    let world = World::built(&[], &Config::default(), options).await;
    let nothing = |_| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
        Box::pin(async { Ok(json!({})) })
    };
    world.account.host(Arc::new(nothing));
    world
}

/// The name of a cluster: the first is the one that the world has already.
fn cluster(number: usize) -> String {
    match number {
        0 => "default".to_owned(),
        _ => format!("c{number}"),
    }
}

/// Puts so many services, which share so many definitions, into clusters of an account, all running `web:seed`.
pub(crate) fn fill(account: &Account, services: usize, definitions: usize, clusters: usize) {
    for number in 0..clusters {
        let input = json!({"clusterName": cluster(number)});
        account.call("ecs", "CreateCluster", input).unwrap();
    }
    for number in 0..definitions {
        let environment: Vec<Value> = (0..12)
            .map(|n| json!({"name": format!("SETTING_{n}"), "value": "a value of usual length"}))
            .collect();
        let input = json!({"family": format!("f{number}"), "memory": "512", "containerDefinitions": [
            {"name": "app", "image": image("web", "seed"), "environment": environment}]});
        account
            .call("ecs", "RegisterTaskDefinition", input)
            .unwrap();
    }
    for number in 0..services {
        let input = json!({"cluster": cluster(number % clusters), "desiredCount": 1,
            "serviceName": format!("s{number}"), "taskDefinition": format!("f{}", number % definitions)});
        account.call("ecs", "CreateService", input).unwrap();
    }
}

/// ECS refuses from now on what is above its rates.
pub(crate) fn throttle(account: &Account) {
    account.with_ecs(|ecs, _| ecs.settings_mut().throttle = true);
}

/// A push to `web` that is in the log group a moment later.
pub(crate) async fn push(world: &World, tag: &str, event: &str) {
    let record = record("web", tag, tag, world.now(), event);
    deliver(world, record).await;
}

pub(crate) async fn deliver(world: &World, record: Value) {
    let soon = TimeDelta::milliseconds(1);
    world.account.deliver(record, world.now() + soon);
    world.account.run_until(world.now() + soon * 2).await;
}

pub(crate) fn config() -> Config {
    Config {
        log_group: Some("/ecroll/trail".to_owned()),
        ..Config::default()
    }
}

pub(crate) fn now(world: &World) -> Now {
    let clock = world.account.clock().clone();
    Arc::new(move || clock.now())
}

/// A warm function in the world, whose calls pass a script.
pub(crate) fn context(world: &World, script: &Script) -> Context {
    let sdk = script.over(&world.sdk());
    Context::new(config(), &sdk, now(world))
}

/// One look-up.
pub(crate) async fn look_up(world: &World, context: &Context) -> Result<Report, Error> {
    look_up_by(world, context, Deadline::NONE).await
}

pub(crate) async fn look_up_by(
    world: &World,
    context: &Context,
    deadline: Deadline,
) -> Result<Report, Error> {
    let event = json!({});
    let work = Box::pin(handler::handle_by(&event, context, deadline));
    world.account.drive(work).await
}

/// How many calls the account refused with this code since an index of the journal.
pub(crate) fn refused(world: &World, since: usize, code: &str) -> usize {
    let journal = world.account.journal_since(since);
    let calls = journal.iter().filter(
        |entry| matches!(&entry.what, What::Call { error: Some(error), .. } if error == code),
    );
    calls.count()
}

/// Each service's image tag and what its ledger names as new, by name.
pub(crate) fn states(
    account: &Account,
    services: usize,
    clusters: usize,
) -> Vec<(String, Option<String>)> {
    let state = |number: usize| {
        let input = json!({"cluster": cluster(number % clusters),
            "services": [format!("s{number}")], "include": ["TAGS"]});
        let answer = account.call("ecs", "DescribeServices", input).unwrap();
        let service = &answer["services"][0];
        let runs = service["taskDefinition"].as_str().unwrap();
        let runs = runs.rsplit('/').next().unwrap().to_owned();
        let ledger = service["tags"].as_array().and_then(|tags| {
            let value = tags.first()?["value"].as_str()?;
            value.split(' ').nth(3).map(str::to_owned)
        });
        (runs, ledger)
    };
    (0..services).map(state).collect()
}

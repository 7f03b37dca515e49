//! An account in which a world stands: its services, its images, and the pipeline built by setup.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handler::config::Config;
use local::ecr::Pushed;
use local::{Account, Clock, LogTimestamp, Options};
use serde_json::{Map, Value, json};
use setup::{Clients, Code, provision};

use crate::history::{ELSEWHERE, HOME, History, OTHER, REGION, digest, host};
use crate::records::manifest;
use crate::trace::{Kind, Policy, Push, Service, Settings};

/// Setup runs so long before the start.
const LEAD: TimeDelta = TimeDelta::minutes(20);
/// The images that are there from the beginning were pushed so long before.
const SEEDED: TimeDelta = TimeDelta::days(5);

/// The account at the start of a history.
pub(crate) async fn account(history: &History) -> Account {
    let temper = history.temper;
    let options = Options {
        seed: history.seed,
        call_latency: Duration::from_millis(temper.latency),
        evaluation_range_extra: temper.range_extra,
        empty_page_every: temper.empty_page_every,
        log_timestamp: if history.world.event_time {
            LogTimestamp::EventTime
        } else {
            LogTimestamp::Delivery
        },
        ..Options::default()
    };
    let begin = history.world.start - LEAD;
    let account = Account::new(Clock::new(begin), options);
    account.with_ecs(|ecs, _| {
        let settings = ecs.settings_mut();
        settings.stops_early = temper.stops_early;
        settings.exit_counts_as_failure = temper.exit_counts;
    });
    for cluster in ["default", "prod"] {
        let input = json!({"clusterName": cluster});
        account.call("ecs", "CreateCluster", input).unwrap();
    }
    for service in &history.world.services {
        seed_images(&account, service, begin - SEEDED);
        create(&account, service).unwrap();
    }
    set_up(&account, &history.world.settings).await;
    account.with_ecs(|ecs, _| ecs.settings_mut().throttle = temper.throttles);
    account
}

/// Runs setup once.
pub(crate) async fn set_up(account: &Account, settings: &Settings) {
    let (config, now) = (config(settings), account.clock().now());
    let clients = Clients::new(&account.sdk_config());
    let built = account.drive(async {
        let plan = provision::plan(&clients, &config, &Code::placeholder(), now).await?;
        provision::apply(&clients, &plan, &mut |_| {}).await
    });
    built.await.unwrap();
}

/// The configuration as the file would say it.
fn config(settings: &Settings) -> Config {
    let minutes = |span: TimeDelta| format!("{}m", span.num_minutes());
    let mut file = json!({
        "sweep": settings.sweep.map_or("off".to_owned(), minutes),
        "look_back": minutes(settings.look_back),
        "repositories": settings.repositories,
        "reconcile": settings.reconcile,
        "triggers": settings.roads,
    });
    if !settings.waves.is_empty() {
        let waves = settings.waves.iter();
        file["waves"] = waves.map(|wave| json!({"services": wave})).collect();
    }
    let service = words(&settings.service);
    if !service.is_empty() {
        file["service"] = Value::Object(service);
    }
    Config::from_json(&file).unwrap()
}

/// A policy by the keys of the file.
fn words(policy: &Policy) -> Map<String, Value> {
    let word = |of: Option<bool>, yes: &'static str, no: &'static str| {
        of.map(|of| Value::from(if of { yes } else { no }))
    };
    let all = [
        ("tags", policy.tags.clone().map(Value::from)),
        ("action", word(policy.force, "force", "revision")),
        ("match", word(policy.name_prefix, "name-prefix", "image")),
        ("pin", word(policy.pin_digest, "digest", "tag")),
        ("hold", policy.hold.map(Value::from)),
        ("minimum_healthy_percent", policy.minimum.map(Value::from)),
        ("maximum_percent", policy.maximum.map(Value::from)),
    ];
    let given = all.into_iter();
    let given = given.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    given.collect()
}

/// A policy as tags of a service.
fn tags(policy: &Policy) -> Vec<Value> {
    let text = |value: &Value| value.as_str().map_or(value.to_string(), str::to_owned);
    let tag = |(key, value): (String, Value)| {
        let key = format!("ecroll:{}", key.replace('_', "-"));
        json!({"key": key, "value": text(&value)})
    };
    words(policy).into_iter().map(tag).collect()
}

/// Registers a definition and creates the service.
pub(crate) fn create(account: &Account, service: &Service) -> Result<(), local::Fault> {
    let containers: Vec<Value> = service
        .containers
        .iter()
        .map(|(name, image)| {
            json!({"name": name, "image": image, "essential": name == "app", "memory": 128,
                "environment": [{"name": "MODE", "value": "simulated"}],
                // No SDK knows it: a typed copy would lose it.
                "unknownMember": {"kept": 1}})
        })
        .collect();
    let family = format!("{}-{}", service.cluster, service.name);
    let definition = json!({"family": family, "containerDefinitions": containers,
        "executionRoleArn": format!("arn:aws:iam::{HOME}:role/tasks"),
        "volumes": [{"name": "scratch"}],
        "tags": [{"key": "team", "value": "shop"}]});
    account.call("ecs", "RegisterTaskDefinition", definition)?;
    let mut configuration = json!({"minimumHealthyPercent": service.minimum,
        "deploymentCircuitBreaker": {"enable": service.breaker, "rollback": service.breaker && service.rollback}});
    if !service.daemon {
        configuration["maximumPercent"] = service.maximum.into();
    }
    let mut input = json!({
        "cluster": service.cluster, "serviceName": service.name, "taskDefinition": family,
        "deploymentConfiguration": configuration,
        "availabilityZoneRebalancing": "DISABLED",
    });
    if service.daemon {
        input["schedulingStrategy"] = "DAEMON".into();
    } else {
        input["desiredCount"] = service.desired.into();
    }
    let own = tags(&service.own);
    if !own.is_empty() {
        input["tags"] = own.into();
    }
    account.call("ecs", "CreateService", input).map(drop)
}

/// The images that a service runs from its beginning, each under its tag, in the registry and for ECS.
fn seed_images(account: &Account, service: &Service, at: DateTime<Utc>) {
    for (_, image) in &service.containers {
        for (registry, region) in [
            (HOME, REGION),
            (OTHER, REGION),
            (HOME, ELSEWHERE),
            (OTHER, ELSEWHERE),
        ] {
            let prefix = format!("{}/", host(registry, region));
            let Some(name) = image.strip_prefix(&prefix) else {
                continue;
            };
            let (name, tag) = match name.split_once('@') {
                Some((name, _)) => (name, "seed"),
                None => name.split_once(':').unwrap_or((name, "latest")),
            };
            let seed = Push {
                id: String::new(),
                account: registry.to_owned(),
                region: region.to_owned(),
                repository: name.to_owned(),
                tag: Some(tag.to_owned()),
                digest: digest(&format!("seed of {name}")),
                at,
                delivered: Vec::new(),
                kind: Kind::Image,
                healthy: true,
            };
            put(account, &seed);
        }
    }
}

/// The registry has the image, and tasks that pull it get it.
pub(crate) fn put(account: &Account, push: &Push) {
    let pushed = Pushed {
        registry: push.account.clone(),
        region: push.region.clone(),
        repository: push.repository.clone(),
        tag: push.tag.clone(),
        digest: push.digest.clone(),
        manifest: manifest(push).to_string(),
    };
    account.with_ecr(|ecr, _| ecr.put(pushed, push.at));
    if push.kind != Kind::Image {
        return;
    }
    let path = format!("{}/{}", host(&push.account, &push.region), push.repository);
    account.with_ecs(|ecs, _| {
        if !push.healthy {
            // The digest exits, whatever tag names it.
            ecs.push_image(&path, "crash", &push.digest);
        }
        if let Some(tag) = &push.tag {
            ecs.push_image(&path, tag, &push.digest);
        }
    });
}

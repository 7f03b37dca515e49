//! The roads by which a push reaches the handler without the alarm: one invocation at a time, as Lambda would do it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use handler::config::Config;
use handler::report::Report;
use handler::{Context, Error};
use local::ecr::Pushed;
use serde_json::{Value, json};

use crate::world::{REGION, REGISTRY, World, digest};

/// A function that has just started, in the world's account.
pub(crate) fn context(world: &World, config: &Value) -> Context {
    let mut config = Config::from_json(config).unwrap();
    config.log_group = Some("/ecroll/trail".to_owned());
    let clock = world.account.clock().clone();
    let now = std::sync::Arc::new(move || clock.now());
    Context::new(config, &world.sdk(), now)
}

/// Invokes a function.
pub(crate) async fn invoke(
    world: &World,
    context: &Context,
    event: &Value,
) -> Result<Report, Error> {
    world
        .account
        .drive(Box::pin(handler::handle(event, context)))
        .await
}

/// What ECR tells EventBridge of a push.
pub(crate) fn event(repository: &str, tag: &str, image: &str, at: DateTime<Utc>) -> Value {
    json!({
        "version": "0", "id": format!("event-of-{image}-{}", at.timestamp()),
        "detail-type": "ECR Image Action", "source": "aws.ecr", "account": REGISTRY,
        "time": at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "region": REGION, "resources": [],
        "detail": {"result": "SUCCESS", "repository-name": repository, "action-type": "PUSH",
            "image-digest": digest(image), "image-tag": tag},
    })
}

/// A batch of a log subscription.
pub(crate) fn batch(records: &[Value]) -> Value {
    let events: Vec<Value> = records
        .iter()
        .map(|record| json!({"id": "1", "timestamp": 1, "message": record.to_string()}))
        .collect();
    let text = json!({"messageType": "DATA_MESSAGE", "logEvents": events}).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    json!({"awslogs": {"data": STANDARD.encode(gzip.finish().unwrap())}})
}

/// Puts an image into the registry without any record of it.
pub(crate) fn put(world: &World, repository: &str, tag: &str, image: &str, config: &str) {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": config}, "layers": [],
    });
    let pushed = Pushed {
        registry: REGISTRY.to_owned(),
        region: REGION.to_owned(),
        repository: repository.to_owned(),
        tag: Some(tag.to_owned()),
        digest: digest(image),
        manifest: manifest.to_string(),
    };
    let now = world.now();
    world.account.with_ecr(|ecr, _| ecr.put(pushed, now));
    let name = format!("{REGISTRY}.dkr.ecr.{REGION}.amazonaws.com/{repository}");
    world
        .account
        .with_ecs(|ecs, _| ecs.push_image(&name, tag, &digest(image)));
}

/// The config of an image.
pub(crate) const IMAGE: &str = "application/vnd.oci.image.config.v1+json";

/// A person deploys an image, as the family `web`.
pub(crate) fn deploy(world: &World, image: &str) {
    let containers = json!([{"name": "app", "image": image}]);
    let definition = json!({"family": "web", "memory": "512", "containerDefinitions": containers});
    let call = |operation, input| world.account.call("ecs", operation, input).unwrap();
    call("RegisterTaskDefinition", definition);
    let update = json!({"cluster": "default", "service": "web", "taskDefinition": "web"});
    call("UpdateService", update);
}

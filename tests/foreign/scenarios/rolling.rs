//! What rolls, and what becomes of it.

use serde_json::{Value, json};

use crate::blind::Blind;
use crate::judge::REGION;
use crate::push::{digest, id, image, image_of, noise, record};
use crate::stage::{Stage, alarm, minutes_ago, one_container, outcomes};

/// A definition with something of everything that every judge keeps.
fn definition(judge_keeps_unknown_members: bool) -> Value {
    let mut definition = json!({
        "cpu": "256", "memory": "512", "networkMode": "bridge",
        "volumes": [{"name": "cache", "host": {"sourcePath": "/var/cache"}}],
        "placementConstraints": [{"type": "memberOf", "expression": "attribute:rack == a"}],
        "containerDefinitions": [
            {"name": "proxy", "image": "nginx:1.27", "essential": false, "memory": 64,
             "dependsOn": [{"containerName": "app", "condition": "START"}]},
            {"name": "app", "image": image("web", "seed"), "essential": true, "memory": 256,
             "environment": [{"name": "MODE", "value": "blue"}, {"name": "EMPTY", "value": ""}],
             "command": ["serve", "--verbose", "ü \"quoted\" \\ back"],
             "healthCheck": {"command": ["CMD", "true"], "interval": 5, "retries": 2},
             "portMappings": [{"containerPort": 8080, "hostPort": 0, "protocol": "tcp"}],
             "mountPoints": [{"sourceVolume": "cache", "containerPath": "/cache", "readOnly": true}],
             "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/shop"}},
             "ulimits": [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
             "dockerLabels": {"team": "shop", "com.example.empty": ""}},
        ],
        "tags": [{"key": "team", "value": "shop"}, {"key": "empty", "value": ""}],
    });
    if judge_keeps_unknown_members {
        definition["containerDefinitions"][1]["aMemberOfTomorrow"] =
            json!({"deep": [1, {"x": null}], "text": "ü", "large": 9_007_199_254_740_993_i64});
    }
    definition
}

pub(super) fn only_the_image_changes(stage: &Stage<'_>) {
    let seed = stage.define("web", &definition(stage.sees(Blind::ContainerMembers)));
    stage.serve("shop", "web", &seed);
    // No judge keeps those beside the containers.
    stage.sees(Blind::Members);
    let before = stage.service("shop", "web");

    let at = minutes_ago(1);
    stage.deliver(&[noise(at), record("web", "v1", at)]);
    let mut function = stage.function(&json!({}));
    let answer = function.invoke(&alarm());
    let report = answer.report();
    assert_eq!(outcomes(report), ["web v1 rolled"], "{report}");
    assert_eq!(report["trigger"], "alarm");

    let new = stage.runs("web");
    assert_ne!(new, seed);
    assert_eq!(report["decisions"][0]["from"], seed.as_str());
    assert_eq!(report["decisions"][0]["to"], new.as_str());
    let (mut was, mut is) = (stage.definition(&seed), stage.definition(&new));
    assert_eq!(
        is["taskDefinition"]["containerDefinitions"][1]["image"],
        image("web", "v1")
    );
    is["taskDefinition"]["containerDefinitions"][1]["image"] = json!(image("web", "seed"));
    for definition in [&mut was, &mut is] {
        let members = definition["taskDefinition"].as_object_mut().unwrap();
        // What ECS itself says of a revision.
        for member in [
            "taskDefinitionArn",
            "revision",
            "registeredAt",
            "registeredBy",
        ] {
            members.remove(member);
        }
    }
    assert_eq!(is["taskDefinition"], was["taskDefinition"]);
    let tags = is["tags"].as_array().unwrap().iter();
    let (ours, others): (Vec<&Value>, Vec<&Value>) =
        tags.partition(|tag| tag["key"].as_str().unwrap().starts_with("ecroll:"));
    assert_eq!(ours.len(), 1, "{ours:?}");
    assert_eq!(json!(others), was["tags"]);

    // The service: nothing but the revision, and the ledger.
    let after = stage.service("shop", "web");
    for member in [
        "desiredCount",
        "deploymentConfiguration",
        "launchType",
        "schedulingStrategy",
        "networkConfiguration",
        "loadBalancers",
    ] {
        assert_eq!(after[member], before[member], "{member}");
    }
    let calls = stage.tap.calls();
    let update = calls.iter().find(|call| call.operation == "UpdateService");
    let update = update.unwrap().input.as_object().unwrap();
    let members: Vec<&String> = update.keys().collect();
    assert_eq!(members, ["cluster", "service", "taskDefinition"]);
    assert_eq!(update["taskDefinition"], new.as_str());

    if stage.sees(Blind::Tasks) {
        running(stage, &new);
    }
    stage.sees(Blind::Patterns);
}

/// Waits until one task runs, and that of this revision.
fn running(stage: &Stage<'_>, revision: &str) {
    let mut last = Value::Null;
    for _ in 0..100 {
        let service = stage.service("shop", "web");
        let deployments = service["deployments"].as_array().unwrap();
        if deployments.len() == 1
            && deployments[0]["taskDefinition"] == revision
            && service["runningCount"] == 1
        {
            return;
        }
        last = service;
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("no task of {revision} within twenty seconds: {last}");
}

/// More services than any page or batch that somebody might stop at, in two clusters, each with a definition of its own.
pub(super) fn many_services(stage: &Stage<'_>) {
    let services: Vec<(&str, String)> = (0..14)
        .map(|number| {
            let cluster = if number < 11 { "shop" } else { "depot" };
            (cluster, format!("web-{number:02}"))
        })
        .collect();
    for (cluster, name) in &services {
        let revision = stage.define(name, &one_container(&image("web", "seed")));
        stage.serve(cluster, name, &revision);
    }
    let at = minutes_ago(1);
    stage.deliver(&[record("web", "v1", at)]);
    let answer = stage.function(&json!({})).invoke(&alarm());
    let report = answer.report();
    let mut expected: Vec<String> = services
        .iter()
        .map(|(_, name)| format!("{name} v1 rolled"))
        .collect();
    expected.sort();
    assert_eq!(outcomes(report), expected, "{report}");
    for (cluster, name) in &services {
        let service = stage.service(cluster, name);
        let revision = service["taskDefinition"].as_str().unwrap();
        assert_eq!(stage.images(revision), [image("web", "v1")], "{name}");
    }
    stage.sees(Blind::ServicePages);
}

pub(super) fn exactly_these_services(stage: &Stage<'_>) {
    let registry = "111122223333";
    let others = [
        ("admin", image("api-admin", "seed")),
        ("nested", image("team/api", "seed")),
        ("prefix", image("ap", "seed")),
        ("account", image_of("444455556666", REGION, "api", "seed")),
        ("region", image_of(registry, "us-east-1", "api", "seed")),
        ("public", "public.ecr.aws/shop/api:seed".to_owned()),
        ("hub", "api:seed".to_owned()),
    ];
    for (name, image) in &others {
        stage.simple(name, image);
    }
    stage.seed("api");
    let before: Vec<String> = others.iter().map(|(name, _)| stage.runs(name)).collect();

    stage.deliver(&[record("api", "v1", minutes_ago(1))]);
    let answer = stage.function(&json!({})).invoke(&alarm());
    let report = answer.report();
    assert_eq!(outcomes(report), ["api v1 rolled"], "{report}");
    assert_eq!(stage.runs_images("api"), [image("api", "v1")]);
    let after: Vec<String> = others.iter().map(|(name, _)| stage.runs(name)).collect();
    assert_eq!(after, before);
}

/// Three services share a definition: one new revision serves them all.
pub(super) fn one_registration(stage: &Stage<'_>) {
    let seed = stage.define("web", &one_container(&image("web", "seed")));
    for (cluster, name) in [("shop", "web-1"), ("shop", "web-2"), ("depot", "web-3")] {
        stage.serve(cluster, name, &seed);
    }
    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let answer = stage.function(&json!({})).invoke(&alarm());
    let report = answer.report();
    let rolled = ["web-1 v1 rolled", "web-2 v1 rolled", "web-3 v1 rolled"];
    assert_eq!(outcomes(report), rolled, "{report}");
    assert_eq!(stage.revisions().len(), 2);
    let new = stage.runs("web-1");
    assert_ne!(new, seed);
    assert_eq!(stage.runs("web-2"), new);
    assert_eq!(stage.service("depot", "web-3")["taskDefinition"], new);
    let writes = stage.tap.writes();
    let count = |name: &str| writes.iter().filter(|write| *write == name).count();
    assert_eq!(count("RegisterTaskDefinition"), 1, "{writes:?}");
    assert_eq!(count("UpdateService"), 3, "{writes:?}");
}

/// Two images of ours and one of others in one definition: each moves only by a push of its own.
pub(super) fn sidecar(stage: &Stage<'_>) {
    let definition = json!({"containerDefinitions": [
        {"name": "app", "image": image("web", "seed"), "essential": true, "memory": 64},
        {"name": "envoy", "image": image("web-envoy", "seed"), "essential": true, "memory": 64},
        {"name": "migrate", "image": image("web", "seed"), "essential": false, "memory": 64},
        {"name": "nginx", "image": "nginx:1.27", "essential": false, "memory": 64},
    ]});
    let seed = stage.define("web", &definition);
    stage.serve("shop", "web", &seed);
    let mut function = stage.function(&json!({}));

    stage.deliver(&[record("web", "v1", minutes_ago(3))]);
    let answer = function.invoke(&alarm());
    assert_eq!(outcomes(answer.report()), ["web v1 rolled"]);
    let envoy = image("web-envoy", "seed");
    let app = image("web", "v1");
    assert_eq!(stage.runs_images("web"), [&app, &envoy, &app, "nginx:1.27"]);

    stage.deliver(&[record("web-envoy", "e2", minutes_ago(1))]);
    let answer = function.invoke(&alarm());
    let report = answer.report();
    assert_eq!(
        outcomes(report),
        ["web e2 rolled", "web v1 unchanged"],
        "{report}"
    );
    let envoy = image("web-envoy", "e2");
    assert_eq!(stage.runs_images("web"), [&app, &envoy, &app, "nginx:1.27"]);
    assert_eq!(stage.revisions().len(), 3);
}

/// The service keeps its own tags and gains one per repository that says what was done.
pub(super) fn ledger(stage: &Stage<'_>) {
    let seed = stage.seed("web");
    let at = minutes_ago(1);
    stage.deliver(&[record("web", "v1", at)]);
    let answer = stage.function(&json!({})).invoke(&alarm());
    assert_eq!(outcomes(answer.report()), ["web v1 rolled"]);
    let service = stage.service("shop", "web");
    let tags = service["tags"].as_array().unwrap().iter();
    let tags: Vec<(&str, &str)> = tags
        .map(|tag| (tag["key"].as_str().unwrap(), tag["value"].as_str().unwrap()))
        .collect();
    assert!(tags.contains(&("team", "shop")), "{tags:?}");
    let ours: Vec<&(&str, &str)> = tags.iter().filter(|(key, _)| *key != "team").collect();
    let [(key, value)] = ours.as_slice() else {
        panic!("one tag is ecroll's: {tags:?}");
    };
    let hash = key.strip_prefix("ecroll:").unwrap();
    assert!(
        hash.len() == 8 && hash.chars().all(|c| c.is_ascii_hexdigit()),
        "{key}"
    );
    let name = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    let expected = [
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        handler::ledger::mark(&id("web", "v1", at), &digest("web", "v1")),
        "v1".to_owned(),
        name(&stage.runs("web")),
        name(&seed),
    ];
    assert_eq!(value.split(' ').collect::<Vec<_>>(), expected);
    // Written before the service was updated.
    let calls = stage.tap.calls().into_iter().map(|call| call.operation);
    let calls: Vec<String> = calls.collect();
    let place = |name: &str| calls.iter().position(|call| call == name).unwrap();
    assert!(
        place("RegisterTaskDefinition") < place("TagResource"),
        "{calls:?}"
    );
    assert!(place("TagResource") < place("UpdateService"), "{calls:?}");
}

/// A push that only the second page of the log holds: a page has ten thousand events.
pub(super) fn every_page(stage: &Stage<'_>) {
    stage.seed("web");
    let early = noise(minutes_ago(3));
    for _ in 0..2 {
        stage.deliver(&vec![early.clone(); 5_001]);
    }
    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let answer = stage.function(&json!({})).invoke(&alarm());
    assert_eq!(outcomes(answer.report()), ["web v1 rolled"]);
    let calls = stage.tap.calls();
    let mut reads = calls
        .iter()
        .filter(|call| call.operation == "FilterLogEvents");
    assert!(
        reads.any(|call| call.input["nextToken"].is_string()),
        "{calls:?}"
    );
}

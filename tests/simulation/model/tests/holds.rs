//! With the real handler every rule holds.

use chrono::TimeDelta;
use serde_json::json;

use super::stage::{Stage, create, following, image, service, settings};
use crate::trace::{Kind, Policy, Push, Service, Settings};

#[tokio::test(start_paused = true)]
async fn pushes_late_doubled_and_of_other_kinds_break_no_rule() {
    let services = [
        service("web", &image("web", "seed")),
        service("web-admin", &image("web-admin", "seed")),
        following("stable", &image("web", "seed"), "prefix:v"),
    ];
    let mut stage = Stage::new(&settings(), &services).await;
    stage.push("web", "v1", "one", 20);
    stage.minutes(2).await;
    stage.push("web", "v2", "two", 3);
    stage.minutes(1).await;
    stage.push("web", "dev", "three", 4);
    let now = stage.now();
    let twice = [5, 6, 90].map(|minutes| now + TimeDelta::minutes(minutes));
    let push = Push {
        id: "chart".to_owned(),
        account: crate::history::OTHER.to_owned(),
        region: "eu-west-1".to_owned(),
        repository: "web".to_owned(),
        tag: Some("v9".to_owned()),
        digest: crate::history::digest("chart"),
        at: now,
        delivered: twice.to_vec(),
        kind: Kind::Chart,
        healthy: true,
    };
    stage.push_as(push.clone());
    stage.push_as(Push {
        id: "refused".to_owned(),
        kind: Kind::Refused,
        ..push
    });
    for _ in 0..8 {
        stage.minutes(15).await;
    }
    stage.end().await;
    stage.holds();
    assert_eq!(stage.image_of("web"), image("web", "dev"));
    assert_eq!(stage.image_of("stable"), image("web", "v2"));
    assert_eq!(stage.image_of("web-admin"), image("web-admin", "seed"));
}

#[tokio::test(start_paused = true)]
async fn what_people_and_the_breaker_do_breaks_no_rule() {
    let breaker = Service {
        breaker: true,
        rollback: true,
        ..service("breaker", &image("web", "seed"))
    };
    let services = [service("web", &image("web", "seed")), breaker];
    let mut stage = Stage::new(&settings(), &services).await;
    let seed = stage.describe("web")["taskDefinition"].clone();
    stage.push("web", "v1", "one", 5);
    stage.minutes(30).await;
    // A person rolls back; then the next push.
    stage.update("web", &json!({"taskDefinition": seed}));
    stage.minutes(60).await;
    assert_eq!(stage.image_of("web"), image("web", "seed"));
    stage.push("web", "crash-2", "two", 5);
    stage.minutes(180).await;
    assert_eq!(stage.image_of("breaker"), image("web", "v1"));
    stage.deploy("web", &image("web", "v1"));
    stage.minutes(20).await;
    stage.push("web", "v3", "three", 5);
    stage.minutes(3).await;
    stage.deploy("web", &image("web", "seed"));
    stage.minutes(30).await;
    let late = service("late", &image("web", "v1"));
    create(&stage.account, &late);
    stage.minutes(30).await;
    let gone = json!({"cluster": "default", "service": "late", "force": true});
    stage.account.call("ecs", "DeleteService", gone).unwrap();
    stage.push("web", "v4", "four", 5);
    stage.end().await;
    stage.holds();
    assert_eq!(stage.image_of("web"), image("web", "v4"));
}

#[tokio::test(start_paused = true)]
async fn policies_and_percentages_break_no_rule() {
    let own = |own: Policy, name: &str, tag: &str| Service {
        own,
        ..service(name, &image("web", tag))
    };
    let none = Policy::default;
    let services = [
        following("newest", &image("web", "1.9.0"), "newest-semver"),
        following("two", &image("web", "2.0.0"), "semver:2.x"),
        own(
            Policy {
                hold: Some(true),
                ..none()
            },
            "held",
            "seed",
        ),
        own(
            Policy {
                pin_digest: Some(true),
                ..none()
            },
            "pinned",
            "seed",
        ),
        own(
            Policy {
                force: Some(true),
                ..none()
            },
            "forced",
            "latest",
        ),
        own(
            Policy {
                minimum: Some(100),
                maximum: Some(150),
                ..none()
            },
            "careful",
            "seed",
        ),
        Service {
            minimum: 75,
            maximum: 100,
            ..service("stuck", &image("web", "seed"))
        },
        Service {
            daemon: true,
            minimum: 0,
            ..service("daemon", &image("web", "seed"))
        },
        Service {
            desired: 0,
            ..service("none", &image("web", "seed"))
        },
    ];
    let mut stage = Stage::new(&settings(), &services).await;
    for (number, tag) in ["2.1.0", "latest", "2.0.5", "v3.0.0", "2.2.0-rc.1", "main"]
        .into_iter()
        .enumerate()
    {
        stage.push("web", tag, &format!("image-{number}"), 4);
        stage.minutes(25).await;
    }
    stage.end().await;
    stage.holds();
    assert_eq!(stage.image_of("newest"), image("web", "v3.0.0"));
    assert_eq!(stage.image_of("two"), image("web", "2.0.5"));
    assert_eq!(stage.image_of("stuck"), image("web", "seed"));
    assert_eq!(stage.image_of("daemon"), image("web", "main"));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_alone_breaks_no_rule() {
    let settings = Settings {
        sweep: None,
        ..settings()
    };
    let mut stage = Stage::new(&settings, &[service("web", &image("web", "seed"))]).await;
    for number in 0..6 {
        stage.push("web", "latest", &format!("image-{number}"), 4);
        stage.minutes(7).await;
    }
    stage.end().await;
    stage.holds();
}

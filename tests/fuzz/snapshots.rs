//! A snapshot of an account is read whole or refused with the place, and what was read is planted without a panic.

use handler::image::Repository;
use handler::picture::{Part, ServicePart};
use serde_json::{Value, json};
use setup::snapshot::{Head, Snapshot, Writer};

use super::{fuzz, mutate, unless};

const ARN: &str = "arn:aws:ecs:eu-west-1:111122223333";

fn parts() -> Vec<Part> {
    let definition = format!("{ARN}:task-definition/web:3");
    vec![
        Part::Cluster(format!("{ARN}:cluster/prod")),
        Part::Definition(json!({"tags": [], "taskDefinition": {
            "taskDefinitionArn": definition, "family": "web", "revision": 3,
            "containerDefinitions": [{"name": "app",
                "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1"}]}})),
        Part::Service(Box::new(ServicePart {
            service: json!({"serviceArn": format!("{ARN}:service/prod/web"), "serviceName": "web",
                "clusterArn": format!("{ARN}:cluster/prod"), "status": "ACTIVE",
                "taskDefinition": definition, "desiredCount": 2, "deployments": [
                    {"status": "PRIMARY", "createdAt": 1_772_000_000, "rolloutState": "COMPLETED"}]}),
            deployments: vec![json!({"createdAt": 1_772_000_000.5, "status": "SUCCESSFUL",
                "finishedAt": 1_772_000_100, "targetServiceRevisionArn": "r"})],
            revisions: vec![
                json!({"serviceRevisionArn": "r", "taskDefinition": definition,
                "createdAt": 1_772_000_000, "containerImages": [{"containerName": "app",
                    "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1", "imageDigest": "sha256:aa"}]}),
            ],
        })),
        Part::Images {
            repository: Repository {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                name: "web".to_owned(),
            },
            images: vec![
                json!({"imageDigest": "sha256:aa", "imageTags": ["1"], "imagePushedAt": 1_772_000_000.5}),
            ],
        },
        Part::Gap("prod/api: denied".to_owned()),
    ]
}

fn snapshot() -> String {
    let head = Head {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        taken_at: "2026-03-01T00:00:00Z".to_owned(),
    };
    let mut writer = Writer::begin(Vec::new(), &head).unwrap();
    for part in parts() {
        writer.part(part).unwrap();
    }
    String::from_utf8(writer.end().unwrap().1).unwrap()
}

/// Puts everything into an ECS and lets it live for a while; what cannot be there is refused.
fn plant(read: &Snapshot) {
    let place = local::Place {
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "111122223333".to_owned(),
    };
    let (now, place) = (read.taken_at, &place);
    let scope = local::Scope { now, place };
    let mut ecs = local::Ecs::default();
    ecs.call("CreateCluster", &json!({"clusterName": "prod"}), &scope)
        .unwrap();
    for answer in &read.definitions {
        let _ = ecs.restore_definition(answer, &scope);
    }
    for part in &read.services {
        let of = local::ecs::Described {
            service: &part.service,
            deployments: &part.deployments,
            revisions: &part.revisions,
        };
        let _ = ecs.restore_service(of, &scope);
    }
    let later = local::Scope {
        now: now + chrono::TimeDelta::hours(1),
        place,
    };
    ecs.advance(&later);
}

#[test]
fn rule_10_a_snapshot_is_read_whole_or_refused() {
    let whole = snapshot();
    let read = Snapshot::parse("s", &whole).unwrap();
    assert_eq!((read.services.len(), read.images.len()), (1, 1));
    fuzz("a_snapshot", |random| {
        let text = match random.u8(0..3) {
            0 => mutate::text(&snapshot(), random),
            1 => {
                let end = random.usize(..snapshot().len());
                snapshot().chars().take(end).collect()
            }
            _ => {
                let text = snapshot();
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                let at = random.usize(..lines.len());
                let line: Value = serde_json::from_str(&lines[at]).unwrap();
                lines[at] = mutate::json(line, random).to_string();
                lines.join("\n")
            }
        };
        match Snapshot::parse("s", &text) {
            Ok(read) => {
                plant(&read);
                let counts = (
                    read.services.len(),
                    read.definitions.len(),
                    read.images.len(),
                );
                unless(counts == (1, 1, 1), "read, but not whole", &text)
            }
            Err(error) => unless(!error.reason.is_empty(), "refused without a reason", &text),
        }
    });
}

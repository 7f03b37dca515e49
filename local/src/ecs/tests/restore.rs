//! What one ECS describes, another takes over.

use super::*;
use crate::ecs::Described;

impl Lab {
    /// Everything that an ECS says of `prod/web`: the service, its deployments, their revisions.
    fn said(&mut self) -> (Value, Vec<Value>, Vec<Value>) {
        let input = json!({"cluster": "prod", "services": ["web"], "include": ["TAGS"]});
        let service = self.ok("DescribeServices", input)["services"][0].clone();
        let input = json!({"cluster": "prod", "service": "web"});
        let listed = self.ok("ListServiceDeployments", input);
        let deployments = listed["serviceDeployments"].as_array().unwrap().clone();
        let arns: Vec<&Value> = deployments
            .iter()
            .map(|one| &one["targetServiceRevisionArn"])
            .collect();
        let input = json!({"serviceRevisionArns": arns});
        let revisions = self.ok("DescribeServiceRevisions", input)["serviceRevisions"].clone();
        (service, deployments, revisions.as_array().unwrap().clone())
    }

    /// Another account's ECS with `prod/web` and its revisions as they are here.
    fn restored(&mut self, revisions: &[&str]) -> Self {
        let (service, deployments, past) = self.said();
        let mut other = Self::new();
        other.now = self.now;
        let place = other.place.clone();
        let scope = Scope {
            now: other.now,
            place: &place,
        };
        for arn in revisions {
            let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
            let answer = self.ok("DescribeTaskDefinition", input);
            other.ecs.restore_definition(&answer, &scope).unwrap();
        }
        let of = Described {
            service: &service,
            deployments: &deployments,
            revisions: &past,
        };
        other.ecs.restore_service(of, &scope).unwrap();
        other
    }
}

#[test]
fn a_restored_service_is_described_as_it_was() {
    let mut lab = Lab::new();
    lab.define("web", "r/web:0");
    let further = json!({
        "tags": [{"key": "ecroll:tags", "value": "semver:2.x"}],
        "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 150},
        "aMemberOfTomorrow": {"kept": true},
    });
    lab.serve("r/web:1", 3, further);
    lab.pass(86_400);
    let second = "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:2";
    let mut other = lab.restored(&[second]);
    let (was, _, _) = lab.said();
    let (is, _, revisions) = other.said();
    for member in [
        "serviceArn",
        "taskDefinition",
        "tags",
        "deploymentConfiguration",
        "aMemberOfTomorrow",
        "desiredCount",
        "runningCount",
        "schedulingStrategy",
        "createdAt",
        "availabilityZoneRebalancing",
    ] {
        assert_eq!(is[member], was[member], "{member}");
    }
    let primary = |service: &Value| service["deployments"][0].clone();
    assert_eq!(primary(&is)["createdAt"], primary(&was)["createdAt"]);
    assert_eq!(primary(&is)["rolloutState"], "COMPLETED");
    let image = &revisions[0]["containerImages"][0];
    assert_eq!(
        image["imageDigest"],
        lab.said().2[0]["containerImages"][0]["imageDigest"]
    );
    // Of the past nobody is told, and the numbers go on.
    let place = other.place.clone();
    let scope = Scope {
        now: other.now,
        place: &place,
    };
    assert_eq!(other.ecs.advance(&scope), Vec::<Notice>::new());
    assert!(other.roll("r/web:2").ends_with(":3"));
}

#[test]
fn what_was_rolled_back_is_known_to_have_been() {
    let mut lab = Lab::new();
    let breaker = json!({"deploymentConfiguration": {
        "deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    lab.serve("r/web:1", 1, breaker);
    lab.pass(300);
    let broken = lab.roll("r/web:crash");
    lab.pass(3_000);
    let (was, told, _) = lab.said();
    assert_eq!(told[0]["status"], "ROLLBACK_SUCCESSFUL");
    let first = was["taskDefinition"].as_str().unwrap().to_owned();
    let mut other = lab.restored(&[&first, &broken]);
    let (is, deployments, revisions) = other.said();
    assert_eq!(is["taskDefinition"], was["taskDefinition"]);
    assert_eq!(deployments.len(), 2, "{deployments:?}");
    for (is, was) in deployments.iter().zip(&told) {
        for member in ["status", "statusReason", "createdAt", "finishedAt"] {
            assert_eq!(is[member], was[member], "{member}");
        }
    }
    let of_first = revisions
        .iter()
        .filter(|one| one["taskDefinition"] == *first);
    assert_eq!(of_first.count(), 1, "it is the same revision again");
}

#[test]
fn what_cannot_be_put_back_is_refused() {
    let mut lab = Lab::new();
    lab.steady(1, 50, 200);
    let (service, _, _) = lab.said();
    let place = lab.place.clone();
    let scope = Scope {
        now: lab.now,
        place: &place,
    };
    let of = |service| Described {
        service,
        deployments: &[],
        revisions: &[],
    };
    let again = lab.ecs.restore_service(of(&service), &scope).unwrap_err();
    assert!(again.message.contains("is there already"), "{again:?}");
    let mut gone = service.clone();
    gone["serviceName"] = json!("other");
    gone["taskDefinition"] = json!("arn:aws:ecs:eu-west-1:000000000000:task-definition/web:9");
    let fault = lab.ecs.restore_service(of(&gone), &scope).unwrap_err();
    assert!(fault.message.contains("web:9 is not there"), "{fault:?}");
    for bad in [
        json!({}),
        json!({"taskDefinition": {"taskDefinitionArn": "x"}}),
        json!(7),
    ] {
        assert!(lab.ecs.restore_definition(&bad, &scope).is_err(), "{bad}");
    }
    // The account of before still stands.
    assert_eq!(lab.web()["runningCount"], 1);
}

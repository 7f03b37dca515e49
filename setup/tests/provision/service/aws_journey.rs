//! The seed "AWS journey: ECS": its script registers a definition, describes the service, and creates or updates it with
//! percentages. What it documents is so here, and what it gets wrong is not.

use serde_json::json;
use setup::exit::Exit;

use super::scene::{Desk, definition, service};

#[tokio::test(start_paused = true)]
async fn seed_aws_journey_ecs() {
    let desk = Desk::new();
    let mut file = service(1);
    file["deploymentConfiguration"] = json!({"minimumHealthyPercent": 0, "maximumPercent": 100});
    file["availabilityZoneRebalancing"] = json!("DISABLED");
    desk.files(&definition("web:v1"), &file);

    // Register, describe, create: the branch that could never run there.
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert_eq!(desk.live()["runningCount"], 1);

    // Register, describe, update. Somebody scaled it meanwhile: there it went back to 1, here it keeps 6. The percentages of
    // the file are sent, and no others stay from a script of before.
    let scaled = json!({"cluster": "prod", "service": "web", "desiredCount": 6,
        "deploymentConfiguration": {"minimumHealthyPercent": 10, "maximumPercent": 110}});
    desk.pocket.call("ecs", "UpdateService", scaled);
    desk.pocket.wait_minutes(3).await;
    // Somebody else's revision of the family, not meant for this service: there the newest went out, whoever made it.
    desk.pocket.call(
        "ecs",
        "RegisterTaskDefinition",
        definition("web:somebody-elses"),
    );
    desk.files(&definition("web:v2"), &file);
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    let live = desk.live();
    assert_eq!(live["desiredCount"], 6);
    assert_eq!(live["deploymentConfiguration"]["minimumHealthyPercent"], 0);
    assert_eq!(live["deploymentConfiguration"]["maximumPercent"], 100);
    assert!(desk.runs().ends_with("web:3"));
    assert_eq!(live["deployments"][0]["rolloutState"], "COMPLETED");

    // Deleted: there the ARN of the INACTIVE service was found, and UpdateService refused with ServiceNotActiveException.
    let gone = json!({"cluster": "prod", "service": "web", "force": true});
    desk.pocket.call("ecs", "DeleteService", gone);
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    assert_eq!(desk.live()["status"], "ACTIVE");

    // The end is waited for: there a roll that failed was green.
    desk.files(&definition("web:v4-crash"), &file);
    let mut breaker = file.clone();
    breaker["deploymentConfiguration"]["deploymentCircuitBreaker"] =
        json!({"enable": true, "rollback": true});
    desk.files(&definition("web:v4-crash"), &breaker);
    let (exit, out, _) = desk.run(&["--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::No, "{out}");

    // A cluster is no constant, and one that is not there is told.
    desk.pocket
        .call("ecs", "CreateCluster", json!({"clusterName": "stage"}));
    desk.files(&definition("web:v1"), &file);
    let (exit, out, _) = desk.run_as(&["--cluster", "stage", "--wait"]).await;
    assert_eq!(exit.unwrap(), Exit::Done, "{out}");
    let (exit, _, _) = desk.run_as(&["--cluster", "nowhere"]).await;
    assert!(
        exit.unwrap_err()
            .to_string()
            .contains("there is no cluster `nowhere`")
    );
}

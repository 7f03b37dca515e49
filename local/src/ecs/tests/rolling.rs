use serde_json::json;

use super::{DeploymentState, Lab, states_of};

const STUCK: &str = "was unable to stop or start tasks during a deployment because of the service \
                     deployment configuration";

fn is_stuck(lab: &mut Lab) -> bool {
    lab.messages().iter().any(|message| message.contains(STUCK))
}

#[test]
fn a_task_is_pending_then_running_and_healthy_forty_seconds_later() {
    let mut lab = Lab::new();
    lab.serve("r/web:1", 1, json!({}));
    assert_eq!(
        (
            lab.web()["pendingCount"].clone(),
            lab.web()["runningCount"].clone()
        ),
        (json!(1), json!(0))
    );
    lab.pass(19);
    assert_eq!(lab.web()["runningCount"], 0);
    lab.pass(1);
    assert_eq!(lab.web()["runningCount"], 1);
    lab.pass(39);
    assert_eq!(lab.states(), ["PRIMARY IN_PROGRESS"]);
    lab.pass(1);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn with_a_load_balancer_or_a_health_check_they_decide_when_a_task_is_healthy() {
    let mut lab = Lab::new();
    let balancer = json!({ "loadBalancers": [{ "targetGroupArn": "t", "containerPort": 80 }] });
    lab.serve("r/web:1", 1, balancer);
    lab.pass(50);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn a_hundred_to_two_hundred_starts_first_and_stops_after() {
    let mut lab = Lab::new();
    lab.steady(4, 100, 200);
    lab.roll("r/web:2");
    let mut most = 0;
    let mut least = 4;
    lab.watch(300, |lab| {
        let (running, pending) = (
            lab.web()["runningCount"].clone(),
            lab.web()["pendingCount"].clone(),
        );
        most = most.max(running.as_u64().unwrap() + pending.as_u64().unwrap());
        least = least.min(running.as_u64().unwrap());
    });
    assert_eq!((least, most), (4, 8));
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert!(lab.ecs.is_steady());
}

#[test]
fn fifty_to_a_hundred_stops_first_and_starts_when_the_places_are_free() {
    let mut lab = Lab::new();
    lab.steady(4, 50, 100);
    lab.roll("r/web:2");
    assert_eq!(
        (
            lab.web()["runningCount"].clone(),
            lab.web()["pendingCount"].clone()
        ),
        (json!(2), json!(0))
    );
    lab.pass(10);
    assert_eq!(
        lab.web()["pendingCount"],
        2,
        "stopping tasks take their places until they are gone"
    );
    lab.pass(300);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn a_patient_scheduler_stops_nothing_early_where_new_tasks_fit() {
    let mut lab = Lab::new();
    lab.ecs.settings_mut().stops_early = false;
    lab.steady(4, 50, 200);
    lab.roll("r/web:2");
    let mut least = 4;
    lab.watch(300, |lab| {
        least = least.min(lab.web()["runningCount"].as_u64().unwrap());
    });
    assert_eq!(least, 4);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    lab.ecs.settings_mut().stops_early = true;
    lab.roll("r/web:3");
    assert_eq!(lab.web()["runningCount"], 2);
}

#[test]
fn exactly_the_percentages_that_leave_no_step_leave_the_deployment_where_it_is() {
    for desired in 1..=5 {
        for minimum in [0, 25, 50, 75, 100] {
            for maximum in [100, 125, 150, 200] {
                if (minimum, maximum) == (100, 100) {
                    continue;
                }
                let mut lab = Lab::new();
                lab.steady(desired, minimum, maximum);
                lab.roll("r/web:2");
                lab.pass(3_600);
                let starts_first = desired * maximum / 100 > desired;
                let stops_first = (desired * minimum).div_ceil(100) < desired;
                let case = format!("{desired} with {minimum}/{maximum}");
                if starts_first || stops_first {
                    assert_eq!(lab.states(), ["PRIMARY COMPLETED"], "{case}");
                    assert!(!is_stuck(&mut lab), "{case}");
                } else {
                    assert_eq!(
                        lab.states(),
                        ["PRIMARY IN_PROGRESS", "ACTIVE COMPLETED"],
                        "{case}"
                    );
                    assert!(is_stuck(&mut lab), "{case}");
                    assert!(!lab.ecs.is_steady());
                    assert_eq!(lab.ecs.next_due(), None, "{case}");
                }
            }
        }
    }
}

#[test]
fn new_percentages_free_a_deployment_that_could_not_move() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 150);
    lab.roll("r/web:2");
    lab.pass(60);
    let complaints = |lab: &mut Lab| lab.messages().iter().filter(|m| m.contains(STUCK)).count();
    assert_eq!(complaints(&mut lab), 1);
    lab.update(json!({ "deploymentConfiguration": { "maximumPercent": 160 } }));
    assert_eq!(
        complaints(&mut lab),
        2,
        "other percentages, as impossible as before"
    );
    lab.update(json!({ "deploymentConfiguration": { "maximumPercent": 200 } }));
    lab.pass(300);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn two_quick_updates_supersede_and_do_not_queue() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    lab.roll("r/web:2");
    lab.pass(15);
    let last = lab.roll("r/web:3");
    let notices = lab.pass(400);
    assert_eq!(
        states_of(&notices),
        [
            DeploymentState::Superseded,
            DeploymentState::Started,
            DeploymentState::Completed
        ]
    );
    assert!(notices.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert_eq!(notices[2].task_definition, last);
    assert_eq!(lab.web()["taskDefinition"], last.as_str());
    let records = lab.ok(
        "ListServiceDeployments",
        json!({ "cluster": "prod", "service": "web" }),
    );
    let status: Vec<_> = records["serviceDeployments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["status"].as_str().unwrap())
        .collect();
    assert_eq!(status, ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
}

#[test]
fn with_nothing_wanted_a_deployment_completes_at_once() {
    let mut lab = Lab::new();
    lab.serve("r/web:1", 0, json!({}));
    let notices = lab.pass(0);
    assert_eq!(
        states_of(&notices),
        [DeploymentState::Started, DeploymentState::Completed]
    );
    lab.roll("r/web:missing");
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert!(lab.ecs.is_steady());
}

#[test]
fn scaling_needs_no_deployment() {
    let mut lab = Lab::new();
    lab.steady(2, 100, 200);
    lab.update(json!({ "desiredCount": 5 }));
    assert_eq!(lab.web()["pendingCount"], 3);
    assert!(!lab.ecs.is_steady());
    lab.pass(100);
    assert_eq!(lab.web()["runningCount"], 5);
    lab.update(json!({ "desiredCount": 1 }));
    lab.pass(20);
    assert_eq!(lab.web()["runningCount"], 1);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert!(lab.ecs.is_steady());
}

#[test]
fn blue_green_starts_everything_and_stops_the_old_after_the_bake_time() {
    let mut lab = Lab::new();
    lab.serve(
        "r/web:1",
        2,
        json!({ "deploymentConfiguration": {
        "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "maximumPercent": 101 } }),
    );
    lab.pass(1_000);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    lab.roll("r/web:2");
    lab.pass(60 + 299);
    assert_eq!(lab.web()["runningCount"], 4);
    let arn = lab.web()["currentServiceDeployment"].clone();
    let input = json!({ "serviceDeploymentArns": [arn] });
    let record = lab.ok("DescribeServiceDeployments", input)["serviceDeployments"][0].clone();
    assert_eq!(record["lifecycleStage"], "BAKE_TIME");
    lab.pass(1);
    assert_eq!(lab.web()["runningCount"], 2);
    lab.pass(10);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn a_full_cluster_makes_placement_wait() {
    let mut lab = Lab::new();
    lab.steady(2, 50, 200);
    lab.ecs.settings_mut().capacity = Some(2);
    lab.roll("r/web:2");
    assert!(lab.messages()[0].contains("no container instance met all of its requirements"));
    lab.pass(600);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    lab.update(json!({ "deploymentConfiguration": { "minimumHealthyPercent": 100 } }));
    lab.roll("r/web:3");
    lab.pass(600);
    assert_eq!(lab.states(), ["PRIMARY IN_PROGRESS", "ACTIVE COMPLETED"]);
    lab.ecs.settings_mut().capacity = Some(3);
    lab.pass(600);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn service_events_are_kept_up_to_a_hundred() {
    let mut lab = Lab::new();
    lab.steady(1, 100, 200);
    for round in 0..40 {
        lab.roll(&format!("r/web:{round}"));
        lab.pass(200);
    }
    assert_eq!(lab.messages().len(), 100);
    assert!(lab.messages()[0].contains("deployment completed"));
}

#[test]
fn settings_of_zero_seconds_do_not_stop_the_clock() {
    let mut lab = Lab::new();
    let settings = lab.ecs.settings_mut();
    settings.seconds_to_pull = 0;
    settings.seconds_to_run = 0;
    settings.seconds_to_healthy = 0;
    settings.seconds_to_stop = 0;
    settings.seconds_to_exit = 0;
    lab.steady(3, 100, 200);
    lab.roll("r/web:2");
    lab.pass(1);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
}

#[test]
fn one_large_step_of_the_clock_gives_the_history_of_many_small_ones() {
    let history = |step: i64| {
        let mut lab = Lab::new();
        lab.steady(3, 50, 150);
        lab.roll("r/web:crash");
        let end = lab.now + chrono::TimeDelta::seconds(900);
        let mut notices = Vec::new();
        while lab.now < end {
            lab.now = (lab.now + chrono::TimeDelta::seconds(step)).min(end);
            let scope = crate::service::Scope {
                now: lab.now,
                place: &lab.place,
            };
            notices.extend(lab.ecs.advance(&scope));
        }
        (notices, lab.web())
    };
    assert_eq!(history(1), history(900));
}

#[test]
fn a_strategy_changed_while_baking_does_not_stop_the_clock() {
    let mut lab = Lab::new();
    let slow = json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5 });
    lab.serve("r/web:1", 2, json!({ "deploymentConfiguration": slow }));
    lab.pass(100);
    lab.update(json!({ "deploymentConfiguration": { "strategy": "ROLLING" } }));
    lab.pass(1_000);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert_eq!(lab.ecs.next_due(), None);
}

#[test]
fn behind_a_classic_load_balancer_there_is_no_rollout_state() {
    let mut lab = Lab::new();
    let classic = json!({ "loadBalancers": [{ "loadBalancerName": "old", "containerPort": 80 }] });
    let service = lab.serve("r/web:1", 1, classic);
    assert!(service["deployments"][0].get("rolloutState").is_none());
}

#[test]
fn pending_tasks_of_a_superseded_deployment_stop_at_once() {
    let mut lab = Lab::new();
    lab.serve("r/web:1", 2, json!({}));
    lab.roll("r/web:2");
    let stopped = json!({ "cluster": "prod", "desiredStatus": "STOPPED" });
    let tasks = lab.ok("ListTasks", stopped)["taskArns"].clone();
    assert_eq!(tasks.as_array().unwrap().len(), 2);
}

#[test]
fn a_blue_green_rollback_does_not_bake() {
    let mut lab = Lab::new();
    let slow = json!({ "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5 });
    lab.serve("r/web:1", 2, json!({ "deploymentConfiguration": slow }));
    lab.pass(1_000);
    let first = lab.web()["taskDefinition"].clone();
    lab.roll("r/web:2");
    lab.pass(100);
    let arn = lab.web()["currentServiceDeployment"].clone();
    lab.ok(
        "StopServiceDeployment",
        json!({ "serviceDeploymentArn": arn }),
    );
    lab.pass(30);
    assert_eq!(lab.states(), ["PRIMARY COMPLETED"]);
    assert_eq!(lab.web()["taskDefinition"], first);
    assert_eq!(lab.web()["runningCount"], 2);
}

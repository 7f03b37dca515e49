//! What doctor finds beside the resources that setup makes: deliveries, queues, the function, services, schedules, outages.

use handler::config::Config;
use serde_json::json;
use setup::doctor::Verdict;

use crate::doctor::{broken, only, options, sound};
use crate::doctor_faults::HANDLER;
use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_told_until_the_next_that_succeeds() {
    let pocket = sound().await;
    rewrite_to_nothing(&pocket);
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    // The role is whole again, and nothing was delivered since.
    pocket.set_up(&Config::default()).await.unwrap();
    pocket.wait_a_minute().await;
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "delivery");
    assert!(
        link.detail
            .starts_with("the last delivery to the log group failed: "),
        "{}",
        link.detail
    );
    pocket.push_is_recorded().await;
    pocket.wait_minutes(6).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

fn rewrite_to_nothing(pocket: &Pocket) {
    let nothing = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Nothing", "Effect": "Deny",
        "Action": "*", "Resource": "*"}]});
    let input = json!({"RoleName": "ecroll-eu-west-1-trail", "PolicyName": "ecroll",
        "PolicyDocument": nothing.to_string()});
    pocket.call("iam", "PutRolePolicy", input);
}

#[tokio::test(start_paused = true)]
async fn messages_in_a_queue_are_counted_and_purging_ends_it() {
    for (queue, name, part) in [
        (
            "ecroll-failures",
            "failures queue",
            "2 events that the function gave up, the first ",
        ),
        (
            "ecroll-undelivered",
            "undelivered queue",
            "2 messages that could not be delivered to the function, the first ",
        ),
    ] {
        let pocket = sound().await;
        let url = format!("https://sqs.eu-west-1.amazonaws.com/000000000000/{queue}");
        for _ in 0..2 {
            let message = json!({"QueueUrl": url, "MessageBody": "{}"});
            pocket.call("sqs", "SendMessage", message);
        }
        pocket.wait_minutes(180).await;
        let checkup = pocket.checkup(&Config::default()).await;
        let link = only(&checkup, name);
        assert!(link.detail.starts_with(part), "{}", link.detail);
        let mend = link.mend.clone().unwrap();
        assert!(
            mend.contains("purge-queue") && mend.contains(queue),
            "{mend}"
        );
        pocket.call("sqs", "PurgeQueue", json!({"QueueUrl": url}));
        let checkup = pocket.checkup(&Config::default()).await;
        assert!(!checkup.is_broken(), "{checkup}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_told_in_its_own_words() {
    let pocket = sound().await;
    // Somebody above the account denies what the handler reads first; its own policy is as setup wrote it.
    let deny = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
        "Action": "ecs:ListClusters", "Resource": "*"}]});
    let input =
        json!({"RoleName": HANDLER, "PolicyName": "theirs", "PolicyDocument": deny.to_string()});
    pocket.call("iam", "PutRolePolicy", input);
    pocket.wait_minutes(12).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert_eq!(
        broken(&checkup),
        ["role simulation", "look-ups", "failures queue"],
        "{checkup}"
    );
    let simulation = checkup.link("role simulation").unwrap();
    assert_eq!(
        simulation.detail,
        "the handler may not ecs:ListClusters on *"
    );
    let look_ups = checkup.link("look-ups").unwrap();
    assert!(
        look_ups.detail.contains(" failed, the newest "),
        "{}",
        look_ups.detail
    );
    assert!(
        look_ups.detail.contains("ListClusters: AccessDenied"),
        "{}",
        look_ups.detail
    );
    let gone = json!({"RoleName": HANDLER, "PolicyName": "theirs"});
    pocket.call("iam", "DeleteRolePolicy", gone);
    pocket.call(
        "sqs",
        "PurgeQueue",
        json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/ecroll-failures"}),
    );
    pocket.wait_minutes(8).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn rule_06_percentages_that_let_nothing_move_are_told_with_the_repair() {
    let pocket = sound().await;
    let percent = |minimum: i32, maximum: i32| {
        let input = json!({"cluster": "prod", "service": "web",
            "deploymentConfiguration": {"minimumHealthyPercent": minimum, "maximumPercent": maximum}});
        pocket.call("ecs", "UpdateService", input);
    };
    percent(100, 150);
    pocket.wait_minutes(5).await;
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "feasibility");
    assert!(link.detail.contains("prod/web: "), "{}", link.detail);
    assert!(
        link.detail.contains("set maximum percent to 200 or more"),
        "{}",
        link.detail
    );
    percent(100, 200);
    pocket.wait_minutes(5).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_task_of_an_older_revision_is_told() {
    let pocket = sound().await;
    let rule = json!({"Name": "nightly", "ScheduleExpression": "rate(1 day)"});
    pocket.call("events", "PutRule", rule);
    let cluster = "arn:aws:ecs:eu-west-1:000000000000:cluster/prod";
    let runs = |revision: &str| {
        let task = format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/prod-web{revision}");
        let input = json!({"Rule": "nightly", "Targets": [{"Id": "1", "Arn": cluster,
            "RoleArn": "arn:aws:iam::000000000000:role/events", "EcsParameters": {"TaskDefinitionArn": task}}]});
        pocket.call("events", "PutTargets", input);
    };
    runs(":1");
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "scheduled tasks");
    assert!(
        link.detail
            .contains("rule `nightly` runs prod-web:1, and prod/web prod-web:2"),
        "{}",
        link.detail
    );
    runs("");
    let checkup = pocket.checkup(&Config::default()).await;
    assert_eq!(checkup.link("scheduled tasks").unwrap().result, Verdict::Ok);
}

#[tokio::test(start_paused = true)]
async fn wrong_tags_of_a_service_are_told() {
    let pocket = sound().await;
    let arn = "arn:aws:ecs:eu-west-1:000000000000:service/prod/web";
    let tag = json!({"resourceArn": arn, "tags": [{"key": "ecroll:tags", "value": "nonsense"}]});
    pocket.call("ecs", "TagResource", tag);
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "services");
    assert!(
        link.detail.contains("prod/web") && link.detail.contains("ecroll:tags"),
        "{}",
        link.detail
    );
}

#[tokio::test(start_paused = true)]
async fn a_reused_trail_that_stopped_is_the_fault_and_the_rest_is_judged_by_it() {
    let pocket = crate::trails::with_theirs_in(options()).await;
    let pocket = crate::doctor::live(pocket, &Config::default()).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
    assert!(
        checkup.link("trail").unwrap().detail.contains("reused"),
        "{checkup}"
    );
    pocket.call("cloudtrail", "StopLogging", json!({"Name": "management"}));
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "trail");
    assert!(link.detail.contains("it is not logging"), "{}", link.detail);
    assert!(
        link.detail
            .contains("aws cloudtrail start-logging --name management"),
        "{}",
        link.detail
    );
    pocket.call("cloudtrail", "StartLogging", json!({"Name": "management"}));
    assert!(!pocket.checkup(&Config::default()).await.is_broken());
}

#[tokio::test(start_paused = true)]
async fn rule_01_an_outage_beyond_look_back_is_told_with_the_way_to_look_further() {
    let pocket = sound().await;
    // The sweep stops, and whoever mends it after three days asks what was missed.
    pocket.call("events", "DisableRule", json!({"Name": "ecroll-sweep"}));
    for _ in 0..3 {
        pocket.wait_a_day().await;
    }
    pocket.call("events", "EnableRule", json!({"Name": "ecroll-sweep"}));
    let checkup = pocket.checkup(&Config::default()).await;
    let link = only(&checkup, "look-ups");
    assert!(
        link.detail.contains("longer than `look_back`, 24 h"),
        "{}",
        link.detail
    );
    assert!(
        link.mend
            .as_ref()
            .unwrap()
            .contains("{\"look_back\": \"73h\"}"),
        "{link}"
    );
    pocket.wait_minutes(6).await;
    let checkup = pocket.checkup(&Config::default()).await;
    assert!(!checkup.is_broken(), "{checkup}");
}

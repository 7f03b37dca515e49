//! What the topic and the metrics hear: every result once, and how it ended.

use handler::config::Config;
use serde_json::{Value, json};

use crate::world::{World, image};

const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:deployments";

/// A pipeline that notifies a topic with a queue behind it.
async fn notifying(services: &[(&str, &str)]) -> World {
    let config = json!({"notify": TOPIC});
    let config = Config::from_json(&config).unwrap();
    let world = World::with(services, &config).await;
    let call = |service, operation, input| world.account.call(service, operation, input).unwrap();
    call("sqs", "CreateQueue", json!({"QueueName": "mailbox"}));
    let queue = "arn:aws:sqs:eu-west-1:000000000000:mailbox";
    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]});
    call(
        "sqs",
        "SetQueueAttributes",
        json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/mailbox",
            "Attributes": {"Policy": policy.to_string()}}),
    );
    topic(&world);
    world
}

fn topic(world: &World) {
    let call = |operation, input| world.account.call("sns", operation, input).unwrap();
    call("CreateTopic", json!({"Name": "deployments"}));
    call(
        "Subscribe",
        json!({"TopicArn": TOPIC, "Protocol": "sqs", "Attributes": {"RawMessageDelivery": "true"},
            "Endpoint": "arn:aws:sqs:eu-west-1:000000000000:mailbox"}),
    );
}

/// The titles of the messages that came so far.
fn titles(world: &World) -> Vec<String> {
    let input = json!({"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/mailbox",
        "MaxNumberOfMessages": 10, "VisibilityTimeout": 0});
    let answer = world.account.call("sqs", "ReceiveMessage", input).unwrap();
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let mut titles: Vec<String> = messages
        .iter()
        .map(|message| {
            let chat: Value = serde_json::from_str(message["Body"].as_str().unwrap()).unwrap();
            assert_eq!(
                (&chat["version"], &chat["source"]),
                (&json!("1.0"), &json!("custom"))
            );
            chat["content"]["title"].as_str().unwrap().to_owned()
        })
        .collect();
    titles.sort();
    titles
}

#[tokio::test(start_paused = true)]
async fn a_roll_and_its_end_are_each_notified_once_over_many_look_ups() {
    let world = notifying(&[("web", &image("web", "v1"))]).await;
    world.push("web", "v2", "d2", 4);
    world.minutes(120).await;
    assert_eq!(
        titles(&world),
        [
            "web:v2 completed: default/web",
            "web:v2 rolled: default/web"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_by_the_breaker_is_notified_with_its_push() {
    let world = notifying(&[]).await;
    let breaker = json!({"deploymentConfiguration":
        {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    world.service(
        "web",
        &breaker,
        &json!([{"name": "app", "image": image("web", "v1")}]),
    );
    world.minutes(30).await;
    world.push("web", "crash", "d2", 4);
    world.minutes(240).await;
    let titles = titles(&world);
    assert!(
        titles.contains(&"web:crash rolled: default/web".to_owned()),
        "{titles:?}"
    );
    assert!(
        titles.contains(&"web:crash rolled back: default/web".to_owned()),
        "{titles:?}"
    );
    assert!(
        !titles.iter().any(|title| title.contains("completed")),
        "{titles:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_notified_once_and_again_for_the_next_push() {
    let world = notifying(&[]).await;
    let stuck = json!({"desiredCount": 1, "deploymentConfiguration":
        {"minimumHealthyPercent": 100, "maximumPercent": 150}});
    world.service(
        "web",
        &stuck,
        &json!([{"name": "app", "image": image("web", "v1")}]),
    );
    world.minutes(30).await;
    world.push("web", "v2", "d2", 4);
    world.minutes(60).await;
    world.push("web", "v3", "d3", 4);
    world.minutes(60).await;
    assert_eq!(
        titles(&world),
        ["web:v2 refused: default/web", "web:v3 refused: default/web"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_topic_that_is_missing_hinders_nothing_and_hears_of_it_once_it_is_there() {
    let world = notifying(&[("web", &image("web", "v1"))]).await;
    let delete = json!({"TopicArn": TOPIC});
    world.account.call("sns", "DeleteTopic", delete).unwrap();
    world.push("web", "v2", "d2", 4);
    world.minutes(60).await;
    assert_eq!(world.image_of("web", 0), image("web", "v2"));
    topic(&world);
    world.push("web", "v3", "d3", 4);
    world.minutes(60).await;
    let titles = titles(&world);
    assert!(
        titles.contains(&"web:v3 rolled: default/web".to_owned()),
        "{titles:?}"
    );
}

//! SNS: who may publish, who receives, where the rest goes.

use serde_json::{Value, json};

use super::{QUEUE, TOPIC, World};
use crate::Options;

#[tokio::test(start_paused = true)]
async fn rule_8_3_the_topics_policy_decides_about_alarms() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    world.topic().permit("sns.amazonaws.com", TOPIC);
    world.subscribe();
    let policy = |source: &str| {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "SNS:Publish", "Resource": TOPIC,
            "Condition": {"ArnLike": {"aws:SourceArn": source}},
        }]});
        json!({"TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": policy.to_string()})
    };
    let other = "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:other";
    world.call("sns", "SetTopicAttributes", policy(other));
    world.alarm(&json!({}));
    world.until("00:01:00").await;
    assert_eq!(world.runs(), [""; 0]);
    let why = "the topic's policy does not admit the service";
    assert_eq!(world.dropped(), [(why.to_owned(), None)]);

    let own = "arn:aws:cloudwatch:eu-west-1:000000000000:alarm:pushes";
    world.call("sns", "SetTopicAttributes", policy(own));
    world.samples(&[("00:01:00", 1.0)]);
    world.until("00:03:00").await;
    assert_eq!(world.runs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rule_5_1_without_permission_a_message_goes_to_the_dead_letter_queue_or_vanishes() {
    let world = World::new(Options::default());
    world.queue().function(|_| Ok(json!(null))).await;
    let subscription = world.topic().subscribe();
    let publish = || {
        world.call(
            "sns",
            "Publish",
            json!({"TopicArn": TOPIC, "Message": "look"}),
        )
    };
    publish();
    world.until("00:01:00").await;
    let redrive = json!({"deadLetterTargetArn": QUEUE}).to_string();
    let redrive = json!({"SubscriptionArn": subscription, "AttributeName": "RedrivePolicy",
                         "AttributeValue": redrive});
    world.call("sns", "SetSubscriptionAttributes", redrive);
    publish();
    world.until("00:02:00").await;
    assert_eq!(world.runs(), [""; 0]);
    let kept: Vec<_> = world.dropped().into_iter().map(|(_, kept)| kept).collect();
    assert_eq!(kept, [None, Some(QUEUE.to_owned())]);
    let body: Value = serde_json::from_str(&world.in_queue()[0]).unwrap();
    assert_eq!(body["Message"], "look");

    world.permit("sns.amazonaws.com", TOPIC);
    publish();
    world.until("00:03:00").await;
    assert_eq!(world.runs().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn topics_and_subscriptions_are_idempotent() {
    let world = World::new(Options::default());
    let tagged = json!({"Name": "ecroll", "Tags": [{"Key": "a", "Value": "b"}]});
    let first = world.call("sns", "CreateTopic", tagged.clone());
    assert_eq!(world.call("sns", "CreateTopic", tagged), first);
    let other = json!({"Name": "ecroll", "Tags": [{"Key": "a", "Value": "c"}]});
    assert_eq!(
        world.refused("sns", "CreateTopic", other),
        "InvalidParameter"
    );
    assert_eq!(world.subscribe(), world.subscribe());
    let list = world.call(
        "sns",
        "ListSubscriptionsByTopic",
        json!({"TopicArn": TOPIC}),
    );
    assert_eq!(list["Subscriptions"].as_array().unwrap().len(), 1);
    let missing = json!({"TopicArn": format!("{TOPIC}-no")});
    assert_eq!(
        world.refused("sns", "GetTopicAttributes", missing),
        "NotFound"
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_receives_the_notification_or_the_bare_message() {
    let world = World::new(Options::default());
    world.queue().topic();
    let input = json!({"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": QUEUE,
                       "Attributes": {"RawMessageDelivery": "true"}});
    world.call("sns", "Subscribe", input);
    world.call(
        "sns",
        "Publish",
        json!({"TopicArn": TOPIC, "Message": "look"}),
    );
    world.until("00:01:00").await;
    assert_eq!(world.in_queue(), ["look"]);
}

#[tokio::test(start_paused = true)]
async fn queues_hide_what_is_received_until_it_is_deleted_or_comes_back() {
    let world = World::new(Options::default());
    world.queue();
    let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/failures";
    world.call(
        "sqs",
        "SendMessage",
        json!({"QueueUrl": url, "MessageBody": "one"}),
    );
    let receive = || world.call("sqs", "ReceiveMessage", json!({"QueueUrl": url}));
    let first = receive();
    assert_eq!(first["Messages"][0]["Body"], "one");
    assert_eq!(receive(), json!({}));
    world.until("00:00:30").await;
    let receipt = receive()["Messages"][0]["ReceiptHandle"].clone();
    world.call(
        "sqs",
        "DeleteMessage",
        json!({"QueueUrl": url, "ReceiptHandle": receipt}),
    );
    world.until("00:05:00").await;
    assert_eq!(receive(), json!({}));
    let missing = json!({"QueueName": "no"});
    let code = world.refused("sqs", "GetQueueUrl", missing);
    assert_eq!(code, "AWS.SimpleQueueService.NonExistentQueue");
}

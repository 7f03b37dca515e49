//! What an operator sees and hears: the dashboard, the alarm on what failed, the bucket's settings.

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};

use crate::faulty::Faulty;
use crate::pocket::Pocket;

const BUCKET: &str = "ecroll-000000000000-eu-west-1";

#[tokio::test(start_paused = true)]
async fn an_event_that_was_given_up_raises_the_alarm_until_the_queue_is_empty() {
    let pocket = Pocket::new(Options::default());
    let topic = "arn:aws:sns:eu-west-1:000000000000:operators";
    pocket.call("sns", "CreateTopic", json!({"Name": "operators"}));
    let config = Config {
        notify: Some(topic.to_owned()),
        // No handler runs here, so every sweep would be one more event that is given up.
        sweep: None,
        ..Config::default()
    };
    pocket.set_up(&config).await.unwrap();
    let alarm = || {
        let answer = pocket.answer(
            "cloudwatch",
            "DescribeAlarms",
            json!({"AlarmNames": ["ecroll-failures"]}),
        );
        answer["MetricAlarms"][0].clone()
    };
    assert_eq!(alarm()["AlarmActions"], json!([topic]));
    assert_eq!(alarm()["StateValue"], "INSUFFICIENT_DATA");
    let queue = |name: &str| {
        json!({"QueueUrl": format!("https://sqs.eu-west-1.amazonaws.com/000000000000/{name}"),
        "MessageBody": "{}"})
    };
    pocket.call("sqs", "SendMessage", queue("ecroll-undelivered"));
    pocket.wait_a_minute().await;
    pocket.wait_a_minute().await;
    assert_eq!(alarm()["StateValue"], "INSUFFICIENT_DATA", "another queue");
    pocket.call("sqs", "SendMessage", queue("ecroll-failures"));
    pocket.wait_a_day().await;
    assert_eq!(
        alarm()["StateValue"],
        "ALARM",
        "SQS tells no more, and the queue is not empty"
    );
    pocket.call("sqs", "PurgeQueue", queue("ecroll-failures"));
    pocket.wait_a_minute().await;
    pocket.wait_a_minute().await;
    assert_eq!(alarm()["StateValue"], "OK", "{}", alarm());
    // Nobody is told who did not ask to be.
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(alarm()["AlarmActions"], json!([]));
    // And the sweeps, which nobody answers, are given up and heard of.
    pocket.wait_a_day().await;
    assert_eq!(alarm()["StateValue"], "ALARM", "{}", alarm());
}

#[tokio::test(start_paused = true)]
async fn the_dashboard_is_mended_and_somebody_elses_is_refused() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let name = json!({"DashboardName": "ecroll"});
    let shown = || {
        let answer = pocket.answer("cloudwatch", "GetDashboard", name.clone());
        serde_json::from_str::<Value>(answer["DashboardBody"].as_str().unwrap()).unwrap()
    };
    let ours = shown();
    let mut changed = ours.clone();
    changed["widgets"][1]["properties"]["period"] = 60.into();
    let put = json!({"DashboardName": "ecroll", "DashboardBody": changed.to_string()});
    pocket.call("cloudwatch", "PutDashboard", put);
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let work: Vec<_> = plan
        .changes
        .iter()
        .filter(|change| change.is_work())
        .collect();
    assert_eq!(work.len(), 1, "{plan}");
    assert_eq!(work[0].resource, "dashboard");
    let fields: Vec<&str> = work[0].fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["widget.Pushes"]);
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert_eq!(shown(), ours);

    let pocket = Pocket::new(Options::default());
    let put =
        json!({"DashboardName": "ecroll", "DashboardBody": json!({"widgets": []}).to_string()});
    pocket.call("cloudwatch", "PutDashboard", put);
    let error = pocket
        .plan(&Config::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("dashboard `ecroll` exists without the tag"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_topic_with_a_key_that_cloudwatch_may_not_use_is_told_and_left() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let note = async || {
        let plan = pocket.plan(&Config::default()).await.unwrap();
        assert!(!plan.is_work(), "{plan}");
        let mut topics = plan.changes.iter().filter(|c| c.resource == "topic");
        topics.next().unwrap().note.clone()
    };
    assert_eq!(note().await, None);
    for key in ["alias/aws/sns", "alias/ours"] {
        let topic = "arn:aws:sns:eu-west-1:000000000000:ecroll";
        let set = json!({"TopicArn": topic, "AttributeName": "KmsMasterKeyId",
            "AttributeValue": key});
        pocket.call("sns", "SetTopicAttributes", set);
        let name = format!("key_{}", key.replace('/', "_"));
        insta::assert_snapshot!(name, note().await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn where_dashboards_take_no_tags_ours_is_known_by_what_it_says() {
    let faulty = Faulty::untagged_dashboards();
    let pocket = Pocket::faulty(&faulty, Options::default());
    faulty.arm();
    pocket.set_up(&Config::default()).await.unwrap();
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
    let theirs =
        json!({"DashboardName": "ecroll", "DashboardBody": json!({"widgets": []}).to_string()});
    pocket.call("cloudwatch", "PutDashboard", theirs);
    let error = pocket
        .plan(&Config::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("dashboard `ecroll` exists without the tag"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_without_dashboards_is_served_without_one() {
    let faulty = Faulty::unknown("GetDashboard");
    let pocket = Pocket::faulty(&faulty, Options::default());
    faulty.arm();
    pocket.set_up(&Config::default()).await.unwrap();
    let plan = pocket.plan(&Config::default()).await.unwrap();
    assert!(!plan.is_work(), "{plan}");
    let line = plan
        .changes
        .iter()
        .find(|change| change.resource == "dashboard")
        .unwrap();
    insta::assert_snapshot!(line);
    let plan = pocket.removal(&Config::default(), true).await.unwrap();
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert!(
        pocket
            .removal(&Config::default(), true)
            .await
            .unwrap()
            .changes
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn the_bucket_is_encrypted_and_its_files_expire_and_drift_is_mended() {
    let pocket = Pocket::new(Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    let bucket = || json!({"Bucket": BUCKET});
    let lifecycle = || pocket.answer("s3", "GetBucketLifecycleConfiguration", bucket());
    assert_eq!(
        lifecycle()["Rules"][0]["Expiration"]["Days"]
            .to_string()
            .replace('"', ""),
        "90"
    );
    let encryption = pocket.answer("s3", "GetBucketEncryption", bucket());
    assert!(encryption.to_string().contains("AES256"), "{encryption}");
    pocket.call("s3", "DeleteBucketLifecycle", bucket());
    pocket.call("s3", "DeletePublicAccessBlock", bucket());
    // A better key is no drift.
    let rules =
        json!({"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]});
    let kms = json!({"Bucket": BUCKET, "ServerSideEncryptionConfiguration": rules});
    pocket.call("s3", "PutBucketEncryption", kms);
    let plan = pocket.plan(&Config::default()).await.unwrap();
    let changed: Vec<String> = plan
        .changes
        .iter()
        .filter(|c| c.is_work())
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!(changed.join("\n"));
    pocket.apply(&plan, |_| ()).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
    assert_eq!(lifecycle()["Rules"].as_array().unwrap().len(), 1);
}

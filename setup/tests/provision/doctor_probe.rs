//! The probe: it ends with the look-up seen, or says where the chain broke.

use handler::config::Config;
use local::What;
use serde_json::json;
use setup::exit::Exit;
use setup::ui::Output;

use crate::doctor::sound;
use crate::pocket::Pocket;

async fn probed(pocket: &Pocket) -> (Exit, String) {
    let (exit, out, _) = pocket
        .verb_doctor(true, &Config::default(), Output::Text)
        .await;
    let line = out.lines().skip_while(|line| !line.contains(" probe "));
    let line: Vec<&str> = line
        .take_while(|line| !line.contains(" broken, "))
        .collect();
    (exit.unwrap(), line.join("\n"))
}

#[tokio::test(start_paused = true)]
async fn a_probe_ends_with_the_look_up_seen_and_changes_nothing_else() {
    let pocket = sound().await;
    let services = |pocket: &Pocket| {
        pocket.answer(
            "ecs",
            "DescribeServices",
            json!({"cluster": "prod", "services": ["web"]}),
        )
    };
    let before = services(&pocket);
    pocket.forget();
    let (exit, line) = probed(&pocket).await;
    assert_eq!(exit, Exit::Done, "{line}");
    assert!(line.starts_with("OK   probe"), "{line}");
    assert!(line.contains("the look-up was seen within 5 s"), "{line}");
    let mut writes = pocket.writes();
    writes.retain(|write| {
        !["logs:TestMetricFilter", "iam:SimulatePrincipalPolicy"].contains(&write.as_str())
    });
    assert_eq!(writes, ["cloudwatch:SetAlarmState"]);
    // The handler looked, and the alarm is back by itself.
    pocket.wait_minutes(2).await;
    assert_eq!(services(&pocket), before);
    let alarm = json!({"AlarmNames": ["ecroll-pushes"]});
    let alarm = pocket.answer("cloudwatch", "DescribeAlarms", alarm);
    assert_eq!(alarm["MetricAlarms"][0]["StateValue"], "OK");
    let messages = pocket.account().journal();
    let told = messages.iter().any(|entry| {
        matches!(&entry.what, What::Invoked { event, .. } if event.to_string().contains("doctor --probe"))
    });
    assert!(told);
    // What is left says so as well.
    assert!(!pocket.checkup(&Config::default()).await.is_broken());
}

#[tokio::test(start_paused = true)]
async fn a_probe_finds_its_way_while_the_alarm_is_on() {
    let pocket = sound().await;
    pocket.push_is_recorded().await;
    let alarm = json!({"AlarmNames": ["ecroll-pushes"]});
    let alarm = pocket.answer("cloudwatch", "DescribeAlarms", alarm);
    assert_eq!(alarm["MetricAlarms"][0]["StateValue"], "ALARM");
    let (exit, line) = probed(&pocket).await;
    assert_eq!(exit, Exit::Done, "{line}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_names_the_link_at_which_the_chain_broke() {
    let pocket = sound().await;
    let topic = "arn:aws:sns:eu-west-1:000000000000:ecroll";
    let list = pocket.answer(
        "sns",
        "ListSubscriptionsByTopic",
        json!({"TopicArn": topic}),
    );
    let arn = &list["Subscriptions"][0]["SubscriptionArn"];
    pocket.call("sns", "Unsubscribe", json!({"SubscriptionArn": arn}));
    let (exit, line) = probed(&pocket).await;
    assert_eq!(exit, Exit::No);
    insta::assert_snapshot!(line);
    pocket.set_up(&Config::default()).await.unwrap();
    assert_eq!(probed(&pocket).await.0, Exit::Done);
}

#[tokio::test(start_paused = true)]
async fn a_probe_needs_its_permission_and_an_alarm() {
    let deny = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cloudwatch:SetAlarmState", "Resource": "*"},
    ]});
    let pocket = sound().await.deployer(&deny);
    let (exit, line) = probed(&pocket).await;
    assert_eq!(exit, Exit::No);
    assert!(line.contains("allow `cloudwatch:SetAlarmState`"), "{line}");
    pocket.call(
        "cloudwatch",
        "DeleteAlarms",
        json!({"AlarmNames": ["ecroll-pushes"]}),
    );
    let (_, line) = probed(&pocket).await;
    assert!(line.contains("waits for `alarm`"), "{line}");
}

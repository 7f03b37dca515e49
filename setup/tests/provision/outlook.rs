//! What a plan says of the services: who will follow, and what the last day would have brought.

use handler::config::Config;
use local::Options;
use serde_json::{Value, json};
use setup::exit::Exit;
use setup::ui::Output;

use crate::faulty::Faulty;
use crate::pocket::Pocket;

/// The configuration of a file with this text.
fn config(text: &str) -> Config {
    setup::config::parse(std::path::Path::new("ecroll.toml"), text).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_who_will_follow_and_what_the_last_day_would_have_rolled() {
    let pocket = Pocket::new(Options::default());
    pocket.service("prod", "web", "web-task");
    pocket.service("prod", "web-canary", "web-task");
    pocket.service("stage", "web", "stage-task");
    pocket.service("other", "web", "other-task");
    let tag = |service: &str, key: &str, value: &str| {
        let arn = format!("arn:aws:ecs:eu-west-1:000000000000:service/{service}");
        let input = json!({"resourceArn": arn, "tags": [{"key": key, "value": value}]});
        pocket.call("ecs", "TagResource", input);
    };
    tag("prod/web-canary", "ecroll:tags", "semver:2.x");
    tag("stage/web", "ecroll:tags", "nonsense");
    let config = config("clusters = [\"prod\", \"stage\"]\n[service]\ntags = \"prefix:v\"\n");
    let (exit, out) = pocket.verb_plan(&config, Output::Text).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    let about = |out: &str| {
        let lines = out
            .lines()
            .skip(1)
            .take_while(|line| !line.starts_with(['+', '~']) && !line.contains("  keep "));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(about(&out));

    pocket.set_up(&config).await.unwrap();
    pocket.wait_a_minute().await;
    pocket.push_is_recorded().await;
    pocket.forget();
    let (_, out) = pocket.verb_plan(&config, Output::Text).await;
    insta::assert_snapshot!("after_a_push", about(&out));
    assert_eq!(pocket.writes(), Vec::<String>::new(), "a trial reads only");
    let (_, out) = pocket.verb_plan(&config, Output::Json).await;
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["outlook"]["services"].as_array().unwrap().len(), 3);
    assert_eq!(json["outlook"]["last_day"]["rolls"][0]["service"], "web");

    // What is older than a day is not of interest.
    pocket.wait_a_day().await;
    pocket.wait_a_day().await;
    let (_, out) = pocket.verb_plan(&config, Output::Text).await;
    assert!(
        out.contains("the last day: 0 pushes, which would have rolled nothing"),
        "{out}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outlook_that_is_denied_is_said_and_holds_nothing_up() {
    let faulty = Faulty::at("FilterLogEvents");
    let pocket = Pocket::faulty(&faulty, Options::default());
    pocket.set_up(&Config::default()).await.unwrap();
    faulty.arm();
    let (exit, out) = pocket.verb_plan(&Config::default(), Output::Text).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("services: none runs images of ECR"), "{out}");
    assert!(
        out.contains("the last day's pushes cannot be read: "),
        "{out}"
    );
    assert!(
        out.ends_with("0 to create, 0 to change, 18 to keep\n"),
        "{out}"
    );
}

/// More calls than ECS takes at once: the rest waits for its turn, on a clock that runs.
#[tokio::test(start_paused = true)]
async fn an_account_with_many_definitions_is_read_to_its_end() {
    let pocket = Pocket::new(Options::default());
    for number in 0..60 {
        pocket.service("prod", &format!("web-{number}"), "task");
    }
    let config = Config::default();
    let plan = pocket.verb_plan(&config, Output::Text);
    let (exit, out) = tokio::time::timeout(std::time::Duration::from_mins(10), plan)
        .await
        .unwrap();
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.contains("services: 60\n"), "{out}");
}

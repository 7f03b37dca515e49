//! The process itself: what it survives, how it fails, what it prints.

use serde_json::{Value, json};

use crate::blind::Blind;
use crate::push::{image, record};
use crate::stage::{Stage, alarm, minutes_ago, outcomes, reason};

/// Events of every shape, and text that is no JSON: each is answered, and the same process serves the next.
pub(super) fn any_json(stage: &Stage<'_>) {
    stage.seed("web");
    let mut function = stage.function(&json!({}));
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    let events = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5e300),
        json!(""),
        json!("Records"),
        json!("\u{0}\u{1f600}"),
        json!([]),
        json!([null, {}, [[]]]),
        json!({}),
        json!({"Records": []}),
        json!({"Records": {}}),
        json!({"Records": [null]}),
        json!({"Records": [{"EventSource": "aws:sns"}]}),
        json!({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{"}}]}),
        json!({"Records": [{"EventSource": 7, "Sns": []}]}),
        json!({"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}}}]}),
        json!({"alarmData": null}),
        json!({"awslogs": {"data": "not base64"}}),
        json!({"awslogs": {"data": "H4sIAAAAAAAA"}}),
        json!({"detail-type": "ECR Image Action"}),
        json!({"detail-type": "ECR Image Action", "detail": {"image-tag": 5, "result": []}}),
        json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "PutImage"}}),
        json!({"detail-type": "ECS Deployment State Change", "detail": "x", "resources": [7]}),
        json!({"detail-type": "ECS Deployment State Change", "resources": ["arn:aws:ecs:x"],
               "detail": {"eventName": "SERVICE_DEPLOYMENT_FAILED", "deploymentId": {}}}),
        json!({"detail-type": ["Scheduled Event"]}),
        json!({"look_back": "99999999999999999999h"}),
        json!({"look_back": {"hours": 1}}),
        json!({"dry_run": "perhaps"}),
        json!({"x": "y".repeat(300_000)}),
        deep,
    ];
    let process = function.process();
    for event in &events {
        let answer = function.invoke(event);
        let short: String = event.to_string().chars().take(120).collect();
        let report = match &answer.answer {
            Ok(report) => report,
            Err(failure) => panic!("{short}: {failure:?}"),
        };
        assert!(report["trigger"].is_string(), "{short}: {report}");
        assert_eq!(report["decisions"], json!([]), "{short}");
    }
    for text in ["", "{", "{\"Records\": [", "\u{1f600}", "nul"] {
        let answer = function.invoke_text(text);
        assert!(answer.answer.is_err(), "{text:?}: {answer:?}");
    }
    assert_eq!(stage.tap.writes(), [""; 0]);

    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let answer = function.invoke(&alarm());
    assert_eq!(outcomes(answer.report()), ["web v1 rolled"]);
    assert_eq!(stage.runs_images("web"), [image("web", "v1")]);
    assert_eq!(function.process(), process);
}

/// Faults in the configuration are answered to every invocation, all of them at once; nothing is called.
pub(super) fn bad_configuration(stage: &Stage<'_>) {
    let bad = json!({
        "log_group": stage.trail(), "look_back": 5, "nonsense": true,
        "service": {"tags": "newest", "hold": "perhaps"},
        "services": [{"servce": "web"}],
    });
    let table: [(String, &[&str]); 4] = [
        (
            bad.to_string(),
            &[
                "look_back",
                "nonsense",
                "service.tags",
                "service.hold",
                "services[0].servce",
            ],
        ),
        ("{".to_owned(), &["JSON"]),
        (String::new(), &["JSON"]),
        ("{}".to_owned(), &["log_group", "ecroll setup"]),
    ];
    for (configuration, named) in table {
        let mut function = stage.function_with(&configuration);
        for event in [alarm(), json!({}), alarm()] {
            let invocation = function.invoke(&event);
            let Err(failure) = &invocation.answer else {
                panic!("{configuration}: {invocation:?}");
            };
            assert_eq!(failure.kind, "Config", "{configuration}: {failure:?}");
            for name in named {
                assert!(failure.message.contains(name), "{name}: {failure:?}");
            }
            let said = invocation.lines.iter().any(|line| line.contains("ERROR"));
            assert!(said, "{:?}", invocation.lines);
        }
    }
    assert_eq!(stage.tap.writes(), [""; 0]);
}

/// One line of JSON per decision, one for the report, one of metrics; and nothing that is no JSON.
pub(super) fn standard_output(stage: &Stage<'_>) {
    stage.seed("web");
    stage.seed("api");
    stage.deliver(&[
        record("web", "v1", minutes_ago(3)),
        record("web", "v2", minutes_ago(2)),
        record("api", "v1", minutes_ago(2)),
    ]);
    let mut function = stage.function(&json!({}));
    for (round, rolled) in [("first", 2), ("second", 0)] {
        let invocation = function.invoke(&alarm());
        let report = invocation.report();
        let lines = invocation.lines.iter();
        let lines: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect();
        let nested = |member: &str| -> Vec<Value> {
            let texts = lines.iter().filter_map(|l| l["fields"][member].as_str());
            texts
                .map(|text| serde_json::from_str(text).unwrap())
                .collect()
        };
        assert_eq!(json!(nested("decision")), report["decisions"], "{round}");
        assert_eq!(report["decisions"].as_array().unwrap().len(), 3, "{round}");
        assert_eq!(nested("report"), std::slice::from_ref(report), "{round}");

        let metrics: Vec<&Value> = lines
            .iter()
            .filter(|line| !line["_aws"].is_null())
            .collect();
        let [metrics] = metrics.as_slice() else {
            panic!("{round}: {} lines of metrics", metrics.len());
        };
        let directive = &metrics["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "ecroll", "{round}");
        assert!(metrics["_aws"]["Timestamp"].is_i64(), "{round}: {metrics}");
        let mut names = Vec::new();
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            assert!(!metrics[name].is_null(), "{round}: {name}");
            names.push(name);
        }
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(metrics[dimension.as_str().unwrap()].is_string(), "{round}");
        }
        // What is old is measured no second time.
        let counted = metrics["Rolled"].as_i64().unwrap_or_default();
        assert_eq!(counted, rolled, "{round}: {metrics}");
        assert_eq!(names.contains(&"PushToRoll"), rolled > 0, "{round}");
    }
}

/// Two handlers look up the same push at the same time: the service ends on the pushed image, and stays there.
pub(super) fn two_at_once(stage: &Stage<'_>) {
    for service in ["web-1", "web-2", "web-3"] {
        stage.simple(service, &image("web", "seed"));
    }
    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let mut functions = [stage.function(&json!({})), stage.function(&json!({}))];
        // Both have started and only wait for the event.
        let dry = json!({"dry_run": true});
        for function in &mut functions {
            function.invoke(&dry);
        }
        let running = functions
            .map(|mut function| scope.spawn(move || function.invoke(&alarm()).report().clone()));
        running.map(|one| one.join().unwrap()).into()
    });
    for report in &answers {
        let bad = ["failed", "refused", "skipped"];
        let all = outcomes(report);
        assert!(
            !all.iter()
                .any(|one| bad.iter().any(|bad| one.ends_with(bad))),
            "{report}"
        );
    }
    let mut function = stage.function(&json!({}));
    function.invoke(&alarm());
    for service in ["web-1", "web-2", "web-3"] {
        assert_eq!(
            stage.runs_images(service),
            [image("web", "v1")],
            "{service}"
        );
    }
    stage.tap.calls();
    let last = function.invoke(&alarm());
    let unchanged = [
        "web-1 v1 unchanged",
        "web-2 v1 unchanged",
        "web-3 v1 unchanged",
    ];
    assert_eq!(outcomes(last.report()), unchanged);
    assert_eq!(stage.tap.writes(), [""; 0]);
}

/// The process is ended between the ledger and the update: the next one deploys what that one registered.
pub(super) fn death_before_the_update(stage: &Stage<'_>) {
    let seed = stage.seed("web");
    // The judge shows no deployments, so the push must be younger than the one that runs; times are in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    stage.deliver(&[record("web", "v1", minutes_ago(0))]);
    let stopped = stage.tap.stop_before("UpdateService");
    let mut function = stage.function(&json!({}));
    function.send(&alarm().to_string());
    stopped
        .recv_timeout(std::time::Duration::from_secs(30))
        .unwrap();
    function.kill();
    stage.tap.open();
    assert_eq!(stage.runs("web"), seed);
    assert_eq!(
        stage.tap.writes(),
        ["RegisterTaskDefinition", "TagResource"]
    );

    let answer = stage.function(&json!({})).invoke(&alarm());
    let report = answer.report();
    if !stage.sees(Blind::NeverDeployed) {
        // Whether it was rolled back since cannot be known then, so nothing may move.
        assert_eq!(outcomes(report), ["web v1 held"], "{report}");
        let why = reason(report, "held");
        assert!(why.contains("cannot be known"), "{why}");
        assert_eq!(stage.tap.writes(), [""; 0]);
        assert_eq!(stage.runs("web"), seed);
        return;
    }
    assert_eq!(outcomes(report), ["web v1 rolled"], "{report}");
    assert_eq!(stage.tap.writes(), ["UpdateService"]);
    assert_eq!(stage.runs_images("web"), [image("web", "v1")]);
    assert_eq!(stage.revisions().len(), 2);
}

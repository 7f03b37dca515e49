//! What does not roll, and says so.

use serde_json::{Value, json};

use crate::blind::Blind;
use crate::push::{image, record};
use crate::stage::{Stage, alarm, minutes_ago, outcomes, reason};

/// The look-up that rolls writes; every one after it only reads, in the same process and in another.
pub(super) fn second_look_up(stage: &Stage<'_>) {
    stage.seed("web");
    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let mut function = stage.function(&json!({}));
    let first = function.invoke(&alarm());
    assert_eq!(outcomes(first.report()), ["web v1 rolled"]);
    let written = ["RegisterTaskDefinition", "TagResource", "UpdateService"];
    assert_eq!(stage.tap.writes(), written);

    let before = stage.state();
    let mut other = stage.function(&json!({}));
    for (function, whose) in [(&mut function, "warm"), (&mut other, "cold")] {
        let again = function.invoke(&alarm());
        assert_eq!(outcomes(again.report()), ["web v1 unchanged"], "{whose}");
        assert_eq!(stage.tap.writes(), [""; 0], "{whose}");
        assert_eq!(stage.state(), before, "{whose}");
    }
}

/// A record that arrives after a newer one, with the newer one in sight and without.
pub(super) fn never_backwards(stage: &Stage<'_>) {
    stage.seed("web");
    let (early, late) = (minutes_ago(10), minutes_ago(2));
    stage.deliver(&[record("web", "v2", late)]);
    let mut function = stage.function(&json!({}));
    let first = function.invoke(&alarm());
    assert_eq!(outcomes(first.report()), ["web v2 rolled"]);
    stage.tap.calls();
    let before = stage.state();

    stage.deliver(&[record("web", "v1", early)]);
    let second = function.invoke(&alarm());
    let report = second.report();
    assert_eq!(
        outcomes(report),
        ["web v1 skipped", "web v2 unchanged"],
        "{report}"
    );
    let why = reason(report, "skipped");
    assert!(why.contains("superseded by v2"), "{why}");
    assert_eq!(stage.tap.writes(), [""; 0]);
    assert_eq!(stage.state(), before);

    // The newer record is in no log group that this look-up reads: what runs tells.
    let group = format!("{}-late", stage.trail());
    stage.log_group(&group);
    stage.deliver_to(&group, &[record("web", "v1", early)]);
    let third = stage
        .function(&json!({"log_group": group}))
        .invoke(&alarm());
    let report = third.report();
    assert_eq!(outcomes(report), ["web v1 skipped"], "{report}");
    assert!(reason(report, "skipped").contains("older than"), "{report}");
    assert_eq!(stage.tap.writes(), [""; 0]);
    assert_eq!(stage.state(), before);
}

pub(super) fn hold_policy_dry_run(stage: &Stage<'_>) {
    stage.seed("web");
    stage.deliver(&[record("web", "v1", minutes_ago(1))]);
    let before = stage.state();
    let quiet = |keys: &Value, event: &Value, outcome: &str, word: &str| {
        let answer = stage.function(keys).invoke(event);
        let report = answer.report();
        assert_eq!(outcomes(report), [format!("web v1 {outcome}")], "{report}");
        let why = reason(report, outcome);
        assert!(why.contains(word), "{why}");
        assert_eq!(stage.tap.writes(), [""; 0], "{word}");
        assert_eq!(stage.state(), before, "{word}");
    };
    let hold = json!({"service": {"hold": true}});
    quiet(&hold, &alarm(), "held", "`hold`");
    let hold = json!({"services": [{"service": "we*", "hold": true}]});
    quiet(&hold, &alarm(), "held", "`hold`");
    let policy = json!({"service": {"tags": "prefix:main-"}});
    quiet(&policy, &alarm(), "skipped", "prefix:main-");
    let none = json!({});
    quiet(&none, &json!({"dry_run": true}), "held", "dry run");
    let since = minutes_ago(0).to_rfc3339();
    quiet(
        &json!({"since": since}),
        &alarm(),
        "skipped",
        "pushed before",
    );
    let other = json!({"repositories": ["api", "web-*"]});
    let answer = stage.function(&other).invoke(&alarm());
    assert_eq!(outcomes(answer.report()), [""; 0]);
    assert_eq!(stage.tap.writes(), [""; 0]);

    // The same push rolls as soon as nothing holds it.
    let answer = stage.function(&none).invoke(&alarm());
    assert_eq!(outcomes(answer.report()), ["web v1 rolled"]);
    assert_eq!(stage.runs_images("web"), [image("web", "v1")]);
}

/// A person goes back to the revision before: no look-up undoes that, and the next push rolls again.
pub(super) fn rolled_back(stage: &Stage<'_>) {
    let seed = stage.seed("web");
    stage.deliver(&[record("web", "v1", minutes_ago(2))]);
    let mut function = stage.function(&json!({}));
    let first = function.invoke(&alarm());
    assert_eq!(outcomes(first.report()), ["web v1 rolled"]);
    let new = stage.runs("web");

    let update = |revision: &str| {
        let cluster = stage.own("shop");
        let input = json!({"cluster": cluster, "service": "web", "taskDefinition": revision});
        stage.ecs("UpdateService", &input);
    };
    // Times are in whole seconds; ecroll must see that this came later than its own deployment.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    update(&seed);
    stage.tap.calls();
    let second = function.invoke(&alarm());
    let report = second.report();
    assert_eq!(outcomes(report), ["web v1 held"], "{report}");
    assert_eq!(stage.tap.writes(), [""; 0]);
    assert_eq!(stage.runs("web"), seed);
    // That it is held is judged; that it is held for the right reason is not.
    if stage.sees(Blind::History) {
        assert!(reason(report, "held").contains("rolled back"), "{report}");
    }

    stage.deliver(&[record("web", "v2", minutes_ago(0))]);
    let third = function.invoke(&alarm());
    let report = third.report();
    assert_eq!(
        outcomes(report),
        ["web v1 skipped", "web v2 rolled"],
        "{report}"
    );
    assert_ne!(stage.runs("web"), new);
    assert_eq!(stage.runs_images("web"), [image("web", "v2")]);
}

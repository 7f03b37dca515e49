use chrono::TimeDelta;
use serde_json::json;

use super::Lab;

#[test]
fn registrations_have_a_burst_of_twenty_and_then_one_a_second() {
    let mut lab = Lab::new();
    lab.ecs.settings_mut().throttle = true;
    for _ in 0..20 {
        lab.define("web", "r/web:1");
    }
    let input = json!({ "family": "web", "containerDefinitions": [{ "name": "a", "image": "b" }] });
    let fault = lab.fault("RegisterTaskDefinition", input.clone());
    assert_eq!(
        (fault.code.as_str(), fault.status),
        ("ThrottlingException", 400)
    );
    lab.now += TimeDelta::milliseconds(999);
    lab.fault(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:1" }),
    );
    lab.now += TimeDelta::milliseconds(1);
    lab.ok("RegisterTaskDefinition", input.clone());
    lab.fault("RegisterTaskDefinition", input);
    lab.ok("DescribeTaskDefinition", json!({ "taskDefinition": "web" }));
}

#[test]
fn an_idle_account_saves_up_no_more_than_the_burst() {
    let mut lab = Lab::new();
    lab.ecs.settings_mut().throttle = true;
    lab.define("web", "r/web:1");
    lab.now += TimeDelta::days(1);
    for _ in 0..20 {
        lab.define("web", "r/web:1");
    }
    let fault = lab.fault(
        "DeregisterTaskDefinition",
        json!({ "taskDefinition": "web:1" }),
    );
    assert_eq!(fault.code, "ThrottlingException");
}

#[test]
fn nothing_is_throttled_unless_asked_for() {
    let mut lab = Lab::new();
    for _ in 0..200 {
        lab.define("web", "r/web:1");
    }
}

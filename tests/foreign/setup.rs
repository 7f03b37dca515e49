//! `ecroll setup` on an account that is not ours.

use std::process::Output;

use crate::install::skipped;
use crate::judge::{Judge, Kind};

/// What a run printed; it must have gone well.
#[track_caller]
pub(crate) fn good(run: &Output) -> String {
    let (out, err) = (
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr),
    );
    assert_eq!(run.status.code(), Some(0), "{out}{err}");
    out.into_owned()
}

#[test]
fn foreign_setup_twice_writes_nothing() {
    if skipped("foreign_setup_twice_writes_nothing") {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    let setup = || good(&judge.ecroll(&["setup", "--yes"]));
    let first = setup();
    assert!(first.contains("0 to change, 0 to keep"), "{first}");

    let second = setup();
    if !second.contains("nothing to do") {
        // MiniStack's CreateTrail drops the log group and the role, which is not ecroll's doing: UpdateTrail mends it.
        let changes: Vec<&str> = second.lines().filter(|l| l.starts_with('~')).collect();
        assert!(
            changes.len() == 1 && changes[0].contains(" trail "),
            "{second}"
        );
        assert!(second.contains("done: 0 created, 1 changed"), "{second}");
        let third = setup();
        assert!(third.contains("nothing to do"), "{third}");
    }
    let plan = good(&judge.ecroll(&["plan", "--check"]));
    assert!(plan.contains("0 to create, 0 to change"), "{plan}");
}

#[test]
fn foreign_doctor_finds_no_fault_after_setup_and_destroy_leaves_nothing() {
    if skipped("foreign_doctor_finds_no_fault_after_setup_and_destroy_leaves_nothing") {
        return;
    }
    let judge = Judge::start(Kind::MiniStack);
    good(&judge.ecroll(&["setup", "--yes"]));
    // Its CreateTrail drops the log group, which the second run mends.
    good(&judge.ecroll(&["setup", "--yes"]));
    let doctor = good(&judge.ecroll_alone(&["doctor", "--output", "json"]));
    let checkup: serde_json::Value = serde_json::from_str(&doctor).unwrap();
    let links = checkup["links"].as_array().unwrap();
    assert!(links.len() > 25, "{doctor}");
    let result = |name: &str| {
        let link = links.iter().find(|link| link["link"] == name);
        link.unwrap()["result"].as_str().unwrap().to_owned()
    };
    for sound in [
        "credentials",
        "alarm",
        "topic",
        "subscription",
        "permission",
        "function",
        "sweep",
    ] {
        assert_eq!(result(sound), "ok", "{sound}: {doctor}");
    }

    let gone = good(&judge.ecroll_alone(&["destroy", "--yes", "--delete-logs"]));
    assert!(
        gone.contains("0 to keep") && gone.contains("done: 16 removed"),
        "{gone}"
    );
    let again = good(&judge.ecroll_alone(&["destroy", "--yes", "--delete-logs"]));
    assert!(again.ends_with("nothing to remove\n"), "{again}");
    let plan = good(&judge.ecroll(&["plan"]));
    assert!(plan.contains("0 to change, 0 to keep"), "{plan}");
    let doctor = judge.ecroll_alone(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
}

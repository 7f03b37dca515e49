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

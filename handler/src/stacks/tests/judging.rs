//! The verdict on a stack, case by case.

use super::*;

#[test]
fn a_push_after_the_last_change_sets_the_tag_without_a_question() {
    let lines = any(&stack("v1", 0), &[push(10, "D2", &["v2"])]);
    has(&lines, &["v2 rolled: v2 was pushed at"]);
}

#[test]
fn rule_02_the_newest_push_counts_and_the_others_are_told_so() {
    let pushes = [push(10, "D2", &["v2"]), push(11, "D3", &["v3"])];
    let lines = any(&stack("v1", 0), &pushes);
    has(&lines, &["v2 skipped: superseded by v3", "v3 rolled"]);
}

#[test]
fn rule_02_what_the_stack_has_is_dated_by_its_push_in_sight() {
    let pushes = [push(10, "D2", &["v2"]), push(5, "D3", &["v3"])];
    // A person set v2 at minute 12; the record of v3, pushed earlier, comes late.
    let late = [push(5, "D3", &["v3"]), push(10, "D2", &["v2"])];
    let lines = any(&stack("v2", 12), &late);
    has(&lines, &["v3 skipped: superseded by v2", "v2 unchanged"]);
    let past = Past::Known(Vec::new());
    let only = told(
        &config("prefix:v3"),
        &stack("v2", 12),
        &pushes[..],
        Some(&past),
        None,
    );
    has(
        &only,
        &[
            "v2 skipped: policy",
            "v3 skipped: older than v2, which was pushed at",
        ],
    );
}

#[test]
fn rule_02_what_nobody_in_sight_pushed_is_dated_by_the_registry() {
    let late = [push(10, "D2", &["v2"])];
    let changed = stack("v3", 20);
    let config = config("any");
    let ask =
        |past: Option<&Past>, dated: Option<&Dated>| told(&config, &changed, &late, past, dated);
    has(&ask(None, None), &["asks for the past"]);
    let past = Past::Known(Vec::new());
    has(&ask(Some(&past), None), &["asks for the date of v3"]);
    let newer = Dated::Image("D3".to_owned(), at(15));
    has(
        &ask(Some(&past), Some(&newer)),
        &["v2 skipped: older than v3"],
    );
    let older = Dated::Image("D1".to_owned(), at(1));
    has(&ask(Some(&past), Some(&older)), &["v2 rolled"]);
    has(&ask(Some(&past), Some(&Dated::Nowhere)), &["v2 rolled"]);
    let same = Dated::Image("D2".to_owned(), at(10));
    has(
        &ask(Some(&past), Some(&same)),
        &["v2 unchanged: ImageTag is v3, which names this image"],
    );
    let unknown = Dated::Unknown("no".to_owned(), true);
    has(
        &ask(Some(&past), Some(&unknown)),
        &["v2 held: when v3", "waits"],
    );
    let unknown = Past::Unknown("AccessDenied".to_owned(), false);
    has(
        &ask(Some(&unknown), None),
        &["v2 held: whether v2 was rolled back"],
    );
}

#[test]
fn rule_02_an_update_of_ecroll_for_a_newer_push_stays() {
    let config = config("any");
    let newer = push(15, "D3", &["v3"]);
    let past = Past::Known(vec![tried(&config, &newer, 16, "UPDATE_ROLLBACK_COMPLETE")]);
    let lines = told(
        &config,
        &stack("v1", 16),
        &[push(10, "D2", &["v2"])],
        Some(&past),
        None,
    );
    has(&lines, &["v2 skipped: older than v3 of"]);
}

#[test]
fn rule_03_what_was_rolled_back_stays_until_the_next_push() {
    let config = config("any");
    let (second, third) = (push(10, "D2", &["v2"]), push(30, "D3", &["v3"]));
    let failed = Past::Known(vec![tried(
        &config,
        &second,
        12,
        "UPDATE_ROLLBACK_COMPLETE",
    )]);
    let lines = told(
        &config,
        &stack("v1", 12),
        std::slice::from_ref(&second),
        Some(&failed),
        None,
    );
    has(&lines, &["v2 held: CloudFormation rolled it back at"]);
    assert!(
        lines[0].contains("failed to update: [Service])"),
        "{lines:?}"
    );
    let undone = Past::Known(vec![tried(&config, &second, 12, "UPDATE_COMPLETE")]);
    let lines = told(
        &config,
        &stack("v1", 20),
        std::slice::from_ref(&second),
        Some(&undone),
        None,
    );
    has(&lines, &["v2 held: updated at"]);
    assert!(lines[0].contains("set back to v1 by somebody"), "{lines:?}");
    let lines = told(
        &config,
        &stack("v1", 20),
        &[second, third],
        Some(&undone),
        None,
    );
    has(&lines, &["v2 skipped: superseded", "v3 rolled"]);
}

#[test]
fn rule_03_the_same_push_by_another_road_is_the_same() {
    let config = config("any");
    let rolled = push(10, "D2", &["v2"]);
    let mut event = rolled.clone();
    event.tagged[0].id = "ecr:7".to_owned();
    event.tagged[0].time = at(10) + TimeDelta::seconds(3);
    let past = Past::Known(vec![tried(
        &config,
        &rolled,
        12,
        "UPDATE_ROLLBACK_COMPLETE",
    )]);
    let lines = told(&config, &stack("v1", 12), &[event], Some(&past), None);
    has(&lines, &["v2 held: CloudFormation rolled it back"]);
    // Within the trail the same image again is another push.
    let again = push(20, "D2", &["v2"]);
    let lines = told(&config, &stack("v1", 12), &[again], Some(&past), None);
    has(&lines, &["v2 rolled"]);
}

#[test]
fn rule_01_a_stack_that_is_being_changed_is_left_to_the_next_look_up() {
    for status in [
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    ] {
        let busy = Stack {
            status: status.to_owned(),
            ..stack("v1", 12)
        };
        has(
            &any(&busy, &[push(10, "D2", &["v2"])]),
            &["v2 held: the stack is", "waits"],
        );
    }
}

#[test]
fn rule_10_what_cannot_be_updated_is_refused_with_the_fix() {
    let one = [push(10, "D2", &["v2"])];
    for (status, fix) in [
        ("ROLLBACK_COMPLETE", "delete it and create it anew"),
        ("DELETE_IN_PROGRESS", "take it out of `[[stacks]]`"),
        ("DELETE_FAILED", "take it out of `[[stacks]]`"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("REVIEW_IN_PROGRESS", "execute its change set"),
    ] {
        let broken = Stack {
            status: status.to_owned(),
            ..stack("v1", 0)
        };
        let lines = any(&broken, &one);
        has(&lines, &["v2 refused"]);
        assert!(
            lines[0].contains(status) && lines[0].contains(fix),
            "{lines:?}"
        );
    }
    let mut other = stack("v1", 0);
    other.parameters = BTreeMap::from([("Tag".to_owned(), "v1".to_owned())]);
    has(&any(&other, &one), &["no parameter ImageTag (it has: Tag)"]);
    let bare = Stack {
        role: None,
        ..stack("v1", 0)
    };
    has(&any(&bare, &one), &["v2 refused: the stack has no role"]);
}

#[test]
fn a_tag_that_moves_is_no_change_for_cloudformation() {
    let moved = push(10, "D2", &["latest"]);
    has(
        &any(&stack("latest", 0), &[moved]),
        &["latest unchanged: ImageTag is latest already"],
    );
    // With another tag beside it the image can be told from the one before.
    let both = [push(10, "D2", &["latest", "v2"])];
    has(&any(&stack("latest", 0), &both), &["v2 rolled"]);
    has(
        &any(&stack("latest", 20), &both),
        &["latest unchanged: ImageTag is latest"],
    );
}

#[test]
fn the_policy_and_kind_of_a_push_are_those_of_services() {
    let mut chart = push(11, "D3", &["v3"]);
    chart.kind = Kind::Other("a chart".to_owned());
    let pushes = [push(10, "D2", &["pr-7"]), chart];
    let lines = told(&config("prefix:v"), &stack("v1", 0), &pushes, None, None);
    has(
        &lines,
        &[
            "pr-7 skipped: policy prefix:v",
            "v3 skipped: no image: a chart",
        ],
    );
}

#[test]
fn rule_02_the_highest_version_above_the_present_one_counts() {
    let config = config("newest-semver");
    let pushes = [
        push(10, "D2", &["2.0.0"]),
        push(11, "D3", &["1.9.5"]),
        push(12, "D4", &["1.0.0"]),
    ];
    let lines = told(&config, &stack("1.5.0", 0), &pushes, None, None);
    has(
        &lines,
        &[
            "2.0.0 rolled",
            "1.9.5 skipped: superseded by 2.0.0",
            "1.0.0 skipped: 1.0.0 is not above 1.5.0",
        ],
    );
    let past = Past::Known(vec![tried(
        &config,
        &pushes[0],
        13,
        "UPDATE_ROLLBACK_COMPLETE",
    )]);
    let later = push(20, "D5", &["1.9.6"]);
    let lines = told(
        &config,
        &stack("1.5.0", 13),
        &[pushes[0].clone(), later],
        Some(&past),
        None,
    );
    has(&lines, &["2.0.0 skipped", "1.9.6 rolled"]);
    let lines = told(
        &config,
        &stack("1.5.0", 13),
        &pushes[..1],
        Some(&past),
        None,
    );
    has(&lines, &["2.0.0 held: CloudFormation rolled it back"]);
}

#[test]
fn rule_04_a_nested_stack_and_a_value_that_nobody_sees_are_refused_with_the_fix() {
    let one = [push(10, "D2", &["v2"])];
    let root = "arn:aws:cloudformation:eu-west-1:111122223333:stack/whole/1";
    let nested = Stack {
        root: Some(root.to_owned()),
        ..stack("v1", 0)
    };
    has(
        &any(&nested, &one),
        &["v2 refused: the stack is nested in whole"],
    );
    // A stack that nests others names itself.
    let outermost = Stack {
        root: Some(ID.to_owned()),
        ..stack("v1", 0)
    };
    has(&any(&outermost, &one), &["v2 rolled"]);
    let hidden = any(&stack("****", 0), &one);
    has(&hidden, &["v2 refused: ImageTag is `NoEcho`"]);
    let by_name = Stack {
        by_name: BTreeSet::from(["ImageTag".to_owned()]),
        ..stack("/shop/tag", 0)
    };
    has(
        &any(&by_name, &one),
        &["v2 refused: ImageTag takes the name of an SSM parameter"],
    );
    // Of other parameters neither matters.
    let mut others = stack("v1", 0);
    others.by_name = BTreeSet::from(["Size".to_owned()]);
    others
        .parameters
        .insert("Secret".to_owned(), "****".to_owned());
    has(&any(&others, &one), &["v2 rolled"]);
}

#[test]
fn rule_02_what_only_the_registry_told_of_does_not_undo_a_later_choice() {
    let mut found = push(10, "D2", &["v2"]);
    found.tagged[0].id = "ecr:found-d2-0-1772355600".to_owned();
    found.order.3.clone_from(&found.tagged[0].id);
    let later = any(&stack("v1", 20), std::slice::from_ref(&found));
    has(&later, &["v2 skipped: the log never told of it"]);
    has(&any(&stack("v1", 0), &[found]), &["v2 rolled"]);
}

#[test]
fn rule_02_a_tag_that_somebody_names_goes_backwards_and_later_look_ups_leave_it() {
    let config = config("any");
    let named = direct(30, "D1", "v1");
    let lines = told(
        &config,
        &stack("v2", 12),
        std::slice::from_ref(&named),
        None,
        None,
    );
    has(&lines, &["v1 rolled: v1 was named directly"]);
    let past = Past::Known(vec![tried(&config, &named, 30, "UPDATE_COMPLETE")]);
    let pushes = [push(5, "D1", &["v1"]), push(10, "D2", &["v2"])];
    let lines = told(&config, &stack("v1", 30), &pushes, Some(&past), None);
    has(
        &lines,
        &["v1 skipped: superseded", "v2 skipped: older than v1 of"],
    );
    // It is in no log, so no look-up takes it up.
    let busy = Stack {
        status: "UPDATE_IN_PROGRESS".to_owned(),
        ..stack("v2", 29)
    };
    let lines = told(&config, &busy, &[named], None, None);
    assert!(
        lines[0].contains("held: the stack is UPDATE_IN_PROGRESS: name the tag again"),
        "{lines:?}"
    );
}

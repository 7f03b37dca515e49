use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use serde_json::{Value, json};

use super::{Case, Rule, Verdict, judge};
use crate::error::AwsError;
use crate::image::Repository;
use crate::inventory::Definition;
use crate::report::Outcome;
use crate::scheduled::{At, Goal, Mark, Run, Task};

const REGISTRY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

fn arn(number: u32) -> String {
    format!("arn:aws:ecs:eu-west-1:000000000000:task-definition/web:{number}")
}

fn definition(number: u32, edit: impl Fn(&mut Value)) -> Definition {
    let mut raw = json!({"taskDefinitionArn": arn(number), "revision": number, "memory": "512",
    "registeredAt": f64::from(number) * 1000.0, "registeredBy": "x",
    "containerDefinitions": [
        {"name": "app", "image": format!("{REGISTRY}/web:v{number}")},
        {"name": "proxy", "image": "nginx:1"},
    ]});
    edit(&mut raw);
    let tags = json!([{"key": "team", "value": "shop"}, {"key": "ecroll:0123abcd", "value": number.to_string()}]);
    Definition::read(&json!({"taskDefinition": raw, "tags": tags})).unwrap()
}

fn run(number: u32) -> Run {
    let repository = Repository {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "web".to_owned(),
    };
    Run {
        definition: Arc::new(definition(number, |_| ())),
        explained: BTreeSet::from([repository.clone()]),
        hold: false,
        repository,
        tag: "v".to_owned(),
        digest: String::new(),
        push: "p".to_owned(),
        because: "main/web runs it".to_owned(),
    }
}

fn now() -> DateTime<chrono::Utc> {
    DateTime::from_timestamp(2_000_000_000, 0).unwrap()
}

fn rule_task(named: &str) -> Task {
    let raw = json!({"Id": "1", "Arn": "c", "EcsParameters": {"TaskDefinitionArn": named}});
    Task::of_rule("default", "nightly", &raw).unwrap()
}

fn schedule(number: u32, changed: i64) -> Task {
    Task {
        at: At::Schedule {
            group: "default".to_owned(),
            name: "nightly".to_owned(),
        },
        changed: DateTime::from_timestamp(changed, 0),
        ..rule_task(&arn(number))
    }
}

/// The verdict with all that it asks for.
fn verdict(task: &Task, goal: &Goal, rule: &Rule, base: &Definition, dry: bool) -> Verdict {
    let (rule, base) = (Ok(rule.clone()), Ok(base.clone()));
    judge(&Case {
        task,
        goal,
        rule: Some(&rule),
        base: Some(&base),
        dry,
        now: now(),
    })
}

fn plain(task: &Task) -> Verdict {
    let base = definition(3, |_| ());
    verdict(task, &Goal::Move(run(7)), &Rule::default(), &base, false)
}

fn mark(moved: bool, number: u32) -> Rule {
    Rule {
        managed_by: None,
        mark: Mark::read(&Mark::value(moved, &arn(number))),
    }
}

fn stays(verdict: Verdict) -> (Outcome, String) {
    match verdict {
        Verdict::Stays(outcome, reason, _) => (outcome, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lower_revision_moves_and_what_is_needed_is_asked_first() {
    assert_eq!(plain(&rule_task(&arn(3))), Verdict::Moves);
    let goal = Goal::Move(run(7));
    let task = rule_task(&arn(3));
    let mut case = Case {
        task: &task,
        goal: &goal,
        rule: None,
        base: None,
        dry: false,
        now: now(),
    };
    assert_eq!(judge(&case), Verdict::AskRule);
    let rule = Ok(Rule::default());
    case.rule = Some(&rule);
    assert_eq!(judge(&case), Verdict::AskBase);
    let schedule = schedule(3, 10);
    case.task = &schedule;
    case.rule = None;
    assert_eq!(judge(&case), Verdict::AskBase, "a schedule has no rule");
}

#[test]
fn rule_02_what_is_higher_or_follows_by_itself_is_left_without_a_word() {
    assert_eq!(plain(&rule_task(&arn(8))), Verdict::Nothing);
    assert_eq!(
        plain(&rule_task("arn:aws:ecs:r:a:task-definition/web")),
        Verdict::Nothing
    );
}

#[test]
fn rule_03_what_was_set_back_stays_until_another_revision_is_there() {
    let base = definition(3, |_| ());
    let (task, seven) = (rule_task(&arn(3)), Goal::Move(run(7)));
    let (outcome, reason) = stays(verdict(&task, &seven, &mark(true, 7), &base, false));
    assert_eq!(outcome, Outcome::Held);
    assert!(
        reason.contains("web:7") && reason.contains("web:3"),
        "{reason}"
    );
    // Only meant to be: whoever meant it died before.
    assert_eq!(
        verdict(&task, &seven, &mark(false, 7), &base, false),
        Verdict::Moves
    );
    let eight = Goal::Move(run(8));
    assert_eq!(
        verdict(&task, &eight, &mark(true, 7), &base, false),
        Verdict::Moves
    );
    // Of a schedule its date tells: revision 7 was registered at 7000.
    assert_eq!(plain(&schedule(3, 6999)), Verdict::Moves);
    assert_eq!(plain(&schedule(3, 7000)), Verdict::Moves);
    let (outcome, reason) = stays(plain(&schedule(3, 7001)));
    assert_eq!(outcome, Outcome::Held);
    assert!(reason.contains("1970-01-01T01:56:41Z"), "{reason}");
}

#[test]
fn what_has_the_revision_is_noted_once() {
    let base = definition(7, |_| ());
    let (task, goal) = (rule_task(&arn(7)), Goal::Move(run(7)));
    for noted in [Rule::default(), mark(false, 7), mark(true, 6)] {
        assert_eq!(verdict(&task, &goal, &noted, &base, false), Verdict::Note);
        assert_eq!(
            verdict(&task, &goal, &noted, &base, true),
            Verdict::Nothing,
            "a dry run writes nothing"
        );
    }
    assert_eq!(
        verdict(&task, &goal, &mark(true, 7), &base, false),
        Verdict::Nothing
    );
    assert_eq!(plain(&schedule(7, 0)), Verdict::Nothing);
}

#[test]
fn what_waits_is_on_hold_managed_or_unreadable_says_so() {
    let base = definition(3, |_| ());
    let task = rule_task(&arn(3));
    let none = Rule::default();
    let wait = Goal::Wait("not over".to_owned());
    assert_eq!(
        stays(verdict(&task, &wait, &none, &base, false)),
        (Outcome::Held, "not over".to_owned())
    );
    let hold = Goal::Move(Run {
        hold: true,
        ..run(7)
    });
    assert_eq!(
        stays(verdict(&task, &hold, &none, &base, false)).0,
        Outcome::Held
    );
    let goal = Goal::Move(run(7));
    let managed = Rule {
        managed_by: Some("batch.amazonaws.com".to_owned()),
        mark: None,
    };
    assert_eq!(
        stays(verdict(&task, &goal, &managed, &base, false)).0,
        Outcome::Refused
    );
    let (outcome, reason) = stays(verdict(&task, &goal, &none, &base, true));
    assert_eq!(outcome, Outcome::Held);
    assert!(reason.starts_with(crate::report::DRY_RUN));
    let error = Err(AwsError::strange("DescribeRule", "no", true));
    let case = Case {
        task: &task,
        goal: &goal,
        rule: Some(&error),
        base: None,
        dry: false,
        now: now(),
    };
    let said = Verdict::Stays(Outcome::Failed, "DescribeRule: no".to_owned(), true);
    assert_eq!(judge(&case), said);
}

#[test]
fn rule_05_a_revision_that_differs_in_anything_else_is_not_taken_for_the_same() {
    let (task, goal) = (rule_task(&arn(3)), Goal::Move(run(7)));
    let differs = |base: &Definition| match verdict(&task, &goal, &Rule::default(), base, false) {
        Verdict::Moves => String::new(),
        other => stays(other).1,
    };
    // What ECS writes itself, the image of the repository, and ecroll's own tags do not count.
    assert_eq!(differs(&definition(3, |_| ())), "");
    let memory = definition(3, |raw| raw["memory"] = json!("1024"));
    assert!(
        differs(&memory).contains("(memory)"),
        "{}",
        differs(&memory)
    );
    let unknown = definition(3, |raw| raw["ofTomorrow"] = json!(1));
    assert!(differs(&unknown).contains("(ofTomorrow)"));
    let proxy = definition(3, |raw| {
        raw["containerDefinitions"][1]["image"] = json!("nginx:2");
    });
    assert!(differs(&proxy).contains("(other images)"));
    let moved = format!("{REGISTRY}/web-admin:v3");
    let moved = definition(3, |raw| {
        raw["containerDefinitions"][0]["image"] = json!(moved);
    });
    assert!(differs(&moved).contains("(other images)"));
    let command = definition(3, |raw| {
        raw["containerDefinitions"][0]["command"] = json!(["x"]);
    });
    assert!(differs(&command).contains("(containerDefinitions)"));
    let mut tagged = definition(3, |_| ());
    tagged.tags.push(("cost".to_owned(), "1".to_owned()));
    assert!(differs(&tagged).contains("(tags)"));
}

#[test]
fn rule_09_a_schedule_that_an_update_might_start_is_left_alone() {
    let of = |expression: &str, start: Value| {
        let mut task = schedule(3, 0);
        task.raw = json!({"ScheduleExpression": expression, "StartDate": start});
        plain(&task)
    };
    assert_eq!(of("cron(0 3 * * ? *)", Value::Null), Verdict::Moves);
    assert_eq!(of("rate(1 day)", json!(1_900_000_000)), Verdict::Moves);
    let (outcome, why) = stays(of("rate(1 day)", Value::Null));
    assert_eq!(outcome, Outcome::Refused);
    assert!(why.contains("without a revision"), "{why}");
    // It is 2033-05-18T03:33:20Z.
    assert_eq!(of("at(2033-05-19T03:00:00)", Value::Null), Verdict::Moves);
    assert_eq!(of("at(2033-05-17T03:00:00)", Value::Null), Verdict::Nothing);
    // In which zone is not asked: none is further than fourteen hours from UTC.
    for unclear in ["17T13:34:00", "18T03:00:00", "18T04:00:00", "18T17:33:00"] {
        let (outcome, _) = stays(of(&format!("at(2033-05-{unclear})"), Value::Null));
        assert_eq!(outcome, Outcome::Refused, "{unclear}");
    }
    assert_eq!(of("at(2033-05-18T17:34:00)", Value::Null), Verdict::Moves);
    assert_eq!(of("at(2033-05-17T13:33:00)", Value::Null), Verdict::Nothing);
    let (outcome, _) = stays(of("at(tomorrow)", Value::Null));
    assert_eq!(outcome, Outcome::Refused);
}

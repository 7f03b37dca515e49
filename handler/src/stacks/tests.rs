//! What becomes of a stack, case by case.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::call::Update;
use super::judge::{Case, Dated, Past, Verdict, judge};
use super::stack::{
    Condition, Event, Stack, Try, TryEnd, condition, read_events, read_stack, tries,
};
use super::token::Token;
use super::{refused, repository};
use crate::config::Config;
use crate::error::AwsError;
use crate::image::Repository;
use crate::manifest::Kind;
use crate::push::{Push, Tagged};
use crate::report::Outcome;

const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/0";

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_352_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn shop() -> Repository {
    Repository {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "shop".to_owned(),
    }
}

/// A push of one image under these tags, all at one minute.
fn push(minute: i64, digest: &str, tags: &[&str]) -> Push {
    let tagged: Vec<Tagged> = tags
        .iter()
        .map(|tag| Tagged {
            tag: (*tag).to_owned(),
            time: at(minute),
            id: format!("{digest}-{tag}-{minute}"),
        })
        .collect();
    Push {
        repository: shop(),
        order: (at(minute), 0, 0, tagged[0].id.clone()),
        tagged,
        digest: digest.to_owned(),
        kind: Kind::Image,
    }
}

/// The stack with this tag, last changed at this minute.
fn stack(tag: &str, changed: i64) -> Stack {
    let parameters = [("ImageTag", tag), ("Size", "3")];
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Stack {
        id: ID.to_owned(),
        name: "shop".to_owned(),
        status: "UPDATE_COMPLETE".to_owned(),
        parameters: parameters.into_iter().map(text).collect(),
        capabilities: vec!["CAPABILITY_IAM".to_owned()],
        role: Some("arn:aws:iam::111122223333:role/shop".to_owned()),
        changed: at(changed),
    }
}

fn config(tags: &str) -> Config {
    let rule =
        json!({"stack": "shop", "repository": "shop", "parameter": "ImageTag", "tags": tags});
    Config::from_json(&json!({"stacks": [rule]})).unwrap()
}

fn told(
    config: &Config,
    stack: &Stack,
    pushes: &[Push],
    past: Option<&Past>,
    dated: Option<&Dated>,
) -> Vec<String> {
    let pushes: Vec<&Push> = pushes.iter().collect();
    let shop = shop();
    let verdict = judge(&Case {
        config,
        rule: &config.stacks[0],
        repository: &shop,
        stack,
        pushes: &pushes,
        past,
        dated,
        dry: false,
    });
    match verdict {
        Verdict::AskPast => vec!["asks for the past".to_owned()],
        Verdict::AskDate(tag) => vec![format!("asks for the date of {tag}")],
        Verdict::Decided { said, waits } => {
            let mut lines: Vec<String> = said
                .iter()
                .map(|said| format!("{} {}: {}", said.tag, said.outcome, said.reason))
                .collect();
            lines.extend(waits.then(|| "waits".to_owned()));
            lines
        }
    }
}

fn any(stack: &Stack, pushes: &[Push]) -> Vec<String> {
    told(&config("any"), stack, pushes, None, None)
}

fn tried(config: &Config, push: &Push, minute: i64, status: &str) -> Try {
    let record = push.tagged.last().unwrap();
    Try {
        token: Token::new(&config.stacks[0], &shop(), push, record, &record.tag),
        began: at(minute),
        end: Some(TryEnd {
            at: at(minute + 2),
            status: status.to_owned(),
            reason: "The following resource(s) failed to update: [Service].".to_owned(),
        }),
    }
}

fn has(lines: &[String], words: &[&str]) {
    assert_eq!(lines.len(), words.len(), "{lines:?}");
    for (line, word) in lines.iter().zip(words) {
        assert!(line.contains(word), "{line} lacks {word}");
    }
}

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
fn rule_04_a_name_is_a_repository_of_the_stacks_own_registry() {
    let config = config("any");
    let mut rule = config.stacks[0].clone();
    assert_eq!(repository(&rule, &stack("v1", 0)), Some(shop()));
    "444455556666.dkr.ecr.us-east-1.amazonaws.com/shop".clone_into(&mut rule.repository);
    let other = repository(&rule, &stack("v1", 0)).unwrap();
    assert_eq!(other.to_string(), "444455556666/us-east-1/shop");
}

#[test]
fn rule_05_only_the_one_parameter_is_given_a_value() {
    let update = Update {
        stack: stack("v1", 0),
        parameter: "ImageTag".to_owned(),
        value: "v2".to_owned(),
        token: "t".to_owned(),
    };
    let fields: BTreeMap<String, String> = update.fields().into_iter().collect();
    let expected = [
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("ClientRequestToken", "t"),
        ("Parameters.member.1.ParameterKey", "ImageTag"),
        ("Parameters.member.1.ParameterValue", "v2"),
        ("Parameters.member.2.ParameterKey", "Size"),
        ("Parameters.member.2.UsePreviousValue", "true"),
        ("StackName", ID),
        ("UsePreviousTemplate", "true"),
    ];
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    assert_eq!(fields, expected.into_iter().map(text).collect());
}

#[test]
fn a_token_reads_back_and_fits_cloudformations_alphabet() {
    let config = config("any");
    let rule = &config.stacks[0];
    for tag in ["v1.2.3_a-b", "20261122T014407Z", &"x".repeat(128), ""] {
        let push = push(10, "D2", &[tag]);
        let token = Token::new(rule, &shop(), &push, &push.tagged[0], tag);
        let text = token.text();
        assert!(text.len() <= 128, "{text}");
        assert!(
            text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            "{text}"
        );
        let read = Token::read(&text).unwrap();
        assert!(read.names(&push) && read.is_by(rule, &shop()));
        assert_eq!(read.tag.as_deref(), (tag.len() < 100).then_some(tag));
    }
    let theirs = "Console-UpdateStack-7f59c3cf-00d2-40c7-b2ff-e75db0987002";
    for other in [
        theirs,
        "",
        "ecroll",
        "ecroll-t-x-y-z",
        "ecroll-q-20260301T000000Z-00000000-00000000-00000000-v1",
    ] {
        assert_eq!(Token::read(other), None, "{other}");
    }
}

#[test]
fn events_are_read_into_updates_of_ecroll() {
    let config = config("any");
    let pushed = push(10, "D2", &["v2"]);
    let token = Token::new(&config.stacks[0], &shop(), &pushed, &pushed.tagged[0], "v2").text();
    let event = |minute, status: &str, reason: &str, token: Option<&str>, physical: &str| Event {
        at: at(minute),
        status: status.to_owned(),
        reason: reason.to_owned(),
        token: token.map(str::to_owned),
        physical: physical.to_owned(),
    };
    let events = [
        event(30, "UPDATE_COMPLETE", "", Some("somebody-else"), ID),
        event(16, "UPDATE_ROLLBACK_COMPLETE", "", Some(&token), ID),
        event(15, "UPDATE_COMPLETE", "", Some(&token), "the service"),
        event(
            14,
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "it failed",
            Some(&token),
            ID,
        ),
        event(12, "UPDATE_IN_PROGRESS", "User Initiated", Some(&token), ID),
        event(0, "CREATE_COMPLETE", "", None, ID),
    ];
    let found = tries(&stack("v1", 12), &events);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].began, at(12));
    let end = found[0].end.clone().unwrap();
    assert_eq!(
        (end.status.as_str(), end.reason.as_str()),
        ("UPDATE_ROLLBACK_COMPLETE", "it failed")
    );
    let running = tries(&stack("v1", 12), &events[4..]);
    assert_eq!(running[0].end, None);
}

#[test]
fn answers_are_read_with_what_nobody_asked_for() {
    let xml = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><Outputs><member>\
        <OutputKey>k</OutputKey></member></Outputs><Parameters><member><ParameterKey>ImageTag</ParameterKey>\
        <ParameterValue>v1</ParameterValue></member><member><ParameterKey>Empty</ParameterKey><ParameterValue/>\
        </member></Parameters><CreationTime>2026-03-01T08:00:00.123Z</CreationTime><StackName>shop</StackName>\
        <StackId>arn</StackId><StackStatus>CREATE_COMPLETE</StackStatus><Capabilities><member>CAPABILITY_IAM\
        </member></Capabilities><DisableRollback>false</DisableRollback></member></Stacks></DescribeStacksResult>\
        <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeStacksResponse>";
    let stack = read_stack(xml).unwrap();
    assert_eq!(stack.parameters["ImageTag"], "v1");
    assert_eq!(stack.parameters["Empty"], "");
    assert_eq!((stack.role, stack.capabilities.len()), (None, 1));
    assert!(read_stack("<DescribeStacksResponse/>").is_err());
    assert!(read_stack("no xml").is_err());
    let xml = "<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member>\
        <Timestamp>2026-03-01T08:00:00Z</Timestamp><ResourceStatus>UPDATE_COMPLETE</ResourceStatus></member>\
        </StackEvents><NextToken>2</NextToken></DescribeStackEventsResult></DescribeStackEventsResponse>";
    let (events, next) = read_events(xml).unwrap();
    assert_eq!((events.len(), next.as_deref()), (1, Some("2")));
}

#[test]
fn refusals_of_cloudformation_have_their_outcomes() {
    let outcome = |message: &str| {
        let error = AwsError::strange("UpdateStack", message, false);
        let (outcome, waits, _) = refused(&error);
        (outcome, waits)
    };
    let none = "ValidationError: No updates are to be performed.";
    assert_eq!(outcome(none), (Outcome::Unchanged, false));
    let busy = "ValidationError: Stack:arn is in UPDATE_IN_PROGRESS state and can not be updated.";
    assert_eq!(outcome(busy), (Outcome::Held, true));
    let denied = "AccessDenied: User: x is not authorized to perform: cloudformation:UpdateStack";
    assert_eq!(outcome(denied), (Outcome::Failed, false));
    let lacks = "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_IAM]";
    assert_eq!(outcome(lacks), (Outcome::Refused, false));
    let value = "ValidationError: Parameter 'ImageTag' must be one of AllowedValues";
    assert_eq!(outcome(value), (Outcome::Refused, false));
}

#[test]
fn every_status_that_ends_is_known() {
    assert_eq!(condition("UPDATE_ROLLBACK_COMPLETE"), Condition::Ready);
    assert_eq!(condition("CREATE_COMPLETE"), Condition::Ready);
    assert!(matches!(condition("SOMETHING_NEW"), Condition::Broken(_)));
}

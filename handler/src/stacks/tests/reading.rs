//! What is read from CloudFormation, and what is sent there.

use super::*;

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
        </member><member><ParameterKey>Image</ParameterKey><ParameterValue>/image</ParameterValue>\
        <ResolvedValue>ami-1</ResolvedValue></member></Parameters><CreationTime>2026-03-01T08:00:00.123Z</CreationTime><RootId>arn:root</RootId><StackName>shop</StackName>\
        <StackId>arn</StackId><StackStatus>CREATE_COMPLETE</StackStatus><Capabilities><member>CAPABILITY_IAM\
        </member></Capabilities><DisableRollback>false</DisableRollback></member></Stacks></DescribeStacksResult>\
        <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeStacksResponse>";
    let stack = read_stack(xml).unwrap();
    assert_eq!(stack.parameters["ImageTag"], "v1");
    assert_eq!(stack.parameters["Empty"], "");
    assert_eq!((stack.role, stack.capabilities.len()), (None, 1));
    assert_eq!(stack.by_name, BTreeSet::from(["Image".to_owned()]));
    assert_eq!(stack.root.as_deref(), Some("arn:root"));
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
        let (outcome, waits, _) = refused(&error, "later");
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

//! Functions: roles, states, asynchronous invocation.

use chrono::TimeDelta;
use serde_json::json;

use super::{FUNCTION, QUEUE, World, failure};
use crate::{Options, What};

#[tokio::test(start_paused = true)]
async fn rule_5_9_a_fresh_role_cannot_be_assumed_yet() {
    let world = World::new(Options::default());
    let role = world.role("handler", "lambda.amazonaws.com");
    let input = World::function_input(&role);
    let refused = |world: &World| {
        world
            .account
            .call("lambda", "CreateFunction", input.clone())
            .unwrap_err()
    };
    let fault = refused(&world);
    assert_eq!(fault.code, "InvalidParameterValueException");
    assert_eq!(
        fault.message,
        "The role defined for the function cannot be assumed by Lambda."
    );
    world.until("00:00:07.999").await;
    refused(&world);
    world.until("00:00:08").await;
    world.call("lambda", "CreateFunction", input.clone());
    let again = refused(&world);
    assert_eq!(
        (again.code.as_str(), again.status),
        ("ResourceConflictException", 409)
    );
}

#[tokio::test(start_paused = true)]
async fn rule_5_9_no_update_while_pending_or_in_progress() {
    let world = World::new(Options::default());
    let role = world.role("handler", "lambda.amazonaws.com");
    world.until("00:00:08").await;
    let created = world.call("lambda", "CreateFunction", World::function_input(&role));
    assert_eq!(created["State"], "Pending");
    // The digest of the four bytes "PK00".
    assert_eq!(created["CodeSha256"].as_str().unwrap().len(), 44);
    let timeout = |seconds: u32| json!({"FunctionName": FUNCTION, "Timeout": seconds});
    let refused =
        |seconds| world.refused("lambda", "UpdateFunctionConfiguration", timeout(seconds));
    assert_eq!(refused(10), "ResourceConflictException");
    world.pass(TimeDelta::seconds(3)).await;
    world.call("lambda", "UpdateFunctionConfiguration", timeout(10));
    let state = world.call("lambda", "GetFunctionConfiguration", timeout(0));
    assert_eq!(
        (&state["State"], &state["LastUpdateStatus"]),
        (&json!("Active"), &json!("InProgress"))
    );
    assert_eq!(refused(20), "ResourceConflictException");
    world.pass(TimeDelta::seconds(3)).await;
    world.call("lambda", "UpdateFunctionConfiguration", timeout(20));
    assert_eq!(refused(901), "ResourceConflictException");
    world.pass(TimeDelta::seconds(3)).await;
    assert_eq!(refused(901), "InvalidParameterValueException");
}

#[tokio::test(start_paused = true)]
async fn rule_5_2_a_failure_is_tried_again_after_one_and_two_minutes() {
    let world = World::new(Options::default());
    world.queue().function(|_| failure()).await;
    let config = json!({
        "FunctionName": "ecroll",
        "DestinationConfig": {"OnFailure": {"Destination": QUEUE}},
    });
    world.call("lambda", "PutFunctionEventInvokeConfig", config);
    world.until("00:01:00").await;
    world.invoke(&json!({"n": 1}));
    world.until("01:00:00").await;
    assert_eq!(world.runs(), ["00:01:00", "00:02:00", "00:04:00"]);
    let attempts: Vec<_> = world
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|(_, run)| (run.attempt, run.request_id.clone()))
        .collect();
    assert_eq!(
        attempts
            .iter()
            .map(|(attempt, _)| *attempt)
            .collect::<Vec<_>>(),
        [1, 2, 3]
    );
    assert!(attempts.iter().all(|(_, id)| *id == attempts[0].1));
    assert_eq!(
        world.dropped(),
        [("RetriesExhausted".to_owned(), Some(QUEUE.to_owned()))]
    );
    let record: serde_json::Value = serde_json::from_str(&world.in_queue()[0]).unwrap();
    assert_eq!(record["requestPayload"], json!({"n": 1}));
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(record["responsePayload"]["errorMessage"], "on purpose");
}

#[tokio::test(start_paused = true)]
async fn rule_5_5_a_dead_letter_queue_gets_only_the_event() {
    let world = World::new(Options::default());
    world.queue().function(|_| failure()).await;
    let retries = json!({"FunctionName": "ecroll", "MaximumRetryAttempts": 0});
    world.call("lambda", "PutFunctionEventInvokeConfig", retries);
    let dead = json!({"FunctionName": "ecroll", "DeadLetterConfig": {"TargetArn": QUEUE}});
    world.call("lambda", "UpdateFunctionConfiguration", dead);
    world.invoke(&json!({"n": 1}));
    world.until("01:00:00").await;
    assert_eq!(world.runs().len(), 1);
    assert_eq!(world.in_queue(), ["{\"n\":1}"]);
}

#[tokio::test(start_paused = true)]
async fn the_timeout_ends_a_run() {
    let world = World::new(Options::default());
    world
        .slow_function(TimeDelta::hours(1), |_| Ok(json!(null)))
        .await;
    let retries = json!({"FunctionName": "ecroll", "MaximumRetryAttempts": 0});
    world.call("lambda", "PutFunctionEventInvokeConfig", retries);
    world.until("00:01:00").await;
    world.invoke(&json!({}));
    world.until("00:10:00").await;
    let ended = world
        .journal()
        .into_iter()
        .find_map(|entry| match entry.what {
            What::Answered {
                result: Err(error), ..
            } => Some((entry.at, error)),
            _ => None,
        });
    let (ended, error) = ended.unwrap();
    assert_eq!(error.error_type, "Sandbox.Timedout");
    assert_eq!(ended.format("%H:%M:%S").to_string(), "00:06:00");
    let deadline = world.seen.lock().unwrap()[0].1.deadline;
    assert_eq!(deadline, ended);
}

#[tokio::test(start_paused = true)]
async fn rule_5_4_reserved_concurrency_one_is_serial_and_loses_nothing() {
    let world = World::new(Options::default());
    world
        .slow_function(TimeDelta::seconds(10), |_| Ok(json!(null)))
        .await;
    let one = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 1});
    world.call("lambda", "PutFunctionConcurrency", one);
    world.until("00:01:00").await;
    for number in 0..3 {
        world.invoke(&json!({"n": number}));
    }
    assert!(world.account.run_until_quiet(super::at("02:00:00")).await);
    let seen = world.seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for pair in seen.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= TimeDelta::seconds(10), "{pair:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rule_5_4_reserved_concurrency_zero_fails_without_a_try() {
    let world = World::new(Options::default());
    world.queue().function(|_| Ok(json!(null))).await;
    let zero = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 0});
    world.call("lambda", "PutFunctionConcurrency", zero);
    world.invoke(&json!({}));
    world.until("00:10:00").await;
    assert_eq!(world.runs(), [""; 0]);
    assert_eq!(
        world.dropped(),
        [("ZeroReservedConcurrency".to_owned(), None)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_with_ten_reserves_nothing() {
    let world = World::new(Options {
        account_concurrency: 10,
        ..Options::default()
    });
    world.function(|_| Ok(json!(null))).await;
    let one = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 1});
    let fault = world
        .account
        .call("lambda", "PutFunctionConcurrency", one)
        .unwrap_err();
    assert_eq!(fault.code, "InvalidParameterValueException");
    assert!(fault.message.ends_with("below its minimum value of [10]."));
}

#[tokio::test(start_paused = true)]
async fn events_grow_too_old_for_a_busy_function() {
    let world = World::new(Options::default());
    world
        .queue()
        .slow_function(TimeDelta::seconds(250), |_| Ok(json!(null)))
        .await;
    let one = json!({"FunctionName": "ecroll", "ReservedConcurrentExecutions": 1});
    world.call("lambda", "PutFunctionConcurrency", one);
    let age = json!({"FunctionName": "ecroll", "MaximumEventAgeInSeconds": 60,
                     "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}});
    world.call("lambda", "PutFunctionEventInvokeConfig", age);
    world.invoke(&json!({"n": 1}));
    world.invoke(&json!({"n": 2}));
    world.until("01:00:00").await;
    assert_eq!(world.runs().len(), 1);
    assert_eq!(
        world.dropped(),
        [("EventAgeExceeded".to_owned(), Some(QUEUE.to_owned()))]
    );
}

#[tokio::test(start_paused = true)]
async fn an_environment_above_four_kilobytes_is_refused() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    let variables = json!({"ECROLL_CONFIG": "x".repeat(4096)});
    let large = json!({"FunctionName": "ecroll", "Environment": {"Variables": variables}});
    let fault = world
        .account
        .call("lambda", "UpdateFunctionConfiguration", large)
        .unwrap_err();
    assert!(fault.message.contains("4KB"), "{}", fault.message);
}

#[tokio::test(start_paused = true)]
async fn a_statement_id_is_given_once() {
    let world = World::new(Options::default());
    world.function(|_| Ok(json!(null))).await;
    let name = json!({"FunctionName": "ecroll"});
    assert_eq!(
        world.refused("lambda", "GetPolicy", name.clone()),
        "ResourceNotFoundException"
    );
    world.permit("sns.amazonaws.com", super::TOPIC);
    let again = json!({"FunctionName": "ecroll", "StatementId": "sns-amazonaws-com",
                       "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"});
    assert_eq!(
        world.refused("lambda", "AddPermission", again),
        "ResourceConflictException"
    );
    let policy = world.call("lambda", "GetPolicy", name);
    let policy: serde_json::Value =
        serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Sid"], "sns-amazonaws-com");
}

#[tokio::test(start_paused = true)]
async fn a_function_writes_its_log_in_the_name_of_its_role() {
    let options = Options {
        function_logs: true,
        ..Options::default()
    };
    let world = World::new(options);
    let role = world.role("handler", "lambda.amazonaws.com");
    world.until("00:00:08").await;
    world.call("lambda", "CreateFunction", World::function_input(&role));
    let group = format!("/aws/lambda/{}", crate::lambda::name_in_arn(FUNCTION));
    world
        .account
        .host(std::sync::Arc::new(|invocation: crate::Invocation| {
            invocation.output.write(b"one\ntwo\n");
            Box::pin(async {
                Err(crate::FunctionError {
                    error_type: "Sandbox.Timedout".to_owned(),
                    message: "Task timed out".to_owned(),
                })
            })
        }));
    let lines = |world: &World| {
        let input = json!({"logGroupName": group});
        let answer = world.call("logs", "FilterLogEvents", input);
        let events = answer["events"].as_array().unwrap().iter();
        let lines = events.map(|event| event["message"].as_str().unwrap().to_owned());
        lines.collect::<Vec<_>>()
    };
    let invoke = json!({"FunctionName": FUNCTION, "InvocationType": "Event"});
    let once = json!({"FunctionName": FUNCTION, "MaximumRetryAttempts": 0});
    world.call("lambda", "PutFunctionEventInvokeConfig", once);
    world.call("lambda", "Invoke", invoke.clone());
    world.pass(TimeDelta::minutes(1)).await;
    // Nobody made the group.
    world.call("logs", "CreateLogGroup", json!({"logGroupName": group}));
    world.call("lambda", "Invoke", invoke.clone());
    world.pass(TimeDelta::minutes(1)).await;
    let written = lines(&world);
    assert_eq!(written.len(), 6, "{written:?}");
    assert_eq!(written[1..3], ["one", "two"]);
    assert!(written[3].ends_with("Task timed out"), "{written:?}");
    let gone = json!({"RoleName": "handler", "PolicyName": "p"});
    world.call("iam", "DeleteRolePolicy", gone);
    world.pass(TimeDelta::minutes(1)).await;
    world.call("lambda", "Invoke", invoke);
    world.pass(TimeDelta::minutes(1)).await;
    assert_eq!(lines(&world), written);
}

#[tokio::test(start_paused = true)]
async fn a_program_that_the_account_hosts_does_not_keep_it_alive() {
    let world = World::new(Options::default());
    let account = world.account.clone();
    let sdk = account.hosted_sdk_config();
    account.host(std::sync::Arc::new(move |_| {
        let _ = &sdk;
        Box::pin(async { Ok(json!(null)) })
    }));
    let shared = std::sync::Arc::downgrade(&account.shared);
    drop((world, account));
    assert!(shared.upgrade().is_none());
}

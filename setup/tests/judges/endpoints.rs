//! Endpoints from the environment: `AWS_ENDPOINT_URL` for all services, `AWS_ENDPOINT_URL_<SERVICE>` for one.
//!
//! `CloudFormation` is called through the client of another service, so that its own variable counts, and not that
//! service's, is no matter of course.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::served::Served;

const NOWHERE: &str = "http://127.0.0.1:1";

const STACK: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>\
    <StackId>arn:aws:cloudformation:eu-west-1:000000000000:stack/shop/1</StackId><StackName>shop</StackName>\
    <StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2020-01-01T00:00:00Z</CreationTime>\
    <RoleARN>arn:aws:iam::000000000000:role/shop</RoleARN><Parameters><member><ParameterKey>ImageTag</ParameterKey>\
    <ParameterValue>v9</ParameterValue></member></Parameters></member></Stacks></DescribeStacksResult>\
    </DescribeStacksResponse>";

/// Answers every call with the stack, and tells who was asked for: the scope of the signature and the form.
fn somewhere() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut from = BufReader::new(stream.try_clone().unwrap());
            let (mut scope, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                from.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if lower.starts_with("authorization:") {
                    line.trim().clone_into(&mut scope);
                }
            }
            let mut body = vec![0; length];
            from.read_exact(&mut body).unwrap();
            let length = STACK.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(STACK.as_bytes()).unwrap();
            if tell
                .send((scope, String::from_utf8(body).unwrap()))
                .is_err()
            {
                return;
            }
        }
    });
    (endpoint, told)
}

/// `ecroll status` on the account, with these variables besides.
fn status(account: &Served, variables: &[(&str, &str)]) -> (Option<i32>, Value, String) {
    let mut command = account.client(Path::new(env!("CARGO_BIN_EXE_ecroll")));
    let command = command.args(["status", "--output", "json"]);
    let done = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let value = serde_json::from_slice(&done.stdout).unwrap_or_default();
    (done.status.code(), value, said)
}

#[test]
fn an_endpoint_of_one_service_is_that_of_this_service_alone() {
    let account = Served::start(&[]);
    let rule = "[[stacks]]\nstack = \"shop\"\nrepository = \"shop\"\nparameter = \"ImageTag\"\n";
    std::fs::write(account.home.path().join("ecroll.toml"), rule).unwrap();
    let (endpoint, told) = somewhere();

    // The one for all: the account has no such stack.
    let (code, all, said) = status(&account, &[]);
    assert_eq!(code, Some(0), "{said}");
    let reason = all["stacks"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("there is no stack shop"), "{reason}");

    // Its own goes before that, and the one of the client that carries the call does not count.
    let own = [
        ("AWS_ENDPOINT_URL_CLOUDFORMATION", endpoint.as_str()),
        ("AWS_ENDPOINT_URL_SNS", NOWHERE),
    ];
    let (code, shown, said) = status(&account, &own);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(shown["stacks"][0]["value"], "v9", "{shown}");
    let (scope, form) = told.recv().unwrap();
    assert!(
        scope.contains("/eu-west-1/cloudformation/aws4_request"),
        "{scope}"
    );
    assert!(
        form.contains("Action=DescribeStacks&Version=2010-05-15&StackName=shop"),
        "{form}"
    );

    // Of other services likewise.
    let (code, _, said) = status(&account, &[("AWS_ENDPOINT_URL_ECS", NOWHERE)]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("ListClusters"), "{said}");
    let (code, _, said) = status(&account, &[("AWS_ENDPOINT_URL_CLOUDFORMATION", NOWHERE)]);
    assert_eq!(code, Some(0), "services are shown all the same: {said}");
}

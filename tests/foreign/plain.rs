//! HTTP without the SDK: to ask whether the server is up, and to send and see JSON that the SDK's types would trim.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::judge::REGION;

/// The answer's body, if there is a good answer.
pub(crate) fn get(port: u16, path: &str) -> Option<String> {
    exchange(port, format!("GET {path} HTTP/1.0\r\n\r\n")).ok()
}

/// One call of ECS, by its JSON; it must go well.
#[track_caller]
pub(crate) fn ecs(port: u16, operation: &str, input: &Value) -> Value {
    let answer = try_ecs(port, operation, input);
    answer.unwrap_or_else(|why| panic!("{operation}: {why}"))
}

/// One call of ECS that may be refused.
pub(crate) fn try_ecs(port: u16, operation: &str, input: &Value) -> Result<Value, String> {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    call(port, "ecs", &target, input)
}

/// One call of CloudWatch Logs; it must go well.
#[track_caller]
pub(crate) fn logs(port: u16, operation: &str, input: &Value) -> Value {
    let answer = call(port, "logs", &format!("Logs_20140328.{operation}"), input);
    answer.unwrap_or_else(|why| panic!("{operation}: {why}"))
}

pub(crate) fn call(port: u16, service: &str, target: &str, input: &Value) -> Result<Value, String> {
    let body = input.to_string();
    let length = body.len();
    let authorization = authorization(service);
    let request = format!(
        "POST / HTTP/1.0\r\n\
         {authorization}\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: {target}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(port, &request)?;
    if answer.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&answer).map_err(|error| format!("{error}: {answer}"))
}

/// One call by the query protocol; the answer is XML, and so is a refusal.
pub(crate) fn query(port: u16, service: &str, members: &[(&str, &str)]) -> Result<String, String> {
    let pair = |(name, value): &(&str, &str)| format!("{name}={}", escaped(value));
    let body = members.iter().map(pair).collect::<Vec<_>>().join("&");
    let length = body.len();
    let authorization = authorization(service);
    let request = format!(
        "POST / HTTP/1.0\r\n\
         {authorization}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    exchange(port, request)
}

/// Puts a bucket, or an object into one.
pub(crate) fn put(port: u16, path: &str, content: &[u8]) -> Result<String, String> {
    let length = content.len();
    let authorization = authorization("s3");
    let head = format!(
        "PUT {path} HTTP/1.0\r\n\
         {authorization}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    exchange(port, [head.as_bytes(), content].concat())
}

/// One call by a path alone, which only reads.
pub(crate) fn read(port: u16, service: &str, path: &str) -> Result<String, String> {
    let authorization = authorization(service);
    exchange(
        port,
        format!("GET {path} HTTP/1.0\r\n{authorization}\r\n\r\n"),
    )
}

/// The server takes service and Region from the scope and leaves the signature alone.
fn authorization(service: &str) -> String {
    let scope = format!("Credential=test/20260101/{REGION}/{service}/aws4_request");
    format!("Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0")
}

/// What is no letter and no digit, as a form writes it.
fn escaped(text: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(byte).collect()
}

fn exchange(port: u16, request: impl AsRef<[u8]>) -> Result<String, String> {
    let talk = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request.as_ref())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer: String = talk().map_err(|error: std::io::Error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1);
    if status.is_some_and(|status| status.starts_with('2')) {
        Ok(body.to_owned())
    } else {
        Err(answer)
    }
}

//! HTTP without the SDK: to ask whether the server is up, and to send and see JSON that the SDK's types would trim.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// The answer's body, if there is a good answer.
pub(crate) fn get(port: u16, path: &str) -> Option<String> {
    exchange(port, &format!("GET {path} HTTP/1.0\r\n\r\n")).ok()
}

/// One call of ECS, by its JSON.
pub(crate) fn ecs(port: u16, operation: &str, input: &Value) -> Value {
    let body = input.to_string();
    let length = body.len();
    // The server takes the Region from the scope and leaves the signature alone.
    let scope = "Credential=test/20260101/eu-west-1/ecs/aws4_request";
    let request = format!(
        "POST / HTTP/1.0\r\n\
         Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: AmazonEC2ContainerServiceV20141113.{operation}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(port, &request).unwrap_or_else(|why| panic!("{operation}: {why}"));
    serde_json::from_str(&answer).unwrap()
}

fn exchange(port: u16, request: &str) -> Result<String, String> {
    let talk = || {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer: String = talk().map_err(|error: std::io::Error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) == Some("200") {
        Ok(body.to_owned())
    } else {
        Err(answer)
    }
}

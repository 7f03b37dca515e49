//! What is not HTTP, or not AWS: an error answer each time, and the server goes on.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::served::Served;

/// Sends bytes, closes the sending half if asked to, and reads what comes.
fn answer(served: &Served, bytes: &[u8], half_close: bool) -> String {
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    // The server may have closed already, with its answer on the way.
    let _ = stream.write_all(bytes);
    if half_close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(head: &str, body: &str) -> Vec<u8> {
    format!("{head}\r\nHost: 127.0.0.1\r\nConnection: close\r\n{body}").into_bytes()
}

/// A name, what is sent, and what one of the answers holds; an empty one stands for a connection that just ends.
type Case = (&'static str, Vec<u8>, &'static [&'static str]);

fn cases() -> Vec<Case> {
    let target = "X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters";
    vec![
        ("garbage", b"\x00\xff\xfegarbage\r\n\r\n".to_vec(), &["400"]),
        (
            "another protocol",
            b"\x16\x03\x01\x02\x00\x01\x00".to_vec(),
            &["400", ""],
        ),
        ("no version", b"GET /\r\n\r\n".to_vec(), &["400"]),
        (
            "a long line",
            [
                b"GET /".as_slice(),
                &vec![b'a'; 1 << 20],
                b" HTTP/1.1\r\n\r\n",
            ]
            .concat(),
            &["414", "431", "400"],
        ),
        (
            "many headers",
            request(
                "GET / HTTP/1.1",
                &format!("{}\r\n", "X: y\r\n".repeat(5000)),
            ),
            &["431", "400"],
        ),
        (
            "two lengths",
            request(
                "POST / HTTP/1.1",
                "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            ),
            &["400"],
        ),
        (
            "no chunk",
            request(
                "POST / HTTP/1.1",
                "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            ),
            &["400"],
        ),
        (
            "too long",
            request(
                "POST / HTTP/1.1",
                &format!("{target}\r\nContent-Length: 99999999999\r\n\r\n"),
            ),
            &["413 Payload Too Large"],
        ),
        (
            "half a body",
            request(
                "POST / HTTP/1.1",
                &format!("{target}\r\nContent-Length: 10\r\n\r\nabc"),
            ),
            &["400 Bad Request", ""],
        ),
        (
            "nobody signed",
            request(
                "POST / HTTP/1.1",
                &format!("{target}\r\nContent-Length: 2\r\n\r\n{{}}"),
            ),
            &["MissingAuthenticationTokenException"],
        ),
        (
            "a broken signature",
            request(
                "POST / HTTP/1.1",
                &format!(
                    "{target}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=\r\nContent-Length: 2\r\n\r\n{{}}"
                ),
            ),
            &["IncompleteSignatureException"],
        ),
        (
            "an authorization that is no text",
            [
                request("POST / HTTP/1.1", "").as_slice(),
                b"Authorization: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
            ]
            .concat(),
            &["AccessDenied"],
        ),
        (
            "a strange path",
            request("GET /%zz/..%2f/%00?%&=&&a HTTP/1.1", "\r\n"),
            &["AccessDenied"],
        ),
        (
            "a strange method",
            request("BREW / HTTP/1.1", "\r\n"),
            &["AccessDenied"],
        ),
    ]
}

#[test]
fn rule_10_bad_requests_are_answered_and_the_server_goes_on() {
    let served = Served::start(&[]);
    for (name, bytes, wanted) in cases() {
        for half_close in [false, true] {
            // Without the end of the body the server waits for it, rightly.
            if name == "half a body" && !half_close {
                continue;
            }
            let answer = answer(&served, &bytes, half_close);
            assert!(
                wanted.iter().any(|wanted| answer.contains(wanted)),
                "{name}: {answer}"
            );
        }
    }
    // Gone before the answer.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(served.address()).unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nContent-Le").unwrap();
        drop(stream);
    }
    assert!(!served.told().contains("panicked"), "{}", served.told());
    two_requests_on_one_connection(&served);
}

fn two_requests_on_one_connection(served: &Served) {
    let one = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut stream = TcpStream::connect(served.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    for _ in 0..2 {
        stream.write_all(one.as_bytes()).unwrap();
        let mut bytes = [0; 4096];
        let length = stream.read(&mut bytes).unwrap();
        let said = String::from_utf8_lossy(&bytes[..length]).into_owned();
        assert!(said.starts_with("HTTP/1.1 100 Continue"), "{said}");
        stream.write_all(b"{}").unwrap();
        let mut said = String::new();
        while !said.ends_with("</Error>") {
            let length = stream.read(&mut bytes).unwrap();
            assert!(length > 0, "{said}");
            said.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        assert!(said.starts_with("HTTP/1.1 403"), "{said}");
    }
}

#[test]
fn a_port_that_is_taken_is_refused_with_the_way_out() {
    let served = Served::start(&[]);
    let port = served.address().port().to_string();
    let again = std::process::Command::new(env!("CARGO_BIN_EXE_ecroll"))
        .args(["local", "--port", &port])
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(2), "{err}");
    assert!(err.contains(&port) && err.contains("--port 0"), "{err}");
}

#[test]
fn an_interrupt_ends_it_with_130_although_a_connection_is_open() {
    let mut served = Served::start(&[]);
    let stream = TcpStream::connect(served.address()).unwrap();
    assert_eq!(served.interrupt().code(), Some(130));
    drop(stream);
}

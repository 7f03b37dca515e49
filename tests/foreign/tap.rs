//! Stands between the handler and the judge: passes every call on, and remembers which there were.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::http::{Request, Server};

/// The calls that change nothing begin so.
const READING: [&str; 5] = ["List", "Describe", "Filter", "Get", "BatchGet"];

/// One call that the handler made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// For example `UpdateService`.
    pub(crate) operation: String,
    pub(crate) input: Value,
}

/// A server whose address the handler takes for that of AWS.
#[derive(Debug)]
pub(crate) struct Tap {
    server: Server,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    calls: Vec<Call>,
    /// The operation that is not to get through, and who hears of it.
    stop_before: Option<(&'static str, Sender<()>)>,
    /// What answers say instead.
    amended: Option<(&'static str, String)>,
}

impl Tap {
    /// Passes calls on to a port of this machine.
    pub(crate) fn to(port: u16) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let server = Server::start(move |from, to| {
            // A call that cannot be passed on ends its connection, which the SDK takes for what it is.
            let _ = pass(from, to, port, &shared);
        });
        Self { server, seen }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// The calls since this was last asked.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.seen.lock().unwrap().calls)
    }

    /// The names of those among them that may have changed something, sorted.
    pub(crate) fn writes(&self) -> Vec<String> {
        let calls = self.calls().into_iter().map(|call| call.operation);
        let mut writes: Vec<String> = calls
            .filter(|name| !READING.iter().any(|reading| name.starts_with(reading)))
            .collect();
        writes.sort();
        writes
    }

    /// Lets no call of this operation through; the receiver hears of the first.
    pub(crate) fn stop_before(&self, operation: &'static str) -> Receiver<()> {
        let (tell, hear) = channel();
        self.seen.lock().unwrap().stop_before = Some((operation, tell));
        hear
    }

    /// Answers say this in place of that: what AWS tells and the judge leaves out.
    pub(crate) fn amend(&self, that: &'static str, this: String) {
        self.seen.lock().unwrap().amended = Some((that, this));
    }

    /// Lets everything through again.
    pub(crate) fn open(&self) {
        self.seen.lock().unwrap().stop_before = None;
    }
}

/// What AWS says where there is no such operation. A judge that lacks one may answer a web page and the status 500, which
/// looks like something that passes and is tried again for a quarter of a minute.
const UNKNOWN: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\n\r\n\
    {\"__type\": \"UnknownOperationException\", \"message\": \"the judge does not know this operation\"}";

fn is_page(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_ascii_lowercase();
    text.starts_with("http/1.1 500") && text.contains("<!doctype html")
}

/// One call: a connection serves no more than that.
fn pass(
    mut from: BufReader<TcpStream>,
    mut to: TcpStream,
    port: u16,
    seen: &Mutex<Seen>,
) -> std::io::Result<()> {
    let Some(request) = Request::read(&mut from) else {
        return Ok(());
    };
    let target = request.header("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    {
        let mut seen = seen.lock().unwrap();
        if let Some((stopped, tell)) = &seen.stop_before
            && operation == *stopped
        {
            let _ = tell.send(());
            return to.shutdown(Shutdown::Both);
        }
        let input = serde_json::from_slice(&request.body).unwrap_or_default();
        seen.calls.push(Call { operation, input });
    }
    let first = format!("{} {} HTTP/1.1\r\n", request.method, request.path);
    let kept = request.headers.iter().filter(|(name, _)| {
        !["connection", "transfer-encoding", "content-length"].contains(&name.as_str())
    });
    let kept = kept.map(|(name, value)| format!("{name}: {value}\r\n"));
    let length = request.body.len();
    let last = format!("content-length: {length}\r\nconnection: close\r\n\r\n");
    let head: String = std::iter::once(first).chain(kept).chain([last]).collect();
    let mut judge = TcpStream::connect(("127.0.0.1", port))?;
    judge.set_read_timeout(Some(Duration::from_secs(30)))?;
    judge.write_all(head.as_bytes())?;
    judge.write_all(&request.body)?;
    let mut answer = Vec::new();
    judge.read_to_end(&mut answer)?;
    if is_page(&answer) {
        answer = UNKNOWN.to_vec();
    }
    let amended = seen.lock().unwrap().amended.clone();
    if let Some((that, this)) = amended
        && let Ok(text) = std::str::from_utf8(&answer)
        && text.contains(that)
    {
        answer = without_length(&text.replace(that, &this)).into_bytes();
    }
    // Said aloud, so that the SDK does not put its next call onto this connection.
    let first = answer.iter().position(|byte| *byte == b'\n');
    let (status, rest) = answer.split_at(first.map_or(0, |at| at + 1));
    to.write_all(status)?;
    to.write_all(b"connection: close\r\n")?;
    to.write_all(rest)?;
    to.shutdown(Shutdown::Write)
}

/// An answer that ends where its connection does.
fn without_length(answer: &str) -> String {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let kept = head.split("\r\n");
    let kept = kept.filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    format!("{}\r\n\r\n{body}", kept.collect::<Vec<_>>().join("\r\n"))
}

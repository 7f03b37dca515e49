//! A small Lambda Runtime API: starts the real handler, hands it events, takes its answers.
//!
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::binaries::binaries;
use crate::http::{Request, Server, answer};
use crate::judge::REGION;

/// What every path begins with.
const VERSION: &str = "/2018-06-01/runtime";
/// How long an invocation may take. The function's own limit is fifteen minutes; no scenario comes near this.
const LIMIT: Duration = Duration::from_mins(1);

/// How an invocation ended.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// What the handler answered.
    pub(crate) answer: Result<Value, Failure>,
    /// What it wrote to standard output meanwhile, line by line.
    pub(crate) lines: Vec<String>,
}

/// The error that an invocation ended in.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
}

impl Invocation {
    /// The report; the invocation must have ended well.
    #[track_caller]
    pub(crate) fn report(&self) -> &Value {
        match &self.answer {
            Ok(report) => report,
            Err(failure) => panic!("{failure:?}\n{}", self.lines.join("\n")),
        }
    }
}

/// What the handler said to the Runtime API.
enum Said {
    Answer(String),
    Failure(String),
    /// It could not start.
    NotReady(String),
}

/// One process of the handler, as Lambda keeps it: one event at a time, until it is ended.
#[derive(Debug)]
pub(crate) struct Function {
    process: Child,
    events: Sender<(String, String)>,
    said: Receiver<(String, Said)>,
    output: PathBuf,
    /// How much of the output earlier invocations wrote.
    read: u64,
    count: u32,
    /// Answers as long as the process may ask.
    _server: Server,
}

impl Function {
    /// Starts the handler with a configuration; its calls go to the endpoint, its output into the folder.
    pub(crate) fn start(endpoint: &str, configuration: &str, folder: &Path) -> Self {
        let (events, next) = channel();
        let (tell, said) = channel();
        let next = Arc::new(Mutex::new(next));
        let server = Server::start(move |from, to| serve(from, to, &next, &tell));
        std::fs::create_dir_all(folder).unwrap();
        let output = folder.join("stdout");
        let process = Command::new(&binaries().handler)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", server.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "ecroll")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/ecroll")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "foreign")
            .env("LAMBDA_TASK_ROOT", folder)
            .env("HOME", folder)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("ECROLL_CONFIG", configuration)
            .current_dir(folder)
            .stdin(Stdio::null())
            // A file holds all that was written before the answer, without a thread that reads along.
            .stdout(File::create(&output).unwrap())
            .stderr(File::create(folder.join("stderr")).unwrap())
            .spawn()
            .unwrap();
        Self {
            process,
            events,
            said,
            output,
            read: 0,
            count: 0,
            _server: server,
        }
    }

    /// Hands over an event and waits for what becomes of it. The process must still be there afterwards.
    #[track_caller]
    pub(crate) fn invoke(&mut self, event: &Value) -> Invocation {
        self.invoke_text(&event.to_string())
    }

    /// The same with any text for an event.
    #[track_caller]
    pub(crate) fn invoke_text(&mut self, event: &str) -> Invocation {
        self.send(event);
        let (id, said) = self.wait();
        let expected = self.id();
        assert_eq!(id, expected, "the handler answered another invocation");
        let answer = match said {
            Said::Answer(text) => Ok(json(&text)),
            Said::Failure(text) => {
                let error = json(&text);
                let member = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
                Err(Failure {
                    kind: member("errorType"),
                    message: member("errorMessage"),
                })
            }
            Said::NotReady(text) => panic!("the handler could not start: {text}"),
        };
        let lines = self.lines();
        Invocation { answer, lines }
    }

    /// Hands over an event without waiting.
    pub(crate) fn send(&mut self, event: &str) {
        self.count += 1;
        self.events.send((self.id(), event.to_owned())).unwrap();
    }

    /// Ends the process at once, wherever it is.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// The process's number; the same as long as it was not started again.
    pub(crate) fn process(&self) -> u32 {
        self.process.id()
    }

    fn id(&self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.count)
    }

    #[track_caller]
    fn wait(&mut self) -> (String, Said) {
        let step = Duration::from_millis(100);
        for _ in 0..LIMIT.as_millis() / step.as_millis() {
            match self.said.recv_timeout(step) {
                Ok(said) => return said,
                Err(RecvTimeoutError::Disconnected) => panic!("the Runtime API is gone"),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the handler ended by itself, {status}:\n{}", self.written());
            }
        }
        panic!("no answer within {LIMIT:?}:\n{}", self.written());
    }

    /// The lines since the last invocation.
    fn lines(&mut self) -> Vec<String> {
        let mut file = File::open(&self.output).unwrap();
        file.seek(SeekFrom::Start(self.read)).unwrap();
        let mut text = String::new();
        let length = file.read_to_string(&mut text).unwrap();
        self.read += u64::try_from(length).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// All that it wrote, to standard error as well.
    fn written(&self) -> String {
        let folder = self.output.parent().unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        read("stdout") + &read("stderr")
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.end();
    }
}

/// One connection of the handler's.
fn serve(
    mut from: BufReader<TcpStream>,
    mut to: TcpStream,
    next: &Mutex<Receiver<(String, String)>>,
    tell: &Sender<(String, Said)>,
) {
    while let Some(request) = Request::read(&mut from) {
        let path = request.path.strip_prefix(VERSION).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let done = match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["invocation", "next"]) => {
                // Waits until there is an event, and ends with the test.
                let Ok((id, event)) = next.lock().unwrap().recv() else {
                    return;
                };
                let headers = format!(
                    "Content-Type: application/json\r\n\
                     Lambda-Runtime-Aws-Request-Id: {id}\r\n\
                     Lambda-Runtime-Deadline-Ms: {}\r\n\
                     Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:{REGION}:000000000000:function:ecroll\r\n",
                    deadline(),
                );
                answer(&mut to, "200 OK", &headers, &event)
            }
            ("POST", ["invocation", id, "response"]) => {
                let _ = tell.send(((*id).to_owned(), Said::Answer(body)));
                answer(&mut to, "202 Accepted", "", "")
            }
            ("POST", ["invocation", id, "error"]) => {
                let _ = tell.send(((*id).to_owned(), Said::Failure(body)));
                answer(&mut to, "202 Accepted", "", "")
            }
            ("POST", ["init", "error"]) => {
                let _ = tell.send((String::new(), Said::NotReady(body)));
                answer(&mut to, "202 Accepted", "", "")
            }
            _ => answer(&mut to, "404 Not Found", "", ""),
        };
        if !done {
            return;
        }
    }
}

/// When Lambda would end the invocation, in milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the handler compares it with the machine's clock"
)]
fn deadline() -> u128 {
    let now = std::time::SystemTime::now();
    let deadline = now + Duration::from_mins(15);
    deadline.duration_since(UNIX_EPOCH).unwrap().as_millis()
}

#[track_caller]
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

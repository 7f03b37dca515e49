//! As much of an HTTP server as the tests need: whole requests, one answer each, on 127.0.0.1.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// The longest body that is taken, in bytes: above Lambda's own limit of six megabytes.
const LONGEST: usize = 16 << 20;

/// One request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection; `None` when the other side ended it or does not speak HTTP.
    pub(crate) fn read(from: &mut impl BufRead) -> Option<Self> {
        let line = line(from)?;
        let mut words = line.split(' ');
        let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let line = self::line(from)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self {
            method,
            path,
            headers,
            body: Vec::new(),
        };
        request.body = request.read_body(from)?;
        Some(request)
    }

    /// The value of a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(header, _)| header == name)?;
        Some(value)
    }

    fn read_body(&self, from: &mut impl BufRead) -> Option<Vec<u8>> {
        if self.header("transfer-encoding") == Some("chunked") {
            return chunks(from);
        }
        let length = self.header("content-length").map_or(Some(0), |length| {
            length.parse().ok().filter(|length| *length <= LONGEST)
        })?;
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        Some(body)
    }
}

/// A line without its end.
fn line(from: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = from.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

fn chunks(from: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(from)?;
        let size = size.split(';').next()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if body.len() + size > LONGEST {
            return None;
        }
        let start = body.len();
        body.resize(start + size, 0);
        from.read_exact(&mut body[start..]).ok()?;
        line(from)?;
        if size == 0 {
            return Some(body);
        }
    }
}

/// Answers with a status, headers (each with its line end) and a body; the connection stays open.
pub(crate) fn answer(to: &mut impl Write, status: &str, headers: &str, body: &str) -> bool {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n");
    let written = to
        .write_all(head.as_bytes())
        .and_then(|()| to.write_all(body.as_bytes()));
    written.and_then(|()| to.flush()).is_ok()
}

/// A server that runs as long as this value lives.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Hands every connection to `serve`, each on a thread of its own.
    pub(crate) fn start<F>(serve: F) -> Self
    where
        F: Fn(BufReader<TcpStream>, TcpStream) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (serve, stopped) = (Arc::new(serve), Arc::clone(&stop));
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let Ok(half) = stream.try_clone() else {
                    continue;
                };
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(BufReader::new(half), stream));
            }
        });
        Self {
            address,
            stop,
            accepting: Some(accepting),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection, so that it sees the end.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

//! Ctrl-C in the middle: a real signal to the real program, while a call of its own is held up on the way.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::served::Served;

/// A way to the account on which the first request with certain words in it gets stuck.
struct Gate {
    address: SocketAddr,
    stuck: Receiver<()>,
}

impl Gate {
    fn before(account: SocketAddr, words: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, stuck) = channel();
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let (caller, tell) = (caller.unwrap(), tell.clone());
                std::thread::spawn(move || pass(caller, account, words, &tell));
            }
        });
        Self { address, stuck }
    }
}

fn pass(mut caller: TcpStream, account: SocketAddr, words: &str, tell: &Sender<()>) {
    let mut on = TcpStream::connect(account).unwrap();
    let (mut back, mut answers) = (caller.try_clone().unwrap(), on.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
    let mut bytes = [0; 8192];
    while let Ok(length @ 1..) = caller.read(&mut bytes) {
        if String::from_utf8_lossy(&bytes[..length]).contains(words) {
            // Neither answered nor hung up.
            let _ = tell.send(());
            let _ = caller.read_to_end(&mut Vec::new());
            return;
        }
        if on.write_all(&bytes[..length]).is_err() {
            return;
        }
    }
}

/// Runs the program through the gate, presses Ctrl-C once the call is stuck, and lets `look` see what there is meanwhile.
fn interrupted(
    served: &Served,
    words: &'static str,
    arguments: &[&str],
    look: impl FnOnce(),
) -> Output {
    let gate = Gate::before(served.address(), words);
    let mut ecroll = served.client(Path::new(env!("CARGO_BIN_EXE_ecroll")));
    let ecroll = ecroll
        .args(arguments)
        .env("AWS_ENDPOINT_URL", format!("http://{}", gate.address))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    gate.stuck
        .recv_timeout(Duration::from_mins(2))
        .unwrap_or_else(|error| panic!("no call with {words}: {error}"));
    look();
    let id = ecroll.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    ecroll.wait_with_output().unwrap()
}

fn run(served: &Served, arguments: &[&str]) -> (Option<i32>, String) {
    let mut ecroll = served.client(Path::new(env!("CARGO_BIN_EXE_ecroll")));
    let done = ecroll.args(arguments).output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(said).unwrap())
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The smallest header that passes for an executable for x86-64.
fn handler(served: &Served) {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([2, 0, 62, 0]);
    bytes.resize(64, 0);
    fs::write(served.home.path().join("handler"), bytes).unwrap();
}

#[test]
fn setup_and_destroy_say_what_stands_and_the_next_run_goes_on() {
    let served = Served::start(&["--speed", "60"]);
    handler(&served);
    let setup = ["setup", "--yes", "--handler", "handler"];
    let output = interrupted(&served, "CreateLogGroup", &setup, || ());
    let told = said(&output);
    assert!(
        told.contains("interrupted; finished: bucket `ecroll-000000000000-eu-west-1`; "),
        "{told}"
    );
    assert!(
        told.contains("under way and perhaps half made: log group `"),
        "{told}"
    );
    assert!(told.contains("run `ecroll setup` again to go on"), "{told}");
    let (code, told) = run(&served, &setup);
    assert_eq!(code, Some(0), "{told}");
    let check = ["plan", "--check", "--handler", "handler"];
    assert_eq!(run(&served, &check).0, Some(0), "nothing is left to do");

    let destroy = ["destroy", "--yes", "--delete-logs"];
    let output = interrupted(
        &served,
        "DELETE /2015-03-31/functions/ecroll",
        &destroy,
        || (),
    );
    let told = said(&output);
    assert!(told.contains("interrupted; finished: "), "{told}");
    assert!(
        told.contains("half made: function `ecroll`; run `ecroll destroy` again"),
        "{told}"
    );
    assert_eq!(run(&served, &check).0, Some(1), "something is gone");
    assert_eq!(run(&served, &destroy).0, Some(0));
    let (code, told) = run(&served, &destroy);
    assert_eq!(code, Some(0));
    assert!(told.contains("nothing to remove"), "{told}");
}

#[test]
fn a_snapshot_leaves_the_file_that_was_there_and_no_other() {
    let served = Served::start(&[]);
    let folder = served.home.path().join("out");
    fs::create_dir(&folder).unwrap();
    let names = || {
        let entries = fs::read_dir(&folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    fs::write(folder.join("account.jsonl"), "before").unwrap();
    let arguments = ["snapshot", "--force", "out/account.jsonl"];
    let output = interrupted(&served, "ListClusters", &arguments, || {
        assert_eq!(names().len(), 2, "it is in the middle of it: {:?}", names());
    });
    said(&output);
    assert_eq!(names(), ["account.jsonl"]);
    assert_eq!(
        fs::read_to_string(folder.join("account.jsonl")).unwrap(),
        "before"
    );
    let (code, told) = run(&served, &arguments);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(names(), ["account.jsonl"]);
    assert!(
        fs::read_to_string(folder.join("account.jsonl"))
            .unwrap()
            .starts_with('{')
    );
}

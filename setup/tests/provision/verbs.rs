//! The verbs as functions, and the few things that only the process can show.

use std::process::Command;

use handler::config::Config;
use local::Options;
use serde_json::Value;
use setup::exit::Exit;
use setup::ui::Output;

use crate::pocket::Pocket;

#[tokio::test(start_paused = true)]
async fn the_verbs_show_ask_and_report() {
    let pocket = Pocket::new(Options::default());
    let never = std::future::pending::<()>;
    let (exit, out, _) = pocket.verb_setup(false, Output::Text, never()).await;
    assert!(exit.unwrap_err().to_string().contains("pass --yes"));
    assert!(
        out.ends_with("18 to create, 0 to change, 0 to keep\n"),
        "{out}"
    );
    assert_eq!(pocket.writes(), Vec::<String>::new());

    let (exit, out, err) = pocket.verb_setup(true, Output::Text, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    assert!(out.ends_with("done: 18 created, 0 changed\n"), "{out}");
    assert_eq!(err, "");

    let (exit, out, _) = pocket.verb_setup(true, Output::Json, never()).await;
    assert_eq!(exit.unwrap(), Exit::Done);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["changes"].as_array().unwrap().len(), 18);
    assert_eq!(json["changes"][0]["action"], "keep");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_says_what_stands_and_the_next_goes_on() {
    let pocket = Pocket::new(Options::default());
    let soon = tokio::time::sleep(std::time::Duration::from_secs(4));
    let (exit, _, err) = pocket.verb_setup(true, Output::Text, soon).await;
    assert_eq!(exit.unwrap(), Exit::Interrupted);
    assert!(
        err.contains("interrupted; finished: bucket `ecroll-000000000000-eu-west-1`"),
        "{err}"
    );
    pocket.set_up(&Config::default()).await.unwrap();
    assert!(!pocket.plan(&Config::default()).await.unwrap().is_work());
}

/// Runs the program with these arguments and nothing of AWS in its environment; answers exit code and standard error.
fn ecroll(arguments: &[&str]) -> (Option<i32>, String) {
    ecroll_in(&[], arguments)
}

/// The same with these variables in its environment.
fn ecroll_in(variables: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bad.toml"), "nmae = 1\nsweep = \"5\"\n").unwrap();
    // The smallest header that passes for an executable for x86-64.
    let mut handler = b"\x7fELF\x02\x01\x01".to_vec();
    handler.resize(16, 0);
    handler.extend([2, 0, 62, 0]);
    handler.resize(64, 0);
    std::fs::write(folder.path().join("handler"), handler).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_ecroll"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (run.status.code(), String::from_utf8(run.stderr).unwrap())
}

#[test]
fn rule_10_a_wrong_request_is_exit_code_2_with_the_way_out() {
    let table: &[(&[&str], &str)] = &[
        (&["fly"], "unrecognized subcommand 'fly'"),
        (&["plan", "--nope"], "unexpected argument '--nope'"),
        (&["plan"], "cargo build --profile lambda"),
        (&["plan", "--handler", "bad.toml"], "no ELF executable"),
        (
            &["plan", "--config", "none.toml"],
            "cannot read the configuration `none.toml`",
        ),
        (&["plan", "--config", "bad.toml"], "bad.toml:1: `nmae`"),
        (&["plan", "--config", "bad.toml"], "bad.toml:2: `sweep`"),
        (&["plan", "--handler", "handler"], "set AWS_REGION"),
        (&["status"], "set AWS_REGION"),
        (
            &["destroy", "--region", "eu west"],
            "'--region <REGION>': is no Region, such as eu-west-1",
        ),
        (
            &["status", "--region", "eu-west-1", "--profile", "ops"],
            "none were found, nor a profile `ops` with any",
        ),
        (&["status", "web", "api"], "unexpected argument 'api'"),
        (&["status", "--config", "bad.toml"], "bad.toml:1: `nmae`"),
        (
            &["status", "--region", "eu-west-1"],
            "no AWS credentials (none were found)",
        ),
        (&["snapshot", "bad.toml"], "`bad.toml` is there already"),
        (&["snapshot", "new.jsonl"], "set AWS_REGION"),
        (
            &["replay", "--account", "none.jsonl"],
            "none.jsonl: cannot be read",
        ),
        (
            &["replay", "--account", "bad.toml"],
            "bad.toml, line 1: is no snapshot",
        ),
        (&["replay", "--compare", "bad.toml"], "bad.toml:1: `nmae`"),
        (&["doctor"], "set AWS_REGION"),
        (
            &["doctor", "--region", "eu-west-1"],
            "no AWS credentials (none were found)",
        ),
        (&["service", "a.json", "b.json"], "cannot read `a.json`"),
        (
            &["service", "a.json", "b.json", "--timeout", "soon"],
            "such as 90s or 5m",
        ),
        (&["doctor", "--handler", "handler"], "unexpected argument"),
        (
            &["plan", "--handler", "handler", "--region", "eu-west-1"],
            "no AWS credentials (none were found)",
        ),
    ];
    for (arguments, expected) in table {
        let (code, stderr) = ecroll(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(
            !stderr.contains('\u{1b}'),
            "colour without a terminal: {stderr}"
        );
    }
}

#[test]
fn rule_10_where_nobody_answers_the_region_and_the_network_are_asked_for() {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let nobody = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-west-9"),
    ];
    let (code, stderr) = ecroll_in(&[keys, nobody].concat(), &["destroy"]);
    assert_eq!(code, Some(3), "{stderr}");
    let asks = "is `eu-west-9` the right Region, and the network up?";
    assert!(stderr.contains(asks), "{stderr}");
    let (code, stderr) = ecroll_in(&[keys, nobody].concat(), &["status"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.contains("what runs cannot be read: ListClusters"),
        "{stderr}"
    );
    let odd = [("AWS_REGION", "eu west"), ("AWS_PAGER", "")];
    let (code, stderr) = ecroll_in(&[keys, odd].concat(), &["status"]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("`eu west` is no Region"), "{stderr}");
}

#[test]
fn help_is_no_error() {
    assert_eq!(ecroll(&["--help"]).0, Some(0));
    assert_eq!(ecroll(&["setup", "--help"]).0, Some(0));
}

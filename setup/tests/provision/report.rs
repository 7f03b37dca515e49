//! `ecroll replay --report`: the page beside what is printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `ecroll replay --report` in an empty folder.
fn replay(report: Option<&Path>, rest: &[&str]) -> Output {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecroll"));
    command.current_dir(empty.path()).arg("replay").args(rest);
    if let Some(path) = report {
        command.arg("--report").arg(path);
    }
    command.output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_report_stands_beside_what_is_printed_and_holds_every_decision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.html");
    let json = replay(Some(&path), &["--output", "json"]);
    assert_eq!(json.status.code(), Some(0));
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON stands alone");
    let page = std::fs::read_to_string(&path).unwrap();
    let decisions = json["decisions"].as_array().unwrap();
    assert_eq!(page.matches("data-outcome=").count(), decisions.len());
    for decision in decisions {
        assert!(
            page.contains(decision["digest"].as_str().unwrap()),
            "{decision}"
        );
    }
    assert!(
        page.contains("tasks: 2 wanted, 2 to 4 running"),
        "the tasks of a roll"
    );
    assert!(page.contains("Alarm ecroll-pushes"), "the alarm's states");
    assert!(page.contains("the bundled sample"));
    for away in ["http://", "https://", "url(//", "@import", "src="] {
        assert!(!page.contains(away), "{away}");
    }

    let plain = text(replay(None, &[]).stdout);
    let told = text(replay(Some(&path), &[]).stdout);
    assert_eq!(told, format!("{plain}report         {}\n", path.display()));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        page,
        "one history is one page"
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn rule_10_a_report_that_cannot_be_written_is_told_before_anything_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    for (path, told) in [
        (folder.path().join("none/out.html"), "there is no folder"),
        (
            folder.path().to_path_buf(),
            "is a folder: name a file in it",
        ),
        (file.join("out.html"), "there is no folder"),
        (folder.path().join("x".repeat(300)), "cannot write `"),
        (
            PathBuf::from("/proc/out.html"),
            "cannot write `/proc/out.html`",
        ),
    ] {
        let output = replay(Some(&path), &["no such records"]);
        let error = text(output.stderr);
        assert!(error.contains(told), "{error}");
        assert!(!error.contains("nothing to replay"), "{error}");
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{error}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left"
    );
}

#[test]
fn a_comparison_has_no_report() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.html");
    let output = replay(Some(&path), &["--compare", "other.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(output.stderr).contains("cannot be used with"));
    assert!(!path.exists());
}

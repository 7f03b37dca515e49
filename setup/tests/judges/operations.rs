//! Every operation, by boto3.

use std::path::Path;

use crate::install::{programs, skipped};
use crate::served::Served;

fn python(served: &Served, script: &str) {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges");
    let mut python = served.client(&programs().join("python"));
    let done = python.arg(scripts.join(script)).output().unwrap();
    let (out, err) = (
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr),
    );
    assert!(done.status.success(), "{out}\n{err}");
}

#[test]
fn every_operation_answers_boto3_in_the_shape_of_its_model() {
    if skipped("every_operation_answers_boto3_in_the_shape_of_its_model") {
        return;
    }
    python(&Served::start(&["--speed", "20"]), "drive.py");
}

#[test]
fn signatures_that_do_not_hold_are_refused_in_the_words_of_each_protocol() {
    if skipped("signatures_that_do_not_hold_are_refused_in_the_words_of_each_protocol") {
        return;
    }
    python(&Served::start(&["--speed", "20"]), "signatures.py");
}

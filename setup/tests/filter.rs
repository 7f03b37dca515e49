//! `ecroll filter` as a user sees it: arguments in, streams and exit code out.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::rc::Rc;

use clap::Parser;
use flate2::Compression;
use flate2::write::GzEncoder;
use setup::cli::{Cli, Verb};
use setup::command::filter::filter;
use setup::exit::Exit;
use setup::ui::{Output, Ui};

#[derive(Clone, Default)]
struct Stream(Rc<RefCell<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.borrow()).into_owned()
    }
}

struct Answer {
    exit: u8,
    out: String,
    err: String,
}

/// Runs the verb with these words behind its name.
fn run_with(words: &[&str], stdin: &mut dyn Read) -> Answer {
    let words = ["ecroll", "filter"].iter().chain(words);
    let cli = Cli::try_parse_from(words).unwrap();
    let Verb::Filter(args) = cli.verb else {
        unreachable!("another verb");
    };
    let (out, err) = (Stream::default(), Stream::default());
    let mut ui = Ui::plain(out.clone(), err.clone(), cli.globals.output);
    let exit = filter(&args, stdin, out.clone(), &mut ui).unwrap_or_else(|error| {
        ui.error(&error);
        Exit::of(&error)
    });
    Answer {
        exit: exit.code(),
        out: out.text(),
        err: err.text(),
    }
}

fn run(words: &[&str], stdin: &str) -> Answer {
    run_with(words, &mut stdin.as_bytes())
}

fn file(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path.display().to_string()
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

const LOG: &str = "ok\nERROR one\n\nok\nERROR two";

#[test]
fn matching_lines_are_printed_and_the_exit_code_tells() {
    let answer = run(&["ERROR"], LOG);
    assert_eq!(
        (answer.exit, answer.out.as_str()),
        (0, "ERROR one\nERROR two\n")
    );
    let none = run(&["FATAL"], LOG);
    assert_eq!(
        (none.exit, none.out.as_str(), none.err.as_str()),
        (1, "", "")
    );
    assert_eq!(run(&["ERROR", "-"], LOG).exit, 0);
    assert_eq!(
        run(&["--", "-ok", "-"], LOG).out,
        "ERROR one\n\nERROR two\n"
    );
    assert_eq!(run(&["x"], "").exit, 1);
}

#[test]
fn json_names_a_match_as_aws_does_and_numbers_run_on() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "a.log", LOG);
    let words = ["[level=ERROR, what]", "--output", "json", &log, "-", &log];
    let answer = run(&words, "x\nERROR three\n");
    assert_eq!(
        answer.out,
        "{\"eventNumber\":2,\"eventMessage\":\"ERROR one\",\"extractedValues\":{\"$level\":\"ERROR\",\"$what\":\"one\"}}\n\
         {\"eventNumber\":5,\"eventMessage\":\"ERROR two\",\"extractedValues\":{\"$level\":\"ERROR\",\"$what\":\"two\"}}\n\
         {\"eventNumber\":7,\"eventMessage\":\"ERROR three\",\"extractedValues\":{\"$level\":\"ERROR\",\"$what\":\"three\"}}\n\
         {\"eventNumber\":9,\"eventMessage\":\"ERROR one\",\"extractedValues\":{\"$level\":\"ERROR\",\"$what\":\"one\"}}\n\
         {\"eventNumber\":12,\"eventMessage\":\"ERROR two\",\"extractedValues\":{\"$level\":\"ERROR\",\"$what\":\"two\"}}\n"
    );
}

#[test]
fn a_count_is_one_number_over_all_input() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "a.log", LOG);
    let answer = run(&["ERROR", "--count", &log, &log], "");
    assert_eq!((answer.exit, answer.out.as_str()), (0, "4\n"));
    let none = run(&["FATAL", "--count", &log], "");
    assert_eq!((none.exit, none.out.as_str()), (1, "0\n"));
}

/// Laid out over lines, and with other members around.
const RECORDS: &str = r#" {"Records" : [
  {"eventName": "PutImage",
   "text": "a \" }, { b"}, {"eventName":"Put\u0049mage"},
  {"eventName":"Other"} ], "more": [1, {"x": "]"}] }
{"Records":[]}
{"Records":[{"eventName":"PutImage","n":4}]}
"#;

#[test]
fn records_are_events_wherever_the_text_is_cut() {
    let wanted = "{\"eventName\":\"PutImage\",\"text\":\"a \\\" }, { b\"}\n{\"eventName\":\"Put\\u0049mage\"}\n{\"eventName\":\"PutImage\",\"n\":4}\n";
    let words = ["{ $.eventName = PutImage }"];
    for step in [1, 2, 3, 7, 64, 10_000] {
        let mut slow = Steps(RECORDS.as_bytes(), step);
        let answer = run_with(&words, &mut slow);
        assert_eq!(
            (answer.exit, answer.out.as_str()),
            (0, wanted),
            "{}",
            answer.err
        );
    }
    let json = run(&[words[0], "--output=json", "--format=records"], RECORDS);
    let numbers: Vec<u64> = json.out.lines().map(number).collect();
    assert_eq!(numbers, [1, 2, 4]);
    // As lines, the first is no JSON at all.
    let lines = run(&[words[0], "--format", "lines", "--count"], RECORDS);
    assert_eq!((lines.exit, lines.out.as_str()), (1, "0\n"));
}

/// Reads a few bytes at a time.
struct Steps<'a>(&'a [u8], usize);

impl Read for Steps<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(space.len());
        self.0.read(&mut space[..length])
    }
}

fn number(line: &str) -> u64 {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    value["eventNumber"].as_u64().unwrap()
}

#[test]
fn lines_are_whole_wherever_the_text_is_cut() {
    let mut text = String::new();
    for n in 0..400 {
        text.push_str(&"x".repeat(n * 7 % 3000));
        text.push_str(if n % 3 == 0 { "NEEDLE\n" } else { "\r\n" });
    }
    let wanted: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("NEEDLE"))
        .collect();
    for step in [1, 1000, 4097, 10_000_000] {
        let answer = run_with(&["NEEDLE"], &mut Steps(text.as_bytes(), step));
        assert_eq!(answer.out.lines().collect::<Vec<_>>(), wanted, "{step}");
    }
}

#[test]
fn packed_files_and_byte_order_marks_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let records = file(folder.path(), "r.json.gz", packed(RECORDS.as_bytes()));
    let marked = file(
        folder.path(),
        "m.log",
        "\u{feff}{\"eventName\":\"PutImage\"}\n",
    );
    let two: Vec<u8> = [
        packed(b"{\"eventName\":\n"),
        packed(b"{\"eventName\":\"PutImage\"}"),
    ]
    .concat();
    let several = file(folder.path(), "several.gz", two);
    let answer = run(
        &[
            "{ $.eventName = PutImage }",
            "--count",
            &records,
            &marked,
            &several,
        ],
        "",
    );
    assert_eq!((answer.out.as_str(), answer.err.as_str()), ("5\n", ""));
}

#[test]
fn rule_10_one_bad_file_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(folder.path(), "a.log", LOG);
    let whole = packed(
        "ERROR in gz, and more than a few bytes\n"
            .repeat(5000)
            .as_bytes(),
    );
    let cut = file(folder.path(), "cut.gz", &whole[..whole.len() - 12]);
    let odd = file(folder.path(), "odd.log", b"ok\nERROR \xff\n\xfe\n");
    let half = file(
        folder.path(),
        "half.json",
        r#"{"Records":[{"m":"ERROR"},{"m":"#,
    );
    let other = file(
        folder.path(),
        "other.json",
        r#"{"Records":[{"m":"ERROR"} {"m":1}]}"#,
    );
    let here = folder.path().display().to_string();
    let answer = run(
        &[
            "ERROR",
            "--count",
            "nowhere.log",
            &here,
            &cut,
            &odd,
            &half,
            &other,
            &log,
        ],
        "",
    );
    assert_eq!(answer.exit, 2);
    assert!(
        answer.out.trim().parse::<u64>().unwrap() > 4000,
        "{}",
        answer.out
    );
    let err = answer.err.replace(&here, "DIR");
    for part in [
        "error: nowhere.log: cannot be read: ",
        "error: DIR: is a folder",
        "DIR/cut.gz: the .gz is cut short behind byte ",
        "warning: DIR/odd.log, byte 10: not UTF-8; read as U+FFFD",
        "warning: DIR/odd.log, byte 12: ",
        "DIR/half.json: the file ends within the value at byte 27",
        "DIR/other.json: byte 27: expected `,` or `]` behind a record",
    ] {
        assert!(err.contains(part), "`{part}` in\n{err}");
    }
    assert_eq!(err.lines().count(), 7, "{err}");
}

#[test]
fn a_file_that_is_no_records_says_so() {
    for text in ["", "ERROR\n", "{\"records\":[]}"] {
        let answer = run(&["ERROR", "--format", "records"], text);
        assert_eq!(answer.exit, 2);
        assert!(answer.err.contains("--format lines"), "{}", answer.err);
    }
}

#[test]
fn a_pattern_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let pattern = file(folder.path(), "p", "{ $.a = 1 &&\n  $.b = 2 }\r\n");
    let log = file(folder.path(), "a.log", "{\"a\":1,\"b\":2}\n");
    assert_eq!(run(&["--pattern-file", &pattern, &log], "").exit, 0);
    assert_eq!(
        run(&["--pattern-file", &pattern], "{\"a\":1,\"b\":2}").exit,
        0
    );
    let missing = run(&["--pattern-file", "nowhere"], "");
    assert!(
        missing.exit == 2 && missing.err.contains("nowhere"),
        "{}",
        missing.err
    );
}

#[test]
fn rule_10_a_bad_pattern_shows_the_place_and_what_aws_says() {
    let answer = run(&["{ $.a > \"5\" }"], "");
    assert_eq!(answer.exit, 2);
    insta::assert_snapshot!(answer.err, @r#"
    error: the pattern is refused
    { $.a > "5" }
            ^
    a quoted value after a relation at character 9: write a bare number such as 5, -0.5 or 1e3
    AWS answers: Invalid character(s) in term '"5"'
    "#);
    let missing = run(&[], "");
    assert!(missing.exit == 2 && missing.err.contains("a pattern is missing"));
}

#[test]
fn an_explanation_names_the_condition_that_fails() {
    let log = "{\"a\":1,\"b\":3}\nno json\n{\"a\":1,\"b\":2}\n";
    let answer = run(&["--explain", "{ $.a = 1 && $.b = 2 }"], log);
    assert_eq!(answer.exit, 0);
    insta::assert_snapshot!(answer.out, @r"
    event 1: no match
      holds  $.a = 1  (found: 1)
      fails  $.b = 2  (found: 3)
    event 2: no match: the event is not one JSON object: what is at byte 1 does not belong there
      fails  $.a = 1  (found: nothing)
      fails  $.b = 2  (found: nothing)
    event 3: match
      holds  $.a = 1  (found: 1)
      holds  $.b = 2  (found: 2)
    ");
    let json = run(
        &["--explain", "--output", "json", "{ $.a = 2 }"],
        "{\"a\":1}",
    );
    assert_eq!(
        (json.exit, json.out.as_str()),
        (
            1,
            "{\"eventNumber\":1,\"eventMessage\":\"{\\\"a\\\":1}\",\"matches\":false,\"reason\":null,\
             \"conditions\":[{\"condition\":\"$.a = 2\",\"holds\":false,\"found\":\"1\"}]}\n"
        )
    );
}

#[test]
fn a_line_of_any_length_takes_bounded_memory() {
    let long = format!("{}NEEDLE\n", "x".repeat(3 << 20));
    let answer = run(&["NEEDLE", "--count"], &format!("{long}y\n{long}"));
    assert_eq!((answer.out.as_str(), answer.err.as_str()), ("2\n", ""));
    let mut endless = b"NEEDLE 1\n"
        .chain(io::repeat(b'x').take(40 << 20))
        .chain(&b"NEEDLE\nNEEDLE 2\n"[..]);
    let answer = run_with(&["NEEDLE", "--output", "json"], &mut endless);
    let numbers: Vec<u64> = answer.out.lines().map(number).collect();
    assert_eq!(numbers, [1, 3]);
    assert!(
        answer.err.contains("byte 10: a line of more than 16 MiB"),
        "{}",
        answer.err
    );
}

#[test]
fn a_reader_that_has_gone_away_is_no_error() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let cli = Cli::try_parse_from(["ecroll", "filter", "x"]).unwrap();
    let Verb::Filter(args) = cli.verb else {
        unreachable!("another verb");
    };
    let err = Stream::default();
    let mut ui = Ui::plain(Stream::default(), err.clone(), Output::Text);
    let exit = filter(&args, &mut "x\n".repeat(100_000).as_bytes(), Gone, &mut ui).unwrap();
    assert_eq!((exit, err.text().as_str()), (Exit::Done, ""));
}

#[test]
fn the_pattern_of_setup_is_printed() {
    let cli = |words: &[&str]| {
        let words = ["ecroll", "filter", "--put-image"].iter().chain(words);
        let Ok(cli) = Cli::try_parse_from(words) else {
            return None;
        };
        let Verb::Filter(args) = cli.verb else {
            return None;
        };
        let out = Stream::default();
        let mut ui = Ui::plain(out.clone(), Stream::default(), cli.globals.output);
        setup::command::filter::run(&args, || Ok(handler::config::Config::default()), &mut ui)
            .unwrap();
        Some(out.text())
    };
    let all = cli(&[]).unwrap();
    assert_eq!(
        all.trim_end(),
        filters::put_image::pattern(&["*".to_owned()])
    );
    let narrow = cli(&["--repository", "shop", "team/*"]).unwrap();
    assert!(
        narrow.contains("\"shop\"") && narrow.contains("\"team/*\""),
        "{narrow}"
    );
    let json = cli(&["--output", "json"]).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["pattern"], all.trim_end());
    assert_eq!(cli(&["--count"]), None);
}

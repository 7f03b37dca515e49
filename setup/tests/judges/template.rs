//! What others say of the template: cfn-lint, whether it is one; checkov, whether it is safe; and a reader of YAML that is
//! not ours, whether text and JSON are the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::install::{CFN_LINT, CHECKOV, skipped};
use crate::user::handler;

/// Configurations by name: every kind of value that finds its way into a template.
const CONFIGURATIONS: [(&str, &str); 6] = [
    ("default", ""),
    ("reuse", "trail = \"reuse:management\"\n"),
    (
        "roads",
        "triggers = [\"alarm\", \"ecr-events\", \"cloudtrail-events\", \"log-subscription\"]\nrepositories = [\"shop\", \"team/*\"]\n",
    ),
    ("quick", "triggers = [\"ecr-events\"]\n"),
    (
        "everything",
        r#"
name = "ship-2"
trail = "create"
log_group = "/own/group"
sweep = "off"
since = "2026-01-01T00:00:00Z"
clusters = ["prod", "stage-*"]
repositories = ["shop", "team/*"]
notify = "arn:aws:sns:eu-west-1:222222222222:results"
[[targets]]
account = "222222222222"
region = "eu-west-1"
role = "arn:aws:iam::222222222222:role/ecroll"
external_id = "x"
[[targets]]
account = "111122223333"
region = "us-east-1"
[[services]]
service = "web-*"
tags = "semver:^2"
pin = "digest"
"#,
    ),
    (
        "odd",
        r#"
[[services]]
service = 'über-"${AWS::Region}: #*'
tags = 'regex:^v\d+\t'
"#,
    ),
];

/// `ecroll template` without anything of AWS in its environment.
fn ecroll(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ecroll"))
        .arg("template")
        .args(arguments)
        .env_clear()
        .current_dir(home)
        .output()
        .unwrap()
}

/// Writes the template of each configuration as YAML and as JSON.
fn write_all(home: &Path) -> Vec<[PathBuf; 2]> {
    let handler = handler(home);
    let mut written = Vec::new();
    for (name, text) in CONFIGURATIONS {
        let config = home.join(name).with_extension("toml");
        std::fs::write(&config, text).unwrap();
        let config = config.to_str().unwrap();
        written.push(["text", "json"].map(|output| {
            let arguments = [
                "--config",
                config,
                "--handler",
                &handler,
                "--output",
                output,
            ];
            let run = ecroll(home, &arguments);
            let said = String::from_utf8_lossy(&run.stderr);
            assert_eq!(run.status.code(), Some(0), "{name}: {said}");
            let path = home.join(format!("{name}-{output}.template"));
            std::fs::write(&path, run.stdout).unwrap();
            path
        }));
    }
    written
}

pub(crate) fn run(program: &Path, home: &Path, arguments: &[&str], files: &[&PathBuf]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).args(files).current_dir(home);
    // Nothing of the caller's, and no way out: neither asks anybody.
    command.env_clear().env("HOME", home);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.output().unwrap()
}

pub(crate) fn json(run: &Output) -> Value {
    let text = String::from_utf8_lossy(&run.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|why| panic!("{why}: {text}{}", String::from_utf8_lossy(&run.stderr)))
}

#[test]
fn foreign_cfn_lint_finds_nothing_in_the_template() {
    if skipped("foreign_cfn_lint_finds_nothing_in_the_template") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let written = write_all(home);
    let programs = CFN_LINT.programs();
    let lint = |files: &[&PathBuf]| {
        // Also what it only mentions, and what holds in the Regions of other partitions.
        let arguments = ["--include-checks", "I", "--format", "json", "--regions"];
        let regions = [
            "us-east-1",
            "eu-west-1",
            "cn-north-1",
            "us-gov-west-1",
            "--",
        ];
        let arguments: Vec<&str> = arguments.into_iter().chain(regions).collect();
        json(&run(&programs.join("cfn-lint"), home, &arguments, files))
    };
    let all: Vec<&PathBuf> = written.iter().flatten().collect();
    // It takes a text of somebody's for a forgotten function if it looks like one, wherever it stands.
    let plain: Vec<&PathBuf> = written[..3].iter().flatten().collect();
    assert_eq!(lint(&plain), serde_json::json!([]));

    // It would say something if there were something.
    let broken = home.join("broken.template");
    let text = std::fs::read_to_string(&written[0][0]).unwrap();
    let text = text.replace("RetentionInDays: 30", "RetentionInDays: 31");
    std::fs::write(&broken, text.replace("!Ref Topic", "!Ref Topik")).unwrap();
    let found = lint(&[&broken]);
    let found: BTreeSet<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["Rule"]["Id"].as_str().unwrap())
        .collect();
    assert!(
        found.contains("E3030") && found.contains("E1020"),
        "{found:?}"
    );

    // The reader of YAML is cfn-lint's, which knows the short forms. The two were written one after the other, so the time
    // of writing may differ.
    let compare = "import json, sys\n\
                   from cfnlint.decode import decode\n\
                   for text, other in zip(sys.argv[1::2], sys.argv[2::2]):\n\
                   \x20   read, faults = decode(text)\n\
                   \x20   assert not faults, (text, faults)\n\
                   \x20   read, other = json.loads(json.dumps(read)), json.load(open(other))\n\
                   \x20   for one in read, other:\n\
                   \x20       one['Parameters'].pop('Since', None)\n\
                   \x20   assert read == other, text\n\
                   print(len(sys.argv[1::2]))\n";
    let run = run(&programs.join("python"), home, &["-c", compare], &all);
    let said = String::from_utf8_lossy(&run.stderr);
    let count = CONFIGURATIONS.len().to_string();
    assert_eq!(String::from_utf8_lossy(&run.stdout).trim(), count, "{said}");
}

#[test]
fn foreign_checkov_fails_nothing_that_is_not_argued() {
    if skipped("foreign_checkov_fails_nothing_that_is_not_argued") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let written = write_all(home);
    let texts: Vec<&PathBuf> = written[..3].iter().map(|[text, _]| text).collect();
    checkov_fails_nothing_that_is_not_argued(home, &texts);
}

/// Templates of which checkov fails nothing, and without their arguments just what they argue.
pub(crate) fn checkov_fails_nothing_that_is_not_argued(home: &Path, templates: &[&PathBuf]) {
    let checkov = CHECKOV.programs().join("checkov");
    // Each as it is, and without its arguments: then just what is argued must fail. It tells a template by its ending.
    let mut files = Vec::new();
    for text in templates {
        let path = text.with_extension("yaml");
        let text = std::fs::read_to_string(text).unwrap();
        let bare = path.with_extension("bare.yaml");
        std::fs::write(&bare, text.replace("checkov:", "another:")).unwrap();
        std::fs::write(&path, text).unwrap();
        files.push((path, bare));
    }
    let all: Vec<&PathBuf> = files.iter().flat_map(|(path, bare)| [path, bare]).collect();
    let arguments = ["--framework", "cloudformation", "--skip-download"];
    let arguments = arguments.into_iter().chain(["--output", "json", "--file"]);
    let arguments: Vec<&str> = arguments.collect();
    let report = json(&run(&checkov, home, &arguments, &all));
    assert_eq!(report["summary"]["parsing_errors"], 0, "{report}");

    let checks = |which: &str, file: &Path| -> BTreeSet<(String, String)> {
        let checks = report["results"][which].as_array().unwrap().iter();
        let of_file = checks.filter(|check| check["file_abs_path"] == file.to_str().unwrap());
        let named = |check: &Value| {
            let text = |member: &str| check[member].as_str().unwrap().to_owned();
            (text("resource"), text("check_id"))
        };
        of_file.map(named).collect()
    };
    for (path, bare) in &files {
        let failed = checks("failed_checks", path);
        assert!(failed.is_empty(), "{}: {failed:?}", path.display());
        let argued = checks("skipped_checks", path);
        assert!(argued.len() > 5, "{}: {argued:?}", path.display());
        assert_eq!(checks("failed_checks", bare), argued, "{}", bare.display());
        // Nor is anything argued that it does not know.
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines();
        let written =
            lines.filter(|line| line.trim().trim_start_matches("- ").starts_with("id: CKV"));
        assert_eq!(written.count(), argued.len(), "{}", path.display());
    }
}

#[test]
fn the_zip_is_written_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let handler = handler(home);
    let run = ecroll(home, &["--handler", &handler, "--zip", "out.zip"]);
    assert_eq!(run.status.code(), Some(0));
    let packed = setup::Code::pack(Path::new(&handler)).unwrap();
    assert_eq!(std::fs::read(home.join("out.zip")).unwrap(), packed.zip);
    let key = format!("S3Key: ecroll/{}.zip\n", packed.sha256_hex());
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(text.contains(&key), "{text}");
}

#[test]
fn rule_10_a_template_that_cannot_be_had_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let handler = handler(home);
    std::fs::write(home.join("bad.toml"), "nmae = \"x\"\nsweep = 5\n").unwrap();
    for (arguments, said) in [
        (vec![], "cargo build --profile lambda"),
        (
            vec!["--handler", &handler, "--zip", "no/such/folder.zip"],
            "cannot write `no/such/folder.zip`: there is no folder `no/such`",
        ),
        (
            vec!["--handler", &handler, "--config", "bad.toml"],
            "bad.toml:1: ",
        ),
    ] {
        let run = ecroll(home, &arguments);
        let err = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{err}");
        assert!(err.contains(said), "{err}");
        assert_eq!(run.stdout, b"", "{arguments:?}");
    }
}

//! What others say of `examples/`: cfn-lint and checkov of the stack, a reader of YAML and bash of what a build runs. Then the
//! builds run, with a docker and an aws that only write down what they are asked for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::install::{CFN_LINT, skipped};
use crate::template::{checkov_fails_nothing_that_is_not_argued, json as read, run};

const REPOSITORY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop";

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

#[test]
fn foreign_cfn_lint_finds_nothing_in_the_example() {
    if skipped("foreign_cfn_lint_finds_nothing_in_the_example") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let lint = |file: &PathBuf| {
        let arguments = ["--include-checks", "I", "--format", "json", "--regions"];
        let regions = [
            "us-east-1",
            "eu-west-1",
            "cn-north-1",
            "us-gov-west-1",
            "--",
        ];
        let arguments: Vec<&str> = arguments.into_iter().chain(regions).collect();
        let program = CFN_LINT.programs().join("cfn-lint");
        read(&run(&program, folder.path(), &arguments, &[file]))
    };
    let stack = examples().join("stack.yaml");
    assert_eq!(lint(&stack), json!([]));
    // It would say something if there were something.
    let broken = folder.path().join("broken.yaml");
    let text = std::fs::read_to_string(stack).unwrap();
    std::fs::write(&broken, text.replace("!Ref SubnetB", "!Ref SubnetC")).unwrap();
    assert_ne!(lint(&broken), json!([]));
}

#[test]
fn foreign_checkov_fails_nothing_of_the_example_that_is_not_argued() {
    if skipped("foreign_checkov_fails_nothing_of_the_example_that_is_not_argued") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("stack.template");
    std::fs::copy(examples().join("stack.yaml"), &copy).unwrap();
    checkov_fails_nothing_that_is_not_argued(folder.path(), &[&copy]);
}

/// A file of YAML, by a reader that is not ours.
pub(crate) fn yaml(path: &Path) -> Value {
    // `on` is a truth value to YAML 1.1, and so no key of JSON.
    let script =
        "import json, sys, yaml\nprint(json.dumps(yaml.load(open(sys.argv[1]), yaml.BaseLoader)))";
    let python = CFN_LINT.programs().join("python");
    let done = Command::new(python)
        .args(["-c", script])
        .arg(path)
        .output()
        .unwrap();
    read(&done)
}

/// A shell with a docker and an aws that write down how they were called; answers that too.
fn shell(script: &str, variables: &BTreeMap<String, String>, home: &Path) -> (Output, String) {
    let programs = home.join("bin");
    std::fs::create_dir_all(&programs).unwrap();
    let log = home.join("calls");
    let _ = std::fs::remove_file(&log);
    for program in ["docker", "aws"] {
        let path = programs.join(program);
        let text = format!(
            "#!/bin/sh\n[ {program} = docker ] && [ \"$1\" = login ] && cat > /dev/null\n\
                            echo {program} \"$@\" >> '{}'\n",
            log.display()
        );
        std::fs::write(&path, text).unwrap();
        let mut mode = Command::new("chmod");
        assert!(mode.arg("755").arg(&path).status().unwrap().success());
    }
    let path = std::env::var("PATH").unwrap();
    let done = Command::new("bash")
        .args(["-c", script])
        .env_clear()
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("HOME", home)
        .envs(variables)
        .current_dir(examples())
        .output()
        .unwrap();
    let calls = std::fs::read_to_string(log).unwrap_or_default();
    (done, calls)
}

/// That bash can read it.
pub(crate) fn is_bash(script: &str) {
    let done = Command::new("bash")
        .args(["-n", "-c", script])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{script}\n{said}");
}

/// What a build must have asked for: a login, a build, and a push of the same image, under a tag of its own.
fn pushes_a_tag_of_its_own(calls: &str, ending: &str) {
    let lines: Vec<&str> = calls.lines().collect();
    let login =
        "docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com";
    // The two ends of a pipe are written down in any order.
    assert!(lines[..2].contains(&login), "{calls}");
    assert!(
        lines[..2].contains(&"aws ecr get-login-password --region eu-west-1"),
        "{calls}"
    );
    let pushed = lines[3]
        .strip_prefix(&format!("docker push {REPOSITORY}:"))
        .unwrap();
    assert!(
        lines[2].contains(&format!(
            "--build-arg VERSION={pushed} --tag {REPOSITORY}:{pushed} "
        )),
        "{calls}"
    );
    assert_eq!(lines.len(), 4, "{calls}");
    let (day, rest) = pushed.split_once('-').unwrap();
    let (second, rest) = rest.split_once('-').unwrap();
    assert!(
        day.len() == 8 && second.len() == 6 && format!("{day}{second}").parse::<u64>().is_ok(),
        "{pushed}"
    );
    assert!(rest.ends_with(ending), "{pushed}");
    assert!(!calls.contains("latest"), "{calls}");
}

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn foreign_the_workflow_builds_and_pushes_a_tag_of_its_own() {
    if skipped("foreign_the_workflow_builds_and_pushes_a_tag_of_its_own") {
        return;
    }
    let workflow = yaml(&examples().join(".github/workflows/push.yml"));
    // Without this GitHub vouches for nobody, and with more the run may do more.
    let wanted = json!({"id-token": "write", "contents": "read"});
    assert_eq!(workflow["permissions"], wanted);
    assert_eq!(workflow["on"]["push"]["branches"], json!(["main"]));
    let folder = tempfile::tempdir().unwrap();
    let (mut outputs, mut calls) = (BTreeMap::<String, String>::new(), String::new());
    let steps = workflow["jobs"]["push"]["steps"].as_array().unwrap();
    for step in steps {
        let Some(script) = step["run"].as_str() else {
            let action = step["uses"].as_str().unwrap();
            assert!(action.contains('@'), "{action}");
            continue;
        };
        is_bash(script);
        // What somebody else writes never becomes part of a script.
        assert!(!script.contains("${{"), "{script}");
        let told = folder.path().join("outputs");
        std::fs::write(&told, "").unwrap();
        let mut environment = variables(&[
            ("REPOSITORY_URI", REPOSITORY),
            ("GITHUB_OUTPUT", told.to_str().unwrap()),
            ("GITHUB_SHA", "0123456789abcdef0123456789abcdef01234567"),
            ("GITHUB_RUN_NUMBER", "12"),
            ("GITHUB_RUN_ATTEMPT", "2"),
        ]);
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            let output = value.as_str().unwrap();
            let output = output.strip_prefix("${{ steps.names.outputs.").unwrap();
            let output = output.strip_suffix(" }}").unwrap();
            environment.insert(name.clone(), outputs[output].clone());
        }
        let (done, called) = shell(script, &environment, folder.path());
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        calls.push_str(&called);
        for line in std::fs::read_to_string(told).unwrap().lines() {
            let (name, value) = line.split_once('=').unwrap();
            outputs.insert(name.to_owned(), value.to_owned());
        }
    }
    assert_eq!(outputs["region"], "eu-west-1");
    pushes_a_tag_of_its_own(&calls, "0123456-12.2");
}

#[test]
fn foreign_the_buildspec_builds_and_pushes_a_tag_of_its_own() {
    if skipped("foreign_the_buildspec_builds_and_pushes_a_tag_of_its_own") {
        return;
    }
    let spec = yaml(&examples().join("buildspec.yml"));
    assert_eq!(
        (&spec["version"], &spec["env"]["shell"]),
        (&json!("0.2"), &json!("bash"))
    );
    let mut whole = String::new();
    for phase in ["pre_build", "build", "post_build"] {
        for command in spec["phases"][phase]["commands"].as_array().unwrap() {
            is_bash(command.as_str().unwrap());
            whole.push_str(command.as_str().unwrap());
            whole.push('\n');
        }
    }
    // One shell for all commands, as CodeBuild has it since version 0.2.
    let folder = tempfile::tempdir().unwrap();
    let with = |good: &str| {
        variables(&[
            ("REPOSITORY_URI", REPOSITORY),
            ("AWS_REGION", "eu-west-1"),
            (
                "CODEBUILD_RESOLVED_SOURCE_VERSION",
                "0123456789abcdef0123456789abcdef01234567",
            ),
            ("CODEBUILD_BUILD_NUMBER", "7"),
            ("CODEBUILD_BUILD_SUCCEEDING", good),
        ])
    };
    let (done, calls) = shell(&whole, &with("1"), folder.path());
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    pushes_a_tag_of_its_own(&calls, "0123456-7");
    // After a build that failed, nothing is pushed.
    let (done, calls) = shell(&whole, &with("0"), folder.path());
    assert!(
        !done.status.success() && !calls.contains("docker push"),
        "{calls}"
    );
}

#[test]
fn the_first_push_by_hand_has_a_tag_of_its_own() {
    let script = std::fs::read_to_string(examples().join("app/push.sh")).unwrap();
    is_bash(&script);
    let folder = tempfile::tempdir().unwrap();
    let call = format!("app/push.sh {REPOSITORY}");
    let (done, calls) = shell(&call, &BTreeMap::new(), folder.path());
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    pushes_a_tag_of_its_own(&calls, "");
    let (done, _) = shell("app/push.sh", &BTreeMap::new(), folder.path());
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        !done.status.success() && said.contains("usage: app/push.sh"),
        "{said}"
    );
}

/// A process that ends with its test, however that ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_small_service_shows_its_version_and_ends_when_it_is_told_to() {
    let mut server = Command::new("python3")
        .arg(examples().join("app/server.py"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("VERSION", "20260301-120000-0123456")
        .env("HOST", "127.0.0.1")
        .env("PORT", "0")
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Read to the end: a server whose output nobody takes cannot answer.
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let mut server = Killed(server);
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    let port: u16 = first.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/").ends_with("\r\n\r\nversion 20260301-120000-0123456\n"));
    assert!(get("/health").starts_with("HTTP/1.0 200 "));
    let mut kill = Command::new("kill");
    assert!(
        kill.arg(server.0.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(server.0.wait().unwrap().code(), Some(0));
}

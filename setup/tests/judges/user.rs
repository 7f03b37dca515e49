//! What the README promises, as a user does it: set up, push, watch a service roll.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::install::skipped;
use crate::served::Served;

const IMAGE: &str = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/shop/web";
/// The longest that anything here may take, in real time.
const PATIENCE: Duration = Duration::from_mins(3);

/// The smallest file that passes for an executable of x86-64: the account runs the handler in process anyway.
pub(crate) fn handler(home: &Path) -> String {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(64, 0);
    // Its type, an executable, and its machine.
    bytes[16] = 2;
    bytes[18] = 62;
    let path = home.join("handler");
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs `ecroll` on the served account; its exit code and all that it said.
fn ecroll(served: &Served, line: &str) -> (Option<i32>, String) {
    let handler = handler(served.home.path());
    bare(served, &format!("{line} --handler {handler}"))
}

/// The same with a verb that asks for no handler.
fn bare(served: &Served, line: &str) -> (Option<i32>, String) {
    let mut command = served.client(Path::new(env!("CARGO_BIN_EXE_ecroll")));
    command.args(line.split(' '));
    let done = command.output().unwrap();
    let said = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(said).unwrap())
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long a process of its own takes is told by no clock but the real one"
)]
fn now() -> Instant {
    Instant::now()
}

/// Waits until the server has told of this.
pub(crate) fn told(served: &Served, what: &str) {
    let until = now() + PATIENCE;
    while !served.told().contains(what) {
        assert!(now() < until, "never told of {what}:\n{}", served.told());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn setup_then_a_push_rolls_the_service_while_one_watches() {
    if skipped("setup_then_a_push_rolls_the_service_while_one_watches") {
        return;
    }
    let mut served = Served::start(&["--speed", "60", "--latency", "5s"]);
    served.asked("ecs create-cluster --cluster-name default");
    served.asked("ecr create-repository --repository-name shop/web");
    let containers =
        format!(r#"[{{"name":"app","image":"{IMAGE}:1","memory":128,"essential":true}}]"#);
    served.asked(&format!(
        "ecs register-task-definition --family web --container-definitions {containers}"
    ));
    served.asked("ecs create-service --cluster default --service-name web --task-definition web --desired-count 2");

    let (exit, said) = ecroll(&served, "plan --check");
    assert_eq!(exit, Some(1), "{said}");
    let (exit, said) = ecroll(&served, "setup --yes");
    assert_eq!(exit, Some(0), "{said}");
    let (exit, said) = ecroll(&served, "plan --check");
    assert_eq!(exit, Some(0), "{said}");

    let manifest = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json"}}"#;
    let push = format!(
        "ecr put-image --repository-name shop/web --image-tag 2 --image-manifest {manifest}"
    );
    served.asked(&push);
    for line in [
        "push      000000000000.dkr.ecr.eu-west-1.amazonaws.com/shop/web 2 sha256:",
        // From OK or, where the push came before the alarm was looked at for the first time, from INSUFFICIENT_DATA.
        " to ALARM",
        "rolled    default/web",
        "steady    default/web web:2",
    ] {
        told(&served, line);
    }
    let runs = served.asked(
        "ecs describe-services --cluster default --services web --query services[0].taskDefinition --output text",
    );
    assert!(runs.trim().ends_with("task-definition/web:2"), "{runs}");
    let image = served.asked(
        "ecs describe-task-definition --task-definition web:2 --query taskDefinition.containerDefinitions[0].image",
    );
    assert_eq!(image.trim(), format!("\"{IMAGE}:2\""));
    // Pushed again, nothing is new: the record of the refusal rolls nothing.
    let words: Vec<&str> = push.split(' ').collect();
    let again = served.aws(&words);
    let err = String::from_utf8_lossy(&again.stderr);
    assert!(err.contains("ImageAlreadyExistsException"), "{err}");

    let mut status = served.client(Path::new(env!("CARGO_BIN_EXE_ecroll")));
    let status = status.args(["status", "default/web", "--watch"]).output();
    let status = status.unwrap();
    let said = String::from_utf8(status.stdout).unwrap();
    assert_eq!(status.status.code(), Some(0), "{said}");
    assert!(said.contains("default/web  current"), "{said}");
    assert!(said.contains("  shop/web:2, pushed "), "{said}");
    assert!(said.ends_with("no roll is under way\n"), "{said}");

    let (exit, said) = bare(&served, "doctor --probe");
    assert_eq!(exit, Some(0), "{said}");
    assert!(said.contains("OK   probe "), "{said}");
    let (exit, said) = ecroll(&served, "plan --check");
    assert_eq!(exit, Some(0), "{said}");
    assert_eq!(served.told().matches("rolled    default/web").count(), 1);
    assert_eq!(served.interrupt().code(), Some(130));
}

//! What others say of the workflows: check-jsonschema by the schema of GitHub's workflows, and bash of what they run.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::examples::{is_bash, yaml};
use crate::install::{CHECK_JSONSCHEMA, skipped};
use crate::template::run;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn foreign_the_workflows_fit_their_schema() {
    if skipped("foreign_the_workflows_fit_their_schema") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let fits = |file: &PathBuf| {
        let program = CHECK_JSONSCHEMA.programs().join("check-jsonschema");
        let arguments = ["--builtin-schema", "vendor.github-workflows"];
        run(&program, folder.path(), &arguments, &[file])
            .status
            .success()
    };
    let ours = root().join(".github/workflows/ci.yml");
    assert!(fits(&ours));
    assert!(fits(&root().join("examples/.github/workflows/push.yml")));
    // It would say something if there were something.
    let broken = folder.path().join("broken.yml");
    let text = std::fs::read_to_string(ours).unwrap();
    std::fs::write(&broken, text.replace("runs-on:", "run-on:")).unwrap();
    assert!(!fits(&broken));
}

#[test]
fn foreign_the_workflow_does_what_ci_runs_and_publishes_only_what_was_checked() {
    if skipped("foreign_the_workflow_does_what_ci_runs_and_publishes_only_what_was_checked") {
        return;
    }
    let workflow = yaml(&root().join(".github/workflows/ci.yml"));
    let scripts = |job: &Value| -> Vec<String> {
        let steps = job["steps"].as_array().unwrap();
        let scripts = steps.iter().filter_map(|step| step["run"].as_str());
        scripts.map(str::to_owned).collect()
    };
    let jobs = &workflow["jobs"];
    assert!(scripts(&jobs["check"]).contains(&".ci/run".to_owned()));
    assert!(scripts(&jobs["build"]).contains(&"release/run".to_owned()));
    let is_tag = "startsWith(github.ref, 'refs/tags/v')";
    assert_eq!(jobs["build"]["if"], is_tag);
    assert_eq!(jobs["build"]["needs"], "check");
    assert_eq!(jobs["publish"]["needs"], "build");
    // Nothing but the last job may write.
    assert_eq!(workflow["permissions"], json!({"contents": "read"}));
    for (name, job) in jobs.as_object().unwrap() {
        let may_more = !job["permissions"].is_null();
        assert_eq!(may_more, name == "publish", "{name}");
        for script in scripts(job) {
            is_bash(&script);
            // What somebody else writes never becomes part of a script.
            assert!(!script.contains("${{"), "{script}");
        }
    }
}

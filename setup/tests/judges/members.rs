//! What `ecroll service` knows of the members of its files, against the model that the judges have.

use std::collections::BTreeSet;
use std::process::Command;

use crate::install::{programs, skipped};

const TABLE: &str = include_str!("../../src/service/members.txt");

/// Prints `structure member held` for what the inputs reach, and for two answers; a list is what is in it.
const MODEL: &str = r#"
from botocore.loaders import Loader
from botocore.model import ServiceModel
model = ServiceModel(Loader().load_service_model("ecs", "service-2"))
def held(shape):
    while shape.type_name == "list":
        shape = shape.member
    return shape if shape.type_name == "structure" else None
todo, seen = ["CreateServiceRequest", "UpdateServiceRequest", "RegisterTaskDefinitionRequest"], set()
while todo:
    name = todo.pop()
    if name in seen:
        continue
    seen.add(name)
    for member, shape in model.shape_for(name).members.items():
        below = held(shape)
        print(name, member, below.name if below else "")
        if below:
            todo.append(below.name)
for name in "Service", "TaskDefinition":
    for member in model.shape_for(name).members:
        print(name, member, "")
"#;

#[test]
fn foreign_the_members_that_service_knows_are_those_of_the_model() {
    if skipped("foreign_the_members_that_service_knows_are_those_of_the_model") {
        return;
    }
    let run = Command::new(programs().join("python"))
        .args(["-c", MODEL])
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let text = String::from_utf8(run.stdout).unwrap();
    let model: BTreeSet<String> = text.lines().map(|line| line.trim().to_owned()).collect();
    let mut table = BTreeSet::new();
    for block in TABLE.split("\n\n").skip(1) {
        let (structure, members) = block.split_once(':').unwrap();
        for member in members.split_whitespace() {
            table.insert(format!("{structure} {}", member.replace('=', " ")));
        }
    }
    let only =
        |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(
        only(&model, &table),
        Vec::<String>::new(),
        "ECS takes them, and the table lacks them"
    );
    assert_eq!(
        only(&table, &model),
        Vec::<String>::new(),
        "the table has them, and ECS does not take them"
    );
}

//! Amazon ECR: `list_amazonelasticcontainerregistry.html`.

use serde_json::Value;

use super::{Asked, Row, need, row_of};

pub(super) const TABLE: &[Row] = &[
    row_of("DescribeImages", &[need("ecr:DescribeImages", repository)]),
    row_of("BatchGetImage", &[need("ecr:BatchGetImage", repository)]),
    row_of("PutImage", &[need("ecr:PutImage", repository)]),
    row_of("ListImages", &[need("ecr:ListImages", repository)]),
    row_of(
        "CreateRepository",
        &[need("ecr:CreateRepository", repository)],
    ),
    row_of(
        "DeleteRepository",
        &[need("ecr:DeleteRepository", repository)],
    ),
    row_of(
        "DescribeRepositories",
        &[need("ecr:DescribeRepositories", repositories)],
    ),
];

fn repository(asked: &Asked<'_>) -> Vec<String> {
    vec![named(asked, asked.text("repositoryName").unwrap_or("*"))]
}

/// Those that are named, or all of the registry.
fn repositories(asked: &Asked<'_>) -> Vec<String> {
    let names = asked.input.get("repositoryNames").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    let arns: Vec<String> = names.map(|name| named(asked, name)).collect();
    if arns.is_empty() {
        vec![named(asked, "*")]
    } else {
        arns
    }
}

fn named(asked: &Asked<'_>, name: &str) -> String {
    let mut place = asked.place.clone();
    if let Some(registry) = asked.text("registryId") {
        registry.clone_into(&mut place.account);
    }
    place.arn("ecr", &format!("repository/{name}"))
}

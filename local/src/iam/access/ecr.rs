//! Amazon ECR: `list_amazonelasticcontainerregistry.html`.

use super::{Asked, Row, all, need, row_of, tagged};

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateRepository",
        &[
            need("ecr:CreateRepository", repository),
            need("ecr:TagResource", repository).when(tagged),
        ],
    ),
    row_of(
        "DeleteRepository",
        &[need("ecr:DeleteRepository", repository)],
    ),
    row_of(
        "DescribeRepositories",
        &[need("ecr:DescribeRepositories", repositories)],
    ),
    row_of(
        "DescribePullThroughCacheRules",
        &[need("ecr:DescribePullThroughCacheRules", all)],
    ),
    row_of("ListImages", &[need("ecr:ListImages", repository)]),
    row_of("DescribeImages", &[need("ecr:DescribeImages", repository)]),
    row_of("BatchGetImage", &[need("ecr:BatchGetImage", repository)]),
    row_of("PutImage", &[need("ecr:PutImage", repository)]),
];

fn arn(asked: &Asked<'_>, name: &str) -> String {
    let mut place = asked.place.clone();
    if let Some(registry) = asked.text("registryId") {
        registry.clone_into(&mut place.account);
    }
    place.arn("ecr", &format!("repository/{name}"))
}

fn repository(asked: &Asked<'_>) -> Vec<String> {
    vec![arn(asked, asked.text("repositoryName").unwrap_or("*"))]
}

/// Those that are named, else all.
fn repositories(asked: &Asked<'_>) -> Vec<String> {
    let mut names = asked.texts("repositoryNames");
    if names.is_empty() {
        names.push("*");
    }
    names.into_iter().map(|name| arn(asked, name)).collect()
}

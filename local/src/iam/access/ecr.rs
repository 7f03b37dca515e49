//! Amazon ECR: `list_amazonelasticcontainerregistry.html`.

use super::{Asked, Row, need, row_of};

pub(super) const TABLE: &[Row] = &[
    row_of("DescribeImages", &[need("ecr:DescribeImages", repository)]),
    row_of("BatchGetImage", &[need("ecr:BatchGetImage", repository)]),
    row_of("PutImage", &[need("ecr:PutImage", repository)]),
];

fn repository(asked: &Asked<'_>) -> Vec<String> {
    let mut place = asked.place.clone();
    if let Some(registry) = asked.text("registryId") {
        registry.clone_into(&mut place.account);
    }
    let name = asked.text("repositoryName").unwrap_or("*");
    vec![place.arn("ecr", &format!("repository/{name}"))]
}

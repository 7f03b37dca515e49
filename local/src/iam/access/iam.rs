//! IAM: `list_awsidentityandaccessmanagementiam.html`.

use super::{Asked, Row, all, need, row_of, tagged};
use crate::iam::global;

pub(super) const TABLE: &[Row] = &[
    row_of(
        "CreateRole",
        &[
            need("iam:CreateRole", new_role),
            // API reference, CreateRole: tags on a new role need the permission to tag.
            need("iam:TagRole", new_role).when(tagged),
        ],
    ),
    row_of("GetRole", &[need("iam:GetRole", role)]),
    row_of("ListRoles", &[need("iam:ListRoles", roles)]),
    row_of("DeleteRole", &[need("iam:DeleteRole", role)]),
    row_of("TagRole", &[need("iam:TagRole", role)]),
    row_of("UntagRole", &[need("iam:UntagRole", role)]),
    row_of("ListRoleTags", &[need("iam:ListRoleTags", role)]),
    row_of(
        "UpdateAssumeRolePolicy",
        &[need("iam:UpdateAssumeRolePolicy", role)],
    ),
    row_of("PutRolePolicy", &[need("iam:PutRolePolicy", role)]),
    row_of("GetRolePolicy", &[need("iam:GetRolePolicy", role)]),
    row_of("DeleteRolePolicy", &[need("iam:DeleteRolePolicy", role)]),
    row_of("ListRolePolicies", &[need("iam:ListRolePolicies", role)]),
    row_of(
        "ListAttachedRolePolicies",
        &[need("iam:ListAttachedRolePolicies", role)],
    ),
    row_of(
        "ListInstanceProfilesForRole",
        &[need("iam:ListInstanceProfilesForRole", role)],
    ),
    row_of(
        "SimulatePrincipalPolicy",
        &[need("iam:SimulatePrincipalPolicy", simulated)],
    ),
];

fn simulated(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("PolicySourceArn")
}

fn new_role(asked: &Asked<'_>) -> Vec<String> {
    let path = asked.text("Path").unwrap_or("/");
    let name = asked.text("RoleName").unwrap_or("*");
    vec![global(asked.place, &format!("role{path}{name}"))]
}

fn role(asked: &Asked<'_>) -> Vec<String> {
    vec![role_arn(asked, asked.text("RoleName").unwrap_or("*"))]
}

/// A denied list is answered about the path that was asked for.
fn roles(asked: &Asked<'_>) -> Vec<String> {
    match asked.text("PathPrefix") {
        Some(path) => vec![global(asked.place, &format!("role{path}"))],
        None => all(asked),
    }
}

/// The ARN of a role that a call names by its ARN or its name.
pub(super) fn role_arn(asked: &Asked<'_>, named: &str) -> String {
    if named.starts_with("arn:") {
        return named.to_owned();
    }
    let known = asked.state.iam.role_arn(named).map(str::to_owned);
    known.unwrap_or_else(|| global(asked.place, &format!("role/{named}")))
}

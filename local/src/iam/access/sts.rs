//! STS: `list_awssecuritytokenservice.html`. Everybody may ask who they are, even against a denial: STS API reference,
//! `GetCallerIdentity`.

use super::{Asked, Key, Row, need, row_of};

const ASSUMING: &[Key] = &[
    ("sts:ExternalId", |asked| one(asked, "ExternalId")),
    ("sts:RoleSessionName", |asked| one(asked, "RoleSessionName")),
];

pub(super) const TABLE: &[Row] = &[
    row_of("GetCallerIdentity", &[]),
    row_of("AssumeRole", &[need("sts:AssumeRole", role).with(ASSUMING)]),
];

fn role(asked: &Asked<'_>) -> Vec<String> {
    asked.whole("RoleArn")
}

fn one(asked: &Asked<'_>, member: &str) -> Vec<String> {
    asked.text(member).map(str::to_owned).into_iter().collect()
}

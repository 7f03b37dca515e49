//! S3: `list_amazons3.html`. The operations on a bucket's settings and the actions that stand for them have different
//! names: S3 user guide, "Required permissions for Amazon S3 API operations".

use serde_json::Value;

use super::{Asked, Row, all, need, row_of, tagged};

pub(super) const TABLE: &[Row] = &[
    row_of("ListBuckets", &[need("s3:ListAllMyBuckets", all)]),
    row_of(
        "CreateBucket",
        &[
            need("s3:CreateBucket", bucket),
            need("s3:TagResource", bucket).when(tagged),
        ],
    ),
    row_of("HeadBucket", &[need("s3:ListBucket", bucket)]),
    row_of("ListObjectsV2", &[need("s3:ListBucket", bucket)]),
    row_of(
        "ListObjectVersions",
        &[need("s3:ListBucketVersions", bucket)],
    ),
    row_of("PutObject", &[need("s3:PutObject", object)]),
    row_of(
        "DeleteObjects",
        &[
            need("s3:DeleteObject", objects),
            need("s3:DeleteObjectVersion", versions),
        ],
    ),
    row_of("GetBucketLocation", &[need("s3:GetBucketLocation", bucket)]),
    row_of("DeleteBucket", &[need("s3:DeleteBucket", bucket)]),
    row_of("PutBucketPolicy", &[need("s3:PutBucketPolicy", bucket)]),
    row_of("GetBucketPolicy", &[need("s3:GetBucketPolicy", bucket)]),
    row_of(
        "DeleteBucketPolicy",
        &[need("s3:DeleteBucketPolicy", bucket)],
    ),
    row_of(
        "PutPublicAccessBlock",
        &[need("s3:PutBucketPublicAccessBlock", bucket)],
    ),
    row_of(
        "GetPublicAccessBlock",
        &[need("s3:GetBucketPublicAccessBlock", bucket)],
    ),
    row_of(
        "DeletePublicAccessBlock",
        &[need("s3:PutBucketPublicAccessBlock", bucket)],
    ),
    row_of(
        "PutBucketEncryption",
        &[need("s3:PutEncryptionConfiguration", bucket)],
    ),
    row_of(
        "GetBucketEncryption",
        &[need("s3:GetEncryptionConfiguration", bucket)],
    ),
    row_of(
        "DeleteBucketEncryption",
        &[need("s3:PutEncryptionConfiguration", bucket)],
    ),
    row_of(
        "PutBucketLifecycleConfiguration",
        &[need("s3:PutLifecycleConfiguration", bucket)],
    ),
    row_of(
        "GetBucketLifecycleConfiguration",
        &[need("s3:GetLifecycleConfiguration", bucket)],
    ),
    row_of(
        "DeleteBucketLifecycle",
        &[need("s3:PutLifecycleConfiguration", bucket)],
    ),
    row_of("PutBucketTagging", &[need("s3:PutBucketTagging", bucket)]),
    row_of("GetBucketTagging", &[need("s3:GetBucketTagging", bucket)]),
    row_of(
        "DeleteBucketTagging",
        &[need("s3:PutBucketTagging", bucket)],
    ),
    row_of(
        "PutBucketVersioning",
        &[need("s3:PutBucketVersioning", bucket)],
    ),
    row_of(
        "GetBucketVersioning",
        &[need("s3:GetBucketVersioning", bucket)],
    ),
];

fn bucket(asked: &Asked<'_>) -> Vec<String> {
    let name = asked.text("Bucket").unwrap_or("*");
    vec![format!("arn:{}:s3:::{name}", asked.place.partition)]
}

fn object(asked: &Asked<'_>) -> Vec<String> {
    vec![object_arn(asked, asked.text("Key").unwrap_or("*"))]
}

fn object_arn(asked: &Asked<'_>, key: &str) -> String {
    let bucket = asked.text("Bucket").unwrap_or("*");
    format!("arn:{}:s3:::{bucket}/{key}", asked.place.partition)
}

/// What is deleted, a version or the object itself; XML has one member where there is one object.
fn deleted(asked: &Asked<'_>, version: bool) -> Vec<String> {
    let listed = ["/Delete/Objects", "/Delete/Object"];
    let listed = listed.iter().filter_map(|path| asked.input.pointer(path));
    let each = listed.flat_map(|list| match list {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    });
    let kind = each.filter(|object| object.get("VersionId").is_some() == version);
    let keys = kind.filter_map(|object| object.get("Key")?.as_str());
    keys.map(|key| object_arn(asked, key)).collect()
}

fn objects(asked: &Asked<'_>) -> Vec<String> {
    deleted(asked, false)
}

fn versions(asked: &Asked<'_>) -> Vec<String> {
    deleted(asked, true)
}

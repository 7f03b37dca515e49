//! Good inputs: what changes are made to.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// An image manifest as PutImage's record carries it.
pub(crate) const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:aa","size":7},
"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:bb","size":7}]}"#;

/// An index of two platforms with an attestation.
pub(crate) const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aa","platform":{"os":"linux","architecture":"amd64"}},
{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:bb","platform":{"os":"linux","architecture":"arm64"}},
{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:cc","platform":{"os":"unknown","architecture":"unknown"}}]}"#;

/// The record of a push.
pub(crate) fn record(id: &str) -> Value {
    json!({
        "eventVersion": "1.11", "userIdentity": {"type": "AssumedRole", "accountId": "111122223333"},
        "eventTime": "2026-03-01T10:00:00Z", "eventSource": "ecr.amazonaws.com", "eventName": "PutImage",
        "awsRegion": "eu-west-1", "requestParameters": {"registryId": "111122223333", "repositoryName": "team/web",
            "imageTag": "v1", "imageManifest": MANIFEST},
        "responseElements": {"image": {"registryId": "111122223333", "repositoryName": "team/web",
            "imageId": {"imageDigest": "sha256:aa", "imageTag": "v1"}, "imageManifest": MANIFEST}},
        "eventID": id, "readOnly": false, "resources": [
            {"ARN": "arn:aws:ecr:eu-west-1:111122223333:repository/team/web", "accountId": "111122223333"}],
        "managementEvent": true, "recipientAccountId": "111122223333", "eventCategory": "Management"
    })
}

/// The records of the sample that replay brings along.
pub(crate) static SAMPLE: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let sample: Value = serde_json::from_str(setup::replay::SAMPLE).unwrap();
    sample
        .get("Records")
        .and_then(Value::as_array)
        .unwrap()
        .clone()
});

/// Events of every kind that wakes the handler.
pub(crate) static EVENTS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let message = json!({"AlarmName": "ecroll-pushes", "AlarmDescription": null, "AWSAccountId": "111122223333",
        "NewStateValue": "ALARM", "OldStateValue": "OK", "StateChangeTime": "2026-03-01T10:01:20.000+0000",
        "Region": "EU (Ireland)", "AlarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ecroll-pushes",
        "Trigger": {"MetricName": "Pushes", "Statistic": "SUM", "Dimensions": [], "Period": 60}});
    let envelope = |kind: &str, detail: Value| {
        json!({"version": "0", "id": "6a1c9a0e-0000-4000-8000-000000000001", "detail-type": kind,
            "source": "aws.ecr", "account": "111122223333", "time": "2026-03-01T10:00:02Z", "region": "eu-west-1",
            "resources": [], "detail": detail})
    };
    let image = json!({"result": "SUCCESS", "repository-name": "team/web", "image-digest": "sha256:aa",
        "action-type": "PUSH", "image-tag": "v1"});
    let mut replica = image.clone();
    if let Some(action) = replica.get_mut("action-type") {
        *action = json!("REPLICATE");
    }
    vec![
        json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification",
            "MessageId": "m", "TopicArn": "arn:aws:sns:eu-west-1:111122223333:ecroll", "Subject": "ALARM",
            "Message": message.to_string(), "Timestamp": "2026-03-01T10:01:21.000Z", "MessageAttributes": {}}}]}),
        json!({"source": "aws.cloudwatch", "alarmArn": "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:ecroll-pushes",
            "accountId": "111122223333", "time": "2026-03-01T10:01:20.000+0000", "region": "eu-west-1",
            "alarmData": {"alarmName": "ecroll-pushes", "state": {"value": "ALARM"}}}),
        envelope("Scheduled Event", json!({})),
        envelope("ECR Image Action", image),
        envelope("ECR Replication Action", replica),
        envelope("AWS API Call via CloudTrail", record("e1")),
        envelope(
            "ECS Deployment State Change",
            json!({"eventName": "SERVICE_DEPLOYMENT_COMPLETED", "deploymentId": "d"}),
        ),
        json!({"repository": "team/web", "tag": "v1", "account": "111122223333", "region": "eu-west-1",
            "digest": "sha256:aa", "cluster": "prod", "service": "web-*", "dry_run": true}),
        json!({"look_back": "24h"}),
        json!({"look_back": "24h", "dry_run": false}),
        json!(null),
    ]
});

/// A configuration with every key.
pub(crate) const CONFIG: &str = r#"
name = "ecroll"
trail = "reuse:audit"
log_group = "/audit/trail"
clusters = ["prod", "arn:aws:ecs:eu-west-1:111122223333:cluster/*"]
repositories = ["team/*"]
triggers = ["alarm", "ecr-events", "cloudtrail-events", "log-subscription"]
sweep = "5m"
look_back = "24h"
since = 2026-01-01T00:00:00Z
notify = "arn:aws:sns:eu-west-1:111122223333:results"

[service]
tags = "regex:v[0-9]+"
match = "image"
action = "revision"
pin = "digest"
hold = false
minimum_healthy_percent = 50
maximum_percent = 150

[[services]]
cluster = "prod"
service = "web-*"
repository = "team/web"
tags = "semver:^2"
hold = true

[[services]]
service = "*"
tags = "glob:v*-prod"
action = "force"
match = "name-prefix"

[[targets]]
account = "222222222222"
region = "eu-west-1"
role = "arn:aws:iam::222222222222:role/ecroll"
external_id = "x"
"#;

/// Image references, as container definitions name them.
pub(crate) const IMAGES: &[&str] = &[
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:v1",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:aa",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:v1@sha256:aa",
    "111122223333.dkr-ecr.eu-west-1.on.aws/web",
    "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com/web:latest",
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b/c:1.2.3",
    "public.ecr.aws/nginx/nginx:1",
    "nginx",
];

/// Tag policies of every kind.
pub(crate) const POLICIES: &[&str] = &[
    "any",
    "newest-semver",
    "exact:prod",
    "prefix:main-",
    "glob:v*-prod-*",
    "regex:v[0-9]+(-rc\\.[0-9]{1,3})?",
    "regex:(a|a)*b",
    "semver:^2",
    "semver:2.x",
    "semver:>=1.2, <2",
    "semver:~1.4",
    "semver:=1.4.2-rc.1",
];

/// Tags.
pub(crate) const TAGS: &[&str] = &[
    "v1",
    "latest",
    "1.2.3",
    "v2.0.0-rc.1",
    "main-42",
    "2026.01.05",
    "a",
];

/// Values of the ledger's tags, on services and on revisions.
pub(crate) const LEDGER: &[&str] = &[
    "2026-01-01T00:00:00Z 2bfd4ee2-2178-4a82-a27d-b12939923f0f=0a1b2c3d v1.2 web:1000000 web:999999",
    "2026-01-01T00:00:00Z ecr:2bfd4ee2=0a1b2c3d v1.2 @0a1b2c3d:2 @0a1b2c3d:1 +",
    "2026-01-01T00:00:00Z ecr:2bfd4ee2=0a1b2c3d v1.2 web:2 web:1 +-25",
    "2026-01-01T00:00:00Z direct:2026-01-01T00:00:00Z v1 web:2 web:1",
    "2026-01-01T00:00:00Z 2bfd4ee2-2178-4a82-a27d-b12939923f0f sha256:aa 0a1b2c3d",
];

/// An answer of DescribeTaskDefinition.
pub(crate) fn definition() -> Value {
    json!({
        "taskDefinition": {
            "taskDefinitionArn": "arn:aws:ecs:eu-west-1:000000000000:task-definition/web:7", "family": "web",
            "revision": 7, "status": "ACTIVE", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"], "compatibilities": ["EC2", "FARGATE"],
            "requiresAttributes": [{"name": "com.amazonaws.ecs.capability.ecr-auth"}],
            "registeredAt": 1_767_225_600.5, "registeredBy": "arn:aws:iam::000000000000:root",
            "containerDefinitions": [
                {"name": "app", "image": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:v1", "cpu": 0,
                 "environment": [{"name": "A", "value": "1"}], "essential": true, "newMember": {"x": [1, 2.5, null]}},
                {"name": "side", "image": "public.ecr.aws/nginx/nginx:1"},
            ],
        },
        "tags": [{"key": "team", "value": "a"}, {"key": "ecroll:0a1b2c3d", "value": LEDGER.last()}],
    })
}

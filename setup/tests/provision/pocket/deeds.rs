//! What people and programs do in the account beside us.

use serde_json::json;

use super::Pocket;

impl Pocket {
    /// A push is recorded, and whatever follows from it takes its course for two minutes.
    pub(crate) async fn push_is_recorded(&self) {
        let now = self.account.clock().now();
        let record = json!({
            "eventVersion": "1.11", "eventID": "1", "eventSource": "ecr.amazonaws.com",
            "eventName": "PutImage", "awsRegion": "eu-west-1", "eventTime": now.to_rfc3339(),
            "eventCategory": "Management", "managementEvent": true, "readOnly": false,
            "recipientAccountId": "000000000000",
            "requestParameters": {"repositoryName": "web", "imageTag": "v1"},
            "responseElements": {"image": {
                "registryId": "000000000000", "repositoryName": "web",
                "imageId": {"imageDigest": format!("sha256:{}", "1".repeat(64)), "imageTag": "v1"},
                "imageManifest": json!({
                    "schemaVersion": 2,
                    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                    "config": {"mediaType": "application/vnd.docker.container.image.v1+json",
                               "digest": format!("sha256:{}", "2".repeat(64)), "size": 1},
                    "layers": [],
                }).to_string(),
            }},
        });
        self.account.deliver(record, now);
        self.wait(chrono::TimeDelta::minutes(2)).await;
    }

    /// Somebody changes an alarm, a filter, policies, the trail and the function behind our back.
    pub(crate) fn drift(&self) {
        self.call(
            "cloudwatch",
            "PutMetricAlarm",
            json!({
                "AlarmName": "ecroll-pushes", "Namespace": "ecroll", "MetricName": "Pushes",
                "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanOrEqualToThreshold",
                "AlarmActions": ["arn:aws:sns:eu-west-1:000000000000:ecroll"],
            }),
        );
        self.call(
            "logs",
            "PutMetricFilter",
            json!({
                "logGroupName": "/ecroll/trail", "filterName": "ecroll",
                "filterPattern": "{ $.eventName = \"PutImage\" }",
                "metricTransformations": [
                    { "metricName": "Pushes", "metricNamespace": "ecroll", "metricValue": "1" },
                ],
            }),
        );
        self.call(
            "logs",
            "PutRetentionPolicy",
            json!({
                "logGroupName": "/ecroll/trail", "retentionInDays": 1,
            }),
        );
        self.call(
            "iam",
            "PutRolePolicy",
            json!({
                "RoleName": "ecroll-eu-west-1-handler", "PolicyName": "ecroll",
                "PolicyDocument": json!({ "Version": "2012-10-17", "Statement": [
                    { "Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*" },
                ] }).to_string(),
            }),
        );
        self.call(
            "sns",
            "SetTopicAttributes",
            json!({
                "TopicArn": "arn:aws:sns:eu-west-1:000000000000:ecroll", "AttributeName": "Policy",
                "AttributeValue": json!({ "Version": "2012-10-17", "Statement": [
                { "Sid": "Everybody", "Effect": "Allow", "Principal": "*", "Action": "SNS:Publish",
                  "Resource": "arn:aws:sns:eu-west-1:000000000000:ecroll" },
            ] }).to_string(),
            }),
        );
        self.call("cloudtrail", "StopLogging", json!({ "Name": "ecroll" }));
        self.call(
            "lambda",
            "UpdateFunctionConfiguration",
            json!({
                "FunctionName": "ecroll", "Timeout": 3,
            }),
        );
    }

    /// Trails of other people, with a bucket of theirs.
    pub(crate) fn foreign_trails(&self, count: usize) {
        self.call("s3", "CreateBucket", json!({ "Bucket": "theirs" }));
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "Trails", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": ["s3:GetBucketAcl", "s3:PutObject"],
            "Resource": ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"],
        }] });
        self.call(
            "s3",
            "PutBucketPolicy",
            json!({
                "Bucket": "theirs", "Policy": policy.to_string(),
            }),
        );
        for number in 1..=count {
            self.call(
                "cloudtrail",
                "CreateTrail",
                json!({
                    "Name": format!("theirs-{number}"), "S3BucketName": "theirs",
                }),
            );
        }
    }

    /// A service that runs one container with a task role of this name.
    pub(crate) fn service(&self, cluster: &str, name: &str, role: &str) {
        self.call("ecs", "CreateCluster", json!({ "clusterName": cluster }));
        let family = format!("{cluster}-{name}");
        self.call(
            "ecs",
            "RegisterTaskDefinition",
            json!({
                "family": family,
                "taskRoleArn": format!("arn:aws:iam::000000000000:role/{role}"),
                "containerDefinitions": [{
                    "name": "main", "essential": true, "memory": 128,
                    "image": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/web:seed",
                }],
            }),
        );
        self.call("ecs", "CreateService", json!({
            "cluster": cluster, "serviceName": name, "taskDefinition": family, "desiredCount": 1,
        }));
    }
}

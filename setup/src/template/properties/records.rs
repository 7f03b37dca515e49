//! From CloudTrail to the metric.

use aws_sdk_cloudtrail::types::ReadWriteType;
use serde_json::json;

use super::{Fate, Writer, put, tags};
use crate::resource::{
    Bucket, LogGroup, MetricFilter, Role, SubscriptionFilter, Trail, bucket, role, trail,
};
use crate::template::symbols::mark;

impl Writer<'_> {
    pub(super) fn bucket(&mut self, bucket: &Bucket) {
        let private = bucket.private;
        let mut properties = json!({
            "BucketName": bucket.name,
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": private,
                "BlockPublicPolicy": private,
                "IgnorePublicAcls": private,
                "RestrictPublicBuckets": private,
            },
            "Tags": tags(&bucket.owner),
        });
        if bucket.encrypted {
            let with = json!({"SSEAlgorithm": "AES256"});
            let rule = json!({"ServerSideEncryptionByDefault": with});
            put(
                &mut properties,
                "BucketEncryption",
                json!({"ServerSideEncryptionConfiguration": [rule]}),
            );
        }
        if let Some(days) = bucket.expiry {
            let rule = json!({"Id": bucket::RULE, "Status": "Enabled", "ExpirationInDays": days});
            put(
                &mut properties,
                "LifecycleConfiguration",
                json!({"Rules": [rule]}),
            );
        }
        let comment = "Every trail must have a bucket, although the pipeline never reads from it.";
        self.add(
            "Bucket",
            "AWS::S3::Bucket",
            &[],
            Fate::Stays,
            Some(comment),
            &properties,
        );
        self.gives("Bucket", "Arn", self.place.bucket_arn(&bucket.name));
        if let Some(policy) = &bucket.policy {
            let properties = json!({"Bucket": mark("Bucket"), "PolicyDocument": policy});
            self.add(
                "BucketPolicy",
                "AWS::S3::BucketPolicy",
                &[],
                Fate::Plain,
                None,
                &properties,
            );
        }
    }

    pub(super) fn log_group(&mut self, group: &LogGroup) {
        let own = group.name == self.names.function_log_group;
        let (id, fate) = if own {
            ("FunctionLogGroup", Fate::Goes)
        } else {
            ("TrailLogGroup", Fate::Stays)
        };
        let properties = json!({
            "LogGroupName": group.name,
            "RetentionInDays": group.retention,
            "Tags": tags(&group.owner),
        });
        self.add(id, "AWS::Logs::LogGroup", &[], fate, None, &properties);
        // What CloudFormation calls its ARN ends so.
        self.gives(id, "Arn", format!("{}:*", group.arn));
    }

    pub(super) fn role(&mut self, role: &Role) {
        let id = if role.name == self.names.handler_role {
            "HandlerRole"
        } else {
            "TrailRole"
        };
        let mut properties = json!({
            "RoleName": role.name,
            "AssumeRolePolicyDocument": role.trust,
            "Tags": tags(&role.owner),
        });
        if let Some(policy) = &role.policy {
            let policy = json!({"PolicyName": role::POLICY, "PolicyDocument": policy});
            put(&mut properties, "Policies", json!([policy]));
        }
        self.add(id, "AWS::IAM::Role", &[], Fate::Plain, None, &properties);
        self.gives(id, "Arn", self.place.role_arn(&role.name));
    }

    pub(super) fn trail(&mut self, trail: &Trail) {
        let settings = &trail.settings;
        let selector = trail::wanted();
        let properties = json!({
            "TrailName": trail.name,
            "S3BucketName": mark("Bucket"),
            "CloudWatchLogsLogGroupArn": settings.log_group,
            "CloudWatchLogsRoleArn": settings.role,
            "IsMultiRegionTrail": settings.multi_region,
            "IncludeGlobalServiceEvents": settings.global_services,
            "EnableLogFileValidation": settings.validation,
            "EventSelectors": [{
                "ReadWriteType": selector.read_write_type().map(ReadWriteType::as_str),
                "IncludeManagementEvents": selector.include_management_events(),
                "ExcludeManagementEventSources": selector.exclude_management_event_sources(),
            }],
            "IsLogging": trail.logging,
            "Tags": tags(&trail.owner),
        });
        self.add(
            "Trail",
            "AWS::CloudTrail::Trail",
            &["BucketPolicy"],
            Fate::Plain,
            None,
            &properties,
        );
        self.gives("Trail", "Arn", trail.arn.clone());
    }

    pub(super) fn subscription_filter(&mut self, filter: &SubscriptionFilter) {
        let properties = json!({
            "FilterName": filter.name,
            "LogGroupName": self.records_group(&filter.log_group),
            "FilterPattern": filter.pattern,
            "DestinationArn": filter.function,
        });
        // CloudWatch Logs tries the function at once.
        self.add(
            "SubscriptionFilter",
            "AWS::Logs::SubscriptionFilter",
            &["LogSubscriptionPermission"],
            Fate::Plain,
            None,
            &properties,
        );
    }

    /// Of a group that the stack makes, what refers to it waits for it.
    fn records_group(&self, name: &str) -> String {
        let mut entries = self.entries.iter();
        if entries.any(|entry| entry.name == "TrailLogGroup") {
            mark("TrailLogGroup")
        } else {
            name.to_owned()
        }
    }

    pub(super) fn metric_filter(&mut self, filter: &MetricFilter) {
        let properties = json!({
            "FilterName": filter.name,
            "LogGroupName": self.records_group(&filter.log_group),
            "FilterPattern": filter.pattern,
            "MetricTransformations": [{
                "MetricName": filter.metric,
                "MetricNamespace": filter.namespace,
                "MetricValue": filter.value,
                "DefaultValue": filter.default,
            }],
        });
        self.add(
            "MetricFilter",
            "AWS::Logs::MetricFilter",
            &[],
            Fate::Plain,
            None,
            &properties,
        );
    }
}

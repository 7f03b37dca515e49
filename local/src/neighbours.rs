//! Calls that one service can answer only after a look at others: a trail needs its bucket, log
//! group and role, a function its role.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::cloudtrail;
use crate::logs::group_of_arn;
use crate::service::{Fault, Scope};
use crate::state::State;

/// What CloudTrail does to a log group in the name of its role.
const DELIVERING: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

impl State {
    /// Checks what a call needs of other services.
    pub(crate) fn check_neighbours(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        let name = input
            .get("Name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match (service, operation) {
            // One that exists already is refused for that, whatever else is wrong.
            ("cloudtrail", "CreateTrail") if self.cloudtrail.has(name) => Ok(()),
            ("cloudtrail", "UpdateTrail") if !self.cloudtrail.has(name) => Ok(()),
            ("cloudtrail", "CreateTrail" | "UpdateTrail") => self.check_trail(input, now),
            ("lambda", "CreateFunction" | "UpdateFunctionConfiguration") => {
                self.check_function_role(input, now)
            }
            _ => Ok(()),
        }
    }

    fn check_trail(&self, input: &Value, now: DateTime<Utc>) -> Result<(), Fault> {
        let settings = self.cloudtrail.settings_after(input);
        let text = |member: &str| settings.get(member).and_then(Value::as_str);
        let Some(bucket) = text("S3BucketName") else {
            return Ok(());
        };
        if !self.s3.exists(bucket) {
            let message = format!("S3 bucket {bucket} does not exist!");
            return Err(Fault::client("S3BucketDoesNotExistException", message));
        }
        let name = input
            .get("Name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let new_arn = self.place.arn("cloudtrail", &format!("trail/{name}"));
        let arn = text("TrailARN").unwrap_or(&new_arn);
        let admits = |ask: &crate::policy::Ask<'_>| self.s3.admits(bucket, ask);
        if !cloudtrail::bucket_admits(admits, &settings, &self.place, arn) {
            let message = format!("Incorrect S3 bucket policy is detected for bucket: {bucket}");
            return Err(Fault::client(
                "InsufficientS3BucketPolicyException",
                message,
            ));
        }
        let group_fault = |message: &str| {
            Err(Fault::client(
                "InvalidCloudWatchLogsLogGroupArnException",
                message,
            ))
        };
        let role_fault = |message: &str| {
            Err(Fault::client(
                "InvalidCloudWatchLogsRoleArnException",
                message,
            ))
        };
        let (group, role) = match (
            text("CloudWatchLogsLogGroupArn"),
            text("CloudWatchLogsRoleArn"),
        ) {
            (None, None) => return Ok(()),
            (Some(_), None) => {
                return role_fault("You must specify a role ARN as well as a log group.");
            }
            (None, Some(_)) => {
                return group_fault("You must specify a log group as well as a role ARN.");
            }
            (Some(group), Some(role)) => (group, role),
        };
        let held = group_of_arn(group).filter(|_| group.ends_with(":*"));
        let Some(held) = held.filter(|held| self.logs.has(held)) else {
            return group_fault("CloudTrail cannot validate the specified log group ARN.");
        };
        if !self
            .iam
            .can_be_assumed(role, "cloudtrail.amazonaws.com", now)
        {
            return role_fault("Access denied. Check the trust relationships for your role.");
        }
        let streams = self.trail_streams(held, &self.place.account);
        // Only asked, not done: nobody has used the permission yet.
        let may = |action: &str| self.iam.role_allows(role, action, &streams, now).is_some();
        if !DELIVERING.into_iter().all(may) {
            return group_fault("Access denied. Check the permissions for your role.");
        }
        Ok(())
    }

    /// Whether a trail's role lets it write its streams in the group.
    pub(crate) fn may_deliver(
        &mut self,
        role: &str,
        group: &str,
        account: &str,
        now: DateTime<Utc>,
    ) -> bool {
        let streams = self.trail_streams(group, account);
        DELIVERING
            .into_iter()
            .all(|action| self.role_allows(role, action, &streams, now))
    }

    fn trail_streams(&self, group: &str, account: &str) -> String {
        let stream = self.trail_stream(account);
        self.place
            .arn("logs", &format!("log-group:{group}:log-stream:{stream}"))
    }

    /// The stream of a trail's group: account, the word, home Region.
    pub(crate) fn trail_stream(&self, account: &str) -> String {
        format!("{account}_CloudTrail_{}", self.place.region)
    }

    fn check_function_role(&self, input: &Value, now: DateTime<Utc>) -> Result<(), Fault> {
        let Some(role) = input.get("Role").and_then(Value::as_str) else {
            return Ok(());
        };
        if self.iam.can_be_assumed(role, "lambda.amazonaws.com", now) {
            return Ok(());
        }
        let message = "The role defined for the function cannot be assumed by Lambda.";
        Err(Fault::client("InvalidParameterValueException", message))
    }

    /// The circumstances of something that happens by itself.
    pub(crate) fn scope(&self, now: DateTime<Utc>) -> Scope<'_> {
        Scope {
            now,
            place: &self.place,
        }
    }
}

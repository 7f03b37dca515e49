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
            ("cloudtrail", _) => self.check_trail_is_seen(input, now),
            ("logs", "PutSubscriptionFilter") => self.check_subscriber(input, now),
            ("lambda", "CreateFunction" | "UpdateFunctionConfiguration") => {
                self.check_function_role(input, now)
            }
            ("lambda", "PutFunctionEventInvokeConfig" | "UpdateFunctionEventInvokeConfig") => {
                self.check_failure_destination(input, now)
            }
            _ => Ok(()),
        }
    }

    /// A new trail is not found by the calls that follow at once, where the options say so. Source: the comment on the first
    /// read in Terraform's provider, `internal/service/cloudtrail/trail.go`.
    fn check_trail_is_seen(&self, input: &Value, now: DateTime<Utc>) -> Result<(), Fault> {
        let listed = input.pointer("/ResourceIdList/0");
        let members = ["Name", "TrailName", "ResourceId"].iter();
        let mut named = members.filter_map(|member| input.get(member)).chain(listed);
        let name = named.next().and_then(Value::as_str).unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default();
        match self.fresh_trails.get(name) {
            Some(seen) if now < *seen => {
                let message = format!("Unknown trail: {name}");
                Err(Fault::client("TrailNotFoundException", message))
            }
            _ => Ok(()),
        }
    }

    /// Lambda asks whether the function's role may send to the destination. Source: what the console and the API answer
    /// where it may not, as setup's own retries know it.
    fn check_failure_destination(&self, input: &Value, now: DateTime<Utc>) -> Result<(), Fault> {
        let target = input.pointer("/DestinationConfig/OnFailure/Destination");
        let Some(target) = target.and_then(Value::as_str) else {
            return Ok(());
        };
        let name = input.get("FunctionName").and_then(Value::as_str);
        let role = name.and_then(|name| self.lambda.role(name, now));
        let may = |role: String| {
            let statement = self.iam.role_allows(&role, "sqs:SendMessage", target, now);
            statement.is_some()
        };
        if role.is_none_or(may) {
            return Ok(());
        }
        let message = format!(
            "The function's execution role does not have permissions to call SendMessage on {target}"
        );
        Err(Fault::client("InvalidParameterValueException", message))
    }

    /// CloudWatch Logs tries the function. Source: what `PutSubscriptionFilter` answers where it may not be invoked, as
    /// Terraform's provider waits for it, `internal/service/logs/subscription_filter.go`.
    fn check_subscriber(&self, input: &Value, now: DateTime<Utc>) -> Result<(), Fault> {
        let text = |member: &str| input.get(member).and_then(Value::as_str);
        let (group, function) = (text("logGroupName"), text("destinationArn"));
        let (Some(group), Some(function)) = (group, function) else {
            return Ok(());
        };
        let is_function = function.contains(":lambda:");
        if !is_function || !self.logs.has(group) || self.may_subscribe(group, function, now).is_ok()
        {
            return Ok(());
        }
        let message = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to \
                       execute your function.";
        Err(Fault::client("InvalidParameterException", message))
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
        // Records come many at a time, and until somebody calls nothing changes within a moment.
        let asked = self.delivering.as_ref();
        if asked.is_some_and(|(at, by, to)| *at == now && by == role && to == group) {
            return true;
        }
        let streams = self.trail_streams(group, account);
        let may = DELIVERING
            .into_iter()
            .all(|action| self.role_allows(role, action, &streams, now));
        self.delivering = may.then(|| (now, role.to_owned(), group.to_owned()));
        may
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

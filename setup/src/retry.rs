//! Waiting for what AWS calls eventual consistency, and for nothing else.
//!
//! The SDK already retries throttling and server errors. Here are the few refusals that mean "not yet" although they
//! look final; each has a limit, and the waiting follows the runtime's clock, so that it takes no real time on a
//! virtual one.

use std::time::Duration;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::CallError;

/// Roles and their policies spread within seconds, in bad moments within a minute or two.
pub(crate) const IAM_SPREADS: Duration = Duration::from_mins(2);
/// A bucket policy that was just written; AWS gives no figure, and a wrong policy should not be waited for.
pub(crate) const BUCKET_POLICY_SPREADS: Duration = Duration::from_mins(1);
/// Another change of the same trail or function is under way: AWS says to wait minutes.
pub(crate) const CONFLICT_ENDS: Duration = Duration::from_mins(5);

/// A queue's name after its deletion: sixty seconds, and a pause more.
pub(crate) const QUEUE_NAME_RESTS: Duration = Duration::from_secs(90);

const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Calls until it succeeds, or `patience` names no limit for the refusal, or the limit is reached.
pub(crate) async fn patiently<T, E, F, Call>(
    patience: impl Fn(&str, &str) -> Option<Duration>,
    mut call: F,
) -> Result<T, CallError<E>>
where
    E: ProvideErrorMetadata,
    F: FnMut() -> Call,
    Call: Future<Output = Result<T, CallError<E>>>,
{
    let mut waited = Duration::ZERO;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let limit = patience(error.code().unwrap_or(""), error.message().unwrap_or(""));
        if limit.is_none_or(|limit| waited + pause > limit) {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        waited += pause;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// CloudTrail, after the role, the log group or the bucket policy were written moments ago. The same two codes without
/// "Access denied." are final (facts of the Terraform provider, which waits for exactly these).
pub(crate) fn trail(code: &str, message: &str) -> Option<Duration> {
    let denied = message.contains("Access denied");
    match code {
        "InvalidCloudWatchLogsRoleArnException" | "InvalidCloudWatchLogsLogGroupArnException"
            if denied =>
        {
            Some(IAM_SPREADS)
        }
        "InsufficientS3BucketPolicyException" => Some(BUCKET_POLICY_SPREADS),
        "ConflictException" => Some(CONFLICT_ENDS),
        _ => None,
    }
}

/// A trail that was just created and is not found yet by the calls that follow.
pub(crate) fn fresh_trail(code: &str, message: &str) -> Option<Duration> {
    match code {
        "TrailNotFoundException" => Some(BUCKET_POLICY_SPREADS),
        _ => trail(code, message),
    }
}

/// Lambda, after the role was written moments ago, or while an earlier change of the function is under way.
pub(crate) fn function(code: &str, message: &str) -> Option<Duration> {
    match code {
        "InvalidParameterValueException"
            if message.contains("cannot be assumed by Lambda")
                // The same spreading, seen by the check of the failure queue.
                || message.contains("execution role does not have permissions") =>
        {
            Some(IAM_SPREADS)
        }
        // The same code says that a function or statement already exists, which does not pass.
        "ResourceConflictException" if !message.contains("already exist") => Some(CONFLICT_ENDS),
        _ => None,
    }
}

/// CloudWatch Logs, which tries the function when a subscription filter is put, while the statement that lets it is still
/// spreading. Source: what Terraform's provider waits for, `internal/service/logs/subscription_filter.go`.
pub(crate) fn subscriber(code: &str, message: &str) -> Option<Duration> {
    let tried = [
        "Could not execute the lambda function",
        "Could not deliver test message",
    ];
    let denied = tried.iter().any(|words| message.contains(words));
    (code == "InvalidParameterException" && denied).then_some(IAM_SPREADS)
}

/// SQS, after a queue of the same name was deleted: the name rests for a minute.
/// Source: `CreateQueue` in the SQS API reference.
pub(crate) fn queue(code: &str, _: &str) -> Option<Duration> {
    code.ends_with("QueueDeletedRecently")
        .then_some(QUEUE_NAME_RESTS)
}

#[cfg(test)]
mod tests {
    use super::{fresh_trail, function, queue, trail};

    #[test]
    fn only_what_is_known_to_pass_is_waited_for() {
        let role = "InvalidCloudWatchLogsRoleArnException";
        assert!(trail(role, "Access denied. Check the trust relationships").is_some());
        assert!(trail(role, "The role ARN is malformed").is_none());
        assert!(trail("S3BucketDoesNotExistException", "").is_none());
        assert!(trail("TrailNotFoundException", "").is_none());
        assert!(fresh_trail("TrailNotFoundException", "").is_some());
        let invalid = "InvalidParameterValueException";
        assert!(
            function(
                invalid,
                "The role defined for the function cannot be assumed by Lambda."
            )
            .is_some()
        );
        assert!(function(invalid, "Uploaded file must be a non-empty zip").is_none());
        let conflict = "ResourceConflictException";
        assert!(function(conflict, "The operation cannot be performed at this time.").is_some());
        assert!(function(conflict, "Function already exist: ecroll").is_none());
        assert!(
            function(
                conflict,
                "The statement id (topic) provided already exists."
            )
            .is_none()
        );
        assert!(function("CodeStorageExceededException", "").is_none());
        assert!(queue("AWS.SimpleQueueService.QueueDeletedRecently", "").is_some());
        assert!(queue("QueueAlreadyExists", "").is_none());
    }
}

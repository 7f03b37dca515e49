//! STS: who am I, and may I be somebody else?

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::iam::{Assume, Identity};
use crate::input::{Input, not_implemented};
use crate::service::Answer;
use crate::state::State;

impl State {
    /// Answers an STS call of somebody who may make it.
    pub(crate) fn answer_sts(
        &mut self,
        operation: &str,
        input: &Value,
        who: &Identity,
        now: DateTime<Utc>,
    ) -> Answer {
        match operation {
            "GetCallerIdentity" => Ok(json!({
                "Account": self.place.account,
                "Arn": &*who.arn,
                "UserId": &*who.user_id,
            })),
            "AssumeRole" => self.assume_role(input, who, now),
            _ => Err(not_implemented("sts", operation)),
        }
    }

    /// Lends somebody a role of this account. Whether their own policies let them ask is decided before, in their
    /// account.
    pub(crate) fn assume_role(
        &mut self,
        input: &Value,
        who: &Identity,
        now: DateTime<Utc>,
    ) -> Answer {
        let input = Input::new(input, "ValidationError");
        let asked = Assume {
            role: input.need("RoleArn")?,
            session: input.need("RoleSessionName")?,
            external_id: input.text("ExternalId"),
            seconds: input.number("DurationSeconds"),
        };
        let assumed = self.iam.assume(asked, who, &self.place, now)?;
        Ok(json!({
            "Credentials": {
                "AccessKeyId": assumed.keys.id,
                "SecretAccessKey": assumed.keys.secret,
                "SessionToken": assumed.keys.token,
                "Expiration": assumed.expires.timestamp(),
            },
            "AssumedRoleUser": {
                "Arn": &*assumed.identity.arn,
                "AssumedRoleId": &*assumed.identity.user_id,
            },
        }))
    }
}

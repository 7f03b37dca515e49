//! Who calls an account, and which account a call means.

use std::sync::{Arc, PoisonError};

use aws_types::SdkConfig;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;

use crate::account::{Account, Shared};
use crate::connector;
use crate::iam::{Identity, Keys, Permission, Stranger};
use crate::journal::Caller;
use crate::service::{Answer, Fault};
use crate::wire::{self, Call};

impl Account {
    /// A configuration with which the clients of the AWS SDK talk to this account as somebody: a user, a function's
    /// role, a role that was assumed.
    ///
    /// S3 clients must force the path style.
    #[must_use]
    pub fn sdk_config_as(&self, keys: &Keys) -> SdkConfig {
        keys.on(&connector::sdk_config(self, false))
    }

    /// Makes a user with these policy documents, or gives a known user these instead, from now on. Users are no part of
    /// the API here; this is how a test gets an operator with few permissions.
    ///
    /// # Errors
    ///
    /// `MalformedPolicyDocument`.
    pub fn put_user(&self, name: &str, policies: &[Value]) -> Result<Keys, Fault> {
        let documents: Vec<String> = policies.iter().map(Value::to_string).collect();
        self.state().iam.put_user(name, &documents)
    }

    /// The keys with which a function's program would run now; `None` without such a function.
    #[must_use]
    pub fn function_keys(&self, function: &str) -> Option<Keys> {
        let mut state = self.state();
        let role = state.lambda.role(function, self.clock().now())?;
        Some(state.iam.function_keys(&role, function))
    }

    /// What each user and role was allowed or refused so far, administrators excepted. Services that act in the name of
    /// a role count as the role.
    #[must_use]
    pub fn permissions(&self) -> Vec<Permission> {
        self.state().asks.all()
    }

    /// Puts another account, or another Region of this one, within reach: keys that either issued are known to both, and
    /// roles can be assumed over the border. A call goes to the account whose keys it bears, in the Region that it is
    /// signed for; inside one account number the identity is that of the account that issued the keys.
    pub fn beside(&self, other: &Self) {
        for (one, another) in [(self, other), (other, self)] {
            let beside = one.shared.beside.lock();
            let mut beside = beside.unwrap_or_else(PoisonError::into_inner);
            beside.push(Arc::downgrade(&another.shared));
        }
    }

    /// This account and those within reach, this one first.
    fn reachable(&self) -> Vec<Self> {
        let beside = self.shared.beside.lock();
        let beside = beside.unwrap_or_else(PoisonError::into_inner);
        let others = beside.iter().filter_map(std::sync::Weak::upgrade);
        let mut all = vec![self.clone()];
        all.extend(others.map(|shared: Arc<Shared>| Self { shared }));
        all
    }

    /// The account that a request means, and who makes it.
    pub(crate) fn whose(&self, request: &Request<Bytes>) -> (Self, Result<Identity, Stranger>) {
        let Some(signed) = wire::signed(request) else {
            return (self.clone(), Err(Stranger::Nobody));
        };
        let now = self.clock().now();
        let reachable = self.reachable();
        let issuer = reachable
            .iter()
            .find(|account| account.state().iam.knows(signed.key));
        let Some(issuer) = issuer else {
            return (self.clone(), Err(Stranger::Unknown));
        };
        let (home, who) = {
            let state = issuer.state();
            let who = state
                .iam
                .identity(signed.key, signed.token, &state.place, now);
            (state.place.clone(), who)
        };
        // Services without a Region sign for a fixed one.
        let global = matches!(signed.service, "iam" | "sts" | "s3");
        let mut elsewhere = reachable
            .iter()
            .filter(|_| !global && signed.region != home.region);
        let meant = elsewhere.find(|account| {
            let place = account.place();
            place.account == home.account && place.region == signed.region
        });
        let who = who.map(|who| Identity {
            region: Some(signed.region.into()),
            ..who
        });
        (meant.unwrap_or(issuer).clone(), who)
    }

    /// Answers a call of somebody.
    pub(crate) fn answer(&self, call: &Call, who: &Identity, now: DateTime<Utc>) -> Answer {
        let (service, operation) = (call.service, call.operation.as_str());
        if (service, operation) == ("sts", "AssumeRole")
            && let Some(other) = self.account_of(call.input.get("RoleArn"))
        {
            return self.assume_beside(&other, call, who, now);
        }
        let mut state = self.state();
        state.call_as(who, service, operation, &call.input, Caller::Sdk, now)
    }

    /// The other account within reach that a role belongs to.
    fn account_of(&self, role: Option<&Value>) -> Option<Self> {
        let number = role?.as_str()?.split(':').nth(4)?;
        if self.place().account == number {
            return None;
        }
        let reachable = self.reachable();
        reachable
            .into_iter()
            .find(|account| account.place().account == number)
    }

    /// Over the border both sides must agree: the caller's policies here, the role's trust there.
    fn assume_beside(
        &self,
        other: &Self,
        call: &Call,
        who: &Identity,
        now: DateTime<Utc>,
    ) -> Answer {
        let may = {
            let mut state = self.state();
            state.authorise("sts", &call.operation, &call.input, who, now)
        };
        let answer = may.and_then(|()| other.state().assume_role(&call.input, who, now));
        let error = answer.as_ref().err().map(|fault| fault.code.clone());
        let mut state = self.state();
        state.note_call(
            who,
            "sts",
            &call.operation,
            &call.input,
            error,
            Caller::Sdk,
            now,
        );
        answer
    }
}

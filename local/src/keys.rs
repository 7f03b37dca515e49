//! Access keys: who signs with them, and the secret that the signature is made with.

use crate::account::Account;

/// The access key of the account's operator, with which the in-process SDK signs as well.
pub const ACCESS_KEY: &str = "POCKET";
/// Its secret. No secret at all: the account is nobody's and listens to this machine only.
pub const SECRET_KEY: &str = "account";

/// What an access key stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) secret: String,
    /// The ARN of whoever signs with it.
    pub(crate) arn: String,
}

impl Account {
    /// The key of that identifier; `None` for one that nobody was given, or whose time is over.
    pub(crate) fn key(&self, id: &str) -> Option<Key> {
        let now = self.clock().now();
        let state = self.state();
        let keys = state.iam.keys(id)?;
        let token = keys.token.as_deref();
        let who = state.iam.identity(id, token, &state.place, now).ok()?;
        Some(Key {
            secret: keys.secret,
            arn: who.arn.to_string(),
        })
    }
}

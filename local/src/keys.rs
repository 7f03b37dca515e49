//! Access keys as a server needs them: who signs with one, and the secret that the signature is made with.

use crate::account::Account;
use crate::iam;

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
    /// The key of that identifier; `None` for one that nobody was given. Whether it is still good is asked with the call.
    pub(crate) fn key(&self, id: &str) -> Option<Key> {
        let state = self.state();
        let (secret, arn) = state.iam.signer(id, &state.place, self.clock().now())?;
        Some(Key { secret, arn })
    }
}

impl iam::Keys {
    /// The operator of every pocket account, an administrator.
    #[must_use]
    pub fn operator() -> Self {
        Self {
            id: ACCESS_KEY.to_owned(),
            secret: SECRET_KEY.to_owned(),
            token: None,
        }
    }
}

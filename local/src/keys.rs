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
    /// The key of that identifier; `None` for one that nobody was given.
    pub(crate) fn key(&self, id: &str) -> Option<Key> {
        let place = self.place();
        (id == ACCESS_KEY).then(|| Key {
            secret: SECRET_KEY.to_owned(),
            arn: crate::sts::operator(&place),
        })
    }
}

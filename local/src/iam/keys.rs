//! Access keys: whose a request is.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::SdkConfig;
use chrono::{DateTime, Utc};

use crate::ids::Ids;
use crate::options::Options;
use crate::policy::Policies;

/// What a program needs to call as somebody: what Lambda puts into a function's environment, or STS answers.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The access key id; it tells whose a request is.
    pub id: String,
    /// The secret; the pocket account does not check signatures.
    pub secret: String,
    /// The session token of keys that were lent; must come with every request.
    pub token: Option<String>,
}

impl Keys {
    /// The same configuration of the SDK with these keys.
    #[must_use]
    pub fn on(&self, sdk: &SdkConfig) -> SdkConfig {
        let Self { id, secret, token } = self.clone();
        let credentials = Credentials::new(id, secret, token, None, "pocket account");
        let provider = SharedCredentialsProvider::new(credentials);
        sdk.to_builder().credentials_provider(provider).build()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Somebody who calls.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The ARN by which AWS names the caller: a user, or a session of a role.
    pub(crate) arn: Arc<str>,
    /// The ARN of the user or role itself.
    pub(crate) principal: Arc<str>,
    /// The unique identifier, with the session's name where there is one.
    pub(crate) user_id: Arc<str>,
    /// The Region that the call is signed for, where it is signed.
    pub(crate) region: Option<Arc<str>>,
    /// What it may do; an administrator has no need of policies.
    pub(crate) policies: Option<Arc<Policies>>,
}

/// Why an access key is nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// No such key, or its session token is missing or another.
    Unknown,
    /// The keys were lent, and their time is over.
    Expired,
    /// The request is not signed.
    Nobody,
}

/// Whom an access key belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    Operator,
    User(String),
    /// A role's name, and the session's.
    Session(String, String),
}

#[derive(Debug)]
struct Key {
    holder: Holder,
    secret: String,
    token: Option<String>,
    expires: Option<DateTime<Utc>>,
}

/// All access keys of an account.
#[derive(Debug)]
pub(super) struct Keyring {
    keys: BTreeMap<String, Key>,
    ids: Ids,
}

impl Keyring {
    pub(super) fn new(options: &Options) -> Self {
        let Options {
            account,
            region,
            seed,
            ..
        } = options;
        // A key tells the account that issued it, so accounts beside each other must not issue the same, whatever their
        // seeds.
        let source = format!("keys of {account} in {region}");
        let Keys { id, secret, token } = Keys::operator();
        let operator = Key {
            holder: Holder::Operator,
            secret,
            token,
            expires: None,
        };
        Self {
            keys: BTreeMap::from([(id, operator)]),
            ids: Ids::new(*seed, &source),
        }
    }

    /// New keys for somebody.
    pub(super) fn issue(&mut self, holder: Holder, expires: Option<DateTime<Utc>>) -> Keys {
        let lent = matches!(holder, Holder::Session(..));
        // Twenty characters, of which the first four tell lasting keys from lent ones.
        let mut id = self.ids.entity(if lent { "ASIA" } else { "AKIA" });
        id.truncate(20);
        let key = Key {
            holder,
            secret: self.ids.uuid(),
            token: lent.then(|| self.ids.uuid()),
            expires,
        };
        let keys = Keys {
            id: id.clone(),
            secret: key.secret.clone(),
            token: key.token.clone(),
        };
        self.keys.insert(id, key);
        keys
    }

    /// The keys that somebody has already and that do not expire.
    pub(super) fn held_by(&self, holder: &Holder) -> Option<Keys> {
        let mut lasting = self.keys.iter().filter(|(_, key)| key.expires.is_none());
        let (id, key) = lasting.find(|(_, key)| key.holder == *holder)?;
        Some(Keys {
            id: id.clone(),
            secret: key.secret.clone(),
            token: key.token.clone(),
        })
    }

    /// The secret and the token of a key.
    pub(super) fn secrets(&self, id: &str) -> Option<(String, Option<String>)> {
        let key = self.keys.get(id)?;
        Some((key.secret.clone(), key.token.clone()))
    }

    pub(super) fn knows(&self, id: &str) -> bool {
        self.keys.contains_key(id)
    }

    /// Whose a key is.
    pub(super) fn holder(
        &self,
        id: &str,
        token: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<&Holder, Stranger> {
        let key = self.keys.get(id).ok_or(Stranger::Unknown)?;
        if key.token.as_deref() != token {
            return Err(Stranger::Unknown);
        }
        if key.expires.is_some_and(|expires| expires <= now) {
            return Err(Stranger::Expired);
        }
        Ok(&key.holder)
    }
}

#[cfg(test)]
mod tests {
    use super::{Holder, Keyring};
    use crate::options::Options;

    #[test]
    fn accounts_of_one_seed_issue_keys_of_their_own() {
        let first = |account: &str, region: &str| {
            let options = Options {
                account: account.to_owned(),
                region: region.to_owned(),
                ..Options::default()
            };
            let session = Holder::Session("role".to_owned(), "name".to_owned());
            Keyring::new(&options).issue(session, None).id
        };
        let one = first("000000000000", "eu-west-1");
        assert_eq!(one, first("000000000000", "eu-west-1"));
        assert_ne!(one, first("000000000001", "eu-west-1"));
        assert_ne!(one, first("000000000000", "us-east-1"));
    }
}

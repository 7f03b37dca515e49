//! Who there is besides the roles, and who a request's keys say that it is.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::keys::{Holder, Identity, Keys, Stranger};
use super::{Iam, role};
use crate::policy::{self, Ask, Policies, Verdict};
use crate::service::{Fault, Place};

/// A user with policies of its own.
#[derive(Debug)]
pub(super) struct User {
    id: String,
    policies: Arc<Policies>,
}

/// Somebody wants to take on a role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assume<'a> {
    pub(crate) role: &'a str,
    pub(crate) session: &'a str,
    pub(crate) external_id: Option<&'a str>,
    pub(crate) seconds: Option<i64>,
}

/// A role that somebody has taken on.
#[derive(Debug)]
pub(crate) struct Assumed {
    pub(crate) keys: Keys,
    pub(crate) expires: DateTime<Utc>,
    pub(crate) identity: Identity,
}

impl Iam {
    /// Whether the key was issued here.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.keyring.knows(id)
    }

    /// The secret of a key that is still good, and the ARN of whoever signs with it.
    pub(crate) fn signer(
        &self,
        id: &str,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Option<(String, String)> {
        let (secret, token) = self.keyring.secrets(id)?;
        let who = self.identity(id, token.as_deref(), place, now).ok()?;
        Some((secret, who.arn.to_string()))
    }

    /// Who calls with a key.
    pub(crate) fn identity(
        &self,
        id: &str,
        token: Option<&str>,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Identity, Stranger> {
        match self.keyring.holder(id, token, now)? {
            Holder::Operator => Ok(operator(place)),
            Holder::User(name) => {
                let user = self.users.get(name).ok_or(Stranger::Unknown)?;
                let arn: Arc<str> = global(place, &format!("user/{name}")).into();
                Ok(Identity {
                    principal: Arc::clone(&arn),
                    arn,
                    user_id: user.id.as_str().into(),
                    region: None,
                    policies: Some(Arc::clone(&user.policies)),
                })
            }
            // A role that was deleted lends nothing any more.
            Holder::Session(role, session) => self
                .session(role, session, place, now)
                .ok_or(Stranger::Unknown),
        }
    }

    fn session(
        &self,
        name: &str,
        session: &str,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Option<Identity> {
        let role = self.roles.get(name)?;
        let Place {
            partition, account, ..
        } = place;
        let arn = format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}");
        Some(Identity {
            arn: arn.into(),
            principal: Arc::clone(&role.arn),
            user_id: format!("{}:{session}", role.id).into(),
            region: None,
            policies: Some(role.policies_at(now)),
        })
    }

    /// Makes a user with these policies, or gives a known one these instead.
    pub(crate) fn put_user(&mut self, name: &str, policies: &[String]) -> Result<Keys, Fault> {
        for text in policies {
            super::well_formed(text)?;
        }
        let id = self.ids.entity("AIDA");
        let policies = role::read(policies.iter());
        self.users.insert(name.to_owned(), User { id, policies });
        Ok(self.lasting(Holder::User(name.to_owned())))
    }

    /// The keys with which a function runs. Real ones are renewed; these last as long as the role.
    pub(crate) fn function_keys(&mut self, role: &str, function: &str) -> Keys {
        let role = role.rsplit('/').next().unwrap_or_default();
        self.lasting(Holder::Session(role.to_owned(), function.to_owned()))
    }

    fn lasting(&mut self, holder: Holder) -> Keys {
        let held = self.keyring.held_by(&holder);
        held.unwrap_or_else(|| self.keyring.issue(holder, None))
    }

    /// Lets somebody take on a role, if it trusts them by now. Their own policies are their account's concern.
    pub(crate) fn assume(
        &mut self,
        asked: Assume<'_>,
        by: &Identity,
        place: &Place,
        now: DateTime<Utc>,
    ) -> Result<Assumed, Fault> {
        let found = self.roles.iter().find(|(_, role)| *role.arn == *asked.role);
        let trusted = found.filter(|(_, role)| {
            let mut context = vec![("sts:RoleSessionName", asked.session)];
            context.extend(asked.external_id.map(|id| ("sts:ExternalId", id)));
            let ask = Ask {
                principal: &by.principal,
                action: "sts:AssumeRole",
                resource: "",
                context: &context,
            };
            let trust = policy::parse(&role.trust);
            now >= role.created + self.spread && trust.is_ok_and(|t| policy::admits(&t, &ask))
        });
        let Some((name, role)) = trusted else {
            return Err(may_not_assume(by, asked.role));
        };
        let (name, longest) = (name.clone(), role.max_session);
        let seconds = asked.seconds.unwrap_or(3600);
        if !(900..=43_200).contains(&seconds) || seconds > longest {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for \
                           this role.";
            return Err(Fault::client("ValidationError", message));
        }
        let expires = now + TimeDelta::seconds(seconds);
        let identity = self.session(&name, asked.session, place, now);
        let identity = identity.ok_or_else(|| may_not_assume(by, asked.role))?;
        let holder = Holder::Session(name, asked.session.to_owned());
        Ok(Assumed {
            keys: self.keyring.issue(holder, Some(expires)),
            expires,
            identity,
        })
    }

    /// The statement by which a role's own policies allow `action` on `resource`.
    pub(crate) fn role_allows(
        &self,
        arn: &str,
        action: &str,
        resource: &str,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let policies = self.by_arn(arn)?.policies_at(now);
        let ask = Ask {
            principal: "",
            action,
            resource,
            context: &[],
        };
        match policies.decide(&ask) {
            Verdict::Allowed(sid) => Some(sid.to_owned()),
            Verdict::Denied | Verdict::Silent => None,
        }
    }

    /// The ARN of a role by its name.
    pub(crate) fn role_arn(&self, name: &str) -> Option<&str> {
        self.roles.get(name).map(|role| &*role.arn)
    }
}

/// The account's operator, whom no policy restricts.
pub(crate) fn operator(place: &Place) -> Identity {
    let arn: Arc<str> = global(place, "user/operator").into();
    Identity {
        principal: Arc::clone(&arn),
        arn,
        user_id: "AIDAOPERATOR000000000".into(),
        region: None,
        policies: None,
    }
}

/// An ARN of IAM, which knows no Region.
pub(crate) fn global(place: &Place, resource: &str) -> String {
    let Place {
        partition, account, ..
    } = place;
    format!("arn:{partition}:iam::{account}:{resource}")
}

fn may_not_assume(by: &Identity, role: &str) -> Fault {
    let message = format!(
        "User: {} is not authorized to perform: sts:AssumeRole on resource: {role}",
        by.arn
    );
    Fault::client("AccessDenied", message).with_status(403)
}

//! Roles with one inline policy: CloudTrail's and the function's.

use aws_sdk_iam::types::Tag;

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;
use crate::policy_document::Document;

/// The name of the one inline policy that setup writes. Other policies on the role are not looked at.
pub(crate) const POLICY: &str = "ecroll";

/// A role that one service may take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Value of the owner tag.
    pub owner: String,
    /// Who may take it on.
    pub trust: Document,
    /// What it may do; `None` where the policy is missing.
    pub policy: Option<Document>,
}

impl Role {
    async fn put_policy(&self, clients: &Clients) -> Result<()> {
        let Some(policy) = &self.policy else {
            return Ok(());
        };
        let call = clients
            .iam
            .put_role_policy()
            .role_name(&self.name)
            .policy_name(POLICY);
        let call = call.policy_document(policy.to_string()).send().await;
        call.called("iam:PutRolePolicy", &self.name)?;
        Ok(())
    }
}

impl Kind for Role {
    const KIND: &'static str = "role";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with_policy("trust", Some(&self.trust))
            .with_policy("policy", self.policy.as_ref())
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let role = clients.iam.get_role().role_name(&self.name).send().await;
        let role = role.found("iam:GetRole", &self.name, &["NoSuchEntity"])?;
        let Some(role) = role.and_then(|found| found.role) else {
            return Ok(None);
        };
        let tags = role
            .tags()
            .iter()
            .map(|tag| (Some(tag.key()), Some(tag.value())));
        if !owned(&self.owner, tags) {
            return Ok(Some(Live {
                state: self.clone(),
                owned: false,
            }));
        }
        let policy = clients
            .iam
            .get_role_policy()
            .role_name(&self.name)
            .policy_name(POLICY);
        let policy = policy.send().await;
        let policy = policy.found("iam:GetRolePolicy", &self.name, &["NoSuchEntity"])?;
        let state = Self {
            trust: Document::parse_escaped(role.assume_role_policy_document().unwrap_or("")),
            policy: policy.map(|found| Document::parse_escaped(found.policy_document())),
            ..self.clone()
        };
        Ok(Some(Live { state, owned: true }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let tag = tag.map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients.iam.create_role().role_name(&self.name).tags(tag);
        let call = call
            .assume_role_policy_document(self.trust.to_string())
            .send()
            .await;
        call.called("iam:CreateRole", &self.name)?;
        self.put_policy(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        if change.touches(&["trust."]) {
            let call = clients
                .iam
                .update_assume_role_policy()
                .role_name(&self.name);
            let call = call.policy_document(self.trust.to_string()).send().await;
            call.called("iam:UpdateAssumeRolePolicy", &self.name)?;
        }
        if change.touches(&["policy."]) {
            self.put_policy(clients).await?;
        }
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let name = &self.name;
        let absent = ["NoSuchEntity"];
        let call = clients.iam.delete_role_policy().role_name(name);
        let call = call.policy_name(POLICY).send().await;
        call.found("iam:DeleteRolePolicy", name, &absent)?;
        let call = clients.iam.delete_role().role_name(name).send().await;
        match call.found("iam:DeleteRole", name, &absent) {
            Err(Error::Refused(refusal)) if refusal.code == "DeleteConflict" => {
                let mend = "somebody gave this role further policies: detach or delete them";
                Err(Error::Refused(refusal).and(mend))
            }
            other => other.map(|_| None),
        }
    }
}

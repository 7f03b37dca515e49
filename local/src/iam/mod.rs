//! IAM: roles with their inline policies, users, access keys, and what each call needs.

pub(crate) mod access;
mod enforce;
mod identities;
mod keys;
mod role;
mod simulate;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present, tag_list};
use crate::options::Options;
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Scope};

pub(crate) use enforce::Asks;
pub use enforce::Permission;
use identities::User;
pub(crate) use identities::{Assume, global, operator};
use keys::Keyring;
pub use keys::Keys;
pub(crate) use keys::{Identity, Stranger};
use role::Role;

/// The roles, users and keys of the account.
#[derive(Debug)]
pub(crate) struct Iam {
    roles: BTreeMap<String, Role>,
    users: BTreeMap<String, User>,
    keyring: Keyring,
    /// How long a new role or a changed policy needs until all services know it.
    spread: TimeDelta,
    ids: Ids,
}

impl Iam {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            roles: BTreeMap::new(),
            users: BTreeMap::new(),
            keyring: Keyring::new(options),
            spread: TimeDelta::from_std(options.role_propagation).unwrap_or_default(),
            ids: Ids::new(options.seed, "iam"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "ValidationError");
        match operation {
            "CreateRole" => self.create_role(input, scope),
            "GetRole" => {
                let name = input.need("RoleName")?;
                Ok(json!({"Role": self.role(name)?.describe(name)}))
            }
            "ListRoles" => Ok(self.list_roles(input)),
            "DeleteRole" => self.delete_role(input),
            "TagRole" => {
                let tags = input.tags("Tags");
                self.role_mut(input.need("RoleName")?)?.tags.extend(tags);
                Ok(json!({}))
            }
            "UntagRole" => {
                let keys = input.texts("TagKeys");
                self.role_mut(input.need("RoleName")?)?
                    .tags
                    .retain(|key, _| !keys.contains(key));
                Ok(json!({}))
            }
            "ListRoleTags" => {
                let tags = &self.role(input.need("RoleName")?)?.tags;
                Ok(json!({"Tags": tag_list(tags), "IsTruncated": false}))
            }
            "UpdateAssumeRolePolicy" => {
                let role = self.role_mut(input.need("RoleName")?)?;
                role.trust = well_formed(input.need("PolicyDocument")?)?;
                Ok(json!({}))
            }
            "PutRolePolicy" => self.put_role_policy(input, scope),
            "GetRolePolicy" => {
                let (role, policy) = (input.need("RoleName")?, input.need("PolicyName")?);
                let document = self.role(role)?.policies.get(policy);
                let document = document.ok_or_else(|| no_such_policy(policy))?;
                Ok(json!({
                    "RoleName": role, "PolicyName": policy, "PolicyDocument": encoded(document),
                }))
            }
            "DeleteRolePolicy" => {
                let policy = input.need("PolicyName")?;
                let spread = self.spread;
                let role = self.role_mut(input.need("RoleName")?)?;
                let gone = role.policies.remove(policy);
                gone.ok_or_else(|| no_such_policy(policy))?;
                role.changed(scope.now, spread);
                Ok(json!({}))
            }
            "ListRolePolicies" => {
                let policies = self.role(input.need("RoleName")?)?.policies.keys();
                let names: Vec<_> = policies.collect();
                Ok(json!({"PolicyNames": names, "IsTruncated": false}))
            }
            // Managed policies are not simulated, so no role has any.
            "ListAttachedRolePolicies" => {
                self.role(input.need("RoleName")?)?;
                Ok(json!({"AttachedPolicies": [], "IsTruncated": false}))
            }
            "ListInstanceProfilesForRole" => {
                self.role(input.need("RoleName")?)?;
                Ok(json!({"InstanceProfiles": [], "IsTruncated": false}))
            }
            "SimulatePrincipalPolicy" => self.simulate(input, scope),
            _ => Err(not_implemented("iam", operation)),
        }
    }

    /// Whether `service` can assume the role by now: it exists, has spread, and trusts the service.
    pub(crate) fn can_be_assumed(&self, arn: &str, service: &str, now: DateTime<Utc>) -> bool {
        self.by_arn(arn).is_some_and(|role| {
            let ask = Ask {
                principal: service,
                action: "sts:AssumeRole",
                resource: "",
                context: &[],
            };
            let spread = now >= role.created + self.spread;
            spread && policy::parse(&role.trust).is_ok_and(|trust| policy::admits(&trust, &ask))
        })
    }

    fn by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| *role.arn == *arn)
    }

    fn role(&self, name: &str) -> Result<&Role, Fault> {
        self.roles.get(name).ok_or_else(|| no_such_role(name))
    }

    fn role_mut(&mut self, name: &str) -> Result<&mut Role, Fault> {
        self.roles.get_mut(name).ok_or_else(|| no_such_role(name))
    }

    fn create_role(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("RoleName")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(input.fault(format!(
                "1 validation error detected: Value '{name}' at 'roleName' failed to satisfy \
                 constraint: Member must have length less than or equal to 64 and satisfy \
                 regular expression pattern: [\\w+=,.@-]+"
            )));
        }
        if self.roles.contains_key(name) {
            let message = format!("Role with name {name} already exists.");
            return Err(Fault::client("EntityAlreadyExists", message).with_status(409));
        }
        let path = input.text("Path").unwrap_or("/").to_owned();
        let role = Role {
            arn: global(scope.place, &format!("role{path}{name}")).into(),
            path,
            id: self.ids.entity("AROA"),
            created: scope.now,
            trust: well_formed(input.need("AssumeRolePolicyDocument")?)?,
            description: input.text("Description").map(str::to_owned),
            max_session: input.number("MaxSessionDuration").unwrap_or(3600),
            tags: input.tags("Tags"),
            policies: BTreeMap::new(),
            effective: Vec::new(),
        };
        let answer = json!({"Role": role.describe(name)});
        self.roles.insert(name.to_owned(), role);
        Ok(answer)
    }

    fn list_roles(&self, input: Input<'_>) -> Value {
        let prefix = input.text("PathPrefix").unwrap_or("/");
        let roles = self
            .roles
            .iter()
            .filter(|(_, role)| role.path.starts_with(prefix));
        let limit = input
            .number("MaxItems")
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(100);
        let (roles, next) = page(roles, input.text("Marker"), limit);
        let roles: Vec<_> = roles
            .into_iter()
            .map(|(name, role)| role.describe(name))
            .collect();
        present(json!({"Roles": roles, "IsTruncated": next.is_some(), "Marker": next}))
    }

    fn delete_role(&mut self, input: Input<'_>) -> Answer {
        let name = input.need("RoleName")?;
        if !self.role(name)?.policies.is_empty() {
            let message = "Cannot delete entity, must delete policies first.";
            return Err(Fault::client("DeleteConflict", message).with_status(409));
        }
        self.roles.remove(name);
        Ok(json!({}))
    }

    fn put_role_policy(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let (policy, role) = (input.need("PolicyName")?, input.need("RoleName")?);
        let document = well_formed(input.need("PolicyDocument")?)?;
        let spread = self.spread;
        let held = self.role_mut(role)?;
        let policies = &mut held.policies;
        // White space does not count towards the quota of a role's inline policies.
        let size = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let others = policies.iter().filter(|(name, _)| *name != policy);
        if others.map(|(_, text)| size(text)).sum::<usize>() + size(&document) > 10_240 {
            let message = format!("Maximum policy size of 10240 bytes exceeded for role {role}");
            return Err(Fault::client("LimitExceeded", message).with_status(409));
        }
        policies.insert(policy.to_owned(), document);
        held.changed(scope.now, spread);
        Ok(json!({}))
    }
}

fn well_formed(document: &str) -> Result<String, Fault> {
    match policy::parse(document) {
        Ok(_) => Ok(document.to_owned()),
        Err(why) => {
            let message = format!("Syntax errors in policy: {why}");
            Err(Fault::client("MalformedPolicyDocument", message))
        }
    }
}

/// IAM answers policy documents URL-encoded after RFC 3986.
fn encoded(document: &str) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(document.len() * 2);
    for byte in document.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    text
}

fn no_such_role(name: &str) -> Fault {
    let message = format!("The role with name {name} cannot be found.");
    Fault::client("NoSuchEntity", message).with_status(404)
}

fn no_such_policy(name: &str) -> Fault {
    let message = format!("The role policy with name {name} cannot be found.");
    Fault::client("NoSuchEntity", message).with_status(404)
}

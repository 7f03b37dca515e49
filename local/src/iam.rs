//! IAM roles and their inline policies: stored and validated, not yet enforced on every call.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present, tag_list};
use crate::policy::{self, Ask};
use crate::service::{Answer, Fault, Scope};

/// The roles of the account.
#[derive(Debug)]
pub(crate) struct Iam {
    roles: BTreeMap<String, Role>,
    ids: Ids,
}

#[derive(Debug)]
struct Role {
    path: String,
    arn: String,
    id: String,
    created: DateTime<Utc>,
    trust: String,
    description: Option<String>,
    max_session: i64,
    tags: BTreeMap<String, String>,
    policies: BTreeMap<String, String>,
}

impl Iam {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            roles: BTreeMap::new(),
            ids: Ids::new(seed, "iam"),
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
            "PutRolePolicy" => self.put_role_policy(input),
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
                let policies = &mut self.role_mut(input.need("RoleName")?)?.policies;
                policies
                    .remove(policy)
                    .ok_or_else(|| no_such_policy(policy))?;
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
            _ => Err(not_implemented("iam", operation)),
        }
    }

    /// Whether `service` can assume the role by now: it exists, has spread, and trusts the service.
    pub(crate) fn can_be_assumed(
        &self,
        arn: &str,
        service: &str,
        now: DateTime<Utc>,
        propagation: Duration,
    ) -> bool {
        self.by_arn(arn).is_some_and(|role| {
            let spread = (now - role.created)
                .to_std()
                .is_ok_and(|age| age >= propagation);
            let ask = Ask {
                principal: service,
                action: "sts:AssumeRole",
                resource: "",
                context: &[],
            };
            spread && policy::parse(&role.trust).is_ok_and(|trust| policy::admits(&trust, &ask))
        })
    }

    /// Whether the role's own policies allow `action` on `resource`.
    pub(crate) fn role_allows(&self, arn: &str, action: &str, resource: &str) -> bool {
        let ask = Ask {
            principal: "",
            action,
            resource,
            context: &[],
        };
        self.by_arn(arn).is_some_and(|role| {
            let documents = role
                .policies
                .values()
                .filter_map(|text| policy::parse(text).ok());
            let statements: Vec<Value> = documents
                .flat_map(|document| match document.get("Statement").cloned() {
                    Some(Value::Array(list)) => list,
                    Some(one) => vec![one],
                    None => Vec::new(),
                })
                .collect();
            policy::admits(&json!({"Statement": statements}), &ask)
        })
    }

    fn by_arn(&self, arn: &str) -> Option<&Role> {
        self.roles.values().find(|role| role.arn == arn)
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
        let place = scope.place;
        let role = Role {
            arn: format!(
                "arn:{}:iam::{}:role{path}{name}",
                place.partition, place.account
            ),
            path,
            id: self.ids.entity("AROA"),
            created: scope.now,
            trust: well_formed(input.need("AssumeRolePolicyDocument")?)?,
            description: input.text("Description").map(str::to_owned),
            max_session: input.number("MaxSessionDuration").unwrap_or(3600),
            tags: input.tags("Tags"),
            policies: BTreeMap::new(),
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

    fn put_role_policy(&mut self, input: Input<'_>) -> Answer {
        let (policy, role) = (input.need("PolicyName")?, input.need("RoleName")?);
        let document = well_formed(input.need("PolicyDocument")?)?;
        let policies = &mut self.role_mut(role)?.policies;
        // White space does not count towards the quota of a role's inline policies.
        let size = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        let others = policies.iter().filter(|(name, _)| *name != policy);
        if others.map(|(_, text)| size(text)).sum::<usize>() + size(&document) > 10_240 {
            let message = format!("Maximum policy size of 10240 bytes exceeded for role {role}");
            return Err(Fault::client("LimitExceeded", message).with_status(409));
        }
        policies.insert(policy.to_owned(), document);
        Ok(json!({}))
    }
}

impl Role {
    fn describe(&self, name: &str) -> Value {
        present(json!({
            "Path": self.path,
            "RoleName": name,
            "RoleId": self.id,
            "Arn": self.arn,
            "CreateDate": self.created.timestamp(),
            "AssumeRolePolicyDocument": encoded(&self.trust),
            "Description": self.description,
            "MaxSessionDuration": self.max_session,
            "Tags": if self.tags.is_empty() { Value::Null } else { tag_list(&self.tags) },
        }))
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

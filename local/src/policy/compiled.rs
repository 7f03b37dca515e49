//! Policies read once and asked often.

use serde_json::Value;

use super::condition::Condition;
use super::glob::{glob, glob_any_case};
use super::{Ask, each};

/// The statements of all policies that count together: those of a role, or those of one resource.
#[derive(Debug, Default)]
pub(crate) struct Policies(Vec<Statement>);

/// What policies say to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'p> {
    /// The statement of this name allows it, and none denies it.
    Allowed(&'p str),
    /// A statement denies it.
    Denied,
    /// No statement speaks of it, which denies it as well unless another policy allows it.
    Silent,
}

#[derive(Debug)]
struct Statement {
    sid: String,
    allow: bool,
    principal: Principal,
    actions: Patterns,
    /// A trust policy has no resources and applies to its role.
    resources: Option<Patterns>,
    conditions: Vec<Condition>,
}

#[derive(Debug)]
struct Patterns {
    patterns: Vec<String>,
    /// `NotAction`, `NotResource`.
    inverted: bool,
}

/// Whom a resource's policy speaks of.
#[derive(Debug, Default)]
struct Principal {
    anyone: bool,
    services: Vec<String>,
    /// ARNs and account numbers.
    aws: Vec<String>,
}

impl Policies {
    /// Reads documents that [`super::parse`] has taken.
    pub(crate) fn read<'a>(documents: impl IntoIterator<Item = &'a Value>) -> Self {
        let documents = documents.into_iter();
        let statements = documents.flat_map(|document| each(document.get("Statement")));
        let numbered = statements.enumerate();
        Self(numbered.map(|(n, s)| Statement::read(n, s)).collect())
    }

    /// What the statements say to a request; a denial goes before everything.
    pub(crate) fn decide(&self, ask: &Ask<'_>) -> Verdict<'_> {
        let mut verdict = Verdict::Silent;
        for statement in self.0.iter().filter(|statement| statement.applies(ask)) {
            if !statement.allow {
                return Verdict::Denied;
            }
            if verdict == Verdict::Silent {
                verdict = Verdict::Allowed(&statement.sid);
            }
        }
        verdict
    }

    /// Whether any condition asks for the tags of a resource.
    pub(crate) fn asks_for_tags(&self) -> bool {
        let mut conditions = self.0.iter().flat_map(|statement| &statement.conditions);
        conditions.any(|condition| {
            let key = condition.key().to_ascii_lowercase();
            key.starts_with("aws:resourcetag/")
        })
    }
}

impl Statement {
    fn read(number: usize, statement: &Value) -> Self {
        let text = |member: &str| statement.get(member).and_then(Value::as_str);
        Self {
            sid: text("Sid").map_or_else(|| format!("#{}", number + 1), str::to_owned),
            allow: text("Effect") == Some("Allow"),
            principal: Principal::read(statement.get("Principal")),
            actions: Patterns::read(statement, "Action", "NotAction").unwrap_or(Patterns {
                patterns: Vec::new(),
                inverted: false,
            }),
            resources: Patterns::read(statement, "Resource", "NotResource"),
            conditions: Condition::read_all(statement),
        }
    }

    fn applies(&self, ask: &Ask<'_>) -> bool {
        self.principal.is(ask.principal)
            && self
                .actions
                .take(|pattern| glob_any_case(pattern, ask.action))
            && self
                .resources
                .as_ref()
                .is_none_or(|resources| resources.take(|pattern| glob(pattern, ask.resource)))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(ask.context, !self.allow))
    }
}

impl Patterns {
    fn read(statement: &Value, name: &str, not: &str) -> Option<Self> {
        let (list, inverted) = match (statement.get(name), statement.get(not)) {
            (Some(list), _) => (list, false),
            (None, Some(list)) => (list, true),
            (None, None) => return None,
        };
        let patterns = each(Some(list)).into_iter().filter_map(Value::as_str);
        Some(Self {
            patterns: patterns.map(str::to_owned).collect(),
            inverted,
        })
    }

    fn take(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern)) != self.inverted
    }
}

impl Principal {
    fn read(member: Option<&Value>) -> Self {
        let list = |kind: &str| -> Vec<String> {
            let names = each(member.and_then(|member| member.get(kind)));
            names
                .into_iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let aws = list("AWS");
        let anyone = member.and_then(Value::as_str) == Some("*") || aws.iter().any(|a| a == "*");
        Self {
            anyone,
            services: list("Service"),
            aws,
        }
    }

    /// An account, by its number or its root, stands for everybody in it.
    fn is(&self, asking: &str) -> bool {
        if asking.is_empty() || self.anyone {
            return true;
        }
        let Some(rest) = asking.strip_prefix("arn:") else {
            return self.services.iter().any(|service| service == asking);
        };
        let account = rest.split(':').nth(3).unwrap_or_default();
        self.aws.iter().any(|named| {
            let root = named
                .strip_suffix(":root")
                .and_then(|arn| arn.rsplit(':').next());
            named == asking || named == account || root == Some(account)
        })
    }
}

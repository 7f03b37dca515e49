//! Why a stack takes no push: what hinders any update of it, and what CloudFormation's refusals mean.

use super::Concluded;
use super::stack::{Condition, Stack};
use super::work::Work;
use crate::config::StackRule;
use crate::config::stack::name_of;
use crate::error::AwsError;
use crate::report::{Decision, Outcome};

/// Why no push could move a stack as it stands, with what would let it.
pub(super) fn obstacle(rule: &StackRule, stack: &Stack) -> Option<String> {
    broken(stack)
        .or_else(|| unfit(rule, stack))
        .or_else(|| no_role(stack))
}

/// There is no such stack; `None` where something else kept it from being read.
pub(super) fn missing(rule: &StackRule, error: &AwsError) -> Option<String> {
    let is_missing = error.message.contains("does not exist");
    is_missing.then(|| {
        format!(
            "there is no stack {} here: create it, or correct `[[stacks]]` ({})",
            rule.name(),
            error.message
        )
    })
}

/// Its state lets nobody update it.
pub(super) fn broken(stack: &Stack) -> Option<String> {
    match stack.condition() {
        Condition::Broken(mend) => Some(format!(
            "the stack is {} and cannot be updated: {mend}",
            stack.status
        )),
        Condition::Ready | Condition::Busy => None,
    }
}

/// An entry of the configuration cannot mean it, whatever state it is in.
pub(super) fn unfit(rule: &StackRule, stack: &Stack) -> Option<String> {
    nested(stack)
        .or_else(|| no_parameter(rule, stack))
        .or_else(|| unseen_value(rule, stack))
}

/// The next update of the stack around it would set its parameters back.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html>: "initiate certain stack
/// operations, such as stack updates, from the root stack rather than performing them directly on nested stacks".
fn nested(stack: &Stack) -> Option<String> {
    let root = stack.root.as_ref().filter(|root| **root != stack.id)?;
    let root = name_of(root);
    Some(format!(
        "the stack is nested in {root}, whose next update would set its parameters back: name {root} in `[[stacks]]`, with \
         a parameter that it hands on"
    ))
}

/// What a parameter says of itself is not what it stands for.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html> (`NoEcho`, shown as
/// asterisks), <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Parameter.html> (`ResolvedValue`: "the
/// value that corresponds to a SSM parameter key").
fn unseen_value(rule: &StackRule, stack: &Stack) -> Option<String> {
    let parameter = &rule.parameter;
    if stack.by_name.contains(parameter) {
        return Some(format!(
            "{parameter} takes the name of an SSM parameter, not a tag: make it `Type: String`, or correct `parameter` in \
             `[[stacks]]`"
        ));
    }
    // No tag has asterisks.
    let value = stack.parameters.get(parameter);
    value.filter(|value| value.starts_with("****")).map(|_| {
        format!(
            "{parameter} is `NoEcho`, so nobody can see which tag the stack has: a tag is no secret, take `NoEcho` away"
        )
    })
}

/// It has not the parameter of the entry.
fn no_parameter(rule: &StackRule, stack: &Stack) -> Option<String> {
    let parameter = &rule.parameter;
    if stack.parameters.contains_key(parameter) {
        return None;
    }
    let known: Vec<&str> = stack.parameters.keys().map(String::as_str).collect();
    let known = match known.as_slice() {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    Some(format!(
        "the template has no parameter {parameter} (it has: {known}): add it, or correct `parameter` in `[[stacks]]`"
    ))
}

/// Nothing but the rights of whoever updates it would carry the update out.
pub(super) fn no_role(stack: &Stack) -> Option<String> {
    let name = &stack.name;
    stack.role.is_none().then(|| {
        format!(
            "the stack has no role, so CloudFormation would need the permissions of everything in its template from \
             the function, for the rollback as well: give it one (`aws cloudformation update-stack --stack-name \
             {name} --use-previous-template --role-arn …`)"
        )
    })
}

/// What a refusal of `UpdateStack` means: the outcome, whether it is to be decided again, and the reason; `later` says by
/// whom.
///
/// Texts: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html>, and what the AWS CLI matches,
/// <https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudformation/deployer.py>
pub(super) fn refused(error: &AwsError, later: &str) -> (Outcome, bool, String) {
    let text = &error.message;
    let has = |words: &str| text.contains(words);
    if has("No updates are to be performed") {
        return (Outcome::Unchanged, false, text.clone());
    }
    if has("_IN_PROGRESS") || has("TokenAlreadyExists") || has("OperationInProgress") {
        return (Outcome::Held, true, format!("{text}: {later}"));
    }
    if has("InsufficientCapabilities") {
        let reason = format!("{text}: update the stack by hand once, with these capabilities");
        return (Outcome::Refused, false, reason);
    }
    if has("ValidationError") {
        return (Outcome::Refused, false, error.to_string());
    }
    (Outcome::Failed, false, error.to_string())
}

impl Work<'_> {
    /// The stack could not be read: every push of a repository of that name is told so.
    pub(super) fn unseen(&self, rule: &StackRule, error: &AwsError, done: &mut Concluded) {
        let missing = missing(rule, error);
        let (outcome, retryable) = match missing {
            Some(_) => (Outcome::Refused, false),
            None => (Outcome::Failed, error.retryable),
        };
        let reason = missing.unwrap_or_else(|| error.to_string());
        let (registry, name) = (rule.registry(), rule.repository_name());
        let meant = self.pushes.iter().filter(|push| {
            let whole = registry.as_ref();
            whole.map_or(push.repository.name == name, |whole| {
                push.repository == *whole
            })
        });
        for push in meant {
            done.decisions.push(Decision {
                cluster: super::CLUSTER.to_owned(),
                service: rule.name().to_owned(),
                repository: name.clone(),
                tag: push.tag().to_owned(),
                digest: push.digest.clone(),
                outcome,
                reason: reason.clone(),
                from: None,
                to: None,
                push: push.id().to_owned(),
                retryable,
            });
        }
    }
}

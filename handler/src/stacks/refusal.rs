//! Why a stack takes no push: what hinders any update of it, and what CloudFormation's refusals mean.

use super::Concluded;
use super::stack::{Condition, Stack};
use super::work::Work;
use crate::config::StackRule;
use crate::error::AwsError;
use crate::report::{Decision, Outcome};

/// Why no push could move a stack as it stands, with what would let it.
pub(super) fn obstacle(rule: &StackRule, stack: &Stack) -> Option<String> {
    let no_parameter = || no_parameter(rule, stack);
    broken(stack)
        .or_else(no_parameter)
        .or_else(|| no_role(stack))
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

/// It has not the parameter of the entry.
pub(super) fn no_parameter(rule: &StackRule, stack: &Stack) -> Option<String> {
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

/// What a refusal of `UpdateStack` means: the outcome, whether the next look-up is to decide again, and the reason.
///
/// Texts: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html>, and what the AWS CLI matches,
/// <https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudformation/deployer.py>
pub(super) fn refused(error: &AwsError) -> (Outcome, bool, String) {
    let text = &error.message;
    let has = |words: &str| text.contains(words);
    if has("No updates are to be performed") {
        return (Outcome::Unchanged, false, text.clone());
    }
    if has("_IN_PROGRESS") || has("TokenAlreadyExists") || has("OperationInProgress") {
        return (
            Outcome::Held,
            true,
            format!("{text}: the next look-up decides"),
        );
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
        let missing = error.message.contains("does not exist");
        let (outcome, reason) = if missing {
            let reason = format!(
                "there is no stack {} here: create it, or correct `[[stacks]]` ({})",
                rule.name(),
                error.message
            );
            (Outcome::Refused, reason)
        } else {
            (Outcome::Failed, error.to_string())
        };
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
                retryable: !missing && error.retryable,
            });
        }
    }
}

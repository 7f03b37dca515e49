//! CloudFormation: stacks with parameters, their updates and their events.
//!
//! A stack is its parameters, status and events; what its template would make is not made. An operation takes
//! [`UPDATE`] of virtual time, a rollback as long again. Which update fails is said beforehand: [`Doomed`].
//!
//! | behaviour | source |
//! |---|---|
//! | what an update leaves out: tags, notification ARNs and role stay; a parameter goes back to the template's default, and one without is refused | API reference, UpdateStack, Parameter |
//! | capabilities count for one operation; a template with IAM resources is refused without | same, `Capabilities` |
//! | "No updates are to be performed." where neither template nor parameters nor tags differ | troubleshooting guide; AWS CLI `deployer.py` |
//! | a stack that is being changed, or whose creation was rolled back, "can not be updated" | troubleshooting guide |
//! | a missing stack is a `ValidationError`: "Stack with id … does not exist", of UpdateStack "Stack [ … ] does not exist" | AWS CLI `deployer.py`; AWS CDK |
//! | every event of an operation carries its `ClientRequestToken`; newest first, pages of a hundred | API reference, StackEvent, DescribeStackEvents |
//! | a token that was used is refused: `TokenAlreadyExistsException` | API reference, UpdateStack |
//! | parameters show the new values as soon as an update begins, the old ones after its rollback | assumed |
//! | whoever operates on a stack with a role needs `iam:PassRole` for it, given or not | user guide, service role: of its versions the stricter |

mod stack;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::ids::Ids;
use crate::input::{Input, not_implemented};
use crate::service::{Answer, Fault, Scope};
use stack::{Stack, Wanted};

/// How long an update takes, and how long its rollback.
pub const UPDATE: TimeDelta = TimeDelta::minutes(2);
/// Events of one page.
const PAGE: usize = 100;

/// An update that CloudFormation will begin and roll back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doomed {
    /// The stack's name.
    pub stack: String,
    /// It fails when a parameter gets this value.
    pub value: String,
    /// What CloudFormation says of it.
    pub reason: String,
}

/// All stacks.
#[derive(Debug)]
pub(crate) struct CloudFormation {
    /// By name; those that were deleted are gone.
    stacks: BTreeMap<String, Stack>,
    doomed: Vec<Doomed>,
    ids: Ids,
}

/// An error of the kind that most are.
fn invalid(message: impl Into<String>) -> Fault {
    Fault::client("ValidationError", message)
}

impl CloudFormation {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            stacks: BTreeMap::new(),
            doomed: Vec::new(),
            ids: Ids::new(seed, "cloudformation"),
        }
    }

    /// Lets an update fail.
    pub(crate) fn doom(&mut self, doomed: Doomed) {
        self.doomed.push(doomed);
    }

    /// Puts a stack into a state that nothing here leads to.
    pub(crate) fn strand(&mut self, name: &str, status: &'static str, now: DateTime<Utc>) {
        if let Some(stack) = self.stacks.get_mut(name) {
            stack.strand(status, now);
        }
    }

    /// The role of a stack, by its name or ARN.
    pub(crate) fn role(&self, named: &str) -> Option<&str> {
        self.find(named)?.role.as_deref()
    }

    /// The ARN of a stack, by its name or ARN.
    pub(crate) fn arn(&self, named: &str) -> Option<&str> {
        self.find(named).map(|stack| stack.id.as_str())
    }

    fn find(&self, named: &str) -> Option<&Stack> {
        let name = stack::name_of(named);
        let stack = self.stacks.get(name);
        stack.filter(|stack| named == name || stack.id == named)
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        for stack in self.stacks.values_mut() {
            stack.advance(scope.now);
        }
        let input = Input::new(input, "ValidationError");
        match operation {
            "CreateStack" => self.create(input, scope),
            "UpdateStack" => self.update(input, scope),
            "DescribeStacks" => self.describe(input),
            "DescribeStackEvents" => self.events(input),
            _ => Err(not_implemented("cloudformation", operation)),
        }
    }

    fn create(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("StackName")?;
        if self.stacks.contains_key(name) {
            let message = format!("Stack [{name}] already exists");
            return Err(Fault::client("AlreadyExistsException", message));
        }
        let id = self.ids.uuid();
        let id = scope
            .place
            .arn("cloudformation", &format!("stack/{name}/{id}"));
        let stack = Stack::create(id, name, input, scope.now)?;
        let answer = json!({"StackId": stack.id});
        self.stacks.insert(name.to_owned(), stack);
        Ok(answer)
    }

    fn update(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let named = input.need("StackName")?;
        let id = self.arn(named).map(str::to_owned);
        let id = id.ok_or_else(|| invalid(format!("Stack [{named}] does not exist")))?;
        let doomed = &self.doomed;
        let Some(stack) = self.stacks.get_mut(stack::name_of(named)) else {
            return Err(invalid(format!("Stack [{named}] does not exist")));
        };
        let wanted = Wanted::read(stack, input)?;
        let fails = doomed.iter().find(|doomed| {
            let differs = stack
                .parameters
                .values()
                .all(|value| *value != doomed.value);
            doomed.stack == stack.name
                && differs
                && wanted
                    .parameters
                    .values()
                    .any(|value| *value == doomed.value)
        });
        let fails = fails.map(|doomed| doomed.reason.clone());
        stack.begin(wanted, fails, scope.now)?;
        Ok(json!({"StackId": id}))
    }

    fn describe(&self, input: Input<'_>) -> Answer {
        let stacks: Vec<Value> = match input.text("StackName") {
            None => self.stacks.values().map(Stack::describe).collect(),
            Some(named) => vec![self.need(named)?.describe()],
        };
        Ok(json!({"Stacks": stacks}))
    }

    fn need(&self, named: &str) -> Result<&Stack, Fault> {
        let missing = || invalid(format!("Stack with id {named} does not exist"));
        self.find(named).ok_or_else(missing)
    }

    fn events(&self, input: Input<'_>) -> Answer {
        let named = input.need("StackName")?;
        // Of the two ways to say that a stack is missing, this call has the other.
        let missing = || invalid(format!("Stack [{named}] does not exist"));
        let stack = self.find(named).ok_or_else(missing)?;
        let from: usize = match input.text("NextToken") {
            None => 0,
            Some(token) => token.parse().map_err(|_| invalid("Invalid NextToken"))?,
        };
        let events = stack.events();
        let page: Vec<Value> = events.iter().skip(from).take(PAGE).cloned().collect();
        let next = (events.len() > from + PAGE).then(|| (from + PAGE).to_string());
        Ok(json!({"StackEvents": page, "NextToken": next}))
    }
}

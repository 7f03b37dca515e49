//! Lambda: functions, who may invoke them, and the queue of asynchronous invocations.

mod account;
mod configuration;
mod functions;
mod invoke_config;
mod permissions;
mod program;
mod queue;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::Value;

use crate::ids::Ids;
use crate::input::{Input, not_implemented};
use crate::options::Options;
use crate::service::{Answer, Fault, Scope};

use functions::Function;
pub use program::{FunctionError, Invocation, Output, Program};
use queue::Queue;
pub(crate) use queue::{Ended, Start, Step};

/// The functions of the account and their queues.
#[derive(Debug)]
pub(crate) struct Lambda {
    functions: BTreeMap<String, Function>,
    queue: Queue,
    pending: TimeDelta,
    account_concurrency: u32,
    ids: Ids,
}

impl Lambda {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            functions: BTreeMap::new(),
            queue: Queue::new(options),
            pending: TimeDelta::from_std(options.function_pending).unwrap_or_default(),
            account_concurrency: options.account_concurrency,
            ids: Ids::new(options.seed, "lambda"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let members = input;
        let input = Input::new(input, "InvalidParameterValueException");
        match operation {
            "GetAccountSettings" => Ok(self.account_settings()),
            "CreateFunction" => self.create(members, scope),
            "GetFunction" => self.get(input, scope),
            "GetFunctionConfiguration" => {
                let function = self.function(input)?;
                Ok(function.describe(scope))
            }
            "ListFunctions" => Ok(self.list(scope)),
            "UpdateFunctionCode" => self.update_code(input, scope),
            "UpdateFunctionConfiguration" => self.update_configuration(members, scope),
            "DeleteFunction" => {
                let name = function_name(input)?;
                self.functions
                    .remove(name)
                    .ok_or_else(|| no_such_function(name, scope))?;
                self.queue.forget(name);
                Ok(serde_json::json!({}))
            }
            "TagResource" => self.tag(input),
            "UntagResource" => self.untag(input),
            "ListTags" => self.list_tags(input),
            "AddPermission" => self.add_permission(input, scope),
            "GetPolicy" => self.get_policy(input),
            "RemovePermission" => self.remove_permission(input),
            "PutFunctionConcurrency" => self.put_concurrency(input),
            "GetFunctionConcurrency" => self.get_concurrency(input),
            "DeleteFunctionConcurrency" => {
                self.function(input)?.reserved = None;
                Ok(serde_json::json!({}))
            }
            "PutFunctionEventInvokeConfig" => self.put_invoke_config(input, scope, true),
            "UpdateFunctionEventInvokeConfig" => self.put_invoke_config(input, scope, false),
            "GetFunctionEventInvokeConfig" => self.get_invoke_config(input, scope),
            "DeleteFunctionEventInvokeConfig" => {
                self.function(input)?.invoke_config = None;
                Ok(serde_json::json!({}))
            }
            "Invoke" => self.invoke(input, scope),
            _ => Err(not_implemented("lambda", operation)),
        }
    }

    fn function(&mut self, input: Input<'_>) -> Result<&mut Function, Fault> {
        let name = function_name(input)?;
        self.functions.get_mut(name).ok_or_else(|| no_such(name))
    }
}

/// A function is named by its name, its ARN, or a part of that.
fn function_name(input: Input<'_>) -> Result<&str, Fault> {
    let name = input.need("FunctionName")?;
    Ok(name_in_arn(name))
}

/// The name in a function's ARN, with or without a qualifier.
pub(crate) fn name_in_arn(arn: &str) -> &str {
    let name = arn.split_once("function:").map_or(arn, |(_, name)| name);
    name.split_once(':').map_or(name, |(name, _)| name)
}

fn no_such_function(name: &str, scope: &Scope<'_>) -> Fault {
    let arn = scope.place.arn("lambda", &format!("function:{name}"));
    Fault::client(
        "ResourceNotFoundException",
        format!("Function not found: {arn}"),
    )
    .with_status(404)
}

fn no_such(name: &str) -> Fault {
    Fault::client(
        "ResourceNotFoundException",
        format!("Function not found: {name}"),
    )
    .with_status(404)
}

fn conflict(message: String) -> Fault {
    Fault::client("ResourceConflictException", message).with_status(409)
}

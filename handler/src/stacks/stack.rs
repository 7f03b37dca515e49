//! A stack as CloudFormation describes it, and what was done to it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use chrono::{DateTime, Utc};

use super::token::Token;

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN, with the part that tells it from an earlier stack of the same name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// For example `UPDATE_COMPLETE`.
    pub status: String,
    /// The parameters and their values; `****` where the template hides them, the parameter's name where it is one of SSM.
    pub parameters: BTreeMap<String, String>,
    /// The parameters whose value is the name of a parameter of SSM.
    pub by_name: BTreeSet<String>,
    /// ARN of the outermost stack that this one is nested in.
    pub root: Option<String>,
    /// What its last operation was allowed to make, for example `CAPABILITY_IAM`.
    pub capabilities: Vec<String>,
    /// ARN of the role that CloudFormation changes its resources with; `None`: with the rights of whoever calls.
    pub role: Option<String>,
    /// When its last operation began.
    pub changed: DateTime<Utc>,
}

/// What a status lets one do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It may be updated.
    Ready,
    /// An operation is under way, and will end by itself.
    Busy,
    /// It cannot be updated: what would help.
    Broken(&'static str),
}

/// What to do about a stack whose creation came to nothing.
const MAKE_AGAIN: &str = "delete it and create it anew";

/// What a status lets one do.
///
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html>, stack status codes: what can
/// be updated from each.
pub(super) fn condition(status: &str) -> Condition {
    match status {
        "CREATE_COMPLETE"
        | "UPDATE_COMPLETE"
        | "UPDATE_ROLLBACK_COMPLETE"
        | "IMPORT_COMPLETE"
        | "IMPORT_ROLLBACK_COMPLETE"
        | "UPDATE_FAILED" => Condition::Ready,
        // It has a name and a change set, and nobody knows whether it will ever be carried out.
        "REVIEW_IN_PROGRESS" => Condition::Broken("execute its change set, or delete it"),
        status if status.starts_with("DELETE_") => {
            Condition::Broken("create it anew, or take it out of `[[stacks]]`")
        }
        status if status.ends_with("_IN_PROGRESS") => Condition::Busy,
        "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" => Condition::Broken(MAKE_AGAIN),
        "UPDATE_ROLLBACK_FAILED" | "IMPORT_ROLLBACK_FAILED" => Condition::Broken(
            "mend what could not be rolled back, then `aws cloudformation continue-update-rollback`",
        ),
        _ => Condition::Broken("update it by hand once, so that CloudFormation says what is wrong"),
    }
}

impl Stack {
    pub(super) fn condition(&self) -> Condition {
        condition(&self.status)
    }
}

/// Account and Region, as a stack's ARN names them.
pub(super) fn place(id: &str) -> Option<(&str, &str)> {
    let mut parts = id.split(':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    (!region.is_empty() && !account.is_empty()).then_some((account, region))
}

/// An update of ecroll's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Try {
    pub(super) token: Token,
    /// When CloudFormation took it.
    pub(super) began: DateTime<Utc>,
    /// How it ended; `None` as long as it is under way.
    pub(super) end: Option<TryEnd>,
}

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TryEnd {
    pub(super) at: DateTime<Utc>,
    pub(super) status: String,
    /// CloudFormation's own sentence; of the failure, where it failed.
    pub(super) reason: String,
}

impl TryEnd {
    pub(super) fn is_complete(&self) -> bool {
        self.status == "UPDATE_COMPLETE"
    }
}

/// One event of the stack itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) at: DateTime<Utc>,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) token: Option<String>,
    /// What it is about: the stack itself, or one of its resources.
    pub(super) physical: String,
}

/// The updates of ecroll's among the events, newest first, as CloudFormation lists them.
pub(super) fn tries(stack: &Stack, events: &[Event]) -> Vec<Try> {
    let mut tries: Vec<(String, Try)> = Vec::new();
    for event in events.iter().filter(|event| event.physical == stack.id) {
        let Some(text) = event.token.as_deref() else {
            continue;
        };
        let Some(token) = Token::read(text) else {
            continue;
        };
        let ends = !event.status.ends_with("_IN_PROGRESS");
        let known = tries.iter_mut().find(|(known, _)| known == text);
        if let Some((_, found)) = known {
            // Going back in time: the beginning moves, and a failure says more than the end of its rollback.
            found.began = event.at;
            if let Some(end) = &mut found.end
                && !event.reason.is_empty()
                && event.status.contains("ROLLBACK_IN_PROGRESS")
            {
                end.reason.clone_from(&event.reason);
            }
            continue;
        }
        let end = ends.then(|| TryEnd {
            at: event.at,
            status: event.status.clone(),
            reason: event.reason.clone(),
        });
        let found = Try {
            token,
            began: event.at,
            end,
        };
        tries.push((text.to_owned(), found));
    }
    tries.into_iter().map(|(_, found)| found).collect()
}

/// One element and what is below it that somebody asks for.
type Read<T> = Result<T, XmlDecodeError>;

fn each<'i>(
    parent: &mut ScopedDecoder<'i, '_>,
    mut take: impl FnMut(&str, &mut ScopedDecoder<'i, '_>) -> Read<()>,
) -> Read<()> {
    while let Some(mut child) = parent.next_tag() {
        let name = child.start_el().local().to_owned();
        take(&name, &mut child)?;
    }
    Ok(())
}

fn data(element: &mut ScopedDecoder<'_, '_>) -> Read<String> {
    try_data(element).map(Cow::into_owned)
}

fn time(text: &str) -> Read<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| XmlDecodeError::custom(format!("`{text}` is no time: {error}")))
}

fn missing(what: &str) -> XmlDecodeError {
    XmlDecodeError::custom(format!("the answer has no {what}"))
}

/// The stack of an answer to `DescribeStacks` that asks for one.
pub(super) fn read_stack(xml: &str) -> Read<Stack> {
    let mut stacks = Vec::new();
    let mut document = Document::new(xml);
    let mut root = document.root_element()?;
    each(&mut root, |name, result| match name {
        "DescribeStacksResult" => each(result, |name, list| match name {
            "Stacks" => each(list, |_, member| {
                stacks.push(stack(member)?);
                Ok(())
            }),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })?;
    stacks.into_iter().next().ok_or_else(|| missing("stack"))
}

fn stack(member: &mut ScopedDecoder<'_, '_>) -> Read<Stack> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let (mut parameters, mut capabilities) = (BTreeMap::new(), Vec::new());
    let mut by_name = BTreeSet::new();
    each(member, |name, child| {
        match name {
            "Parameters" => each(child, |_, parameter| {
                let (mut key, mut value) = (String::new(), String::new());
                let mut resolved = false;
                each(parameter, |name, part| {
                    match name {
                        "ParameterKey" => key = data(part)?,
                        "ParameterValue" => value = data(part)?,
                        "ResolvedValue" => resolved = true,
                        _ => {}
                    }
                    Ok(())
                })?;
                if resolved {
                    by_name.insert(key.clone());
                }
                parameters.insert(key, value);
                Ok(())
            })?,
            "Capabilities" => each(child, |_, capability| {
                capabilities.push(data(capability)?);
                Ok(())
            })?,
            "StackId" | "StackName" | "StackStatus" | "RoleARN" | "CreationTime"
            | "LastUpdatedTime" | "RootId" => {
                texts.insert(name.to_owned(), data(child)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    let mut take = |name: &str| texts.remove(name).filter(|text| !text.is_empty());
    let changed = take("LastUpdatedTime").or_else(|| take("CreationTime"));
    Ok(Stack {
        id: take("StackId").ok_or_else(|| missing("StackId"))?,
        name: take("StackName").ok_or_else(|| missing("StackName"))?,
        status: take("StackStatus").ok_or_else(|| missing("StackStatus"))?,
        parameters,
        by_name,
        root: take("RootId"),
        capabilities,
        role: take("RoleARN"),
        changed: time(&changed.ok_or_else(|| missing("CreationTime"))?)?,
    })
}

/// A page of `DescribeStackEvents`, newest first, and the token of the next.
pub(super) fn read_events(xml: &str) -> Read<(Vec<Event>, Option<String>)> {
    let (mut events, mut next) = (Vec::new(), None);
    let mut document = Document::new(xml);
    let mut root = document.root_element()?;
    each(&mut root, |name, result| match name {
        "DescribeStackEventsResult" => each(result, |name, part| {
            match name {
                "StackEvents" => each(part, |_, member| {
                    events.push(event(member)?);
                    Ok(())
                })?,
                "NextToken" => next = Some(data(part)?).filter(|token| !token.is_empty()),
                _ => {}
            }
            Ok(())
        }),
        _ => Ok(()),
    })?;
    Ok((events, next))
}

fn event(member: &mut ScopedDecoder<'_, '_>) -> Read<Event> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    each(member, |name, child| {
        if matches!(
            name,
            "Timestamp"
                | "ResourceStatus"
                | "ResourceStatusReason"
                | "ClientRequestToken"
                | "PhysicalResourceId"
        ) {
            texts.insert(name.to_owned(), data(child)?);
        }
        Ok(())
    })?;
    let mut take = |name: &str| texts.remove(name);
    Ok(Event {
        at: time(&take("Timestamp").ok_or_else(|| missing("Timestamp"))?)?,
        status: take("ResourceStatus").unwrap_or_default(),
        reason: take("ResourceStatusReason").unwrap_or_default(),
        token: take("ClientRequestToken"),
        physical: take("PhysicalResourceId").unwrap_or_default(),
    })
}

//! `[[stacks]]`.

use serde_json::Value;

use super::super::StackRule;
use super::table::{Fault, Table};
use super::value::{tags, text};
use crate::image::ImageRef;

/// The longest name of a stack, in characters.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
const LONGEST_NAME: usize = 128;
/// The longest name of a parameter.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const LONGEST_PARAMETER: usize = 255;

pub(super) fn rule(index: usize, value: &Value, faults: &mut Vec<Fault>) -> StackRule {
    let mut table = Table::open(&format!("stacks[{index}]"), value, faults);
    for (key, what) in [
        ("stack", "the name or the ARN of a stack"),
        ("repository", "the repository whose pushes move the stack"),
        (
            "parameter",
            "the parameter of the template that takes the tag",
        ),
    ] {
        if value.is_object() && value.get(key).is_none() {
            table.fault(key, format!("is missing: {what}"));
        }
    }
    let rule = StackRule {
        stack: table.read("stack", stack).unwrap_or_default(),
        repository: table.read("repository", repository).unwrap_or_default(),
        parameter: table.read("parameter", parameter).unwrap_or_default(),
        tags: table.read("tags", tags),
    };
    table.close();
    rule
}

/// One parameter has one value.
pub(super) fn same_parameter_twice(rules: &[StackRule], faults: &mut Vec<Fault>) {
    for (at, rule) in rules.iter().enumerate() {
        let same =
            |other: &StackRule| (other.name(), &other.parameter) == (rule.name(), &rule.parameter);
        let named = !rule.stack.is_empty() && !rule.parameter.is_empty();
        if named && rules.iter().take(at).any(same) {
            let (parameter, stack) = (&rule.parameter, rule.name());
            let message =
                format!("names {parameter} of the stack {stack} a second time: remove one of them");
            faults.push(Fault::new(format!("stacks[{at}]"), message));
        }
    }
}

fn stack(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let is_arn =
        text.starts_with("arn:") && text.contains(":cloudformation:") && text.contains(":stack/");
    let mut letters = text.chars();
    let is_name = text.len() <= LONGEST_NAME
        && letters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_arn || is_name {
        return Ok(text);
    }
    Err(format!(
        "must be a stack's name (letters, digits and hyphens, a letter first) or its ARN; found `{text}`"
    ))
}

fn repository(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    if let Some(image) = ImageRef::parse(&text) {
        if image.location != text {
            return Err(format!(
                "must be a repository without tag and digest; found `{text}`"
            ));
        }
        return Ok(text);
    }
    let taken = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c);
    let is_name = (2..=256).contains(&text.len()) && text.chars().all(taken);
    let is_host = text
        .split('/')
        .next()
        .is_some_and(|host| host.contains(".amazonaws."));
    if is_name && !is_host {
        return Ok(text);
    }
    Err(format!(
        "must be exactly one repository: its name, or with its registry \
         `<account>.dkr.ecr.<region>.amazonaws.com/<name>`; found `{text}`"
    ))
}

fn parameter(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    if text.len() <= LONGEST_PARAMETER && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(text);
    }
    Err(format!(
        "must be a parameter's name, letters and digits; found `{text}`"
    ))
}

//! What is known only when the stack is made: the place, and what is asked for as a parameter.
//!
//! The description of the pipeline is made of texts. A template takes the same texts with a mark wherever the account,
//! the Region or a parameter would stand, and turns each mark into an intrinsic function afterwards. The marks are
//! enclosed in characters for private use, so that nothing in a configuration is mistaken for one.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::names::Place;

const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// The mark for a parameter or pseudo-parameter.
pub(super) fn mark(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// The place of whatever stack is made.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/pseudo-parameter-reference.html>
pub(super) fn place() -> Place {
    Place {
        partition: mark("AWS::Partition"),
        region: mark("AWS::Region"),
        account: mark("AWS::AccountId"),
    }
}

/// A text, or what gives it once its marks are known.
pub(super) fn intrinsic(text: &str) -> Value {
    let pieces = pieces(text);
    match pieces.as_slice() {
        [] => json!(""),
        [Piece::Mark(name)] => json!({"Ref": name}),
        pieces if pieces.iter().all(Piece::is_text) => json!(text),
        // `Fn::Sub` would take these characters for its own.
        pieces
            if pieces
                .iter()
                .any(|piece| matches!(piece, Piece::Text(text) if text.contains("${"))) =>
        {
            let parts = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => json!(text),
                Piece::Mark(name) => json!({"Ref": name}),
            });
            json!({"Fn::Join": ["", parts.collect::<Vec<_>>()]})
        }
        pieces => {
            let parts = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => (*text).to_owned(),
                Piece::Mark(name) => format!("${{{name}}}"),
            });
            json!({"Fn::Sub": parts.collect::<String>()})
        }
    }
}

/// A part of a text.
enum Piece<'a> {
    Text(&'a str),
    Mark(&'a str),
}

impl Piece<'_> {
    fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((name, behind)) = after.split_once(CLOSE) else {
            break;
        };
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        pieces.push(Piece::Mark(name));
        rest = behind;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// What a template refers to instead of naming it again: the text that names it, usually an ARN, and the function that
/// gives this text. It holds what was made before, so that no two resources wait for each other.
#[derive(Debug, Default)]
pub(super) struct Known {
    given: BTreeMap<String, Value>,
    /// A parameter that is a list, and the condition under which a policy's statement about it stands.
    lists: Vec<(&'static str, &'static str)>,
}

impl Known {
    /// Nothing but these lists.
    pub(super) fn with_lists(lists: &[(&'static str, &'static str)]) -> Self {
        Self {
            given: BTreeMap::new(),
            lists: lists.to_vec(),
        }
    }

    /// From here on this text is referred to.
    pub(super) fn add(&mut self, text: String, function: Value) {
        self.given.insert(text, function);
    }

    /// The same value with its marks and everything known turned into functions.
    pub(super) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.given.get(text) {
                Some(function) => function.clone(),
                None => intrinsic(text),
            },
            Value::Array(members) => match members.as_slice() {
                [only] if self.list(only).is_some() => {
                    json!({"Ref": self.list(only).map(|(name, _)| name)})
                }
                members => members
                    .iter()
                    .map(|member| self.statement(member))
                    .collect(),
            },
            Value::Object(members) => {
                let members = members
                    .iter()
                    .map(|(key, value)| (key.clone(), self.resolve(value)));
                Value::Object(members.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    /// A member of a list; a statement about a list that may be empty stands under its condition, because IAM refuses a
    /// statement without resources.
    fn statement(&self, value: &Value) -> Value {
        let resolved = self.resolve(value);
        let resources = value.get("Resource").and_then(Value::as_array);
        let list = match resources.map(Vec::as_slice) {
            Some([only]) => self.list(only),
            _ => None,
        };
        match list {
            Some((_, condition)) => {
                json!({"Fn::If": [condition, resolved, {"Ref": "AWS::NoValue"}]})
            }
            None => resolved,
        }
    }

    fn list(&self, value: &Value) -> Option<(&'static str, &'static str)> {
        let text = value.as_str()?;
        let mut lists = self.lists.iter();
        lists.find(|(name, _)| mark(name) == text).copied()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Known, intrinsic, mark};

    #[test]
    fn marks_become_functions() {
        let region = mark("AWS::Region");
        assert_eq!(intrinsic("plain ${x}"), json!("plain ${x}"));
        assert_eq!(intrinsic(""), json!(""));
        assert_eq!(intrinsic(&region), json!({"Ref": "AWS::Region"}));
        assert_eq!(
            intrinsic(&format!("a-{region}-b")),
            json!({"Fn::Sub": "a-${AWS::Region}-b"})
        );
        // What a person wrote is no mark of ours, however it looks.
        assert_eq!(
            intrinsic(&format!("${{AWS::Region}} {region}")),
            json!({"Fn::Join": ["", ["${AWS::Region} ", {"Ref": "AWS::Region"}]]})
        );
        let stray = format!("{region}\u{E000}x");
        assert_eq!(
            intrinsic(&stray),
            json!({"Fn::Sub": "${AWS::Region}\u{E000}x"})
        );
    }

    #[test]
    fn what_is_known_is_referred_to() {
        let mut known = Known::with_lists(&[("Roles", "SomeRoles")]);
        known.add("arn:x".to_owned(), json!({"Ref": "X"}));
        let roles = mark("Roles");
        let policy = json!({"Statement": [
            {"Resource": "arn:x"}, {"Resource": ["arn:x", "arn:xy"]}, {"Resource": [roles]},
        ]});
        let expected = json!({"Statement": [
            {"Resource": {"Ref": "X"}}, {"Resource": [{"Ref": "X"}, "arn:xy"]},
            {"Fn::If": ["SomeRoles", {"Resource": {"Ref": "Roles"}}, {"Ref": "AWS::NoValue"}]},
        ]});
        assert_eq!(known.resolve(&policy), expected);
    }
}

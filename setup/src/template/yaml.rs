//! Writing YAML. Only what a template needs: maps, lists, texts, numbers and switches.
//!
//! The functions that occur at every turn have their short form; the others are plain maps. A text is written bare where no reader, of YAML 1.1 or 1.2, could take it for anything else; several lines as a block;
//! everything else in double quotes with the escapes of JSON, which YAML shares.

use std::fmt::Write as _;

use serde_json::Value;

/// Writes `key: value` with everything below it, so many blanks from the margin.
pub(super) fn entry(out: &mut String, indent: usize, key: &str, value: &Value) {
    let _ = write!(out, "{:indent$}{}:", "", scalar(key));
    after_key(out, indent, value);
}

/// Writes lines of a comment, so many blanks from the margin; an empty one is a bare `#`. What might end a line elsewhere,
/// or is not seen, is left out.
pub(super) fn comment(out: &mut String, indent: usize, text: &str) {
    for line in text.lines() {
        let line: String = line
            .chars()
            .filter(|c| !c.is_control() && !is_special(*c))
            .collect();
        let _ = writeln!(out, "{:indent$}{}", "", format!("# {line}").trim_end());
    }
}

fn after_key(out: &mut String, indent: usize, value: &Value) {
    if let Some(short) = short_form(value) {
        out.push_str(&short.tag);
        return after_key(out, indent, &short.value);
    }
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push('\n');
            for (key, value) in members {
                entry(out, indent + 2, key, value);
            }
        }
        Value::Array(members) if !members.is_empty() => {
            out.push('\n');
            for member in members {
                item(out, indent + 2, member);
            }
        }
        Value::String(text) if is_block(text) => {
            // No newline at the end, and none is added.
            out.push_str(" |-\n");
            for line in text.lines() {
                let _ = writeln!(out, "{:1$}{line}", "", indent + 2);
            }
        }
        other => {
            let _ = writeln!(out, " {}", flat(other));
        }
    }
}

fn item(out: &mut String, indent: usize, value: &Value) {
    match value {
        Value::Object(members) if !members.is_empty() && short_form(value).is_none() => {
            let mut below = String::new();
            for (key, value) in members {
                entry(&mut below, indent + 2, key, value);
            }
            // The first key stands behind the dash.
            let _ = write!(out, "{:indent$}- {}", "", below.trim_start());
        }
        other => {
            let _ = write!(out, "{:indent$}-", "");
            after_key(out, indent, other);
        }
    }
}

/// A function in its short form: the tag, and what follows it.
struct Short {
    tag: String,
    value: Value,
}

/// The short form of a function, `!Ref Topic` for `Ref: Topic`.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>
fn short_form(value: &Value) -> Option<Short> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (key, argument) = members.iter().next()?;
    let (name, value) = match (key.as_str(), argument) {
        ("Ref", Value::String(_)) => ("Ref", argument.clone()),
        ("Fn::Sub", Value::String(_)) => ("Sub", argument.clone()),
        ("Fn::GetAtt", Value::Array(parts)) => {
            let parts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
            ("GetAtt", parts?.join(".").into())
        }
        _ => return None,
    };
    let tag = format!(" !{name}");
    Some(Short { tag, value })
}

/// What fits on a line.
fn flat(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        // Numbers, switches, nothing, and empty lists and maps look as in JSON.
        other => other.to_string(),
    }
}

/// Whether several lines can stand as they are.
fn is_block(text: &str) -> bool {
    let plain = |c: char| c == '\n' || (!c.is_control() && !is_special(c));
    text.contains('\n')
        && !text.ends_with('\n')
        && !text.starts_with([' ', '\n'])
        && text.lines().all(|line| !line.ends_with(' '))
        && text.chars().all(plain)
}

fn scalar(text: &str) -> String {
    if is_bare(text) {
        return text.to_owned();
    }
    let quoted = Value::from(text).to_string();
    let mut out = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if is_special(c) {
            // All of them are below U+10000.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that JSON leaves as they are and YAML does not, or that nobody sees.
fn is_special(c: char) -> bool {
    matches!(
        c,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// Whether a text needs no quotes: it begins with a letter or a slash, holds nothing with a meaning, and is no word that
/// stands for a switch, nothing or a number.
fn is_bare(text: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let begins = |c: char| c.is_ascii_alphabetic() || c == '/';
    let holds = |c: char| c.is_ascii_alphanumeric() || " /._-:=*+@$()".contains(c);
    text.starts_with(begins)
        && text.chars().all(holds)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !words.contains(&text.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{comment, entry, scalar};

    #[test]
    fn maps_lists_and_texts() {
        let value = json!({
            "bare": "arn:aws:iam::1:role/x", "number": 1, "looks": "1", "switch": true, "word": "No",
            "empty": [], "none": {}, "lines": "{\n  \"a\": 1\n}", "end": "a\nb\n",
            "list": ["*", {"Ref": "X", "b": [1]}, [1, [2]], "2012-10-17"],
            "odd: key": "a: b", "sub": {"Fn::Sub": "${A}-b"}, "subs": [{"Fn::Sub": "{\n ${A}\n}"}], "get": {"Fn::GetAtt": ["A", "Arn"]},
            "specials": "\u{85}\u{feff}\t\"",
        });
        let mut out = String::new();
        comment(&mut out, 2, "one\n\ntwo\u{85}\u{2028}\r: 2");
        entry(&mut out, 0, "top", &value);
        insta::assert_snapshot!(out);
    }

    #[test]
    fn a_bare_text_is_one_for_every_reader() {
        for quoted in [
            "", "yes", "NULL", "1e3", "~", "a: b", "a:", "a ", "- a", "#a", "a #b", "é", "a\\b",
        ] {
            assert!(scalar(quoted).starts_with('"'), "{quoted}");
        }
        for bare in [
            "AWS::S3::Bucket",
            "rate(5 minutes)",
            "/ecroll/trail",
            "s3:x-amz-acl",
        ] {
            assert_eq!(scalar(bare), bare);
        }
    }
}

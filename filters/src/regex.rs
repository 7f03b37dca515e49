//! The regex dialect of filter patterns.
//!
//! Allowed are letters, digits, blanks, the symbols `: _ # = @ / ; , -`, the operators
//! `^ $ ? [ ] { } | \ * + .`, and the escapes `\d \D \s \S \w \W \xhh`
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>, section on
//! regular expressions; a blank stands in one of its examples). An expression is found anywhere
//! unless it is anchored.

use crate::error::Kind;
use crate::{Compat, Point};

/// Bytes of the compiled program; far above what 1,024 characters need without nested counts.
const PROGRAM: usize = 64 * 1024;

/// An expression between percent signs.
#[derive(Clone, Debug)]
pub(crate) struct Regex {
    body: String,
    compiled: regex_lite::Regex,
}

impl PartialEq for Regex {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

impl Regex {
    /// `at` counts the bytes of the body up to the offence.
    pub(crate) fn new(body: &str, compat: Compat) -> Result<Self, (usize, Kind)> {
        let rust = translate(body, compat)?;
        let compiled = regex_lite::RegexBuilder::new(&rust)
            .dot_matches_new_line(!compat.other(Point::DotNewline))
            .size_limit(PROGRAM)
            .build()
            .map_err(|why| (0, Kind::RegexSyntax(why.to_string())))?;
        Ok(Self {
            body: body.to_owned(),
            compiled,
        })
    }

    pub(crate) fn body(&self) -> &str {
        &self.body
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.compiled.is_match(text)
    }
}

/// Into the dialect of the engine: AWS's `\s` is blank, tab and newline only, and `{,n}` is
/// `{0,n}`.
fn translate(body: &str, compat: Compat) -> Result<String, (usize, Kind)> {
    if body.is_empty() {
        return Err((0, Kind::EmptyRegex));
    }
    let mut rust = String::with_capacity(body.len() + 16);
    let mut class = false;
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                let Some((_, escaped)) = chars.next() else {
                    return Err((at, Kind::RegexEscape('\\')));
                };
                match escaped {
                    's' if class => rust.push_str(r" \t\n"),
                    's' => rust.push_str(r"[ \t\n]"),
                    'S' if class => rust.push_str(r"\x00-\x08\x0B-\x1F\x21-\x{10FFFF}"),
                    'S' => rust.push_str(r"[^ \t\n]"),
                    'd' | 'D' | 'w' | 'W' => rust.extend(['\\', escaped]),
                    'x' => {
                        let code: String = chars.by_ref().take(2).map(|(_, digit)| digit).collect();
                        match u8::from_str_radix(&code, 16) {
                            Ok(0..=0x7F) if code.len() == 2 && !code.starts_with('+') => {
                                rust.push_str(r"\x");
                                rust.push_str(&code);
                            }
                            _ => return Err((at, Kind::RegexEscape('x'))),
                        }
                    }
                    c if is_symbol(c) => literal(&mut rust, c),
                    c => return Err((at, Kind::RegexEscape(c))),
                }
            }
            '{' if !class && chars.peek().is_some_and(|(_, next)| *next == ',') => {
                rust.push_str("{0");
            }
            '$' if !class && compat.other(Point::DotNewline) => rust.push_str(r"(?:\n?$)"),
            '[' if class => rust.push_str(r"\["),
            '[' => {
                class = true;
                rust.push(c);
                // `]` right after the opening, or after `^`, is an ordinary member.
                if let Some((_, caret)) = chars.next_if(|(_, next)| *next == '^') {
                    rust.push(caret);
                }
                if chars.next_if(|(_, next)| *next == ']').is_some() {
                    rust.push_str(r"\]");
                }
            }
            ']' if class => {
                class = false;
                rust.push(c);
            }
            c if c.is_ascii_alphanumeric() || c == ' ' || is_symbol(c) => rust.push(c),
            c => return Err((at, Kind::RegexCharacter(c))),
        }
    }
    Ok(rust)
}

/// The symbols and operators of the dialect.
fn is_symbol(c: char) -> bool {
    ":_#=@/;,-^$?[]{}|\\*+.".contains(c)
}

/// The engine knows no escape of the symbols that mean nothing to it.
fn literal(rust: &mut String, c: char) {
    if !":_=@/;,".contains(c) {
        rust.push('\\');
    }
    rust.push(c);
}

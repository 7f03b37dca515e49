//! Why a pattern was refused: what, where, and the fix.

use std::fmt;

use crate::limits;

/// A pattern that CloudWatch Logs would refuse, or that this crate cannot promise it accepts.
///
/// [`Display`](fmt::Display) gives one lower-case line: what is wrong, at which character, and the
/// fix. [`Error::caret`] draws the place; [`Error::aws`] is AWS's own wording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    /// Characters before the place.
    at: usize,
    pattern: String,
}

/// The reasons, one variant each; their texts are in this file and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    TooLong(usize),
    OpenBrace,
    OpenBracket,
    BlankOutside,
    Behind,
    EmptyJson,
    Character(char),
    QuotedSelector,
    ExpectedSelector,
    ExpectedName,
    ExpectedIndex,
    LargeIndex,
    OpenSelector,
    ExpectedOperator,
    DoubleEquals,
    ExpectedValue,
    ExpectedEnd,
    ExpectedExists,
    ExpectedConstant,
    IsNot,
    Negation,
    OpenParenthesis,
    DeepParentheses,
    OpenQuote,
    Escape(char),
    SelectorAsValue,
    SingleQuote,
    QuotedNumber(String),
    NotANumber,
    OpenRegex,
    EmptyRegex,
    RegexCharacter(char),
    RegexEscape(char),
    RegexSyntax(String),
    LargeRegex,
    Regexes,
    WildcardsInSelector,
    Wildcards,
    ExpectedTerm,
    RegexAmongTerms,
    ExpectedField,
    FieldCharacter(char),
    ExpectedComparison,
    OtherField,
    SecondEllipsis,
    DuplicateField,
}

impl Kind {
    /// What is wrong.
    fn what(&self) -> String {
        match self {
            Self::TooLong(n) => format!("the pattern has {n} characters"),
            Self::OpenBrace => "the pattern starts with `{` and does not end with `}`".into(),
            Self::OpenBracket => "the pattern starts with `[` and does not end with `]`".into(),
            Self::BlankOutside => "blanks before the `{` or `[`".into(),
            Self::Behind => "something after the closing bracket".into(),
            Self::EmptyJson => "no condition between the braces".into(),
            Self::Character(c) | Self::FieldCharacter(c) => format!("unexpected {}", name(*c)),
            Self::QuotedSelector => "a quoted name in a selector".into(),
            Self::ExpectedSelector => "expected a selector".into(),
            Self::ExpectedName => "expected a member name".into(),
            Self::ExpectedIndex => "expected an index, `*` or a quoted name".into(),
            Self::LargeIndex => "the index is too large".into(),
            Self::OpenSelector => "the selector's `[` is not closed".into(),
            Self::ExpectedOperator => "expected an operator".into(),
            Self::DoubleEquals => "unexpected `==`".into(),
            Self::ExpectedValue => "expected a value".into(),
            Self::ExpectedEnd => "expected `&&`, `||` or the end".into(),
            Self::ExpectedExists => "expected `EXISTS` after `NOT`".into(),
            Self::ExpectedConstant => "expected `NULL`, `TRUE` or `FALSE` after `IS`".into(),
            Self::IsNot => "`IS NOT` does not exist".into(),
            Self::Negation => "there is no negation".into(),
            Self::OpenParenthesis => "the parenthesis is not closed".into(),
            Self::DeepParentheses => "parentheses nest too deeply".into(),
            Self::OpenQuote => "the double quote is not closed".into(),
            Self::Escape(c) => format!("unknown escape of {}", name(*c)),
            Self::SelectorAsValue => "a selector cannot be a value".into(),
            Self::SingleQuote => "a value in single quotes".into(),
            Self::QuotedNumber(_) => "a quoted value after a relation".into(),
            Self::NotANumber => "expected a number after a relation".into(),
            Self::OpenRegex => "the regex is not closed".into(),
            Self::EmptyRegex => "the regex is empty".into(),
            Self::RegexCharacter(c) => format!("{} is not allowed in a regex", name(*c)),
            Self::RegexEscape(c) => format!("unknown escape of {} in a regex", name(*c)),
            Self::RegexSyntax(why) => format!("the regex cannot be read ({why})"),
            Self::LargeRegex => "the regex is too large to be read".into(),
            Self::Regexes => "too many regexes".into(),
            Self::WildcardsInSelector => "two wildcards in one selector".into(),
            Self::Wildcards => "too many wildcard selectors".into(),
            Self::ExpectedTerm => "expected a term".into(),
            Self::RegexAmongTerms => "a regex among terms".into(),
            Self::ExpectedField => "expected a field's name".into(),
            Self::ExpectedComparison => "expected a comparison".into(),
            Self::OtherField => "a condition on another field".into(),
            Self::SecondEllipsis => "a second `...`".into(),
            Self::DuplicateField => "two fields of one name".into(),
        }
    }

    /// What would work.
    fn fix(&self) -> String {
        match self {
            Self::TooLong(_) => format!("at most {} are allowed", limits::PATTERN_CHARACTERS),
            Self::OpenBrace => "end it with `}` and nothing after".into(),
            Self::OpenBracket => "end it with `]` and nothing after".into(),
            Self::BlankOutside => "remove them".into(),
            Self::Behind => "end the pattern there".into(),
            Self::EmptyJson => "write one, as in `{ $.level = \"ERROR\" }`".into(),
            Self::Character(',') => "join conditions with `&&` or `||`".into(),
            Self::Character('&') => "write `&&`".into(),
            Self::Character('|') => "write `||`".into(),
            Self::Character('(' | ')' | '[' | ']' | '{' | '}') => {
                "remove it, or put the text in double quotes".into()
            }
            Self::Character(_) => "put the text in double quotes".into(),
            Self::QuotedSelector => "write `$.name`, or `$.['a.b']` for other characters".into(),
            Self::ExpectedSelector => "write one that starts with `$.`".into(),
            Self::ExpectedName => {
                "use letters, digits, `-`, `_`, or `['a.b']` for other characters".into()
            }
            Self::ExpectedIndex => "write `[0]`, `[*]` or `['name']`".into(),
            Self::LargeIndex => "use at most nine digits".into(),
            Self::OpenSelector => "close it with `]`".into(),
            Self::ExpectedOperator => {
                "write one of = != < > <= >=, `IS NULL`, `IS TRUE`, `IS FALSE`, `NOT EXISTS`".into()
            }
            Self::DoubleEquals => "write a single `=`".into(),
            Self::ExpectedValue => "write a word, a number, \"quoted text\" or a %regex%".into(),
            Self::ExpectedEnd => "quote a value that holds blanks or symbols".into(),
            Self::ExpectedConstant => "write one of the three, in capitals".into(),
            Self::ExpectedExists | Self::IsNot => "for a present value write `= *`".into(),
            Self::Negation => "use `!=` or `NOT EXISTS` in the condition".into(),
            Self::OpenParenthesis => "add `)`".into(),
            Self::DeepParentheses => {
                format!("at most {} levels are read", limits::NESTED_PARENTHESES)
            }
            Self::OpenQuote => "add the closing `\"`".into(),
            Self::Escape(_) => "only `\\\"` and `\\\\` exist; write `\\\\` for a backslash".into(),
            Self::SelectorAsValue => "compare with text or a number".into(),
            Self::SingleQuote => "use double quotes".into(),
            Self::QuotedNumber(_) | Self::NotANumber => {
                "write a bare number such as 5, -0.5 or 1e3".into()
            }
            Self::OpenRegex => "add the closing `%`; for a percent sign write `\\x25`".into(),
            Self::EmptyRegex => "write an expression between the percent signs".into(),
            Self::RegexCharacter(c) if c.is_ascii() => {
                format!("write `\\x{:02X}`", u32::from(*c))
            }
            Self::RegexCharacter(_) => "only ASCII is; `.` stands for any character".into(),
            Self::RegexEscape(_) => {
                "use \\d \\D \\s \\S \\w \\W, \\xhh or an escaped symbol".into()
            }
            Self::RegexSyntax(_) => "correct the expression".into(),
            Self::LargeRegex => {
                format!(
                    "with its counts written out it may have {} characters",
                    limits::REGEX_CHARACTERS
                )
            }
            Self::Regexes => format!("at most {} are allowed", limits::REGEXES),
            Self::WildcardsInSelector => "keep one".into(),
            Self::Wildcards => format!("at most {} are allowed", limits::WILDCARDS),
            Self::ExpectedTerm => "write a word, \"quoted text\" or a %regex%".into(),
            Self::RegexAmongTerms => "use regexes alone".into(),
            Self::FieldCharacter(_) => {
                "a name holds letters, digits, `-` and `_`; `,` separates fields".into()
            }
            Self::ExpectedField => "use letters, digits, `-` and `_`".into(),
            Self::ExpectedComparison => "write one of = != < > <= >= and a value".into(),
            Self::OtherField => "repeat the same name, or give each field its own place".into(),
            Self::SecondEllipsis => "one is allowed".into(),
            Self::DuplicateField => "rename one".into(),
        }
    }
}

/// A character as a message shows it: never raw when it cannot be seen.
fn name(c: char) -> String {
    if c == '\'' || c == '"' {
        format!("`{c}`")
    } else {
        format!("`{}`", c.escape_debug())
    }
}

impl Error {
    /// `at` counts bytes of `pattern`.
    pub(crate) fn new(pattern: &str, at: usize, kind: Kind) -> Self {
        let before = pattern
            .get(..at)
            .map_or_else(|| pattern.chars().count(), |p| p.chars().count());
        let kept = pattern
            .chars()
            .take(limits::PATTERN_CHARACTERS + 1)
            .collect();
        Self {
            kind,
            at: before,
            pattern: kept,
        }
    }

    /// The place, counted in characters from 1; one past the last when something is missing at
    /// the end.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at + 1
    }

    /// Three lines: the pattern, a `^` under the place, and the message.
    ///
    /// Of a long pattern only the part around the place is shown; characters that would break the
    /// alignment are shown as blanks.
    #[must_use]
    pub fn caret(&self) -> String {
        const BEFORE: usize = 60;
        const AFTER: usize = 30;
        let from = if self.at > BEFORE + 10 {
            self.at - BEFORE
        } else {
            0
        };
        let head = if from == 0 { "" } else { "…" };
        let shown: String = self
            .pattern
            .chars()
            .skip(from)
            .take(self.at - from + AFTER)
            .collect();
        let tail = if self.pattern.chars().count() > self.at + AFTER {
            "…"
        } else {
            ""
        };
        let shown: String = shown
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let indent = " ".repeat(self.at - from + head.chars().count());
        format!("{head}{shown}{tail}\n{indent}^\n{self}")
    }

    /// What CloudWatch Logs answers, where its text is known, else its general refusal.
    ///
    /// The general text is that of `PutMetricFilter` and `TestMetricFilter`; `FilterLogEvents` and
    /// `PutSubscriptionFilter` say `Invalid filter pattern`. The texts were collected from public
    /// reports; AWS documents none of them.
    #[must_use]
    pub fn aws(&self) -> String {
        let term = match &self.kind {
            Kind::TooLong(_) => {
                return format!(
                    "1 validation error detected: Value '{}' at 'filterPattern' failed to satisfy \
                     constraint: Member must have length less than or equal to {}",
                    self.pattern,
                    limits::PATTERN_CHARACTERS
                );
            }
            Kind::OpenBrace => {
                return "If a filter pattern starts with '{' it must end with '}'".into();
            }
            Kind::OpenBracket => {
                return "If a filter pattern starts with '[' it must end with ']'".into();
            }
            // Seen refused without naming the character.
            Kind::Character('@' | '/') => None,
            Kind::Character(c) | Kind::RegexCharacter(c @ '(') => Some(if c.is_ascii() {
                c.to_string()
            } else {
                "?".into()
            }),
            Kind::QuotedSelector => Some("$.\"".into()),
            Kind::QuotedNumber(text) => Some(text.clone()),
            _ => None,
        };
        match term {
            Some(term) => format!("Invalid character(s) in term '{term}'"),
            None => "Invalid metric filter pattern".into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} at character {}: {}",
            self.kind.what(),
            self.position(),
            self.kind.fix()
        )
    }
}

impl std::error::Error for Error {}

//! The syntax tree. What it means is in `eval`, how it is written in `parse` and `display`.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::explain::Explanation;
use crate::number::Number;
use crate::regex::Regex;
use crate::strategy::{Lines, Strategy};
use crate::wildcard::Wildcard;
use crate::{Compat, Error, eval, parse, text};

/// One CloudWatch Logs filter pattern, parsed and ready to match.
///
/// [`Display`](std::fmt::Display) prints the canonical pattern, which parses to an equal value.
/// Two patterns are equal when they are written alike but for blanks and needless parentheses.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub(crate) tree: Tree,
    pub(crate) compat: Compat,
    /// Follows from the tree.
    pub(crate) strategy: Strategy,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree && self.compat == other.compat
    }
}

/// Which of the four languages a pattern is written in
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Empty or only blanks: every event matches.
    All,
    /// Terms, phrases and regexes to be found anywhere in the event.
    Terms,
    /// Conditions on the members of a JSON object.
    Json,
    /// Conditions on the words of a space-delimited event.
    Fields,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// When CloudWatch Logs would refuse it, be it for its syntax or for a limit (1,024
    /// characters, two regexes, three wildcard selectors), or when nobody knows whether it would.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_with(text, Compat::default())
    }

    /// Reads a pattern under other readings of the points that are not publicly known.
    ///
    /// # Errors
    ///
    /// As for [`Pattern::parse`].
    pub fn parse_with(text: &str, compat: Compat) -> Result<Self, Error> {
        let tree = parse::pattern(text, compat)?;
        Ok(Self {
            strategy: Strategy::new(&tree),
            tree,
            compat,
        })
    }

    /// Which of the four languages the pattern is written in.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match &self.tree {
            Tree::All => Kind::All,
            Tree::Terms(_) => Kind::Terms,
            Tree::Json(_) => Kind::Json,
            Tree::Fields(_) => Kind::Fields,
        }
    }

    /// Whether one log event's text matches.
    ///
    /// Any text will do; what is not of the pattern's kind does not match. The time is linear in
    /// the event for a given pattern, and nesting in the event costs no stack.
    #[must_use]
    pub fn matches(&self, event: &str) -> bool {
        self.strategy.may_match(event.as_bytes()) && eval::matches(self, event)
    }

    /// The same of a text that may not be UTF-8; what is not is read as U+FFFD.
    #[must_use]
    pub fn matches_bytes(&self, event: &[u8]) -> bool {
        self.strategy.may_match(event) && eval::matches(self, &text::decoded(event))
    }

    /// The same answer as [`Pattern::matches`], without its search beforehand: for tests and
    /// measurements that compare the two.
    #[must_use]
    pub fn evaluate(&self, event: &str) -> bool {
        eval::matches(self, event)
    }

    /// The lines of a text that match, each taken for one event; what a line feed ends is a line.
    ///
    /// The same answer as [`Pattern::matches`] on every line, many times sooner where few lines
    /// match: the whole text is searched for what a matching line must contain. Bytes that are not
    /// UTF-8 are read as U+FFFD.
    #[must_use]
    pub fn lines<'a>(&'a self, text: &'a [u8]) -> Lines<'a> {
        Lines::new(self, text)
    }

    /// Why an event matches or does not: each condition, whether it holds, and what was found.
    ///
    /// Meant for a person's eye on one event; it is much slower than [`Pattern::matches`], with
    /// which it always agrees.
    #[must_use]
    pub fn explain(&self, event: &str) -> Explanation {
        Explanation::new(self, event)
    }

    /// The `extractedValues` of `TestMetricFilter`
    /// (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html>),
    /// or `None` when the event does not match.
    ///
    /// A space-delimited pattern yields each word under `$name`, or `$3` where the field has no
    /// name or lies in the ellipsis; terms yield nothing.
    ///
    /// A JSON pattern yields each of its selectors that selects something, with the text found
    /// there (the first of several). AWS publishes no sample of that:
    /// [`Point::JsonExtraction`](crate::Point::JsonExtraction).
    #[must_use]
    pub fn extract(&self, event: &str) -> Option<BTreeMap<String, String>> {
        self.strategy
            .may_match(event.as_bytes())
            .then(|| eval::extract(self, event))?
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    All,
    Terms(Vec<Item>),
    Json(Json),
    Fields(Fields),
}

/// One of the terms.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) role: Role,
    pub(crate) term: Term,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Required,
    /// `?`
    Optional,
    /// `-`
    Excluded,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    /// A word or a phrase.
    Text(String),
    /// Only under the other reading of [`Point::BareTermStar`](crate::Point::BareTermStar).
    Wildcard(Wildcard),
    Regex(Regex),
}

/// A space-delimited pattern. With neither fields nor an ellipsis it accepts anything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fields {
    pub(crate) before: Vec<Field>,
    /// The fields after `...`, if it is there.
    pub(crate) after: Option<Vec<Field>>,
}

impl Fields {
    pub(crate) fn all(&self) -> impl Iterator<Item = &Field> {
        self.before.iter().chain(self.after.iter().flatten())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: Option<String>,
    /// On the field's own text; the name that each condition repeats is not kept.
    pub(crate) test: Option<Expr<Comparison>>,
}

/// Conditions joined by `&&` and `||`; the parts of a join are never of its own kind, and at least
/// two.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr<C> {
    One(C),
    And(Vec<Expr<C>>),
    Or(Vec<Expr<C>>),
}

impl<C> Expr<C> {
    /// Joins, flattening a part of the same kind: `(a && b) && c` is `a && b && c`.
    pub(crate) fn and(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::And, |part| match part {
            Self::And(inner) => Ok(inner),
            other => Err(other),
        })
    }

    pub(crate) fn or(parts: Vec<Self>) -> Self {
        Self::join(parts, Self::Or, |part| match part {
            Self::Or(inner) => Ok(inner),
            other => Err(other),
        })
    }

    fn join(
        parts: Vec<Self>,
        make: fn(Vec<Self>) -> Self,
        open: fn(Self) -> Result<Vec<Self>, Self>,
    ) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match open(part) {
                Ok(inner) => flat.extend(inner),
                Err(part) => flat.push(part),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            Some(last) => {
                flat.push(last);
                make(flat)
            }
            None => make(flat),
        }
    }

    /// Whether it holds, given what each condition says. Depth is bounded by the parser.
    pub(crate) fn holds(&self, test: &mut impl FnMut(&C) -> bool) -> bool {
        match self {
            Self::One(condition) => test(condition),
            Self::And(parts) => parts.iter().all(|part| part.holds(test)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(test)),
        }
    }

    /// Every condition, left to right.
    pub(crate) fn each<'a>(&'a self, see: &mut impl FnMut(&'a C)) {
        match self {
            Self::One(condition) => see(condition),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.each(see)),
        }
    }
}

/// A JSON pattern.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Json {
    pub(crate) expr: Expr<Condition>,
    /// The distinct top-level members that the selectors begin with. They are found in the pass
    /// that checks the event's syntax.
    pub(crate) roots: Vec<String>,
    /// The distinct names that follow one of the roots, by its place: members of a root's value that
    /// are found in the same pass.
    pub(crate) inner: Vec<(usize, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    pub(crate) selector: Selector,
    pub(crate) test: Test,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    Compare(Comparison),
    IsNull,
    IsTrue,
    IsFalse,
    NotExists,
}

/// What a JSON value or a field is held against.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Comparison {
    Equal(Value),
    NotEqual(Value),
    Relation(Relation, Number),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Text without a star, quoted or not.
    Text {
        text: String,
        quoted: bool,
    },
    /// Text with a star, quoted or not.
    Wildcard {
        wildcard: Wildcard,
        quoted: bool,
    },
    /// A bare number.
    Number(Number),
    Regex(Regex),
}

/// `$` and its steps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selector {
    pub(crate) steps: Vec<Step>,
    /// Where the first step is in [`Json::roots`], if it is a name.
    pub(crate) root: Option<usize>,
    /// Where the first two steps are in [`Json::inner`], if they are names.
    pub(crate) inner: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    AnyMember,
    Element(usize),
    AnyElement,
}

impl Step {
    pub(crate) fn is_wildcard(&self) -> bool {
        matches!(self, Self::AnyMember | Self::AnyElement)
    }
}

//! JSON patterns on events.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::compare;
use crate::json::{Node, Scalar, document, read};
use crate::pattern::{Comparison, Condition, Json, Selector, Step, Test};
use crate::{Compat, Point};

pub(crate) fn matches(json: &Json, event: &str, compat: Compat) -> bool {
    match Document::read(json, event, compat) {
        Some(document) => document.satisfies(json),
        None if compat.other(Point::NotJsonNotExists) => json
            .expr
            .holds(&mut |condition| condition.test == Test::NotExists),
        None => false,
    }
}

pub(crate) fn extract(
    json: &Json,
    event: &str,
    compat: Compat,
) -> Option<BTreeMap<String, String>> {
    if !matches(json, event, compat) {
        return None;
    }
    let mut values = BTreeMap::new();
    if let Some(document) = Document::read(json, event, compat)
        && !compat.other(Point::JsonExtraction)
    {
        json.expr.each(&mut |condition| {
            if let Some(text) = document.select(&condition.selector).first().map(node_text) {
                values.insert(condition.selector.to_string(), text);
            }
        });
    }
    Some(values)
}

/// The text at a selector that the pattern need not contain.
pub(crate) fn text_at(selector: &Selector, event: &str, compat: Compat) -> Option<String> {
    let whole = document(event, |_, _| {})?;
    let document = Document {
        whole,
        roots: Vec::new(),
        inner: Vec::new(),
        compat,
    };
    document.select(selector).first().map(node_text)
}

/// Of each condition whether it holds, and what its selector selects, as it is written there; `None`
/// when the event is not one JSON object.
pub(crate) fn findings(json: &Json, event: &str, compat: Compat) -> Option<Vec<(bool, String)>> {
    let document = Document::read(json, event, compat)?;
    let mut findings = Vec::new();
    json.expr.each(&mut |condition| {
        let nodes = match document.select(&condition.selector) {
            Selected::One(node) => node.into_iter().collect(),
            Selected::Many(nodes) => nodes,
        };
        let texts: Vec<&str> = nodes.iter().map(|node| node.raw()).collect();
        findings.push((document.holds(condition), texts.join(", ")));
    });
    Some(findings)
}

/// A value as `extractedValues` shows it: strings decoded, everything else as written.
fn node_text(node: Node<'_>) -> String {
    match node.scalar() {
        Scalar::String(text) => text.into_owned(),
        _ => node.raw().to_owned(),
    }
}

/// An event that is one JSON object, with the members that the pattern's selectors begin with.
struct Document<'a> {
    whole: Node<'a>,
    roots: Vec<Option<Node<'a>>>,
    /// As [`Json::inner`].
    inner: Vec<Option<Node<'a>>>,
    compat: Compat,
}

/// What a selector selects: without a wildcard at most one node.
enum Selected<'a> {
    One(Option<Node<'a>>),
    Many(Vec<Node<'a>>),
}

impl<'a> Selected<'a> {
    fn first(&self) -> Option<Node<'a>> {
        match self {
            Self::One(node) => *node,
            Self::Many(nodes) => nodes.first().copied(),
        }
    }
}

impl<'a> Document<'a> {
    fn read(json: &Json, event: &'a str, compat: Compat) -> Option<Self> {
        let mut roots = vec![None; json.roots.len()];
        let mut inner = vec![None; json.inner.len()];
        let first_counts = compat.other(Point::DuplicateKeys);
        let whole = read(event, |reader, key| {
            let mut named = json.roots.iter().zip(&mut roots).enumerate();
            let Some((place, (_, root))) = named.find(|(_, (name, _))| key.is(name)) else {
                return reader.value();
            };
            if root.is_some() && first_counts {
                return reader.value();
            }
            // Of its value the members, too, so that it need not be read again.
            let of_root = || json.inner.iter().map(|(root, name)| (*root == place, name));
            let node = if of_root().any(|(here, _)| here) {
                for (found, (here, _)) in inner.iter_mut().zip(of_root()) {
                    *found = if here { None } else { *found };
                }
                reader.object_or_value(|key, node| {
                    for (found, (here, name)) in inner.iter_mut().zip(of_root()) {
                        if here && key.is(name) && !(found.is_some() && first_counts) {
                            *found = Some(node);
                        }
                    }
                })?
            } else {
                reader.value()?
            };
            *root = Some(node);
            Some(node)
        })?;
        (!whole.is_array() || compat.other(Point::TopLevelArray)).then_some(Self {
            whole,
            roots,
            inner,
            compat,
        })
    }

    fn satisfies(&self, json: &Json) -> bool {
        json.expr.holds(&mut |condition| self.holds(condition))
    }

    fn holds(&self, condition: &Condition) -> bool {
        let selected = self.select(&condition.selector);
        let test = |node: &Node<'a>| self.passes(&condition.test, *node);
        match &selected {
            Selected::One(None) => condition.test == Test::NotExists,
            Selected::One(Some(node)) => test(node),
            Selected::Many(nodes) if nodes.is_empty() => condition.test == Test::NotExists,
            Selected::Many(nodes) => match condition.test {
                Test::Compare(Comparison::NotEqual(_))
                    if self.compat.other(Point::WildcardNotEqual) =>
                {
                    nodes.iter().all(test)
                }
                // `NOT EXISTS` speaks of all that is selected, not of one of it.
                Test::NotExists => nodes.iter().all(test),
                _ => nodes.iter().any(test),
            },
        }
    }

    /// Whether a node that is there passes the test.
    fn passes(&self, test: &Test, node: Node<'a>) -> bool {
        let scalar = node.scalar();
        let comparison = match (test, &scalar) {
            (Test::Compare(comparison), _) => comparison,
            (Test::IsNull, Scalar::Null)
            | (Test::IsTrue, Scalar::True)
            | (Test::IsFalse, Scalar::False) => return true,
            (Test::NotExists, Scalar::Null) => return self.compat.other(Point::NullExists),
            _ => return false,
        };
        match scalar {
            Scalar::String(string) => compare::string(comparison, &string, self.compat),
            Scalar::Number(number) => compare::number(comparison, number, self.compat),
            Scalar::True => self.boolean(comparison, "true"),
            Scalar::False => self.boolean(comparison, "false"),
            Scalar::Null => {
                matches!(comparison, Comparison::NotEqual(_))
                    && self.compat.other(Point::NullNotEqual)
            }
            Scalar::Composite => false,
        }
    }

    fn boolean(&self, comparison: &Comparison, text: &str) -> bool {
        !self.compat.other(Point::BooleanText)
            && !matches!(comparison, Comparison::Relation(..))
            && compare::string(comparison, text, self.compat)
    }

    fn select(&self, selector: &Selector) -> Selected<'a> {
        let found = |nodes: &[Option<Node<'a>>], place: usize| nodes.get(place).copied().flatten();
        let (start, mut steps) = match (selector.root, selector.inner, selector.steps.as_slice()) {
            (_, Some(inner), [_, _, rest @ ..]) => (found(&self.inner, inner), rest),
            (Some(root), None, [_, rest @ ..]) => (found(&self.roots, root), rest),
            (_, _, steps) => (Some(self.whole), steps),
        };
        let mut at = start;
        while let (Some(node), Some((step, rest))) = (at, steps.split_first()) {
            if step.is_wildcard() {
                let nodes = self.children(step, node);
                return Selected::Many(
                    nodes
                        .into_iter()
                        .filter_map(|node| self.path(node, rest))
                        .collect(),
                );
            }
            at = self.step(node, step);
            steps = rest;
        }
        Selected::One(at)
    }

    /// Along steps without a wildcard.
    fn path(&self, node: Node<'a>, steps: &[Step]) -> Option<Node<'a>> {
        steps
            .iter()
            .try_fold(node, |node, step| self.step(node, step))
    }

    fn step(&self, node: Node<'a>, step: &Step) -> Option<Node<'a>> {
        let mut found = None;
        match step {
            Step::Member(name) => node.members(|key, value| {
                if key.is(name) && !(found.is_some() && self.compat.other(Point::DuplicateKeys)) {
                    found = Some(value);
                }
            }),
            Step::Element(index) => {
                let mut left = *index;
                node.elements(|value| {
                    if left == 0 {
                        found = Some(value);
                        return false;
                    }
                    left -= 1;
                    true
                });
            }
            Step::AnyMember | Step::AnyElement => {}
        }
        found
    }

    /// What a wildcard step selects, in the order of the text.
    fn children(&self, step: &Step, node: Node<'a>) -> Vec<Node<'a>> {
        let mut nodes = Vec::new();
        if *step == Step::AnyElement {
            node.elements(|value| {
                nodes.push(value);
                true
            });
            return nodes;
        }
        let mut places: HashMap<Cow<'a, str>, usize> = HashMap::new();
        node.members(|key, value| {
            let place = *places.entry(key.name()).or_insert(nodes.len());
            match nodes.get_mut(place) {
                None => nodes.push(value),
                Some(_) if self.compat.other(Point::DuplicateKeys) => {}
                Some(earlier) => *earlier = value,
            }
        });
        nodes
    }
}

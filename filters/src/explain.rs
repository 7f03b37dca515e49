//! Why an event matches, or does not.

use std::fmt::{self, Display, Formatter};

use crate::eval::{fields, json, terms};
use crate::json::fault;
use crate::pattern::{Expr, Fields, Item, Json, Role, Test, Tree};
use crate::{Pattern, Point, display};

/// What became of each condition of a pattern on one event; from [`Pattern::explain`].
///
/// [`Display`] gives a line with the verdict and one for each condition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the event matches: the same as [`Pattern::matches`].
    pub matches: bool,
    /// What decided before any condition was looked at, if something did: for example that the event
    /// is no JSON object.
    pub reason: Option<String>,
    /// The conditions in the order of the pattern. All are judged, even where the first decides.
    pub conditions: Vec<Finding>,
}

/// One condition on one event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The condition, as the canonical pattern has it.
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found where the condition looks; long values are cut.
    pub found: String,
}

/// Characters of a value that are shown.
const SHOWN: usize = 120;

impl Explanation {
    pub(crate) fn new(pattern: &Pattern, event: &str) -> Self {
        match &pattern.tree {
            Tree::All => Self {
                matches: true,
                reason: Some("an empty pattern matches every event".to_owned()),
                conditions: Vec::new(),
            },
            Tree::Terms(items) => of_terms(pattern, items, event),
            Tree::Json(json) => of_json(pattern, json, event),
            Tree::Fields(fields) => of_fields(pattern, fields, event),
        }
    }
}

fn of_terms(pattern: &Pattern, items: &[Item], event: &str) -> Explanation {
    let alone = items.iter().all(|item| item.role == Role::Optional);
    let all_excluded = items.iter().all(|item| item.role != Role::Required) && !alone;
    let conditions: Vec<Finding> = items
        .iter()
        .map(|item| {
            let occurs = terms::occurs(&item.term, event);
            let ignored = item.role == Role::Optional && !alone;
            let found = match occurs {
                _ if ignored => "ignored beside other terms",
                true => "in the event",
                false => "not in the event",
            };
            Finding {
                condition: display::shown_item(pattern, item),
                holds: ignored || occurs != (item.role == Role::Excluded),
                found: found.to_owned(),
            }
        })
        .collect();
    let holds = |finding: &Finding| finding.holds;
    let nothing = all_excluded && pattern.compat.other(Point::OnlyExclusions);
    Explanation {
        matches: !nothing
            && if alone {
                conditions.iter().any(holds)
            } else {
                conditions.iter().all(holds)
            },
        reason: nothing.then(|| Point::OnlyExclusions.alternative().to_owned()),
        conditions,
    }
}

fn of_json(pattern: &Pattern, json: &Json, event: &str) -> Explanation {
    let read = json::findings(json, event, pattern.compat);
    let reason = match (&read, fault(event)) {
        (Some(_), _) => None,
        (None, Some(at)) => Some(format!(
            "the event is not one JSON object: what is at byte {} does not belong there",
            at + 1
        )),
        (None, None) => Some("the event is a JSON array, not an object".to_owned()),
    };
    let mut found = read.unwrap_or_default().into_iter();
    let mut conditions = Vec::new();
    json.expr.each(&mut |condition| {
        let (holds, text) = found.next().unwrap_or_else(|| {
            let without =
                condition.test == Test::NotExists && pattern.compat.other(Point::NotJsonNotExists);
            (without, String::new())
        });
        conditions.push(Finding {
            condition: display::shown_condition(pattern, condition),
            holds,
            found: shown(&text, "nothing"),
        });
    });
    Explanation {
        matches: all(
            &json.expr,
            &mut conditions.iter().map(|finding| finding.holds),
        ),
        reason,
        conditions,
    }
}

fn of_fields(pattern: &Pattern, fields: &Fields, event: &str) -> Explanation {
    let (pairs, words) = fields::pairs(fields, event, pattern.compat);
    let wanted = pairs.len();
    let mut matches = words >= wanted;
    let mut conditions = Vec::new();
    for (field, word) in pairs {
        if field.test.is_none() {
            continue;
        }
        let holds = word.is_some_and(|word| fields::takes(field, word, pattern.compat));
        matches &= holds;
        conditions.push(Finding {
            condition: display::shown_field(pattern, field),
            holds,
            found: shown(word.unwrap_or_default(), "no word"),
        });
    }
    Explanation {
        matches,
        reason: (words < wanted)
            .then(|| format!("the pattern asks for {wanted} words and the event has {words}")),
        conditions,
    }
}

/// Whether the expression holds, given the verdict on each of its conditions in their order.
fn all<C>(expr: &Expr<C>, verdicts: &mut impl Iterator<Item = bool>) -> bool {
    let (parts, and) = match expr {
        Expr::One(_) => return verdicts.next().unwrap_or_default(),
        Expr::And(parts) => (parts, true),
        Expr::Or(parts) => (parts, false),
    };
    let mut holds = and;
    for part in parts {
        // No part is passed over: each has to take its own verdicts.
        let part = all(part, verdicts);
        holds = if and { holds & part } else { holds | part };
    }
    holds
}

fn shown(text: &str, none: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        _ if text.is_empty() => none.to_owned(),
        None => text.to_owned(),
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
    }
}

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.matches { "match" } else { "no match" })?;
        if let Some(reason) = &self.reason {
            write!(f, ": {reason}")?;
        }
        for finding in &self.conditions {
            write!(f, "\n  {finding}")?;
        }
        Ok(())
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "fails" };
        // A value may come from anywhere: nothing in it shall drive a terminal.
        let found = self
            .found
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c });
        let found: String = found.collect();
        write!(f, "{verdict}  {}  (found: {found})", self.condition)
    }
}

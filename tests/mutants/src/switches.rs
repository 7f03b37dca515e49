//! A source with a switch for each mutant: the mutant where its switch is on, else what stood there.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::Result;

use crate::list::{Genre, Mutant};
use crate::source::Source;

/// What each crate gets: whether the mutant `this` is turned on.
pub(crate) const SWITCH: &str = r#"
pub fn switched(this: u32) -> bool {
    static ON: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *ON.get_or_init(|| std::env::var("MUTANT").map_or(0, |on| on.parse().unwrap_or(0))) == this
}
"#;

/// A source with its switches.
#[derive(Debug)]
pub(crate) struct Switched {
    pub(crate) text: String,
    /// Where each mutant stands in the text.
    pub(crate) mutants: Vec<(u32, Range<usize>)>,
    /// What each mutant has part of: itself, its like at the same place, and what stood there.
    pub(crate) wholes: Vec<(u32, Range<usize>)>,
    /// Those whose place was not found.
    pub(crate) lost: BTreeSet<u32>,
}

/// What one mutant puts around a part of the source, which stays between.
struct Around {
    id: u32,
    whole: Range<usize>,
    /// What is outermost of those that have the same whole.
    rank: u8,
    before: String,
    after: &'static str,
}

/// `text` with a switch for each of `mutants`.
pub(crate) fn switch(text: &str, mutants: &[&Mutant]) -> Result<Switched> {
    let source = Source::read(text)?;
    let mut lost = BTreeSet::new();
    let mut around = Vec::new();
    for mutant in mutants {
        match put(text, &source, mutant) {
            Some(found) => around.push(found),
            None => {
                lost.insert(mutant.id);
            }
        }
    }

    // What begins earlier is outside of what begins at the same place and ends earlier.
    let outside = |one: &Around| (Reverse(one.whole.len()), one.rank, one.id);
    let mut places: Vec<_> = (0..around.len())
        .flat_map(|which| {
            [
                (around[which].whole.start, true, which),
                (around[which].whole.end, false, which),
            ]
        })
        .collect();
    places.sort_by(|one, other| {
        let (first, second) = (outside(&around[one.2]), outside(&around[other.2]));
        // At one place what ends comes before what begins; of the ends the innermost comes first.
        one.0.cmp(&other.0).then(one.1.cmp(&other.1)).then_with(|| {
            if one.1 {
                first.cmp(&second)
            } else {
                second.cmp(&first)
            }
        })
    });

    let (mut written, mut done) = (String::new(), 0);
    let (mut found, mut wholes, mut begun) = (Vec::new(), Vec::new(), vec![0; around.len()]);
    for (at, begins, which) in places {
        written.push_str(&text[done..at]);
        done = at;
        let (around, from) = (&around[which], written.len());
        if begins {
            written.push_str(&around.before);
            found.push((around.id, from..written.len()));
            begun[which] = from;
        } else {
            written.push_str(around.after);
            wholes.push((around.id, begun[which]..written.len()));
        }
    }
    written.push_str(&text[done..]);
    Ok(Switched {
        text: written,
        mutants: found,
        wholes,
        lost,
    })
}

/// What `mutant` puts where, or nothing if its place is not found or may not be changed so.
fn put(text: &str, source: &Source, mutant: &Mutant) -> Option<Around> {
    let (id, with) = (mutant.id, mutant.replacement.as_str());
    let (start, end) = (source.at(mutant.span.start), source.at(mutant.span.end));
    let on = format!("crate::switched({id})");
    let instead = |whole: &Range<usize>, rank, by: String| Around {
        id,
        whole: whole.clone(),
        rank,
        before: format!("(if {on} {{ {by} }} else {{ "),
        after: " })",
    };
    Some(match mutant.genre {
        // Before all that the function does.
        Genre::FnValue => Around {
            id,
            whole: start..end,
            rank: 0,
            before: format!("if {on} {{ return {with}; }} "),
            after: "",
        },
        Genre::BinaryOperator => {
            let found = source
                .binaries
                .get(&start)
                .filter(|found| !found.is_let_chain)?;
            let (left, right) = (&text[found.left.clone()], &text[found.right.clone()]);
            // What is assigned to stands without parentheses.
            let by = if with.ends_with('=') && !matches!(with, "==" | "!=" | "<=" | ">=") {
                format!("{left} {with} ({right})")
            } else {
                format!("({left}) {with} ({right})")
            };
            instead(&found.whole, 3, by)
        }
        Genre::UnaryOperator => {
            let (whole, operand) = source.unaries.get(&start)?;
            instead(whole, 3, text[operand.clone()].to_owned())
        }
        Genre::MatchArmGuard => instead(&(start..end), 2, with.to_owned()),
        Genre::MatchArm => match source.arms.get(&start)? {
            (_, Some(guard)) => Around {
                id,
                whole: guard.clone(),
                rank: 1,
                before: format!("!{on} && ("),
                after: ")",
            },
            (pattern, None) => Around {
                id,
                whole: *pattern..*pattern,
                rank: 1,
                before: format!(" if !{on}"),
                after: "",
            },
        },
        Genre::StructField => {
            let (value, name, rest) = source.fields.get(&start)?;
            instead(value, 2, format!("({}).{name}", &text[rest.clone()]))
        }
    })
}

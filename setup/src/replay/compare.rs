//! Two configurations on the same records: what each decided, and where they differ.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use handler::ledger;
use handler::report::Outcome;
use serde::Serialize;

use super::story::Story;
use crate::history::Decided;

/// What one configuration decided last about a push and a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// The outcome, in the report's words.
    pub outcome: Outcome,
    /// The tag.
    pub tag: String,
    /// Why.
    pub reason: String,
}

/// A pair of push and service on which the two do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The service's cluster.
    pub cluster: String,
    /// The service.
    pub service: String,
    /// The repository.
    pub repository: String,
    /// The digest that was pushed.
    pub digest: String,
    /// When.
    #[serde(serialize_with = "crate::status::maybe_seconds")]
    pub pushed_at: Option<DateTime<Utc>>,
    /// What the first configuration decided; `None` if nothing.
    pub first: Option<Said>,
    /// What the other decided.
    pub second: Option<Said>,
}

/// Both, next to each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The name of the first configuration.
    pub first: String,
    /// The name of the other.
    pub second: String,
    /// On how many pairs of push and service they agree.
    pub same: usize,
    /// Where they do not, in the order of the pushes.
    pub differences: Vec<Difference>,
    /// How many pushes each lost.
    pub lost: (usize, usize),
}

type Pair = (Option<DateTime<Utc>>, String, String, String);

/// The last word on each pair.
fn last(story: &Story) -> BTreeMap<Pair, (&Decided, Said)> {
    let mut all = BTreeMap::new();
    let dates = story.dates();
    for decided in &story.decisions {
        let decision = &decided.decision;
        let said = Said {
            outcome: decision.outcome,
            tag: decision.tag.clone(),
            reason: decision.reason.clone(),
        };
        let service = format!("{}/{}", decision.cluster, decision.service);
        let pair = (
            dates.get(&ledger::word(&decision.push)).copied(),
            service,
            decision.repository.clone(),
            decision.digest.clone(),
        );
        all.insert(pair, (decided, said));
    }
    all
}

impl Comparison {
    /// Of what two replays of the same records showed, each with the name of its configuration.
    #[must_use]
    pub fn of(first: (&str, &Story), second: (&str, &Story)) -> Self {
        let (a, mut b) = (last(first.1), last(second.1));
        let mut same = 0;
        let mut differences: BTreeMap<Pair, Difference> = BTreeMap::new();
        let difference = |pair: &Pair, decided: &Decided| Difference {
            cluster: decided.decision.cluster.clone(),
            service: decided.decision.service.clone(),
            repository: decided.decision.repository.clone(),
            digest: decided.decision.digest.clone(),
            pushed_at: pair.0,
            first: None,
            second: None,
        };
        for (pair, (decided, said)) in a {
            let other = b.remove(&pair).map(|(_, said)| said);
            let agree = |other: &Said| (other.outcome, &other.tag) == (said.outcome, &said.tag);
            if other.as_ref().is_some_and(agree) {
                same += 1;
                continue;
            }
            let of = Difference {
                first: Some(said),
                second: other,
                ..difference(&pair, decided)
            };
            differences.insert(pair, of);
        }
        for (pair, (decided, said)) in b {
            let of = Difference {
                second: Some(said),
                ..difference(&pair, decided)
            };
            differences.insert(pair, of);
        }
        Self {
            first: first.0.to_owned(),
            second: second.0.to_owned(),
            same,
            differences: differences.into_values().collect(),
            lost: (first.1.lost, second.1.lost),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            first,
            second,
            same,
            differences,
            lost,
        } = self;
        let width = first.chars().count().max(second.chars().count());
        for one in differences {
            let at = one
                .pushed_at
                .map(|at| at.format("%Y-%m-%d %H:%M:%S").to_string());
            let (cluster, service, repository) = (&one.cluster, &one.service, &one.repository);
            let digest: String = one.digest.chars().take(19).collect();
            writeln!(f, "{}  {cluster}/{service}", at.unwrap_or_default())?;
            writeln!(f, "  {repository} {digest}")?;
            for (name, said) in [(first, &one.first), (second, &one.second)] {
                match said {
                    Some(said) => {
                        let Said {
                            outcome,
                            tag,
                            reason,
                        } = said;
                        writeln!(f, "  {name:<width$}  {outcome} {tag}: {reason}")?;
                    }
                    None => writeln!(f, "  {name:<width$}  no decision")?,
                }
            }
        }
        if !differences.is_empty() {
            writeln!(f)?;
        }
        let pairs = same + differences.len();
        match differences.len() {
            0 => write!(
                f,
                "nothing differs: {first} and {second} decide the same on {pairs} pairs of push and service"
            )?,
            many => write!(
                f,
                "{many} of {pairs} pairs of push and service differ between {first} and {second}"
            )?,
        }
        if *lost != (0, 0) {
            write!(f, "\nlost: {} by {first}, {} by {second}", lost.0, lost.1)?;
        }
        Ok(())
    }
}

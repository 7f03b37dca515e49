//! What was asked for: a service (name, `cluster/name`, ARN) or a push (`repository:tag`, digest or its beginning, the push's
//! identity, a repository). Pure.

use std::collections::BTreeSet;

use handler::Place;
use handler::config::edits;
use handler::report::Decision;

use crate::error::{Error, Result};
use crate::history::{History, Pushed};
use crate::status::select::{nearest, nearest_by};

/// How many digits a digest's beginning must have to be one.
const DIGITS: usize = 6;
/// How many names a refusal lists at most.
const LISTED: usize = 5;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A service, and everything that was decided about it.
    Service {
        /// The cluster's name.
        cluster: String,
        /// The service's name.
        service: String,
    },
    /// Pushes by their places in the history, wherever they rolled.
    Pushes(Vec<usize>),
}

impl Asked {
    /// Finds what is meant by these words.
    ///
    /// # Errors
    /// Words that name nothing in the history, with the nearest names; words that name several services or images, with
    /// these.
    pub fn read(words: &str, history: &History) -> Result<Self> {
        let services = services(history, words);
        match services.as_slice() {
            [] => {}
            [(cluster, service)] => {
                return Ok(Self::Service {
                    cluster: cluster.clone(),
                    service: service.clone(),
                });
            }
            several => {
                let several = several
                    .iter()
                    .map(|(cluster, name)| format!("{cluster}/{name}"));
                return Err(ambiguous(words, several.collect()));
            }
        }
        let pushes = pushes(history, words);
        if pushes.is_empty() {
            return Err(unknown(words, history));
        }
        Ok(Self::Pushes(pushes)).and_then(|found| found.checked(words, history))
    }

    /// Whether a decision concerns it.
    pub(super) fn takes(&self, decision: &Decision) -> bool {
        match self {
            Self::Service { cluster, service } => {
                (&decision.cluster, &decision.service) == (cluster, service)
            }
            Self::Pushes(_) => true,
        }
    }

    /// The beginning of a digest may be that of several.
    fn checked(self, words: &str, history: &History) -> Result<Self> {
        if let Self::Pushes(pushes) = &self
            && digest(words).is_some()
        {
            let found = pushes.iter().filter_map(|at| history.pushed.get(*at));
            // A repository's name may look like the beginning of a digest.
            let of_one = found.clone().all(|push| push.repository == words);
            let digests: BTreeSet<String> = found.map(|push| push.digest.clone()).collect();
            if digests.len() > 1 && !of_one {
                return Err(ambiguous(words, digests.into_iter().collect()));
            }
        }
        Ok(self)
    }
}

/// The services that are named so, each once.
fn services(history: &History, words: &str) -> Vec<(String, String)> {
    let decisions = history.decisions.iter().map(|decided| &decided.decision);
    let named: BTreeSet<(String, String)> = decisions
        .filter(|decision| names(words, decision))
        .map(|decision| (decision.cluster.clone(), decision.service.clone()))
        .collect();
    named.into_iter().collect()
}

fn names(words: &str, decision: &Decision) -> bool {
    let (cluster, service) = (&decision.cluster, &decision.service);
    let Some(rest) = words.strip_prefix("arn:") else {
        return words == service || words == format!("{cluster}/{service}");
    };
    // The place of a service is that of the revision that it runs.
    let asked = Place::of(words);
    let place = decision.from.as_ref().and_then(|arn| Place::of(arn));
    let here = place.is_none() || asked == place;
    let name = rest.split_once(":service/").map(|(_, name)| name);
    let long = format!("{cluster}/{service}");
    here && name.is_some_and(|name| name == service || name == long)
}

/// The pushes that are named so, as their places.
fn pushes(history: &History, words: &str) -> Vec<usize> {
    let places = |is: &dyn Fn(&Pushed) -> bool| -> Vec<usize> {
        let all = history.pushed.iter().enumerate();
        all.filter(|(_, push)| is(push)).map(|(at, _)| at).collect()
    };
    let tagged = |push: &Pushed, repository: &str, tag: &str| {
        push.repository == repository && push.tags.iter().any(|known| known == tag)
    };
    let by_name = places(&|push| {
        let by_tag = words
            .rsplit_once(':')
            .is_some_and(|(repository, tag)| tagged(push, repository, tag));
        let by_digest = words.split_once('@').is_some_and(|(repository, digest)| {
            push.repository == repository && push.digest == digest
        });
        by_tag || by_digest || push.event_ids.iter().any(|id| id == words)
    });
    if !by_name.is_empty() {
        return by_name;
    }
    let by_digest = digest(words).map(|beginning| {
        places(&|push| {
            let (_, digits) = push.digest.split_once(':').unwrap_or(("", &push.digest));
            digits.starts_with(beginning)
        })
    });
    match by_digest {
        Some(found) if !found.is_empty() => found,
        _ => places(&|push| push.repository == words),
    }
}

/// The digits of a digest, or of its beginning.
fn digest(words: &str) -> Option<&str> {
    let digits = words.strip_prefix("sha256:").unwrap_or(words);
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    (digits.len() >= DIGITS && hexadecimal).then_some(digits)
}

fn ambiguous(words: &str, mut several: Vec<String>) -> Error {
    let more = several.len().saturating_sub(LISTED);
    several.truncate(LISTED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Error::Wrong(format!(
        "`{words}` may be {}{more}: name one of them",
        several.join(" or ")
    ))
}

fn unknown(words: &str, history: &History) -> Error {
    let of_push = words.contains(':') && !words.starts_with("arn:");
    let names: Vec<String> = if of_push {
        let images = history.pushed.iter().flat_map(|push| {
            let tags = push.tags.iter();
            tags.map(|tag| format!("{}:{tag}", push.repository))
        });
        images.collect()
    } else {
        let services = history.decisions.iter().map(|decided| {
            let decision = &decided.decision;
            format!("{}/{}", decision.cluster, decision.service)
        });
        services.collect()
    };
    let near = if of_push {
        nearest_by(&names, |name| edits(words, name))
    } else {
        nearest(words, &names)
    };
    let known = match near.as_slice() {
        _ if words.starts_with("sha256:") && digest(words).is_none() => {
            format!("of a digest at least {DIGITS} digits are needed")
        }
        [] => "it tells of none".to_owned(),
        near => format!("nearest: {}", near.join(", ")),
    };
    Error::Wrong(format!(
        "no service and no push is `{words}` here; {known}; a service is a name, cluster/name or ARN, a push \
         repository:tag, a digest or its identity"
    ))
}

//! The pushes on which nothing was decided. Pure.

use super::plain::{moment, name};
use super::rows::{Fact, of_push};
use super::story::Joined;

/// How many are listed: the newest.
const LISTED: usize = 300;

/// Such a push.
pub(super) struct Undecided {
    pub(super) id: usize,
    pub(super) at: String,
    pub(super) image: String,
    /// Why there is nothing to decide, where that is known.
    pub(super) why: String,
    pub(super) facts: Vec<Fact>,
}

/// The list, and how many older ones are left out of it.
pub(super) fn undecided(joined: &Joined<'_>) -> (Vec<Undecided>, usize) {
    let all: Vec<_> = joined.undecided().collect();
    let left_out = all.len().saturating_sub(LISTED);
    let listed = all.into_iter().skip(left_out).map(|(id, push)| Undecided {
        id,
        at: push.pushed_at.map_or_else(|| "–".to_owned(), moment),
        image: format!("{}:{}", name(&push.repository), name(&push.tags.join(" "))),
        why: match &push.no_image {
            Some(what) => format!("no image: {}", name(what)),
            None => "no service there runs its repository, or no look-up saw it".to_owned(),
        },
        facts: of_push(push),
    });
    (listed.collect(), left_out)
}

/// Where such a push is in the list.
pub(super) fn href(joined: &Joined<'_>, push: usize) -> Option<String> {
    let mut after = joined.undecided().filter(|(at, _)| *at > push);
    after.nth(LISTED - 1).is_none().then(|| format!("#u{push}"))
}

//! The star glob as AWS matches it: leftmost first, no backtracking.
//!
//! Each segment between stars is taken at its first occurrence, and the first occurrence of the
//! last one must reach the end. So `*.111.111.111` matches `111.111.111.111` and `*111.111.111`,
//! `11*1` and `111*111` do not. The rule is inferred: it explains every observation that the
//! `json_filter` project recorded against `TestMetricFilter`.

use crate::{Compat, Point, glob};

/// A text with at least one star.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wildcard {
    text: String,
}

impl Wildcard {
    pub(crate) fn new(text: &str) -> Option<Self> {
        text.contains('*').then(|| Self {
            text: text.to_owned(),
        })
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn matches(&self, text: &str, compat: Compat) -> bool {
        if compat.other(Point::GlobBacktracking) {
            return glob::matches(&self.text, text);
        }
        let mut segments = self.text.split('*');
        let head = segments.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(head) else {
            return false;
        };
        let Some(tail) = segments.next_back() else {
            return rest.is_empty();
        };
        for segment in segments.filter(|s| !s.is_empty()) {
            match rest.split_once(segment) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        tail.is_empty()
            || rest
                .find(tail)
                .is_some_and(|at| at + tail.len() == rest.len())
    }

    /// Whether it matches anywhere within `text`: its segments occur one after the other.
    pub(crate) fn is_within(&self, text: &str) -> bool {
        let mut rest = text;
        self.text
            .split('*')
            .all(|segment| match rest.split_once(segment) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
    }
}

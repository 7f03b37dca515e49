//! What a pattern says of an event: the plain reading of the rules, one file per language.

pub(crate) mod compare;
pub(crate) mod fields;
pub(crate) mod json;
pub(crate) mod terms;
mod words;

use std::collections::BTreeMap;

use crate::Pattern;
use crate::pattern::Tree;

pub(crate) fn matches(pattern: &Pattern, event: &str) -> bool {
    match &pattern.tree {
        Tree::All => true,
        Tree::Terms(items) => terms::matches(items, event, pattern.compat),
        Tree::Fields(fields) => fields::matches(fields, event, pattern.compat),
        Tree::Json(json) => json::matches(json, event, pattern.compat),
    }
}

pub(crate) fn extract(pattern: &Pattern, event: &str) -> Option<BTreeMap<String, String>> {
    match &pattern.tree {
        Tree::All | Tree::Terms(_) => matches(pattern, event).then(BTreeMap::new),
        Tree::Fields(fields) => fields::extract(fields, event, pattern.compat),
        Tree::Json(json) => json::extract(json, event, pattern.compat),
    }
}

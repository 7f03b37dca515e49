//! The metric filter that watches for pushes.

use std::fmt::Write;

use crate::{glob, limits};

/// What every tagged push that Amazon ECR accepted has in its CloudTrail record.
const PUSH: &str = "($.eventSource = \"ecr.amazonaws.com\") && ($.eventName = \"PutImage\") && \
                    ($.errorCode NOT EXISTS) && ($.requestParameters.imageTag = \"*\")";

/// The pattern of the metric filter for pushes to `repositories`, which are names or globs.
///
/// Without a repository, or with `*` among them, every tagged push matches; the untagged children
/// of a multi-platform image do not. Otherwise the pattern is narrowed to the repositories, as far
/// as that is safe: a push that a glob selects always matches the pattern. Since AWS matches `*`
/// leftmost first and without backtracking, only `text`, `text*` and `*text*` are relied on, and
/// any other glob is widened to one of them. Where an entry holds a character that no repository
/// has, or the pattern would exceed 1,024 characters, it is not narrowed at all.
///
/// Names of record members: the CloudTrail section of the Amazon ECR guide
/// (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html>).
#[must_use]
pub fn pattern(repositories: &[String]) -> String {
    narrowed(repositories).unwrap_or_else(|| format!("{{ {PUSH} }}"))
}

fn narrowed(repositories: &[String]) -> Option<String> {
    let globs = repositories
        .iter()
        .map(|glob| widen(glob))
        .collect::<Option<Vec<_>>>()?;
    let mut kept: Vec<&str> = Vec::new();
    for (place, glob) in globs.iter().enumerate() {
        let covered = |(other_place, other): (usize, &String)| {
            other != glob && glob::matches(other, glob) || other == glob && other_place < place
        };
        if !globs.iter().enumerate().any(covered) {
            kept.push(glob);
        }
    }
    let mut text = format!("{{ {PUSH} && (");
    for (place, glob) in kept.iter().enumerate() {
        let joint = if place == 0 { "" } else { " || " };
        write!(
            text,
            "{joint}$.requestParameters.repositoryName = \"{glob}\""
        )
        .ok()?;
    }
    text.push_str(") }");
    (!kept.is_empty() && text.len() <= limits::PATTERN_CHARACTERS).then_some(text)
}

/// The nearest wider glob on whose meaning AWS and everybody else agree; `None` when that is
/// everything.
fn widen(glob: &str) -> Option<String> {
    let repository = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_./*".contains(&b);
    if glob.is_empty() || !glob.bytes().all(repository) {
        return None;
    }
    match glob.split_once('*') {
        None => Some(glob.to_owned()),
        Some(("", rest)) => {
            let longest = rest.split('*').max_by_key(|segment| segment.len())?;
            (!longest.is_empty()).then(|| format!("*{longest}*"))
        }
        Some((head, _)) => Some(format!("{head}*")),
    }
}

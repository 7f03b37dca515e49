//! The pattern that setup installs.

use proptest::prelude::*;

use super::{judge, parse};
use crate::{glob, limits, put_image};

const ALL: &str = "{ ($.eventSource = \"ecr.amazonaws.com\") && ($.eventName = \"PutImage\") && \
                   ($.errorCode NOT EXISTS) && ($.requestParameters.imageTag = \"*\") }";

fn pattern(repositories: &[&str]) -> String {
    put_image::pattern(
        &repositories
            .iter()
            .map(|&r| r.to_owned())
            .collect::<Vec<_>>(),
    )
}

fn record(repository: &str, tag: &str) -> String {
    format!(
        r#"{{"eventSource":"ecr.amazonaws.com","eventName":"PutImage","requestParameters":{{"repositoryName":"{repository}"{tag}}}}}"#
    )
}

fn selects(repositories: &[&str], repository: &str) -> bool {
    judge(
        &parse(&pattern(repositories)),
        &record(repository, r#","imageTag":"v1""#),
    )
}

#[test]
fn every_repository() {
    assert_eq!(pattern(&["*"]), ALL);
    assert_eq!(pattern(&[]), ALL);
    assert_eq!(pattern(&["web", "*"]), ALL);
    assert_eq!(parse(ALL).to_string(), ALL, "it is canonical");
    assert!(selects(&["*"], "any/thing"));
    assert!(!judge(&parse(ALL), &record("web", "")), "an untagged child");
    let refused = record("web", r#","imageTag":"v1""#).replacen('{', "{\"errorCode\":\"x\",", 1);
    assert!(!judge(&parse(ALL), &refused));
}

#[test]
fn names_and_prefixes_narrow() {
    let narrowed = pattern(&["web", "team/*", "team/api", "web"]);
    assert!(narrowed.ends_with(
        "&& ($.requestParameters.repositoryName = \"web\" || \
         $.requestParameters.repositoryName = \"team/*\") }"
    ));
    assert!(selects(&["web", "team/*"], "team/api"));
    assert!(selects(&["web", "team/*"], "web"));
    assert!(!selects(&["web", "team/*"], "web-admin"));
}

#[test]
fn other_globs_are_widened() {
    assert!(
        selects(&["*ab"], "abab"),
        "AWS's own `*ab` would not see it"
    );
    assert!(pattern(&["*-api"]).contains("\"*-api*\""));
    assert!(pattern(&["a*b"]).contains("\"a*\""));
    assert_eq!(pattern(&["**"]), ALL);
}

#[test]
fn what_is_doubtful_or_too_long_is_left_out() {
    assert_eq!(pattern(&["we?b"]), ALL);
    assert_eq!(pattern(&["web\""]), ALL);
    assert_eq!(pattern(&["Web"]), ALL);
    let many: Vec<String> = (0..40).map(|n| format!("repository-{n}")).collect();
    assert_eq!(put_image::pattern(&many), ALL);
}

proptest! {
    #[test]
    fn a_narrowing_never_hides_what_the_glob_selects(
        globs in proptest::collection::vec("[ab/*]{0,6}", 0..4),
        repository in "[ab/]{1,8}",
    ) {
        let text = put_image::pattern(&globs);
        prop_assert!(text.len() <= limits::PATTERN_CHARACTERS);
        if globs.iter().any(|glob| glob::matches(glob, &repository)) {
            prop_assert!(judge(&parse(&text), &record(&repository, r#","imageTag":"v1""#)));
        }
    }
}

//! The other readings of what AWS does not document, where a probe alone does not tell them from a mistake.

use crate::{Compat, Pattern, Point};

fn matches(point: Point, pattern: &str, event: &str) -> bool {
    let pattern = Pattern::parse_with(pattern, Compat::default().with(point)).unwrap();
    super::judge(&pattern, event)
}

#[test]
fn an_asterisk_in_a_term_stands_for_any_characters() {
    let star = |pattern, event| matches(Point::BareTermStar, pattern, event);
    assert!(star("a*c", "xabcx") && star("a*c", "ac") && star("*b*", "abc"));
    assert!(!star("a*c", "cba") && !star("a*c", "ab"));
}

#[test]
fn every_element_differs_only_where_there_is_one() {
    let differs = |event| matches(Point::WildcardNotEqual, "{ $.a[*] != 1 }", event);
    assert!(differs(r#"{"a":[2,3]}"#));
    assert!(!differs(r#"{"a":[2,1]}"#) && !differs(r#"{"a":[]}"#));
}

#[test]
fn nothing_exists_where_all_that_is_selected_is_null() {
    let lacks = |event| matches(Point::NullExists, "{ $.a[*] NOT EXISTS }", event);
    assert!(lacks(r#"{"a":[null,null]}"#) && lacks(r#"{"a":[]}"#));
    assert!(!lacks(r#"{"a":[1,null]}"#));
}

#[test]
fn of_two_members_with_one_name_the_first_counts_behind_a_wildcard_too() {
    let event = r#"{"x":{"a":1,"a":2}}"#;
    let first = |pattern, event| matches(Point::DuplicateKeys, pattern, event);
    assert!(first("{ $.*.a = 1 }", event) && !first("{ $.*.a = 2 }", event));
    assert!(first("{ $.x.* = 1 }", event) && !first("{ $.x.* = 2 }", event));
    let last = |pattern| super::judge(&super::parse(pattern), event);
    assert!(last("{ $.*.a = 2 }") && !last("{ $.*.a = 1 }"));
}

#[test]
fn each_blank_separates() {
    let each = |pattern, event| matches(Point::BlankRuns, pattern, event);
    assert!(each("[a, b=2]", "1 2") && each("[a, b, c=2]", "1  2"));
    assert!(!each("[a, b=2]", "1  2"));
}

#[test]
fn an_unclosed_delimiter_runs_to_the_end() {
    let unclosed = |pattern| matches(Point::UnclosedDelimiters, pattern, "\"y z");
    assert!(unclosed("[a]") && !unclosed("[a, b]"));
}

#[test]
fn of_optional_terms_alone_one_is_needed() {
    let pattern = super::parse("?a ?b");
    assert!(super::judge(&pattern, "xb") && !super::judge(&pattern, "x"));
}

#[test]
fn a_word_is_explained_as_it_was_read_where_more_follow() {
    let explanation = super::parse("[a = 1, b]").explain("1 2 3");
    assert!(explanation.matches, "{explanation}");
}

#[test]
fn a_dot_and_a_hyphen_are_part_of_a_term() {
    let bare = |pattern, event| matches(Point::BareTermPunctuation, pattern, event);
    assert!(bare("a.b", "xa.by") && bare(".b-c", "a.b-c") && bare("a b.c", "b.c a"));
    assert!(!bare("a.b", "axb") && !bare("a b.c", "a bc"));
}

#[test]
fn what_one_reading_takes_into_a_term_no_other_does() {
    for (point, pattern) in [
        (Point::BareTermPunctuation, "a:b"),
        (Point::BareTermPunctuation, "a*"),
        (Point::BareTermStar, "a.b"),
        (Point::BareTermStar, "a:b"),
    ] {
        let parsed = Pattern::parse_with(pattern, Compat::default().with(point));
        assert!(parsed.is_err(), "{point:?}: {pattern}");
    }
}

#[test]
fn regexes_beside_each_other_are_not_among_terms() {
    let regexes = |pattern, event| matches(Point::RegexAmongTerms, pattern, event);
    assert!(regexes("%a%", "xa") && regexes("%a% %b%", "ba") && regexes("%a% -%b%", "a"));
    assert!(!regexes("%a% %b%", "b") && !regexes("%a% -%b%", "ab"));
    for (pattern, place) in [("%a% b", 1), ("b %a%", 3), ("%a% -b", 1)] {
        let compat = Compat::default().with(Point::RegexAmongTerms);
        let error = Pattern::parse_with(pattern, compat).unwrap_err();
        assert_eq!(error.position(), place, "{pattern}: {error}");
    }
}

//! What is refused, where, and with which words.

use crate::error::{Error, Kind};
use crate::{Pattern, limits};

#[track_caller]
fn refusal(pattern: &str) -> (usize, String) {
    let error = Pattern::parse(pattern).expect_err(pattern);
    (error.position(), error.to_string())
}

macro_rules! refused {
    ($($name:ident: $pattern:expr, $position:expr, $part:expr;)*) => {
        $(#[test] fn $name() {
            let (position, text) = refusal($pattern);
            assert_eq!(position, $position, "{text}");
            assert!(text.contains($part), "{text}");
        })*
    };
}

refused! {
    blank_outside: " {$.a IS TRUE}", 1, "blanks before";
    blank_behind: "{$.a IS TRUE} ", 15, "does not end with `}`";
    bracket_open: "[a, b", 6, "does not end with `]`";
    nothing_inside: "{  }", 4, "no condition";
    brace_inside: "{ $.a = 1 } }", 12, "after the closing";
    selector_missing: "{ status = 1 }", 3, "starts with `$.`";
    selector_bare: "{ $ = 1 }", 4, "expected a member name";
    selector_quoted: "{ $.\"x\" = 1 }", 5, "$.['a.b']";
    selector_descent: "{ $..a = 1 }", 5, "expected a member name";
    selector_accent: "{ $.é = 1 }", 5, "expected a member name";
    selector_minus: "{ $.a[-1] = 1 }", 7, "[0]";
    selector_open: "{ $.a[0 = 1 }", 6, "close it with `]`";
    selector_large: "{ $.a[99999999999] = 1 }", 7, "too large";
    selector_dot_index: "{ $.a.[0] = 1 }", 7, "expected a member name";
    wildcards_in_one: "{ $.a[*].b[*] = 1 }", 3, "two wildcards";
    wildcards_in_all: "{ $.a.*=1 || $.b.*=1 || $.c.*=1 || $.d[*]=1 }", 36, "too many wildcard";
    operator_missing: "{ $.a \"x\" }", 7, "expected an operator";
    operator_double: "{ $.a == 1 }", 7, "single `=`";
    operator_swapped: "{ $.a =! 1 }", 8, "unexpected `!`";
    value_missing: "{ $.a = }", 9, "expected a value";
    value_two_words: "{ $.a = foo bar }", 13, "expected `&&`";
    value_single_quotes: "{ $.a = 'x' }", 9, "double quotes";
    value_selector: "{ $.a = $.b }", 9, "a selector cannot be a value";
    value_open: "{ $.a = \"x }", 9, "not closed";
    value_escape: r#"{ $.a = "\d" }"#, 10, "only `\\\"` and `\\\\` exist";
    value_colon: "{ $.a = x:y }", 10, "unexpected `:`";
    relation_word: "{ $.a > x }", 9, "bare number";
    relation_quoted: "{ $.a > \"5\" }", 9, "bare number";
    relation_star: "{ $.a > 5* }", 9, "bare number";
    is_not: "{ $.a IS NOT NULL }", 10, "`IS NOT` does not exist";
    is_other: "{ $.a IS 1 }", 10, "`NULL`, `TRUE` or `FALSE`";
    is_lower: "{ $.a is null }", 7, "expected an operator";
    not_other: "{ $.a NOT NULL }", 11, "expected `EXISTS`";
    exists: "{ $.a EXISTS }", 7, "expected an operator";
    negation: "{ !($.a = 1) }", 3, "no negation";
    comma: "{ $.a = 1, $.b = 2 }", 10, "`&&` or `||`";
    single_ampersand: "{ $.a = 1 & $.b = 2 }", 11, "write `&&`";
    parenthesis_open: "{ ($.a = 1 }", 3, "not closed";
    parenthesis_close: "{ $.a = 1) }", 10, "remove it";
    join_open: "{ $.a = 1 && }", 14, "expected a selector";
    regex_open: "{ $.a = %x }", 9, "closing `%`";
    regex_parenthesis: "%(a|b)%", 2, "\\x28";
    regex_multi_byte: "%é%", 2, "only ASCII";
    regex_word_boundary: r"%\bx%", 2, "unknown escape";
    regex_order: "%a{2,1}%", 3, "above the most";
    regex_count: "%a{x}%", 3, "{2,}";
    regex_count_large: "%a{99999999999999999999}%", 3, "8192";
    regexes_large: "%a{5000}% b %a{5000}%", 13, "too large";
    regex_gaps: "%a{2}{3}%", 6, "a counted repetition";
    regex_nothing: "%a|*%", 4, "nothing stands before";
    regex_class_open: "%a[b%", 3, "not closed";
    regex_range: "%[b-a]%", 3, "backwards";
    regex_size: "%.{1000}.{1000}.{1000}.{1000}.{1000}.{1000}.{1000}.{1000}.{1000}%", 2, "read";
    regexes_in_json: "{ $.a = %x% || $.b = %x% || $.c = %x% }", 35, "too many regexes";
    term_hyphen: "foo-bar", 4, "unexpected `-`";
    term_star: "ERR*", 4, "double quotes";
    term_accent: "CAFÉ", 4, "unexpected `É`";
    term_minus_alone: "a -", 4, "expected a term";
    term_question_alone: "? a", 2, "expected a term";
    term_quote_inside: "a\"b\"", 2, "unexpected `\"`";
    field_dot: "[a.b, c]", 3, "unexpected `.`";
    field_other: "[a=1 && b=2]", 9, "another field";
    field_twice: "[a, a]", 5, "two fields of one name";
    field_ellipses: "[..., a, ...]", 10, "a second `...`";
    field_no_value: "[a, b = ]", 9, "expected a value";
    field_behind: "[a] b]", 4, "after the closing";
}

#[test]
fn length_is_counted_in_characters() {
    let fits = format!("\"{}\"", "é".repeat(limits::PATTERN_CHARACTERS - 2));
    assert!(Pattern::parse(&fits).is_ok());
    let (position, text) = refusal(&format!("{fits} "));
    assert_eq!(position, limits::PATTERN_CHARACTERS + 1);
    assert_eq!(
        text,
        "the pattern has 1025 characters at character 1025: at most 1024 are allowed"
    );
}

#[test]
fn parentheses_are_bounded() {
    let nested = |n: usize| format!("{{{}$.a=1{}}}", "(".repeat(n), ")".repeat(n));
    assert!(Pattern::parse(&nested(limits::NESTED_PARENTHESES)).is_ok());
    assert!(Pattern::parse(&nested(limits::NESTED_PARENTHESES + 1)).is_err());
    assert!(Pattern::parse(&nested(500)).is_err());
}

#[test]
fn a_caret_points_at_the_place() {
    let caret = |pattern: &str| Pattern::parse(pattern).expect_err(pattern).caret();
    insta::assert_snapshot!(caret("{ ($.a == 1) }"), @r"
    { ($.a == 1) }
           ^
    unexpected `==` at character 8: write a single `=`
    ");
    let long = caret(&format!(
        "{{ $.a = \"{}\" && $.b == 1 && $.c = 1 }}",
        "x".repeat(200)
    ));
    let lines: Vec<&str> = long.lines().collect();
    assert!(
        lines[0].starts_with('…') && lines[0].chars().count() < 100,
        "{long}"
    );
    let under = lines[0].chars().nth(lines[1].chars().count() - 1);
    assert_eq!(under, Some('='), "{long}");
    assert!(caret("{ $.a\n== 1 }").starts_with("{ $.a == 1 }\n"));
}

#[test]
fn the_caret_stands_under_its_place_and_what_is_cut_off_is_marked() {
    let drawn = |length: usize, at: usize| {
        let error = Error::new(&"x".repeat(length), at, Kind::Behind);
        let caret = error.caret();
        let mut lines = caret.lines().map(str::to_owned);
        (lines.next().unwrap(), lines.next().unwrap().len())
    };
    // All of it, as long as the place is not far from the beginning nor the end from the place.
    assert_eq!(drawn(100, 70), ("x".repeat(100), 71));
    assert_eq!(drawn(101, 70), (format!("{}…", "x".repeat(100)), 71));
    assert_eq!(drawn(101, 71), (format!("…{}", "x".repeat(90)), 62));
    assert_eq!(drawn(102, 71), (format!("…{}…", "x".repeat(90)), 62));
    assert_eq!(drawn(3, 3), ("xxx".to_owned(), 4));
}

#[test]
fn quotes_are_shown_as_they_are_and_what_cannot_be_seen_is_not() {
    for (character, shown) in [('\'', "`'`"), ('"', "`\"`"), ('\t', "`\\t`"), ('é', "`é`")] {
        let text = Error::new("x", 0, Kind::Escape(character)).to_string();
        assert!(
            text.starts_with(&format!("unknown escape of {shown} at")),
            "{text}"
        );
    }
}

#[test]
fn aws_says_it_in_its_own_words() {
    let aws = |pattern: &str| Pattern::parse(pattern).expect_err(pattern).aws();
    let long = "x".repeat(limits::PATTERN_CHARACTERS + 1);
    assert_eq!(
        aws(&long),
        format!(
            "1 validation error detected: Value '{long}' at 'filterPattern' failed to satisfy constraint: Member must \
             have length less than or equal to 1024"
        )
    );
    assert_eq!(
        aws("{ $.a = 1"),
        "If a filter pattern starts with '{' it must end with '}'"
    );
    assert_eq!(
        aws("[a"),
        "If a filter pattern starts with '[' it must end with ']'"
    );
}

#[test]
fn a_count_that_is_not_closed_or_holds_no_number_is_refused() {
    for body in ["a{2x}", "a{2", "a{2,3", "a{,}", "a{}"] {
        let (position, text) = refusal(&format!("%{body}%"));
        assert_eq!(position, 3, "{body}: {text}");
        assert!(text.contains("a count is written"), "{body}: {text}");
    }
}

#[test]
fn a_count_is_too_large_by_itself_or_only_with_the_start_of_its_row() {
    let most = limits::REGEX_CHARACTERS;
    for (count, wanted) in [(most, 2), (most + 1, 3)] {
        let (position, text) = refusal(&format!("%a{{{count}}}%"));
        assert_eq!(position, wanted, "{count}: {text}");
        assert!(text.contains("too large to be read"), "{count}: {text}");
    }
}

#[test]
fn brackets_hold_no_other_characters_than_a_regex_does() {
    for (pattern, wanted, part) in [
        ("%[(]%", 3, "\\x28"),
        ("%[a-(]%", 5, "\\x28"),
        ("%[^\"]%", 4, "\\x22"),
        ("%[é]%", 3, "only ASCII"),
    ] {
        let (position, text) = refusal(pattern);
        assert_eq!(position, wanted, "{pattern}: {text}");
        assert!(text.contains("is not allowed in a regex"), "{text}");
        assert!(text.contains(part), "{pattern}: {text}");
    }
}

#[test]
fn a_field_without_its_comparison_is_told_from_a_name_with_other_characters() {
    for (pattern, wanted, part) in [
        ("[a b, c]", 4, "expected a comparison"),
        ("[a & b]", 4, "expected a comparison"),
        ("[a | b]", 4, "expected a comparison"),
        ("[(a), b]", 4, "expected a comparison"),
        ("[a=1 || a]", 10, "expected a comparison"),
        ("[a=1 || a, b]", 10, "expected a comparison"),
        ("[a:b]", 3, "unexpected `:`"),
        ("[a (b)]", 4, "unexpected `(`"),
    ] {
        let (position, text) = refusal(pattern);
        assert_eq!(position, wanted, "{pattern}: {text}");
        assert!(text.contains(part), "{pattern}: {text}");
    }
}

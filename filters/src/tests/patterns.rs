//! One line, one fact.

use super::{judge, parse};
use crate::{Compat, Pattern, Point, limits};

macro_rules! matches {
    ($($name:ident: $pattern:expr, $event:expr;)*) => {
        $(#[test] fn $name() { assert!(judge(&parse($pattern), $event)); })*
    };
}

macro_rules! differs {
    ($($name:ident: $pattern:expr, $event:expr;)*) => {
        $(#[test] fn $name() { assert!(!judge(&parse($pattern), $event)); })*
    };
}

macro_rules! prints {
    ($($name:ident: $pattern:expr => $printed:expr;)*) => {
        $(#[test] fn $name() { assert_eq!(parse($pattern).to_string(), $printed); })*
    };
}

macro_rules! extracts {
    ($($name:ident: $pattern:expr, $event:expr => [$($key:expr => $value:expr),*];)*) => {
        $(#[test] fn $name() {
            let found = parse($pattern).extract($event).expect("a match");
            let wanted: Vec<(&str, &str)> = vec![$(($key, $value)),*];
            let found: Vec<(&str, &str)> =
                found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            assert_eq!(found, wanted);
        })*
    };
}

matches! {
    all_empty: "", "";
    all_blank: " \t", "anything";
    json_any_blanks: "{\t$.a=1\n}", r#"{"a":1}"#;
    json_no_blanks: r#"{$.a="x"&&($.b>1||$.c IS NULL)}"#, r#"{"a":"x","c":null}"#;
    json_escaped_value: r#"{ $.a = "PutImage" }"#, r#"{"a":"Put\u0049mage"}"#;
    json_escaped_key: r#"{ $.a = "x" }"#, r#"{"\u0061":"x"}"#;
    json_escaped_slash: r#"{ $.a = "x/y" }"#, r#"{"a":"x\/y"}"#;
    json_escaped_pair: "{ $.a = \"\u{1F600}\" }", r#"{"a":"\ud83d\ude00"}"#;
    json_half_pair: "{ $.a = * && $.b = 1 }", r#"{"a":"\ud83d","b":1}"#;
    json_half_pair_key: "{ $.b = 1 }", r#"{"\ud83d":0,"b":1}"#;
    json_nested_names: "{ $.a.b.c = 1 }", r#"{"a":{"b":{"c":1}}}"#;
    json_bracket_name: "{ $.['a.b'] = 1 }", r#"{"a.b":1}"#;
    json_double_quoted_name: r#"{ $["it's"] = 1 }"#, r#"{"it's":1}"#;
    json_empty_name: "{ $.[''] = 1 }", r#"{"":1}"#;
    json_matrix: "{ $.a[1][0] = 3 }", r#"{"a":[[1],[3]]}"#;
    json_element_member: "{ $.a[*].b = 2 }", r#"{"a":[{"b":1},7,{"b":2}]}"#;
    json_any_member_below: "{ $.a.*.b = 2 }", r#"{"a":{"x":{"b":1},"y":{"b":2}}}"#;
    json_last_duplicate_below: "{ $.a.b = 2 }", r#"{"a":{"b":1,"b":2}}"#;
    json_any_member_last: "{ $.* = 2 }", r#"{"a":1,"a":2}"#;
    json_exponent: "{ $.a = 1e2 }", r#"{"a":100.0}"#;
    json_plus: "{ $.a = +5 }", r#"{"a":5}"#;
    json_negative_zero: "{ $.a = 0 }", r#"{"a":-0}"#;
    json_large_integer: "{ $.a > 9007199254740992 }", r#"{"a":9007199254740993}"#;
    json_huge_integer: "{ $.a = 123456789012345678901234567890 }",
        r#"{"a":123456789012345678901234567890}"#;
    json_regex_on_number: "{ $.a = %^4..$% }", r#"{"a":404}"#;
    json_star_on_number: "{ $.a = * }", r#"{"a":-1}"#;
    json_star_on_true: "{ $.a = t* }", r#"{"a":true}"#;
    json_quoted_number: r#"{ $.a = "12.0" }"#, r#"{"a":12.0}"#;
    json_empty_text: r#"{ $.a = "" }"#, r#"{"a":""}"#;
    json_word_like_keyword: "{ $.a = NULL }", r#"{"a":"NULL"}"#;
    json_null_in_text: "{ $.a = null }", r#"{"a":"null"}"#;
    json_blanks_around_event: "{ $.a = 1 }", "\n\t {\"a\":1}\r\n";
    json_control_in_pattern: "{ $.a = \"x\ty\" }", r#"{"a":"x\ty"}"#;
    json_not_exists_below_scalar: "{ $.a.b NOT EXISTS }", r#"{"a":1}"#;
    json_not_exists_empty_array: "{ $.a[*] NOT EXISTS }", r#"{"a":[]}"#;
    json_two_relations: "{ $.a >= 1 && $.a <= 1 }", r#"{"a":1.0}"#;
    glob_repeated_middle: "{ $.a = *x*x* }", r#"{"a":"axbxc"}"#;
    glob_stars_only: "{ $.a = ** }", r#"{"a":""}"#;
    terms_phrase_and_word: r#"ERROR "two words""#, "two words, ERROR";
    terms_leading_blank: " ERROR", "ERROR";
    terms_regex_twice: "%a% %b% %c%", "cab";
    terms_optional_regex: "?%a% ?b", "b";
    terms_quoted_blank_with_others: r#"" " ERROR"#, "ERROR";
    fields_no_fields: "[]", "";
    fields_blank_inside: "[ ]", "x";
    fields_tabs: "[a, b=2]", "1\t2";
    fields_bracketed: "[a, b=x]", "[1 2 3] x";
    fields_bracket_in_word: "[a=x[0], b]".replace("x[0]", "\"x[0]\"").as_str(), "x[0] 2";
    fields_closed_too_early: "[a=\"[x]:\", b]", "[x]: y";
    fields_ellipsis_empty: "[a, ..., b]", "1 2";
    fields_unquoted_last: "[a, b=\"x y\"]", "1 \"x y\"";
    fields_parentheses: "[(a=1 || a=2) && a!=3, b]", "2 x";
    fields_case: "[w1=a || W1=b, x]", "b x";
    regex_lower_bound: "%^a{,2}$%", "a";
    regex_class_blank: r"%a[\s]b%", "a b";
    regex_class_not_blank: r"%^[\S]+$%", "é";
    regex_class_bracket: "%[]a]%", "]";
    regex_hex: r"%\x25%", "100%";
    regex_escaped_symbols: r"%\/\-\:\.%", "/-:.";
    regex_form_feed_is_no_blank: r"%^\S$%", "\u{c}";
}

differs! {
    json_prefix_name: "{ $.eventNam = 1 }", r#"{"eventName":1}"#;
    json_case: "{ $.a = X }", r#"{"a":"x"}"#;
    json_key_case: "{ $.A = 1 }", r#"{"a":1}"#;
    json_value_elsewhere: r#"{ $.a = "x" }"#, r#"{"b":"x","a":"y"}"#;
    json_overridden: "{ $.a = 1 }", r#"{"a":1,"a":2}"#;
    json_any_member_overridden: "{ $.* = 1 }", r#"{"a":1,"a":2}"#;
    json_not_json: "{ $.a = 1 }", "a = 1";
    json_array: "{ $[0] = 1 }", "[1]";
    json_cut: "{ $.a = 1 }", r#"{"a":1"#;
    json_trailing: "{ $.a = 1 }", r#"{"a":1}}"#;
    json_raw_control: "{ $.a = 1 }", "{\"a\":1,\"b\":\"\n\"}";
    json_bad_elsewhere: "{ $.a = 1 }", r#"{"a":1,"b":[1,]}"#;
    json_leading_zero: "{ $.a = 1 }", r#"{"a":01}"#;
    json_missing_not_equal: r#"{ $.a != "x" }"#, "{}";
    json_composite_not_equal: r#"{ $.a != "x" }"#, r#"{"a":{}}"#;
    json_object_star: "{ $.a = * }", r#"{"a":{}}"#;
    json_null_star: "{ $.a = * }", r#"{"a":null}"#;
    json_null_of_missing: "{ $.a IS NULL }", "{}";
    json_true_of_text: "{ $.a IS TRUE }", r#"{"a":"true"}"#;
    json_relation_on_true: "{ $.a < 5 }", r#"{"a":true}"#;
    json_bare_number_on_other_text: "{ $.a = 1.0 }", r#"{"a":"1"}"#;
    json_large_integer_neighbour: "{ $.a = 9007199254740993 }", r#"{"a":9007199254740992}"#;
    json_index_of_object: "{ $.a[0] = 1 }", r#"{"a":{"0":1}}"#;
    json_name_of_array: "{ $.a.0 = 1 }", r#"{"a":[1]}"#;
    json_empty_event: "{ $.a NOT EXISTS }", "";
    glob_leftmost: "{ $.a = *ab }", r#"{"a":"abab"}"#;
    glob_overlap: "{ $.a = ab*ba }", r#"{"a":"aba"}"#;
    terms_case: "error", "ERROR";
    terms_excluded: "a -b", "a b";
    terms_optional_ignored: "?a b", "a";
    fields_too_few: "[a, b, c]", "1 2";
    fields_remainder_is_raw: "[a, b=2]", "1 2 3";
    fields_remainder_quoted: "[a, b=\"x y\"]", "1 \"x y\" z";
    fields_ellipsis_too_few: "[a, ..., b, c]", "1 2";
    fields_word_not_number: "[a, b>1]", "x y";
    regex_case: "%error%", "ERROR";
    regex_end_strict: "%a$%", "a\n";
}

prints! {
    print_all: "  " => "";
    print_one: "{$.a=1}" => "{ $.a = 1 }";
    print_needless_parentheses: "{(($.a=1))}" => "{ $.a = 1 }";
    print_join: "{$.a=1&&$.b=2||$.c=3}" => "{ (($.a = 1) && ($.b = 2)) || ($.c = 3) }";
    print_flat: "{($.a=1&&$.b=2)&&$.c=3}" => "{ ($.a = 1) && ($.b = 2) && ($.c = 3) }";
    print_names: r#"{$["a"]['b c']["d'e"]=1}"# => r#"{ $.a.['b c'].["d'e"] = 1 }"#;
    print_index: "{$.a[007]=1}" => "{ $.a[7] = 1 }";
    print_quotes: r#"{$.a="x\"y\\"}"# => r#"{ $.a = "x\"y\\" }"#;
    print_terms: r#"-  "a" ?"b c"  %x%"# => r#"-a ?"b c" %x%"#;
    print_fields: "[a,b=1||b=2,,...,]" => "[a, b = 1 || b = 2, , ..., ]";
    print_field_parentheses: "[(a=1||a=2)&&A!=3]" => "[(a = 1 || a = 2) && a != 3]";
}

extracts! {
    extract_json: "{ $.a.b = 1 && $.c = * && $.d NOT EXISTS }", r#"{"a":{"b":1},"c":"\u0078"}"#
        => ["$.a.b" => "1", "$.c" => "x"];
    extract_json_composite: "{ $.a = 1 || $.b NOT EXISTS || $.['x y'] = 0 }", r#"{"a":1,"x y":[1, 2]}"#
        => ["$.['x y']" => "[1, 2]", "$.a" => "1"];
    extract_json_first: "{ $.a[*] = 2 }", r#"{"a":[1,2]}"# => ["$.a[*]" => "1"];
    extract_terms: "a", "a" => [];
    extract_remainder: "[level, event]", "INFO\tFetching  lists...\n"
        => ["$event" => "Fetching  lists...\n", "$level" => "INFO"];
    extract_unnamed: "[, b, ..., ]", "1 2 3 4" => ["$1" => "1", "$3" => "3", "$4" => "4", "$b" => "2"];
}

#[test]
fn lines_come_with_their_places() {
    let pattern = parse("ERROR -x");
    let text = b"ERROR 1\n\nERROR x\nok\n\xff ERROR\r\nERROR";
    let found: Vec<(usize, &[u8])> = pattern.lines(text).collect();
    let wanted: [(usize, &[u8]); 3] = [(0, b"ERROR 1"), (20, b"\xff ERROR\r"), (29, b"ERROR")];
    assert_eq!(found, wanted);
    assert_eq!(parse("").lines(b"a\n\nb\n").count(), 3);
    assert_eq!(parse("").lines(b"").count(), 0);
    assert_eq!(parse("\"\u{FFFD}x\"").lines(b"\xffx\n").count(), 1);
}

#[test]
fn a_regex_may_fill_the_pattern() {
    for part in ["a", r"\d", "[a-c]", "a?", "x|", "[^,]+,"] {
        let body = part.repeat((limits::PATTERN_CHARACTERS - 2) / part.len());
        parse(&format!("%{body}%"));
    }
}

#[test]
fn a_pattern_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
    shared(&parse("{ $.a = %x% }"));
    shared(&Pattern::parse("(").unwrap_err());
}

#[test]
fn patterns_are_equal_that_are_written_alike_and_read_alike() {
    assert_eq!(parse(" ERROR  x "), parse("ERROR x"));
    for (one, other) in [
        ("ERROR", "WARN"),
        ("{ $.a = 1 }", "{ $.a = 2 }"),
        ("%a%", "%b%"),
    ] {
        assert_ne!(parse(one), parse(other));
    }
    let compat = Compat::default().with(Point::NullExists);
    assert_ne!(parse("a"), Pattern::parse_with("a", compat).unwrap());
}

#[test]
fn bytes_match_as_the_text_that_they_stand_for() {
    let pattern = parse("ERROR -x");
    assert!(pattern.matches_bytes(b"ERROR \xff"));
    assert!(!pattern.matches_bytes(b"ERROR x"));
    assert!(!pattern.matches_bytes(b"\xff"));
}

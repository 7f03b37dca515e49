//! CloudWatch Logs filter patterns: text → [`Pattern`] → match.
//!
//! ```
//! use filters::Pattern;
//!
//! let pattern = Pattern::parse(r#"{ $.eventName = "PutImage" && $.errorCode NOT EXISTS }"#)?;
//! assert!(pattern.matches(r#"{"eventName":"Put\u0049mage"}"#));
//! assert!(!pattern.matches(r#"{"eventName":"PutImage","errorCode":"AccessDenied"}"#));
//!
//! let error = Pattern::parse("{ $.a == 1 }").unwrap_err();
//! assert_eq!(error.caret(), "\
//! { $.a == 1 }
//!       ^
//! unexpected `==` at character 7: write a single `=`");
//! # Ok::<(), filters::Error>(())
//! ```
//!
//! This page is the specification. Each rule carries where it is known from:
//!
//! - **D**: documented by AWS, on the page named;
//! - **A**: seen on AWS, in a public report or in a test-suite that its authors ran against it;
//! - **O**: seen in another implementation or in a deployed pattern;
//! - **U** and a number: not publicly known. What is done is a choice, and the number names its
//!   switch, a [`Point`].
//!
//! Pages: [SYN] filter pattern syntax, [MET] metric filters, [TMF] `TestMetricFilter`, [QUO] quotas.
//! JF is the test-suite of the Python project `json_filter`, which asks `TestMetricFilter`; [LS] those tests of
//! localstack that are marked as validated.
//!
//! # Four languages
//!
//! The first character decides, and nothing is trimmed before: blanks around `{…}` are refused
//! (A: JF).
//!
//! | pattern | language |
//! |---|---|
//! | empty, or only blanks | every event matches (D: [SYN]; A: [LS]) |
//! | `{…}` | JSON; without the closing brace refused in AWS's own words (A) |
//! | `[…]` | space-delimited (D: [SYN]) |
//! | anything else | terms, with `%…%` regexes (D: [SYN]) |
//!
//! A pattern has at most 1,024 characters (D: [QUO]), two regexes in JSON and space-delimited ones,
//! three wildcard selectors, one in each selector (D: [SYN]).
//!
//! ```text
//! terms    = item (blank+ item)*
//! item     = ["?" | "-" blank*] (word | quoted | regex)       word = [A-Za-z0-9_]+
//! json     = "{" or "}"         or = and ("||" and)*          and = atom ("&&" atom)*
//! atom     = "(" or ")" | selector comparison | selector "IS" ("NULL" | "TRUE" | "FALSE")
//!          | selector "NOT" "EXISTS"
//! selector = "$" step+          step = "." name | ".*" | "[" digits "]" | "[*]" | ["."] "['" text "']"
//! name     = [A-Za-z0-9_-]+     comparison = ("=" | "!=" | "<" | ">" | "<=" | ">=") value
//! value    = quoted | regex | bare                            bare = [A-Za-z0-9_.*+-]+
//! fields   = "[" [field ("," field)*] "]"
//! field    = "" | "..." | name | name comparison, joined by && || and parentheses
//! quoted   = '"' … '"' with \" and \\                         regex = "%" … "%"
//! ```
//!
//! Blanks between tokens are optional inside `{}` and `[]` (D: patterns without any stand in the
//! CloudTrail guide). `&&` binds tighter than `||`; there is no negation (D: [SYN]).
//!
//! # Terms
//!
//! - Every plain item must occur, in any order, as a case-sensitive substring: `ERROR` finds
//!   `ERRORCODE` (D: [SYN]).
//! - `-item` must not occur; a blank may follow the minus (D: the 2021 edition of [SYN]). Patterns
//!   that only exclude: U 1.
//! - Of `?items` one must occur; beside any other item they are ignored (D: [SYN]).
//! - Whatever is not made of ASCII letters, digits and `_` stands in double quotes (D: [SYN]; A for
//!   `:` `,` `(` `/` `@` `[` and others). Hyphen and dot: U 2, asterisk: U 3.
//! - `""` and `" "` match everything (D: [SYN]); no search for a blank.
//! - A regex is one more item: U 4, U 5. Nothing is extracted (D: [TMF]).
//!
//! # JSON
//!
//! - An event that is not exactly one JSON object matches nothing (O, U 13, U 16); blanks around it
//!   are fine (A: JF). Of two members with one name the last counts: U 14.
//! - Member names hold letters, digits, `-`, `_` (D: [SYN]); others stand in `['…']` (D: [SYN]) or
//!   `["…"]` (O). `$."x"` is refused (A). Names are case-sensitive, indexes count from 0 (D: [SYN]).
//! - `[*]` selects every element, `.*` every member of one level (D: [SYN]); one that satisfies
//!   the condition is enough (U 11 for `!=`).
//! - A quoted value is compared with the node's text, numbers as written: `"123.0"` is not `123`
//!   (A: JF). A bare number is compared as a number with numbers, exactly between integers (U 15),
//!   and as text with strings (A: JF, U 10). Everything else is text.
//! - `<` `>` `<=` `>=` take a bare number, and anything else is refused (A: JF); they are false
//!   on whatever is no number (A: JF, U 9).
//! - `*` in a value stands for any text, in strings and in the text of numbers. AWS takes each
//!   segment at its first occurrence and never goes back, so `11*1` does not match
//!   `111.111.111.111` (rule inferred from A: JF; U 24).
//! - A missing node, an object and an array satisfy neither `=` nor `!=` (A: JF; D: [SYN]). Null:
//!   U 7. A boolean is compared by its text: U 6.
//! - `IS NULL`, `IS TRUE`, `IS FALSE` are true of just that JSON value; `NOT EXISTS` when nothing
//!   is selected (D: [SYN]; null: U 8). `EXISTS` and `IS NOT` do not exist (D: [SYN]); lower case: U
//!   12.
//! - Escapes in quotes are `\"` and `\\`: U 17. What is extracted: U 23.
//!
//! # Space-delimited
//!
//! - Words are split at blanks and tabs (A); runs of them: U 20. `"…"` and `[…]` are one word and
//!   lose their delimiters (D: [TMF]); in mid-word or unclosed: U 21.
//! - Fields bind by position; their names are free; a blank one is allowed (D: [SYN], [TMF]). Two of
//!   one name: U 25.
//! - `...`, once, stands for any number of words (D: [SYN]). `[]` takes anything (D: [TMF]; A: [LS]).
//! - Fewer words than fields: no match (D: [SYN]). More, without an ellipsis: the last field takes
//!   the raw rest of the event (A; D: the samples `[w1=ERROR, w2]` of [MET]). Older pages say
//!   otherwise.
//! - Conditions are those of JSON, on the word's text; a bare number is compared as a number (U 26).
//!   A field's conditions repeat its own name (A), in any case (U 19); parentheses: U 18.
//! - Extracted are `$name`, and `$3` by position for what has no name (D: [TMF]).
//!
//! # Regexes
//!
//! Found anywhere unless anchored. Letters, digits, blanks, `: _ # = @ / ; , -`, the operators
//! `^ $ ? [ ] { } | \ * + .`, and `\d \D \s \S \w \W \xhh` in ASCII; no parentheses, no `!`, no `%`,
//! no multi-byte characters (D: [SYN]). `.` and newlines: U 22. A pattern whose regexes stand for more
//! than 8,192 characters, counts written out, is refused; a repetition of a counted repetition too.
//! The time is a step per character of the event, and the step 128 machine words at the most: the
//! worst regex takes a fraction of a second on the largest event.
//!
//! # Metrics
//!
//! See [`metric`]; the figures are in [`limits`].
//!
//! # How sure is that?
//!
//! `tests/vectors/filter-patterns.jsonl` holds 502 examples with their sources; all agree, in match,
//! extraction and, where AWS's words are reported, refusal. The crate's `README.md` has the score by kind
//! and by how each example was obtained. No other implementation decides an
//! unknown point here: each [`Point`] says what is chosen, what else it might be, and which call of
//! `TestMetricFilter` would settle it.
//!
//! # Speed
//!
//! [`Pattern::matches`] first searches the event for texts that a match must contain, and
//! [`Pattern::lines`] a whole file for them. Characters that JSON writes as escapes never hide an
//! event. Nothing recurses on an event, and memory does not grow with its nesting but by one bit a
//! level.
//!
//! [SYN]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
//! [MET]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
//! [TMF]: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
//! [QUO]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
//! [LS]: https://github.com/localstack/localstack/tree/main/tests/aws/services/logs

mod compat;
mod display;
mod error;
mod eval;
mod explain;
pub mod glob;
mod json;
pub mod limits;
pub mod metric;
mod number;
mod parse;
mod pattern;
pub mod put_image;
mod regex;
mod strategy;
#[cfg(test)]
mod tests;
pub mod text;
mod wildcard;

pub use self::compat::{Compat, Point};
pub use self::error::Error;
pub use self::explain::{Explanation, Finding};
pub use self::pattern::{Kind, Pattern};
pub use self::strategy::Lines;

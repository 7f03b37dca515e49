//! Every point on which AWS's behaviour is not publicly known: one switch each, all in this file.

use std::fmt;

/// Declares the points: number, name, the reading chosen here, the other reading, and the
/// `TestMetricFilter` probe (pattern, message) whose answer would settle it.
macro_rules! points {
    ($($number:literal $name:ident: $choice:literal, not $other:literal;
       $pattern:literal on $message:literal;)*) => {
        /// One point that AWS documents nowhere and nobody has published an observation of.
        ///
        /// The first sentence of each is the reading chosen here, the second the other one, which
        /// [`Compat::with`] selects.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Point {
            $(#[doc = concat!("Chosen: ", $choice, ". Otherwise: ", $other, ".")] $name = $number,)*
        }

        impl Point {
            /// All points, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What is chosen here.
            #[must_use]
            pub fn choice(self) -> &'static str {
                match self { $(Self::$name => $choice,)* }
            }

            /// The other reading.
            #[must_use]
            pub fn alternative(self) -> &'static str {
                match self { $(Self::$name => $other,)* }
            }

            /// A pattern and a message for `TestMetricFilter` whose answer tells the readings
            /// apart.
            #[must_use]
            pub fn probe(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($pattern, $message),)* }
            }
        }
    };
}

points! {
    1 OnlyExclusions: "terms that only exclude match an event that holds none of them",
        not "they match nothing"; "-a" on "b";
    2 BareTermPunctuation: "a hyphen or dot in a bare term is refused",
        not "it is part of the term"; "foo-bar" on "foo-bar";
    3 BareTermStar: "an asterisk in a bare term is refused",
        not "it stands for any characters"; "ERR*" on "ERROR";
    4 RegexAmongTerms: "a regex among terms is one more thing that must be found",
        not "it is refused"; "%a% b" on "b a";
    5 OptionalRegex: "`?` may stand before a regex",
        not "that is refused"; "?%a% ?b" on "b";
    6 BooleanText: "a boolean is compared by its text, `true` or `false`",
        not "`=` and `!=` are both false on a boolean"; "{ $.a = true }" on r#"{"a":true}"#;
    7 NullNotEqual: "`!=` is false on null",
        not "it is true"; r#"{ $.a != "x" }"# on r#"{"a":null}"#;
    8 NullExists: "a null value exists",
        not "`NOT EXISTS` is true on null"; "{ $.a NOT EXISTS }" on r#"{"a":null}"#;
    9 NumericStringRelation: "a relation is false on a string that looks like a number",
        not "the string is read as a number"; "{ $.a > 1 }" on r#"{"a":"5"}"#;
    10 NumericStringEquality: "a bare number equals a string of the same text",
        not "it equals no string"; "{ $.a = 123 }" on r#"{"a":"123"}"#;
    11 WildcardNotEqual: "under a wildcard `!=` needs one element that differs",
        not "every element must differ"; "{ $.a[*] != 1 }" on r#"{"a":[1,2]}"#;
    12 KeywordCase: "`IS`, `NOT`, `NULL`, … are written in capitals",
        not "in any case"; "{ $.a is null }" on r#"{"a":null}"#;
    13 NotJsonNotExists: "an event that is no JSON object matches no JSON pattern",
        not "`NOT EXISTS` is true on it"; "{ $.a NOT EXISTS }" on "x";
    14 DuplicateKeys: "of two members with one name the last counts",
        not "the first counts"; "{ $.a = 2 }" on r#"{"a":1,"a":2}"#;
    15 LargeIntegers: "two integers are compared exactly, whatever their size",
        not "as 64-bit floating point"; "{ $.a = 9007199254740993 }" on r#"{"a":9007199254740992}"#;
    16 TopLevelArray: "an event that is a JSON array matches no JSON pattern",
        not "selectors apply to the array"; "{ $.* = 1 || $[0] = 1 }" on "[1]";
    17 QuotedEscapes: "in quotes `\\\"` and `\\\\` are the only escapes and every other is refused",
        not "`\\\"` is the only one and any other backslash stands for itself";
        r#"{ $.m = "a\\b" }"# on r#"{"m":"a\\b"}"#;
    18 FieldParentheses: "parentheses are allowed inside a field",
        not "they are refused"; "[(a=1 || a=2), b]" on "1 x";
    19 FieldNameCase: "inside a field the repeated name may differ in case",
        not "it must be the same"; "[w1=a || W1=b, x]" on "b x";
    20 BlankRuns: "a run of blanks separates once and leading blanks do not count",
        not "each blank separates"; "[a, b=2]" on "  1   2 ";
    21 UnclosedDelimiters: "an unclosed `\"` or `[` is an ordinary character",
        not "it runs to the end of the event"; "[a, b]" on "\"y z";
    22 DotNewline: "in a regex `.` is any character and `$` the very end",
        not "`.` is no newline, and `$` may stand before a last one"; "%a.b%" on "a\nb";
    23 JsonExtraction: "a JSON pattern extracts `$.sel` with the text found there",
        not "it extracts nothing"; "{ $.a = 1 }" on r#"{"a":1}"#;
    24 GlobBacktracking: "`*` takes each segment at its first occurrence, without backtracking",
        not "like an ordinary glob"; r#"{ $.a = "*ab" }"# on r#"{"a":"abab"}"#;
    25 DuplicateFields: "two fields of one name are refused",
        not "the last one is extracted"; "[a, a]" on "1 2";
    26 FieldNumbers: "a bare number in a field is compared as a number",
        not "as text"; "[a, n=10]" on "x 10.0";
}

impl Point {
    /// The point's number, as used in the crate's page.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }
}

/// Which reading holds at each [`Point`]; by default the chosen one everywhere.
///
/// A set of switches for [`Pattern::parse_with`](crate::Pattern::parse_with); a program that wants
/// to know whether a result hangs on an unknown runs both readings.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Compat {
    others: u32,
}

impl Compat {
    /// The same, but with the other reading at `point`.
    #[must_use]
    pub const fn with(self, point: Point) -> Self {
        Self {
            others: self.others | 1 << point as u32,
        }
    }

    /// Whether the other reading holds at `point`.
    #[must_use]
    pub const fn other(self, point: Point) -> bool {
        self.others & (1 << point as u32) != 0
    }
}

impl fmt::Debug for Compat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = Point::ALL.iter().filter(|point| self.other(**point));
        f.debug_set().entries(others).finish()
    }
}

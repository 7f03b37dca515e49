//! `regex:`: a regular expression that a whole tag must match.

use regex_lite::{Regex, RegexBuilder};

/// The longest expression, in bytes; a tag itself has at most 128.
const LONGEST: usize = 512;
/// What an expression may grow to once compiled, in bytes. `.{1000}{1000}` is a short text.
const LARGEST: usize = 1 << 18;

/// A regular expression in the syntax of the crate `regex-lite`, which takes time in proportion to text and expression.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    whole: Regex,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence without a subject.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!(
                "has {} bytes: an expression may have {LONGEST}",
                text.len()
            ));
        }
        let compile = |text: &str| RegexBuilder::new(text).size_limit(LARGEST).build();
        let wrong = |error: regex_lite::Error| {
            format!("is no regular expression that ecroll can use: {error}; found `{text}`")
        };
        // By itself first: `a)|(b` would be in order between the brackets that follow.
        compile(text).map_err(wrong)?;
        let whole = compile(&format!("^(?:{text})$")).map_err(wrong)?;
        Ok(Self {
            text: text.to_owned(),
            whole,
        })
    }

    /// Whether it matches the whole tag.
    #[must_use]
    pub fn matches(&self, tag: &str) -> bool {
        self.whole.is_match(tag)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

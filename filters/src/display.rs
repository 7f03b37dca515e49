//! The canonical pattern: what `Display` prints, which parses to an equal value.
//!
//! Blanks between tokens, a parenthesis around every part of a join. Where that would not fit into
//! 1,024 characters the blanks go, and needless parentheses with them; since a tree never needs
//! more characters than the text it came from, that always fits.

use std::fmt::{self, Display, Formatter, Write};

use crate::Point;
use crate::limits;
use crate::parse::{is_name, is_word};
use crate::pattern::{
    Comparison, Condition, Expr, Field, Fields, Item, Json, Pattern, Relation, Role, Selector,
    Step, Term, Test, Tree, Value,
};

impl Display for Pattern {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let printed = Printed::wide(self);
        let wide = printed.to_string();
        if wide.chars().count() <= limits::PATTERN_CHARACTERS {
            return f.write_str(&wide);
        }
        Printed {
            dense: true,
            ..printed
        }
        .fmt(f)
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        selector(f, self, false)
    }
}

/// One condition of a JSON pattern, as it stands in the canonical pattern.
pub(crate) fn shown_condition(pattern: &Pattern, condition: &Condition) -> String {
    let printed = Printed::wide(pattern);
    fmt::from_fn(|f| printed.condition(f, condition)).to_string()
}

/// One field, likewise.
pub(crate) fn shown_field(pattern: &Pattern, field: &Field) -> String {
    let printed = Printed::wide(pattern);
    fmt::from_fn(|f| printed.field(f, field)).to_string()
}

/// One item of terms, likewise.
pub(crate) fn shown_item(pattern: &Pattern, item: &Item) -> String {
    let printed = Printed::wide(pattern);
    fmt::from_fn(|f| printed.terms(f, std::slice::from_ref(item))).to_string()
}

struct Printed<'a> {
    pattern: &'a Pattern,
    dense: bool,
}

impl Display for Printed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.pattern.tree {
            Tree::All => Ok(()),
            Tree::Terms(items) => self.terms(f, items),
            Tree::Json(json) => self.json(f, json),
            Tree::Fields(fields) => self.fields(f, fields),
        }
    }
}

impl<'a> Printed<'a> {
    fn wide(pattern: &'a Pattern) -> Self {
        let dense = false;
        Self { pattern, dense }
    }

    fn blank(&self) -> &'static str {
        if self.dense { "" } else { " " }
    }

    fn terms(&self, f: &mut Formatter<'_>, items: &[Item]) -> fmt::Result {
        for (place, item) in items.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { " " })?;
            f.write_str(match item.role {
                Role::Required => "",
                Role::Optional => "?",
                Role::Excluded => "-",
            })?;
            match &item.term {
                Term::Text(text) if !text.is_empty() && text.chars().all(is_word) => {
                    f.write_str(text)?;
                }
                Term::Text(text) => self.quoted(f, text)?,
                Term::Wildcard(wildcard) => f.write_str(wildcard.text())?,
                Term::Regex(regex) => write!(f, "%{}%", regex.body())?,
            }
        }
        Ok(())
    }

    fn fields(&self, f: &mut Formatter<'_>, fields: &Fields) -> fmt::Result {
        let blank = self.blank();
        let mut joint = "[";
        for field in &fields.before {
            f.write_str(joint)?;
            self.field(f, field)?;
            joint = if blank.is_empty() { "," } else { ", " };
        }
        if let Some(after) = &fields.after {
            write!(f, "{joint}...")?;
            for field in after {
                write!(f, ",{blank}")?;
                self.field(f, field)?;
            }
        } else if fields.before.is_empty() {
            f.write_str(joint)?;
        }
        f.write_char(']')
    }

    fn field(&self, f: &mut Formatter<'_>, field: &Field) -> fmt::Result {
        let name = field.name.as_deref().unwrap_or_default();
        match &field.test {
            None => f.write_str(name),
            Some(test) => self.expr(f, test, false, &mut |f, comparison| {
                f.write_str(name)?;
                self.comparison(f, comparison)
            }),
        }
    }

    fn json(&self, f: &mut Formatter<'_>, json: &Json) -> fmt::Result {
        let blank = self.blank();
        write!(f, "{{{blank}")?;
        self.expr(f, &json.expr, !self.dense, &mut |f, condition| {
            self.condition(f, condition)
        })?;
        write!(f, "{blank}}}")
    }

    fn expr<C>(
        &self,
        f: &mut Formatter<'_>,
        expr: &Expr<C>,
        every_part: bool,
        one: &mut impl FnMut(&mut Formatter<'_>, &C) -> fmt::Result,
    ) -> fmt::Result {
        let (parts, joint) = match expr {
            Expr::One(condition) => return one(f, condition),
            Expr::And(parts) => (parts, "&&"),
            Expr::Or(parts) => (parts, "||"),
        };
        let blank = self.blank();
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                write!(f, "{blank}{joint}{blank}")?;
            }
            // Needed around an `||` within an `&&`; elsewhere for the eye, and not in fields, where
            // nobody has seen AWS take them.
            if every_part || joint == "&&" && matches!(part, Expr::Or(_)) {
                f.write_char('(')?;
                self.expr(f, part, every_part, one)?;
                f.write_char(')')?;
            } else {
                self.expr(f, part, every_part, one)?;
            }
        }
        Ok(())
    }

    fn condition(&self, f: &mut Formatter<'_>, condition: &Condition) -> fmt::Result {
        selector(f, &condition.selector, self.dense)?;
        match &condition.test {
            Test::Compare(comparison) => self.comparison(f, comparison),
            Test::IsNull => f.write_str(" IS NULL"),
            Test::IsTrue => f.write_str(" IS TRUE"),
            Test::IsFalse => f.write_str(" IS FALSE"),
            Test::NotExists => f.write_str(" NOT EXISTS"),
        }
    }

    fn comparison(&self, f: &mut Formatter<'_>, comparison: &Comparison) -> fmt::Result {
        let blank = self.blank();
        match comparison {
            Comparison::Equal(value) => {
                write!(f, "{blank}={blank}")?;
                self.value(f, value)
            }
            Comparison::NotEqual(value) => {
                write!(f, "{blank}!={blank}")?;
                self.value(f, value)
            }
            Comparison::Relation(relation, number) => {
                let operator = match relation {
                    Relation::Less => "<",
                    Relation::Greater => ">",
                    Relation::LessOrEqual => "<=",
                    Relation::GreaterOrEqual => ">=",
                };
                write!(f, "{blank}{operator}{blank}{}", number.text())
            }
        }
    }

    fn value(&self, f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
        match value {
            Value::Text { text, quoted: true } => self.quoted(f, text),
            Value::Text {
                text,
                quoted: false,
            } => f.write_str(text),
            Value::Wildcard {
                wildcard,
                quoted: true,
            } => self.quoted(f, wildcard.text()),
            Value::Wildcard {
                wildcard,
                quoted: false,
            } => f.write_str(wildcard.text()),
            Value::Number(number) => f.write_str(number.text()),
            Value::Regex(regex) => write!(f, "%{}%", regex.body()),
        }
    }

    fn quoted(&self, f: &mut Formatter<'_>, text: &str) -> fmt::Result {
        let plain_backslash = self.pattern.compat.other(Point::QuotedEscapes);
        f.write_char('"')?;
        for c in text.chars() {
            if c == '"' || c == '\\' && !plain_backslash {
                f.write_char('\\')?;
            }
            f.write_char(c)?;
        }
        f.write_char('"')
    }
}

/// Dense: without the dot before a bracketed name, which both forms of the documentation leave
/// readable.
fn selector(f: &mut Formatter<'_>, selector: &Selector, dense: bool) -> fmt::Result {
    f.write_char('$')?;
    for step in &selector.steps {
        match step {
            Step::Member(name) if !name.is_empty() && name.chars().all(is_name) => {
                write!(f, ".{name}")?;
            }
            Step::Member(name) => {
                let dot = if dense { "" } else { "." };
                let quote = if name.contains('\'') { '"' } else { '\'' };
                write!(f, "{dot}[{quote}{name}{quote}]")?;
            }
            Step::AnyMember => f.write_str(".*")?,
            Step::Element(index) => write!(f, "[{index}]")?,
            Step::AnyElement => f.write_str("[*]")?,
        }
    }
    Ok(())
}

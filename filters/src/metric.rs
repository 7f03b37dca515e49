//! What a metric filter publishes for the events that match.
//!
//! Sources: `MetricTransformation`
//! (<https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html>)
//! and the page on metric filters
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html>).
//! A filter has exactly one transformation; each matching event adds its value, and per minute the
//! values are aggregated. The default value is published for a minute in which events came in and
//! none matched; without events nothing is. Both are the caller's, who has the clock.

use std::fmt;

use crate::number::is_number;
use crate::pattern::Selector;
use crate::{Kind, Pattern, eval, limits, parse};

/// A transformation as `PutMetricFilter` takes it, as text.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    /// `metricName`.
    pub name: &'a str,
    /// `metricNamespace`.
    pub namespace: &'a str,
    /// `metricValue`: a number, `$field` or `$3` of a space-delimited pattern, or `$.selector` of
    /// a JSON pattern. It need not occur in the pattern.
    pub value: &'a str,
    /// `defaultValue`.
    pub default_value: Option<f64>,
    /// `dimensions`: names, and where their values come from, written like `value`.
    pub dimensions: &'a [(&'a str, &'a str)],
}

/// A transformation that has been checked against its pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Transformation {
    pattern: Pattern,
    value: Source,
    dimensions: Vec<(String, Source)>,
    default_value: Option<f64>,
}

/// One value for the metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// What the event adds.
    pub value: f64,
    /// Names and values.
    pub dimensions: Vec<(String, String)>,
}

/// Why a transformation is refused; [`Display`](fmt::Display) gives one lower-case line with the
/// fix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A name or namespace is empty or too long, or holds a character that it may not.
    Name(String),
    /// The namespace begins with `AWS/`.
    Reserved,
    /// The value is too long or cannot be read.
    Value(String),
    /// A value or dimension of another kind than the pattern.
    Kind(String),
    /// Dimensions with a pattern that has neither fields nor members.
    Dimensions,
    /// Dimensions together with a default value.
    DefaultValue,
    /// Too many dimensions, or one that is too long or empty.
    Dimension(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "the name `{}` cannot be a metric's: use 1 to {} characters without `*`, `$` and, \
                 but for a namespace, `:`",
                name.escape_debug(),
                limits::METRIC_NAME_CHARACTERS
            ),
            Self::Reserved => f.write_str("the namespace is AWS's own: use one without `AWS/`"),
            Self::Value(value) => write!(
                f,
                "the metric value `{}` cannot be read: use a number, `$field` or `$.selector` of \
                 at most {} characters",
                value.escape_debug(),
                limits::METRIC_VALUE_CHARACTERS
            ),
            Self::Kind(text) => write!(
                f,
                "the pattern has no `{}`: use `$.selector` with a JSON pattern and `$field` with \
                 a space-delimited one",
                text.escape_debug()
            ),
            Self::Dimensions => f.write_str(
                "a pattern of terms has no dimensions: use a JSON or space-delimited pattern",
            ),
            Self::DefaultValue => {
                f.write_str("dimensions exclude a default value: leave out one of the two")
            }
            Self::Dimension(name) => write!(
                f,
                "the dimension `{}` is refused: use at most {} with names of 1 to {} characters",
                name.escape_debug(),
                limits::DIMENSIONS,
                limits::DIMENSION_CHARACTERS
            ),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// AWS's own wording, where it is known (from public reports; it is not documented).
    #[must_use]
    pub fn aws(&self) -> Option<&'static str> {
        match self {
            Self::Dimensions => Some("The specified filter pattern does not support dimensions"),
            Self::DefaultValue => Some(
                "Invalid metric transformation: dimensions and default value are mutually \
                 exclusive properties",
            ),
            _ => None,
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Constant(f64),
    /// With its `$`, as extraction names it.
    Field(String),
    Selector(Selector),
}

impl Transformation {
    /// Checks a transformation.
    ///
    /// # Errors
    ///
    /// When `PutMetricFilter` would refuse it: names, value and dimensions beyond their limits, the
    /// namespace `AWS/`, dimensions with terms or with a default value. That a value of another
    /// kind than the pattern is refused too is a choice: AWS does not say.
    pub fn new(pattern: &Pattern, request: &Request<'_>) -> Result<Self, Error> {
        name(request.name, "*$:")?;
        name(request.namespace, "*$")?;
        if request.namespace.starts_with("AWS/") {
            return Err(Error::Reserved);
        }
        if request.value.chars().count() > limits::METRIC_VALUE_CHARACTERS {
            return Err(Error::Value(request.value.to_owned()));
        }
        let value = source(request.value, pattern.kind())?;
        if !request.dimensions.is_empty() && request.default_value.is_some() {
            return Err(Error::DefaultValue);
        }
        let mut dimensions = Vec::new();
        for (name, from) in request.dimensions {
            let length = name.chars().count();
            if matches!(pattern.kind(), Kind::All | Kind::Terms) {
                return Err(Error::Dimensions);
            }
            match source(from, pattern.kind())? {
                Source::Constant(_) => return Err(Error::Dimension((*name).to_owned())),
                _ if !(1..=limits::DIMENSION_CHARACTERS).contains(&length)
                    || dimensions.len() == limits::DIMENSIONS =>
                {
                    return Err(Error::Dimension((*name).to_owned()));
                }
                source => dimensions.push(((*name).to_owned(), source)),
            }
        }
        let default_value = request.default_value;
        Ok(Self {
            pattern: pattern.clone(),
            value,
            dimensions,
            default_value,
        })
    }

    /// What is published for a minute with events of which none matched.
    #[must_use]
    pub fn default_value(&self) -> Option<f64> {
        self.default_value
    }

    /// What one event adds; `None` when it does not match.
    ///
    /// An event that matches and lacks the value, or has no number there, adds nothing; so does one
    /// that lacks a dimension. Neither is documented.
    #[must_use]
    pub fn datum(&self, event: &str) -> Option<Datum> {
        if let (Source::Constant(value), true) = (&self.value, self.dimensions.is_empty()) {
            let datum = Datum {
                value: *value,
                dimensions: Vec::new(),
            };
            return self.pattern.matches(event).then_some(datum);
        }
        let extracted = self.pattern.extract(event)?;
        let text = |source: &Source| match source {
            Source::Constant(value) => Some(value.to_string()),
            Source::Field(name) => extracted.get(name).cloned(),
            Source::Selector(selector) => eval::json::text_at(selector, event, self.pattern.compat),
        };
        let value = text(&self.value)
            .filter(|text| is_number(text))?
            .parse()
            .ok()?;
        let dimensions = self
            .dimensions
            .iter()
            .map(|(name, source)| Some((name.clone(), text(source)?)))
            .collect::<Option<_>>()?;
        Some(Datum { value, dimensions })
    }
}

fn name(text: &str, forbidden: &str) -> Result<(), Error> {
    let length = text.chars().count();
    let fits = (1..=limits::METRIC_NAME_CHARACTERS).contains(&length);
    if fits && !text.chars().any(|c| forbidden.contains(c)) {
        return Ok(());
    }
    Err(Error::Name(text.to_owned()))
}

fn source(text: &str, kind: Kind) -> Result<Source, Error> {
    let wrong = || Error::Value(text.to_owned());
    if is_number(text) {
        return text.parse().map(Source::Constant).map_err(|_| wrong());
    }
    let selector = parse::selector(text);
    let field = text
        .strip_prefix('$')
        .is_some_and(|name| !name.is_empty() && name.chars().all(parse::is_name));
    match (selector, kind) {
        (Some(selector), Kind::Json) => Ok(Source::Selector(selector)),
        (None, Kind::Fields) if field => Ok(Source::Field(text.to_owned())),
        (None, _) if !field => Err(wrong()),
        _ => Err(Error::Kind(text.to_owned())),
    }
}

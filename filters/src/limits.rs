//! The limits of CloudWatch Logs that concern patterns and metric filters.
//!
//! Sources: the quotas page
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>), the
//! syntax page
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>) and the
//! API reference of `PutMetricFilter` and `TestMetricFilter`.

/// Characters in a pattern (`PutMetricFilter`, `filterPattern`).
pub const PATTERN_CHARACTERS: usize = 1024;
/// Regexes in one JSON or space-delimited pattern (syntax page).
pub const REGEXES: usize = 2;
/// Wildcard selectors in one pattern; one selector holds at most one (syntax page).
pub const WILDCARDS: usize = 3;
/// Metric filters that hold a regex, in one log group (syntax page).
pub const REGEX_FILTERS_PER_GROUP: usize = 5;
/// Metric filters in one log group (quotas page).
pub const METRIC_FILTERS_PER_GROUP: usize = 100;
/// Subscription filters in one log group (quotas page).
pub const SUBSCRIPTION_FILTERS_PER_GROUP: usize = 2;
/// Characters of a filter's name, which holds no `:` and no `*` (`PutMetricFilter`).
pub const FILTER_NAME_CHARACTERS: usize = 512;
/// Messages in one `TestMetricFilter` call; at least one.
pub const TEST_MESSAGES: usize = 50;
/// Bytes of one log event (quotas page: 1,024 KB).
pub const EVENT_BYTES: usize = 1024 * 1024;
/// Characters of a metric's name and of its namespace (`MetricTransformation`).
pub const METRIC_NAME_CHARACTERS: usize = 255;
/// Characters of `metricValue` (`MetricTransformation`).
pub const METRIC_VALUE_CHARACTERS: usize = 100;
/// Dimensions of one metric (`MetricTransformation`).
pub const DIMENSIONS: usize = 3;
/// Characters of a dimension's name and of its value (`MetricTransformation`).
pub const DIMENSION_CHARACTERS: usize = 255;

/// Levels of parentheses that this crate reads. Not a limit of AWS: it keeps the descent bounded,
/// far above what 1,024 characters can use sensibly.
pub(crate) const NESTED_PARENTHESES: usize = 128;
/// Characters that the regexes of a pattern stand for, counts written out. Not a limit of AWS: it
/// bounds the time, and is far above what 1,024 characters need without counts.
pub(crate) const REGEX_CHARACTERS: usize = 8192;

//! What can be chosen about a pocket account: the place, the seed, and how slow AWS is.

use std::time::Duration;

use crate::service::Place;

/// The account number of a pocket account unless another is chosen: nothing real can be meant by mistake.
pub(crate) const ACCOUNT: &str = "000000000000";

/// Which time a log event that CloudTrail delivers carries as its `timestamp`.
///
/// The user guide calls the console's time column the delivery time, but promises nothing about the
/// API, so a careful reader of logs is right under both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogTimestamp {
    /// The time at which the record reached the log group.
    #[default]
    Delivery,
    /// The record's own `eventTime`.
    EventTime,
}

/// How a pocket account behaves. Durations are virtual.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account's number, twelve digits. Zeros in front, so that nothing real can be meant by mistake: a second account
    /// beside the first is `000000000001`.
    pub account: String,
    /// The Region of the account.
    pub region: String,
    /// The seed of everything random: identifiers today. One seed gives one history.
    pub seed: u64,
    /// How long every API call takes.
    pub call_latency: Duration,
    /// How many periods beyond `EvaluationPeriods` an alarm looks at: the evaluation range, whose
    /// size AWS does not publish. Its worked examples use 5 for 3.
    pub evaluation_range_extra: u32,
    /// How long after the full minute alarms are evaluated; published alarms show 14 to 41 seconds.
    pub evaluation_offset: Duration,
    /// How long a log event needs to become a datapoint.
    pub metric_delay: Duration,
    /// How long SNS needs to hand a message to its subscriber.
    pub notification_delay: Duration,
    /// How long after a push the registry's event reaches the event bus.
    pub event_delay: Duration,
    /// How long after a call its record reaches the event bus, by way of a trail that logs it.
    pub api_call_delay: Duration,
    /// Which of the events of the registry and of CloudTrail is lost: every so-manieth that some rule would have taken; 0
    /// for none. Both are delivered at best effort.
    pub lost_event_every: u32,
    /// How long a subscription filter gathers log events before it sends them on.
    pub subscription_delay: Duration,
    /// How long an event stays in a function's queue when nothing holds it up.
    pub invocation_delay: Duration,
    /// How long a new IAM role stays unusable for other services, and a changed policy of a role uncounted.
    pub role_propagation: Duration,
    /// How long a new trail is not found by the calls that follow.
    pub trail_propagation: Duration,
    /// How long a function is `Pending` after creation and `InProgress` after an update.
    pub function_pending: Duration,
    /// The timestamp of log events that CloudTrail delivers.
    pub log_timestamp: LogTimestamp,
    /// Every how many pages `FilterLogEvents` answers an empty page with a token; 0 for never.
    pub empty_page_every: u32,
    /// The concurrency limit of the account; new accounts have 10.
    pub account_concurrency: u32,
    /// Calls a second, by `service:Operation` or `service:*`, in place of AWS's figures or beside them; 0 is no limit. Calls
    /// of people are not counted. The buckets of ECS are a setting of [`crate::ecs`].
    pub rates: Vec<(&'static str, u32)>,
    /// Whether functions write what they log, as Lambda does: into `/aws/lambda/<name>`, in the name of their role. It takes
    /// its time where functions say much.
    pub function_logs: bool,
    /// Whether API calls are written to the journal. Long runs can do without them.
    pub journal_calls: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            account: ACCOUNT.to_owned(),
            region: "eu-west-1".to_owned(),
            seed: 0,
            call_latency: Duration::from_millis(40),
            evaluation_range_extra: 2,
            evaluation_offset: Duration::from_secs(20),
            metric_delay: Duration::from_secs(10),
            notification_delay: Duration::from_millis(100),
            event_delay: Duration::from_secs(2),
            api_call_delay: Duration::from_secs(30),
            lost_event_every: 0,
            subscription_delay: Duration::from_secs(2),
            invocation_delay: Duration::from_millis(50),
            role_propagation: Duration::from_secs(8),
            trail_propagation: Duration::ZERO,
            function_pending: Duration::from_secs(3),
            log_timestamp: LogTimestamp::Delivery,
            empty_page_every: 3,
            account_concurrency: 1000,
            rates: Vec::new(),
            function_logs: false,
            journal_calls: true,
        }
    }
}

impl Options {
    /// The place that these options describe; the partition follows from the Region.
    #[must_use]
    pub fn place(&self) -> Place {
        let partition = match self.region.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Place {
            partition: partition.to_owned(),
            region: self.region.clone(),
            account: self.account.clone(),
        }
    }
}

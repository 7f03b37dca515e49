//! A pocket AWS account: the part of AWS that the pipeline touches, in process, on a virtual clock.
//!
//! The real AWS SDK reaches it through an HTTP connector, so no socket is involved and a paused
//! runtime lets days pass in milliseconds. It does not only answer calls: records arrive, alarms
//! are evaluated, messages are delivered, functions run and are tried again, services roll.
//!
//! ```
//! use local::{Account, Clock, Options};
//!
//! let mut runtime = tokio::runtime::Builder::new_current_thread();
//! let runtime = runtime.enable_time().start_paused(true).build().unwrap();
//! runtime.block_on(async {
//!     let clock = Clock::new("2026-03-01T00:00:00Z".parse().unwrap());
//!     let account = Account::new(clock, Options::default());
//!     let config = account.sdk_config(); // for any client of the AWS SDK
//!     # drop(config);
//!     account.deliver(serde_json::json!({"eventName": "PutImage"}), account.clock().now());
//!     assert!(account.run_until_quiet("2026-03-02T00:00:00Z".parse().unwrap()).await);
//! });
//! ```
//!
//! # How it works
//!
//! [`Account::sdk_config`] → connector → `wire` (five formats) → the service's `call` → journal.
//! What happens by itself is due at a time: on the agenda (deliveries, datapoints, messages), or in
//! a service that says when it is next due (alarms, rules, queues of functions, ECS).
//! [`Account::drive`] sleeps until the next of them while some work runs, and starts the functions
//! with the program given to [`Account::host`]. [`Account::journal`] tells the whole story.
//!
//! One seed gives one history: identifiers follow from it, every map is ordered, nothing reads
//! another clock.
//!
//! # What is simulated, and by which rule
//!
//! | behaviour | rule | source |
//! |---|---|---|
//! | delivery of a record | to the log group of every logging trail whose selectors take it, at the time that [`Account::deliver`] is told; order and doubles are the caller's | CloudTrail guide, sending events to CloudWatch Logs |
//! | what a trail takes | management events; `ReadWriteType`, excluded sources, advanced selectors on `eventCategory`, `readOnly`, `eventSource`; other Regions only if the trail is of all Regions | CloudTrail guide and API model |
//! | records above 256 KB | never reach a log group | same, limitation |
//! | timestamp of a log event | the delivery, or the `eventTime`: [`LogTimestamp`] | not promised by AWS; both ways |
//! | stream names | `<account>_CloudTrail_<home Region>` | CloudTrail guide, log stream naming |
//! | broken delivery | role without permission, group gone: `GetTrailStatus` shows it, the record is lost | API model |
//! | `CreateTrail`, `UpdateTrail` | bucket exists and admits this trail's ARN, group ARN ends with `:*`, group and role together | CloudTrail guide, bucket policy; Terraform's provider |
//! | fresh roles | unusable for [`Options::role_propagation`]: "Access denied.", "cannot be assumed by Lambda." | Terraform's provider |
//! | shadow trails | of another Region or of an organization ([`ForeignTrail`]): described unless `IncludeShadowTrails` is false, found by ARN only, changed only at home | CloudTrail API reference |
//! | selectors | one kind erases the other; only two sources can be excluded | API model |
//! | metric filters | STANDARD groups, 100 a group, one transformation, 1,024 characters, not retroactive | Logs guide and quotas |
//! | datapoint of a match | in the minute of the event's timestamp, visible after [`Options::metric_delay`] | assumed: AWS does not say |
//! | default value | for minutes in which some event was ingested and none matched; else no datapoint | Logs guide, creating metric filters |
//! | `FilterLogEvents` | by timestamp, ingestion, arrival; start and end inclusive; 10,000 events or about 1 MB; pages may be empty yet carry a token ([`Options::empty_page_every`]) | API model |
//! | evaluation of alarms | every minute [`Options::evaluation_offset`] after it (10-second periods every ten seconds, long windows hourly), over closed periods | CloudWatch guide, alarm evaluation; published alarms |
//! | evaluation range | N + [`Options::evaluation_range_extra`] periods; N or more datapoints: the most recent N decide; fewer: gaps are filled as the setting says; none: the setting's state; the premature-alarm rule | CloudWatch guide, missing data |
//! | actions | on a change of state only, also on the first evaluation and by `SetAlarmState`; none while disabled, none made up for | CloudWatch guide, alarm actions |
//! | alarm message | the documented members, with display name of the Region and times without colon | CloudWatch guide, notifying users |
//! | policies of topics, functions, queues, buckets | a service needs an admitting statement; Deny wins; unknown condition operators never hold | IAM guide, policy evaluation |
//! | SNS without permission | the subscription's dead-letter queue, else the message is gone | SNS guide, dead-letter queues |
//! | asynchronous invocation | two retries after one and two minutes (or fewer), throttled events back into the queue after 1 s growing to 5 minutes, six hours at most (or less), then failure destination and dead-letter queue | Lambda guide, asynchronous invocation |
//! | reserved concurrency | a limit; 0 fails at once; an account with 10 cannot reserve | Lambda guide |
//! | states of functions | `Pending`, then `Active`; `InProgress` after an update, with the old configuration until then; conflicting updates refused | Lambda API model |
//! | timeout | ends the run with `Sandbox.Timedout` | Lambda guide |
//! | buckets | deleted only when empty; objects are their keys | S3 API reference |
//! | queues | a name rests for 60 seconds after its queue was deleted; the visible depth is a metric, told when it changes | SQS API reference; SQS guide, available CloudWatch metrics |
//! | dashboards | kept as put; tags only by the creation | CloudWatch API reference |
//! | scheduled rules | `rate(…)`, counted from creation; the documented event or a constant input | EventBridge guide |
//! | rules on events | `ECS Deployment State Change` goes to the rules whose pattern takes it | EventBridge guide, event patterns; ECS guide, deployment state change events |
//! | ECR | see [`ecr`] | there |
//! | ECS | see [`ecs`] | there |
//! | faults, losses, doubles, deaths | by a plan: [`faults`] | |
//!
//! Where AWS answers a documented error, so does this, with its code, its status and, as far as
//! known, its text. An operation that is not simulated answers the code `NotImplemented`.
//!
//! # What is not simulated
//!
//! - IAM is stored and validated but not enforced on calls, except where a service uses a role or a
//!   resource policy to act by itself. Signatures are verified on the socket ([`serve`]), not in process.
//! - Throttling of APIs other than those of ECS and `Invoke`, except on purpose.
//! - SNS retries for server faults (there are none), filter policies, other protocols than Lambda
//!   and SQS. EventBridge: cron and other buses are refused, patterns have few operators.
//! - Alarms on expressions, percentiles, composite and log alarms, mute rules, the repetition of old
//!   datapoints after a metric stops.
//! - What is in S3 objects, their versions; SQS FIFO and redrive, function versions, layers and aliases, managed policies.
//! - Organizations: an [`Account`] is one account in one Region. Several may stand on one clock; they know nothing of each
//!   other, and who assumes a role in another is for the caller to arrange.

mod account;
pub mod alarms;
mod callers;
mod clock;
mod cloudtrail;
mod cloudwatch;
mod connector;
mod driver;
pub mod ecr;
pub mod ecs;
mod event_pattern;
mod events;
pub mod faults;
mod iam;
mod ids;
mod input;
mod journal;
mod keys;
mod lambda;
mod logs;
mod metric;
mod neighbours;
mod options;
mod pipeline;
mod policy;
mod record;
mod runs;
mod s3;
pub mod serve;
pub mod service;
mod sns;
mod sqs;
mod state;
mod sts;
mod wire;

#[cfg(test)]
mod tests;

pub use account::Account;
pub use clock::Clock;
pub use cloudtrail::ForeignTrail;
pub use ecr::Ecr;
pub use ecs::Ecs;
pub use iam::{Keys, Permission};
pub use journal::{Caller, Entry, What};
pub use keys::{ACCESS_KEY, SECRET_KEY};
pub use lambda::{FunctionError, Invocation, Program};
pub use options::{LogTimestamp, Options};
pub use service::{Answer, Fault, Place, Scope};

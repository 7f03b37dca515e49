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
//! | fresh trails | not found by the calls that follow for [`Options::trail_propagation`]; none unless asked for | Terraform's provider |
//! | failure destinations | the function's role must allow `sqs:SendMessage` by then | as setup's retries know it |
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
//! | whose a call is | told by the access key id of the signature: the operator, a user ([`Account::put_user`]), a function under its role ([`Invocation`]), a role that was assumed; unknown, expired and missing keys are refused as each protocol words it | IAM guide, signing; common errors of each service |
//! | what a call needs | one table a service from operation to actions, resources and condition keys; a denial goes first, silence refuses; `iam:PassRole` where a role is handed over, tagging on creation apart | Service Authorization Reference; IAM guide, policy evaluation |
//! | `AssumeRole` | the caller's policies and the role's trust must both allow it, with `sts:ExternalId`; between accounts that stand [`Account::beside`] each other too; 15 minutes to the role's longest session | STS API reference |
//! | policies of topics, functions, queues, buckets | a service needs an admitting statement; a caller of the account may be admitted or denied by it | IAM guide, policy evaluation |
//! | changed policies of roles | count after [`Options::role_propagation`]; users' at once | IAM guide, eventual consistency |
//! | roles that services act in | the trail's for every record, the function's for its failure queue | CloudTrail guide; Lambda guide |
//! | rates of calls | `FilterLogEvents` 25, 10 or 5 a second by Region, `PutMetricFilter` 5; others by [`Options::rates`]; people are not counted | Logs quotas |
//! | SNS without permission | the subscription's dead-letter queue, else the message is gone | SNS guide, dead-letter queues |
//! | asynchronous invocation | two retries after one and two minutes (or fewer), throttled events back into the queue after 1 s growing to 5 minutes, six hours at most (or less), then failure destination and dead-letter queue | Lambda guide, asynchronous invocation |
//! | reserved concurrency | a limit; 0 fails at once; an account with 10 cannot reserve | Lambda guide |
//! | states of functions | `Pending`, then `Active`; `InProgress` after an update, with the old configuration until then; conflicting updates refused | Lambda API model |
//! | timeout | ends the run with `Sandbox.Timedout` | Lambda guide |
//! | logs of functions | with [`Options::function_logs`]: `START`, what the run wrote, `END`, `REPORT`, into `/aws/lambda/<name>` in the name of the role; lost where it may not or the group is gone (Lambda would create that) | Lambda guide, function logs |
//! | `SimulatePrincipalPolicy` | a role's inline policies, each action on each resource with the context given; what it may not simulate (boundaries, organizations) is not simulated here | IAM API reference |
//! | buckets | deleted only when empty; objects are their keys | S3 API reference |
//! | queues | a name rests for 60 seconds after its queue was deleted; the visible depth is a metric, told when it changes | SQS API reference; SQS guide, available CloudWatch metrics |
//! | dashboards | kept as put; tags only by the creation | CloudWatch API reference |
//! | scheduled rules | `rate(…)`, counted from creation; the documented event or a constant input | EventBridge guide |
//! | buses | rules on events on buses besides the default; rules of a service (`PutRule` with `ManagedBy`, which no SDK sends) are changed by nobody else | EventBridge API reference |
//! | targets that are clusters | kept with every member, known or not; no task is started | EventBridge API model |
//! | schedules of EventBridge Scheduler | kept with every member; `UpdateSchedule` puts all in place; none fires | Scheduler API reference |
//! | rules on events | `ECS Deployment State Change` goes to the rules whose pattern takes it | EventBridge guide, event patterns; ECS guide, deployment state change events |
//! | `ECR Image Action` | see [`ecr`] | there |
//! | `AWS API Call via CloudTrail` | write events of this Region, [`Options::api_call_delay`] after the call, if a trail logs them then; not above 256 KB; every [`Options::lost_event_every`]th is lost | EventBridge guide, events delivered by CloudTrail |
//! | event patterns | members, lists, `exists`, `prefix`, `suffix`, `anything-but` plain values; any other operator is refused when the rule is put | EventBridge guide, comparison operators |
//! | events that a target refuses | go to the target's dead-letter queue at once, with why: a function that is gone or does not admit the rule is not tried again | EventBridge guide, retry policy and dead-letter queues |
//! | subscription filters | two a group, STANDARD groups, 1,024 characters, not retroactive; to functions only, which must admit CloudWatch Logs for the group when the filter is put | Logs guide, subscription filters; API model |
//! | their batches | of one stream, gathered for [`Options::subscription_delay`], packed by gzip and base64 into 256 KB at most; a control message first | Logs guide, subscription filters; Lambda quotas |
//! | a function that refuses a batch | the batch is gone, and the filter passes over what comes in the next 10 minutes | Logs guide, subscription filters |
//! | stacks | see [`cloudformation`] | there |
//! | ECR | see [`ecr`] | there |
//! | ECS | see [`ecs`] | there |
//! | faults, losses, doubles, deaths | by a plan: [`faults`] | |
//!
//! Where AWS answers a documented error, so does this, with its code, its status and, as far as
//! known, its text. An operation that is not simulated answers the code `NotImplemented`.
//!
//! # What is not simulated
//!
//! - Rates of calls that AWS does not publish, or that nobody here comes near: [`Options::rates`] sets them.
//! - SNS retries for server faults (there are none), filter policies, other protocols than Lambda
//!   and SQS. EventBridge: cron is refused, patterns have few operators, and an event is
//!   never tried again: nothing here is busy for so long.
//! - Alarms on expressions, percentiles, composite and log alarms, mute rules, the repetition of old
//!   datapoints after a metric stops.
//! - What is in S3 objects, their versions; SQS FIFO and redrive, function versions, layers and aliases, managed policies.
//! - Organizations: an [`Account`] is one account in one Region; [`Account::beside`] puts others within reach.
//! - IAM beyond inline policies: boundaries, session and managed policies, groups, policy variables, the API of users;
//!   operators for numbers, dates and addresses (a statement of `Allow` with one never applies, one of `Deny` always).
//!   Trust policies count at once when they change. Signatures are verified on the socket ([`serve`]), not in process.
//!
//! # What AWS does not say, and how it runs both ways
//!
//! | open question | the ways |
//! |---|---|
//! | the timestamp of a log event that CloudTrail delivers | [`LogTimestamp`] |
//! | the size of an alarm's evaluation range | [`Options::evaluation_range_extra`] |
//! | when a datapoint of a metric filter becomes visible | [`Options::metric_delay`] |
//! | when FilterLogEvents answers an empty page | [`Options::empty_page_every`] |
//! | how long a role, a policy or a trail needs to spread | [`Options::role_propagation`], [`Options::trail_propagation`] |
//! | whether a log group is judged by its ARN or by what is in it | both must be allowed |
//! | whether whoever describes a revision or a deployment needs its service as well | both must be allowed |
//! | how long ECR and CloudTrail take to tell the event bus | [`Options::event_delay`], [`Options::api_call_delay`] |
//! | how many calls may come at once under a rate | [`Options::rates`] |

mod account;
mod agenda;
pub mod alarms;
mod callers;
mod clock;
pub mod cloudformation;
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
mod quick;
mod rates;
mod record;
mod runs;
mod s3;
mod scheduler;
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
pub use lambda::{FunctionError, Invocation, Output, Program};
pub use options::{LogTimestamp, Options};
pub use service::{Answer, Fault, Place, Scope};

//! The rule by which alarms find their state, for whoever wants to compute with it alone: no account, no clock, no SDK.
//!
//! These are the very functions that the pocket account's CloudWatch calls. Times are milliseconds since 1970.
//!
//! ```
//! use local::alarms::{Missing, Rule, State, Watch};
//!
//! let rule = Rule { m: 1, n: 5, missing: Missing::NotBreaching };
//! let watch = Watch { period: 60, rule };
//! let breach = |from: i64, _to: i64| (from == 120_000).then_some(true);
//! assert_eq!(watch.after(130_000, 20_000), 140_000); // 20 seconds after every full minute
//! assert_eq!(watch.find(2, 140_000, State::Ok, breach), State::Ok); // its minute is not closed yet
//! assert_eq!(watch.find(2, 200_000, State::Ok, breach), State::Alarm);
//! ```

pub use crate::cloudwatch::evaluate::{Missing, Rule, State, evaluate};
pub use crate::cloudwatch::watch::Watch;

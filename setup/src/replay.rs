//! Replay: what would the pipeline have done with these log events?
//!
//! [`source`] reads the records, [`remote`] fetches them from AWS, `seed` puts a service into a pocket account for every repository that they push to, or
//! `plant` the services of a snapshot, [`run`] builds the pipeline there with the code of `ecroll setup`, lets CloudTrail deliver and everything else
//! follow, and [`story`] tells what happened.

pub mod compare;
mod ends;
pub mod host;
mod identity;
pub mod line;
mod plant;
pub mod remote;
pub mod run;
mod seed;
pub mod source;
pub mod story;
pub(crate) mod trace;

pub use compare::Comparison;
pub use host::{Answer, Answers, host};
pub use plant::Planted;
pub use remote::{Moment, Remote, Window};
pub(crate) use run::LATENCY;
pub use run::{Options, replay};
pub use source::{Recorded, Rejected, Sources};
pub use story::Story;

/// The records that are replayed when none are named, written after the documented shapes.
pub const SAMPLE: &str = include_str!("replay/sample.json");

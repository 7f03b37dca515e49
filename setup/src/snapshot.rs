//! A snapshot: what the handler would read of an account, in a file, so that a replay can run on the services that exist.
//!
//! One JSON object a line: first where, when and by what it was taken, then clusters, revisions, services and images as AWS
//! answered them, and what could not be read; at the end how much there is, so that a file that is cut short is known.

pub mod file;
mod secrets;
pub mod write;

pub use file::{ReadError, Snapshot};
pub use write::{Head, Taken, Writer};

/// The number of the format. A reader takes files up to its own.
pub const FORMAT: u64 = 1;
/// The member of the first line that holds it.
pub(crate) const MARK: &str = "ecroll_snapshot";

//! The verbs, one file each. A verb is a plain function: it takes what the command line said, talks through [`Ui`], and
//! returns how the program ends, so that tests call it without a process.
//!
//! [`Ui`]: crate::ui::Ui

mod carry_out;
pub mod completions;
pub mod destroy;
pub mod doctor;
pub mod explain;
pub mod filter;
pub mod local;
pub mod man;
pub mod plan;
pub mod print_policy;
pub mod replay;
pub mod service;
pub mod setup;
pub mod snapshot;
pub mod status;
pub mod template;

use chrono::{DateTime, Utc};
use handler::config::Config;

use crate::clients::Clients;
use crate::code::Code;

/// What the verbs that touch an account share.
#[derive(Debug, Clone)]
pub struct Session {
    /// The account.
    pub clients: Clients,
    /// What is asked for.
    pub config: Config,
    /// What the function shall run.
    pub code: Code,
    /// The time at which the program started.
    pub now: DateTime<Utc>,
}

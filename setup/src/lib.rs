//! The operator's program: says what the pipeline lacks, builds it, and tries it out.
//!
//! From the top: [`cli`] reads the command line and calls one function of [`command`] per verb. A verb that touches an
//! account goes through [`provision`]: the [`config`](mod@config) and the place give the [`desired`] resources, each
//! [`resource`] reads its live state and says what [differs](diff), and [`apply`] walks the differences in the order
//! that AWS needs. Everything there takes its clients and the time from the caller, so that the same code runs against
//! an account of AWS and against the pocket account.

pub mod apply;
mod beside;
mod chunk;
pub mod cli;
pub mod clients;
mod clock;
pub mod code;
pub mod command;
pub mod config;
pub mod desired;
pub mod destroy;
pub mod diff;
pub mod doctor;
pub mod error;
pub mod exit;
pub mod explain;
pub mod history;
mod inventory;
mod invocations;
pub mod names;
pub mod outlook;
pub mod plan;
pub mod policy_document;
pub mod provision;
pub mod replay;
pub mod report;
pub mod resource;
mod retry;
pub mod service;
pub mod snapshot;
pub mod status;
pub mod template;
pub mod trails;
pub mod ui;

pub use clients::Clients;
pub use code::{Architecture, Code};
pub use error::Error;
pub use plan::Plan;

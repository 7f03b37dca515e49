//! Outside judges of the pocket account: boto3 and the AWS CLI, unmodified, against `ecroll local` as a process.
//!
//! `drive.py` asks every operation of `operations.py` and compares each answer, as it came over the wire, with the shape
//! in botocore's service model. Then it asks every other operation of those services: what the account answers and no
//! case drives, fails.
//!
//! cfn-lint and checkov judge the template that `ecroll template` writes, and that of `examples/`. botocore's model judges what
//! `ecroll service` knows of the members of its two files. check-jsonschema judges the workflows.
//!
//! The judges come from `PyPI`, into the target folder, once. Without Python or without a network these tests fail;
//! `ECROLL_SKIP_FOREIGN=1` passes them over. The tests of bad input need neither.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bad_input;
mod cli;
mod documents;
mod endpoints;
mod examples;
mod install;
mod interrupts;
mod members;
mod operations;
mod served;
mod template;
mod user;
mod workflow;
#[path = "../written/mod.rs"]
mod written;

//! CloudFormation stacks that take an image's tag as a parameter: `[[stacks]]`.
//!
//! A stack is updated with its own template, the one parameter, and the previous values of all others. `judge` decides,
//! as a pure function; `token` is the ledger; `call` talks to CloudFormation. Without an entry in the configuration no
//! call is made.
//!
//! In the report a stack stands as a service of the cluster `cloudformation`; `from` and `to` are the parameter's values.

mod call;
mod end;
mod follows;
mod judge;
mod past;
mod refusal;
mod stack;
mod standing;
#[cfg(test)]
mod tests;
mod token;
mod work;

use std::collections::BTreeMap;

use crate::concurrent;
use crate::config::{Config, StackRule};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::deployment::Ended;
use crate::push::Push;
use crate::report::Decision;
use call::CloudFormation;
pub use follows::{Following, following};
pub(crate) use follows::{following_of, taker};
pub(crate) use past::Remembered;
pub use stack::Stack;
pub(crate) use standing::standings;
pub use standing::{Last, StackStanding};
use work::Work;

/// What stands in place of a cluster in the report.
pub const CLUSTER: &str = "cloudformation";

/// What was concluded about the stacks.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) ended: Vec<Ended>,
    /// Something is left to the next look-up.
    pub(crate) waits: bool,
}

/// Decides about these pushes for every stack of the configuration, and updates.
pub(crate) async fn decide(
    context: &Context,
    config: &Config,
    pushes: &[Push],
    dry: bool,
    until: Deadline,
) -> Concluded {
    if config.stacks.is_empty() {
        return Concluded::default();
    }
    let way = CloudFormation::new(context.sdk());
    let work = Work {
        context,
        config,
        way: &way,
        pushes,
        dry,
        until,
    };
    let groups = groups(config);
    let done = groups.iter().map(|rules| work.one(rules));
    let mut all = Concluded::default();
    for one in concurrent::all(done).await {
        all.decisions.extend(one.decisions);
        all.ended.extend(one.ended);
        all.waits |= one.waits;
    }
    all
}

/// The entries of the configuration, those of one stack together.
fn groups(config: &Config) -> Vec<Vec<&StackRule>> {
    let mut groups: BTreeMap<&str, Vec<&StackRule>> = BTreeMap::new();
    for rule in &config.stacks {
        groups.entry(rule.name()).or_default().push(rule);
    }
    groups.into_values().collect()
}

//! What the handler works with: its configuration, its clients, the time, and what a warm function remembers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};

use crate::config::Config;
use crate::inventory::Definition;

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Everything that an invocation needs. Lives as long as the function stays warm.
pub struct Context {
    /// What the user set.
    pub config: Config,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    now: Now,
    /// Revisions never change, so what was read of one holds.
    definitions: Mutex<BTreeMap<String, Arc<Definition>>>,
}

impl Context {
    /// A context whose calls go where the SDK configuration says.
    #[must_use]
    pub fn new(config: Config, sdk: &SdkConfig, now: Now) -> Self {
        Self {
            config,
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            now,
            definitions: Mutex::default(),
        }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    pub(crate) fn definition(&self, arn: &str) -> Option<Arc<Definition>> {
        let definitions = self
            .definitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        definitions.get(arn).cloned()
    }

    /// Remembers exactly these revisions: what no service runs any more is forgotten.
    pub(crate) fn remember(&self, definitions: &BTreeMap<String, Arc<Definition>>) {
        let mut known = self
            .definitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.clone_from(definitions);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

//! What the handler works with: its configuration, its clients, the time, and what a warm function remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::config::Config;
use crate::inventory::Definition;
use crate::telling::news::Told;

/// Where the time comes from.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where lines of metrics go.
pub type Measure = Arc<dyn Fn(&Value) + Send + Sync>;

/// Everything that an invocation needs. Lives as long as the function stays warm.
pub struct Context {
    /// What the user set.
    pub config: Config,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) sns: aws_sdk_sns::Client,
    now: Now,
    measure: Option<Measure>,
    told: Mutex<Told>,
    /// Revisions never change, so what was read of one holds.
    definitions: Mutex<BTreeMap<String, Arc<Definition>>>,
    /// Remarks on services that were told already.
    remarked: Mutex<BTreeSet<String>>,
}

impl Context {
    /// A context whose calls go where the SDK configuration says.
    #[must_use]
    pub fn new(config: Config, sdk: &SdkConfig, now: Now) -> Self {
        Self {
            config,
            logs: aws_sdk_cloudwatchlogs::Client::new(sdk),
            ecs: aws_sdk_ecs::Client::new(sdk),
            sns: aws_sdk_sns::Client::new(sdk),
            now,
            measure: None,
            told: Mutex::default(),
            definitions: Mutex::default(),
            remarked: Mutex::default(),
        }
    }

    /// Hands every look-up's line of metrics, in CloudWatch's embedded metric format, to this function; without one they
    /// are not taken.
    #[must_use]
    pub fn measured(mut self, measure: Measure) -> Self {
        self.measure = Some(measure);
        self
    }

    pub(crate) fn measure(&self, line: &Value) {
        if let Some(measure) = &self.measure {
            measure(line);
        }
    }

    /// What was told so far.
    pub(crate) fn news(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a remark is told for the first time by this warm function.
    pub(crate) fn is_news(&self, remark: &str) -> bool {
        let remarked = self.remarked.lock();
        let mut remarked = remarked.unwrap_or_else(PoisonError::into_inner);
        remarked.insert(remark.to_owned())
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

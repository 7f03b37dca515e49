//! What the handler works with: its configuration, its clients, the time, and what a warm function remembers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::config::Config;
use crate::image::Repository;
use crate::inventory::{Definition, Origin};
use crate::lookup::Mark;
use crate::plan::Undated;
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
    /// Where images come from, of deployments that began at a time; a deployment resolves its tags once.
    origins: Mutex<BTreeMap<OriginKey, Origin>>,
    mark: Mutex<Mark>,
    sdk: SdkConfig,
}

/// ARN of the service, beginning of the deployment, repository.
type OriginKey = (String, DateTime<Utc>, Repository);

/// How many origins are remembered.
const MOST_ORIGINS: usize = 5000;

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
            origins: Mutex::default(),
            mark: Mutex::default(),
            sdk: sdk.clone(),
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

    /// How far the log was handled.
    pub(crate) fn mark(&self) -> Mark {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_mark(&self, mark: Mark) {
        *self.mark.lock().unwrap_or_else(PoisonError::into_inner) = mark;
    }

    /// ECR in a Region: that of the repository asked about, which need not be the function's.
    pub(crate) fn ecr(&self, region: &str) -> aws_sdk_ecr::Client {
        let region = aws_sdk_ecr::config::Region::new(region.to_owned());
        let config = aws_sdk_ecr::config::Builder::from(&self.sdk).region(region);
        aws_sdk_ecr::Client::from_conf(config.build())
    }

    /// What was learnt before about the images of a deployment.
    pub(crate) fn origin(&self, of: &Undated) -> Option<Origin> {
        let key = (of.service.clone(), of.deployed_at, of.repository.clone());
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.get(&key).cloned()
    }

    /// Remembers the origin of a deployment's images. What could not be known is asked again.
    pub(crate) fn remember_origin(&self, of: &Undated, origin: &Origin) {
        if origin.unknown.is_some() || origin.digest.is_none() {
            return;
        }
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if origins.len() >= MOST_ORIGINS {
            origins.clear();
        }
        let key = (of.service.clone(), of.deployed_at, of.repository.clone());
        origins.insert(key, origin.clone());
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

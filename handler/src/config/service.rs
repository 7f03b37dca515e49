//! What may be set for one service, and the rules that set it.

use crate::policy::TagPolicy;

/// Which services belong to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// Those with a container whose image is of exactly this repository.
    Image,
    /// Those whose name is the repository's, or goes on after it with `-` or `_`; `/` and `.` of a repository's name stand as
    /// `-` in a service's. See `plan/belongs.rs` for what that takes in besides.
    NamePrefix,
}

/// What a roll does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Registers a revision with the pushed image and deploys it.
    Revision,
    /// Deploys the same revision anew, so that ECS resolves its tags again.
    Force,
}

/// Which task definitions get a new revision on a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// Those that services run.
    Services,
    /// Those that no service runs as well, for whoever starts tasks by themselves.
    All,
}

/// How a new revision names the pushed image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// `repository:tag`; a container that names a digest already keeps doing so.
    Tag,
    /// `repository@digest`: what was pushed and nothing else, whatever becomes of the tag. `repository:tag@digest` would
    /// tell people more, but ECS does not document it. The tag stands in the ledger.
    Digest,
}

/// How one service follows a repository.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceSettings {
    /// Which tags roll. Default any.
    pub tags: TagPolicy,
    /// Which services belong to a repository. Default those that run its images.
    pub matching: Match,
    /// What a roll does. Default a new revision.
    pub action: Action,
    /// How the new revision names the image. Default by tag.
    pub pin: Pin,
    /// Decide and report, but do not roll.
    pub hold: bool,
    /// Rules and schedules that run the same family move along once a roll is over and well.
    pub scheduled: bool,
    /// Put on the image of a roll that was completed, so that lifecycle policies keep it and people see what runs.
    pub in_use_tag: Option<String>,
    /// Sent with the roll when set and different from the service's own. Percent, 0 to 100.
    pub minimum_healthy_percent: Option<i32>,
    /// Likewise; 100 to 200.
    pub maximum_percent: Option<i32>,
}

/// One entry of `[[services]]`: which services it covers, and what it sets for them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceRule {
    /// Name or glob of the cluster; `None` is any.
    pub cluster: Option<String>,
    /// Name or glob of the service; `None` is any.
    pub service: Option<String>,
    /// Name or glob of the repository; `None` is any.
    pub repository: Option<String>,
    /// Overrides [`ServiceSettings::tags`].
    pub tags: Option<TagPolicy>,
    /// Overrides [`ServiceSettings::matching`].
    pub matching: Option<Match>,
    /// Overrides [`ServiceSettings::action`].
    pub action: Option<Action>,
    /// Overrides [`ServiceSettings::pin`].
    pub pin: Option<Pin>,
    /// Overrides [`ServiceSettings::hold`].
    pub hold: Option<bool>,
    /// Overrides [`ServiceSettings::scheduled`].
    pub scheduled: Option<bool>,
    /// Overrides [`ServiceSettings::in_use_tag`]; empty for none.
    pub in_use_tag: Option<String>,
    /// Overrides [`ServiceSettings::minimum_healthy_percent`].
    pub minimum_healthy_percent: Option<i32>,
    /// Overrides [`ServiceSettings::maximum_percent`].
    pub maximum_percent: Option<i32>,
}

impl ServiceRule {
    /// Whether the rule speaks of this service and repository; names are those of ECS and ECR, not ARNs.
    #[must_use]
    pub fn covers(&self, cluster: &str, service: &str, repository: &str) -> bool {
        let fits = |glob: &Option<String>, name: &str| {
            glob.as_ref()
                .is_none_or(|glob| filters::glob::matches(glob, name))
        };
        fits(&self.cluster, cluster)
            && fits(&self.service, service)
            && fits(&self.repository, repository)
    }

    /// The settings that follow when the rule covers a service: its own where given, else the defaults.
    #[must_use]
    pub fn over(&self, defaults: &ServiceSettings) -> ServiceSettings {
        ServiceSettings {
            tags: self.tags.clone().unwrap_or_else(|| defaults.tags.clone()),
            matching: self.matching.unwrap_or(defaults.matching),
            action: self.action.unwrap_or(defaults.action),
            pin: self.pin.unwrap_or(defaults.pin),
            hold: self.hold.unwrap_or(defaults.hold),
            scheduled: self.scheduled.unwrap_or(defaults.scheduled),
            in_use_tag: (self.in_use_tag.clone())
                .or_else(|| defaults.in_use_tag.clone())
                .filter(|tag| !tag.is_empty()),
            minimum_healthy_percent: self
                .minimum_healthy_percent
                .or(defaults.minimum_healthy_percent),
            maximum_percent: self.maximum_percent.or(defaults.maximum_percent),
        }
    }
}

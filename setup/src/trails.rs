//! Which trail brings the records: one that is there and fits, reused untouched, or one of our own.
//!
//! `survey` reads the trails that can be seen, `fit` says of each why it does or does not serve, and
//! `choose` decides. A choice is kept: the function's configuration names the trail that is reused, and our metric
//! filter hangs on its log group, so a better trail that turns up later moves nothing.

mod choose;
mod fit;
mod survey;

use std::fmt;

use handler::config::{Config, Trail};
use serde::Serialize;

use crate::clients::Clients;
use crate::error::Result;
use crate::names::{Names, Place};

pub(crate) use fit::Group;
pub(crate) use survey::{group, our_filters};

/// Which trail is used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Selection {
    /// Whose trail it is.
    #[serde(rename = "use")]
    pub source: Source,
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The name of its log group.
    pub log_group: String,
    /// Why this one.
    pub reason: String,
    /// What the operator should know about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Every other trail that can be seen, and why it is not used.
    pub others: Vec<Other>,
    /// A trail of an earlier run of ours stands beside the one that is reused.
    #[serde(skip)]
    pub(crate) left: bool,
}

/// Whose trail is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// One that setup creates and looks after.
    Own,
    /// Somebody else's, which is left as it is.
    Reuse,
}

/// A trail that is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Why not.
    pub reason: String,
}

impl Selection {
    /// A trail of our own, where nothing else is looked at.
    #[must_use]
    pub fn own(names: &Names, place: &Place, reason: &str) -> Self {
        Self {
            source: Source::Own,
            name: names.base.clone(),
            arn: names.trail_arn(place),
            log_group: names.log_group.clone(),
            reason: reason.to_owned(),
            notes: Vec::new(),
            others: Vec::new(),
            left: false,
        }
    }

    /// The ARN of the trail that is reused, if one is.
    #[must_use]
    pub fn reused(&self) -> Option<&str> {
        (self.source == Source::Reuse).then_some(self.arn.as_str())
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            log_group,
            reason,
            ..
        } = self;
        match self.source {
            Source::Own => write!(f, "trail: `{name}`, of ecroll's own: {reason}")?,
            Source::Reuse => write!(
                f,
                "trail: `{name}`, reused and left as it is, with its log group `{log_group}`: {reason}"
            )?,
        }
        for note in &self.notes {
            write!(f, "\n  note: {note}")?;
        }
        for Other { name, reason, .. } in &self.others {
            write!(f, "\n  not `{name}`: {reason}")?;
        }
        Ok(())
    }
}

/// Looks at the trails and decides. `remembered` is what an earlier run left in the function's configuration.
///
/// # Errors
/// A refusal of AWS; a trail that `reuse:` names and that does not serve; a trail of an earlier choice that cannot be
/// checked now.
pub(crate) async fn select(
    clients: &Clients,
    config: &Config,
    place: &Place,
    names: &Names,
    remembered: Option<&Trail>,
) -> Result<Selection> {
    if config.trail == Trail::Create {
        let reason = "`trail` is \"create\"";
        return Ok(Selection::own(names, place, reason));
    }
    let wanted = fit::Wanted {
        place,
        filter: &names.base,
        log_group: config.log_group.as_deref(),
        look_back: config.look_back,
    };
    let seen = survey::survey(clients, names, &wanted).await?;
    choose::choose(config, place, names, remembered, &wanted, seen)
}

//! Whether a trail serves, and if not, why and what would help. Pure.

use std::time::Duration;

use crate::names::Place;

/// The most metric filters of a log group (CloudWatch Logs quotas).
const MOST_FILTERS: usize = 100;

/// What a trail has to serve.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Where the pipeline is.
    pub(super) place: &'a Place,
    /// The name of our metric filter.
    pub(super) filter: &'a str,
    /// The log group that the configuration asks for.
    pub(super) log_group: Option<&'a str>,
    /// How far back look-ups read.
    pub(super) look_back: Duration,
}

/// A trail as it is described.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) home: String,
    /// The ARN of its log group, usually with `:*`.
    pub(super) log_group: Option<String>,
    pub(super) multi_region: bool,
    pub(super) organization: bool,
    /// Whether an earlier run of ours made it.
    pub(super) ours: bool,
    /// What further calls told; none where the description rules the trail out.
    pub(super) watched: Option<Watched>,
}

/// What further calls tell; each may be refused, and then says why.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) status: Result<Status, String>,
    /// Whether it takes pushes, or why not.
    pub(super) selectors: Result<Result<(), String>, String>,
    /// Its log group; none where that is gone.
    pub(super) group: Result<Option<Group>, String>,
}

/// Whether a trail runs.
#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) logging: bool,
    pub(super) delivery_error: Option<String>,
}

/// A log group.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) class: String,
    pub(crate) retention: Option<i32>,
    pub(crate) filters: usize,
    /// Whether our metric filter is on it already.
    pub(crate) ours: bool,
    /// Whether somebody else's metric filter has our name.
    pub(crate) namesake: bool,
}

/// Why a trail does not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A fact about it.
    Unfit(String),
    /// Nobody knows: a call was refused.
    Unknown(String),
}

impl Obstacle {
    pub(super) fn text(&self) -> &str {
        let (Self::Unfit(text) | Self::Unknown(text)) = self;
        text
    }
}

impl Seen {
    /// The account, Region and name of its log group.
    fn group(&self) -> Option<(&str, &str, &str)> {
        let arn = self.log_group.as_deref()?;
        let mut parts = arn.splitn(7, ':').skip(3);
        let (region, account) = (parts.next()?, parts.next()?);
        let name = parts.nth(1)?;
        Some((account, region, name.strip_suffix(":*").unwrap_or(name)))
    }

    /// The name of its log group.
    pub(super) fn group_name(&self) -> Option<&str> {
        self.group().map(|(_, _, name)| name)
    }

    /// The account that made it: another for an organization trail, as its members and delegated administrators see it.
    pub(super) fn of_account(&self) -> &str {
        self.arn.split(':').nth(4).unwrap_or_default()
    }

    /// What in its description rules it out.
    pub(super) fn obstacle(&self, wanted: &Wanted<'_>) -> Option<String> {
        let Self { name, home, .. } = self;
        let place = wanted.place;
        let Some((account, region, group)) = self.group() else {
            let member = self.organization && self.of_account() != place.account;
            return Some(if member {
                let owner = self.of_account();
                format!(
                    "it is the organization's, of account {owner}, and shows no log group here: run ecroll in \
                     that account, with `[[targets]]` for this one"
                )
            } else {
                format!(
                    "it has no log group: give it one (`aws cloudtrail update-trail --name {name}` with \
                     --cloud-watch-logs-log-group-arn and --cloud-watch-logs-role-arn)"
                )
            });
        };
        if account != place.account {
            let whose = if self.organization {
                "it is the organization's"
            } else {
                "it is another account's"
            };
            return Some(format!(
                "{whose}, and its log group is in account {account}: run ecroll there, with `[[targets]]` for \
                 this account"
            ));
        }
        if *home != place.region || region != place.region {
            return Some(format!(
                "its home is {home}, and its log group is there: run with --region {home} to use it, with \
                 `[[targets]]` for {}",
                place.region
            ));
        }
        match wanted.log_group {
            Some(asked) if asked != group => Some(format!(
                "it writes to the log group `{group}`, and `log_group` asks for `{asked}`"
            )),
            _ => None,
        }
    }

    /// Whether it serves; then what the operator should know about it.
    pub(super) fn judge(&self, wanted: &Wanted<'_>) -> Result<Vec<String>, Obstacle> {
        let unfit = |text: String| Err(Obstacle::Unfit(text));
        if let Some(why) = self.obstacle(wanted) {
            return unfit(why);
        }
        let Some(watched) = &self.watched else {
            return unfit("it was not looked at".to_owned());
        };
        let unknown = |why: &String| {
            Obstacle::Unknown(format!("it cannot be checked ({why}): allow the call"))
        };
        let name = &self.name;
        let status = watched.status.as_ref().map_err(unknown)?;
        if !status.logging {
            return unfit(format!(
                "it is not logging: start it (`aws cloudtrail start-logging --name {name}`)"
            ));
        }
        if let Err(why) = watched.selectors.as_ref().map_err(unknown)? {
            return unfit(why.clone());
        }
        let group = self.group_name().unwrap_or_default();
        let Some(held) = watched.group.as_ref().map_err(unknown)? else {
            return unfit(format!(
                "its log group `{group}` does not exist: create it, or give the trail another"
            ));
        };
        if let Some(error) = &status.delivery_error {
            return unfit(format!(
                "its last delivery to the log group failed ({error}): mend its role or its log group"
            ));
        }
        if held.class != "STANDARD" {
            return unfit(format!(
                "its log group `{group}` is of the class {}, and metric filters need STANDARD: give the trail \
                 another log group",
                held.class
            ));
        }
        if held.namesake {
            return unfit(format!(
                "its log group `{group}` has a metric filter `{}` that counts something else: choose another \
                 `name` in ecroll.toml",
                wanted.filter
            ));
        }
        if held.filters >= MOST_FILTERS && !held.ours {
            return unfit(format!(
                "its log group `{group}` has {} metric filters, and no more are allowed: remove one",
                held.filters
            ));
        }
        Ok(self.notes(held, wanted))
    }

    fn notes(&self, group: &Group, wanted: &Wanted<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.multi_region {
            let region = &wanted.place.region;
            notes.push(format!(
                "it is of {region} alone: pushes in other Regions are not seen"
            ));
        }
        if self.organization {
            let whose = if self.of_account() == wanted.place.account {
                "this account manages the organization"
            } else {
                "this account is a delegated administrator"
            };
            notes.push(format!(
                "it is an organization trail, and {whose}: pushes of every member account are looked at"
            ));
        }
        let days = u64::try_from(group.retention.unwrap_or_default()).unwrap_or_default();
        let kept = Duration::from_secs(days * 24 * 60 * 60);
        if days > 0 && kept < wanted.look_back {
            let kept = if days == 1 {
                "one day".to_owned()
            } else {
                format!("{days} days")
            };
            notes.push(format!(
                "its log group keeps events for {kept} only, which is less than `look_back`"
            ));
        }
        notes
    }

    /// Whether our metric filter is on its log group.
    pub(super) fn is_followed(&self) -> bool {
        let group = self.watched.as_ref().and_then(|w| w.group.as_ref().ok());
        group
            .and_then(Option::as_ref)
            .is_some_and(|group| group.ours)
    }

    /// The best first: all Regions, then this account's alone, then by name.
    pub(super) fn rank(&self) -> (bool, bool, &str) {
        (!self.multi_region, self.organization, &self.name)
    }
}

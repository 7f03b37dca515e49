//! What every link is judged by: where this is, what an earlier setup left, and what setup would make now.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::join;
use handler::config::{Config, Trail};

use super::link::Link;
use super::order::{CONFIGURATION, CREDENTIALS, TRAIL};
use crate::clients::Clients;
use crate::code::Code;
use crate::desired::{self, Circumstances};
use crate::error::{Error, Result};
use crate::inventory;
use crate::names::{Names, Place};
use crate::provision::earlier_run;
use crate::resource::Resource;
use crate::trails::{self, Selection};

/// The common ground of all links.
pub(super) struct Ground<'a> {
    pub(super) clients: &'a Clients,
    /// What is asked for, with the log group and the first day that an earlier setup filled in.
    pub(super) config: Config,
    pub(super) now: DateTime<Utc>,
    pub(super) place: Place,
    /// The names, with the log group that is in use.
    pub(super) names: Names,
    /// The trail that the pipeline uses.
    pub(super) trail: Selection,
    /// Why that trail does not serve, where it does not.
    pub(super) no_trail: Option<Link>,
    /// The roles that the handler must be allowed to pass.
    pub(super) pass_roles: Result<BTreeSet<String>>,
    /// What setup would make.
    pub(super) resources: Vec<Resource>,
}

impl<'a> Ground<'a> {
    /// Reads it. The error is the link that leaves nothing else to examine.
    pub(super) async fn read(
        clients: &'a Clients,
        config: &Config,
        now: DateTime<Utc>,
    ) -> std::result::Result<Self, Link> {
        let place = clients.place().await.map_err(|error| strangers(&error))?;
        let names = Names::new(&config.name, config.log_group.as_deref(), &place);
        // Where the function cannot be read, its own link says so.
        let before = earlier_run(clients, &names).await.ok().flatten();
        let remembered = before.as_ref().map(|before| &before.trail);
        let (selected, pass_roles, stack_roles, target_roles) = join!(
            Box::pin(trails::select(clients, config, &place, &names, remembered)),
            Box::pin(inventory::pass_roles(clients, config, &place)),
            Box::pin(inventory::stack_roles(clients, config, now)),
            Box::pin(inventory::target_roles(clients, config, now)),
        );
        let used = used(before.as_ref());
        let (trail, no_trail) = serving(selected, used, || Selection::own(&names, &place, ""));
        let names = Names::new(&config.name, Some(&trail.log_group), &place);
        let since = config.since.or(before.and_then(|before| before.since));
        let around = Circumstances {
            place: place.clone(),
            pass_roles: pass_roles.as_ref().cloned().unwrap_or_default(),
            stack_roles: stack_roles.unwrap_or_default(),
            target_roles: target_roles.unwrap_or_default(),
            trail: trail.clone(),
            since: since.unwrap_or_else(|| now.trunc_subsecs(0)),
        };
        let resources = desired::resources(config, &Code::placeholder(), &around);
        let resources = resources
            .map_err(|error| Link::ng(CONFIGURATION, error.to_string(), "change ecroll.toml"))?;
        Ok(Self {
            clients,
            config: Config {
                log_group: Some(trail.log_group.clone()),
                since,
                ..config.clone()
            },
            now,
            place,
            names,
            trail,
            no_trail,
            pass_roles,
            resources,
        })
    }

    /// They were good enough to say whose they are.
    pub(super) fn credentials(&self) -> Link {
        let Place {
            region, account, ..
        } = &self.place;
        Link::ok(CREDENTIALS, format!("account {account}, Region {region}"))
    }

    pub(super) fn configuration(&self) -> Link {
        let since = self.config.since.map_or_else(String::new, |since| {
            let since = since.format("%Y-%m-%dT%H:%M:%SZ");
            format!(", pushes since {since}")
        });
        let base = &self.names.base;
        Link::ok(CONFIGURATION, format!("pipeline `{base}`{since}"))
    }
}

fn strangers(error: &Error) -> Link {
    let link = Link::refused(CREDENTIALS, error);
    let mend = "check the credentials (`aws sts get-caller-identity`), the Region and the network";
    match error {
        Error::Refused(_) => link.hint(mend.to_owned()),
        _ => link,
    }
}

/// The trail of somebody else that an earlier setup chose, with its log group.
fn used(before: Option<&Config>) -> Option<Selection> {
    let before = before?;
    let Trail::Reuse(arn) = &before.trail else {
        return None;
    };
    Some(Selection {
        source: trails::Source::Reuse,
        name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        arn: arn.clone(),
        log_group: before.log_group.clone()?,
        reason: String::new(),
        notes: Vec::new(),
        others: Vec::new(),
        left: false,
    })
}

/// The trail to judge by, and what is wrong with it: the one in use, whatever setup would take in its place.
fn serving(
    selected: Result<Selection>,
    used: Option<Selection>,
    own: impl Fn() -> Selection,
) -> (Selection, Option<Link>) {
    match (selected, used) {
        (Ok(selected), Some(used)) if selected.arn != used.arn => {
            let mend = "mend that trail, or run `ecroll setup`, which then takes another";
            let link = Link::ng(TRAIL, selected.reason, mend);
            (used, Some(link))
        }
        (Ok(selected), _) => (selected, None),
        (Err(error), used) => (used.unwrap_or_else(own), Some(Link::refused(TRAIL, &error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;
    use crate::error::Refusal;

    fn selection(name: &str, reason: &str) -> Selection {
        Selection {
            source: trails::Source::Reuse,
            name: name.to_owned(),
            arn: format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}"),
            log_group: format!("/{name}"),
            reason: reason.to_owned(),
            notes: Vec::new(),
            others: Vec::new(),
            left: false,
        }
    }

    #[test]
    fn the_trail_in_use_is_judged_and_not_the_one_that_setup_would_take() {
        let own = || selection("own", "");
        let (trail, link) = serving(
            Ok(selection("other", "`theirs` serves no longer (why)")),
            Some(selection("theirs", "")),
            own,
        );
        assert_eq!(trail.log_group, "/theirs");
        let link = link.unwrap();
        assert_eq!((link.link, link.result), (TRAIL, Verdict::Ng));
        assert!(link.detail.contains("serves no longer"));

        let same = || selection("theirs", "");
        let (trail, link) = serving(Ok(same()), Some(same()), own);
        assert_eq!((trail.name.as_str(), link), ("theirs", None));

        let denied = || {
            Err(Error::Refused(Refusal {
                call: "cloudtrail:DescribeTrails",
                name: "all trails".to_owned(),
                code: "AccessDeniedException".to_owned(),
                message: "no".to_owned(),
            }))
        };
        let (trail, link) = serving(denied(), None, own);
        assert_eq!(trail.name, "own");
        let mend = link.unwrap().mend.unwrap();
        assert!(mend.contains("cloudtrail:DescribeTrails"), "{mend}");
        assert_eq!(serving(denied(), Some(same()), own).0.name, "theirs");
    }
}

//! The log group that holds the records.

use std::time::Duration;

use chrono::TimeDelta;

use super::ground::Ground;
use super::link::{Link, SETUP};
use super::order::LOG_GROUP;
use super::resources::{Inspected, judge};
use super::time::span;
use crate::error::Result;
use crate::trails::{self, Group};

pub(super) async fn link(ground: &Ground<'_>, found: &[Inspected]) -> Link {
    let names = &ground.names;
    let group = trails::group(ground.clients, &names.log_group, &names.base).await;
    let own = judge(LOG_GROUP, found);
    judged(own, &group, &names.log_group, ground.config.look_back)
}

/// `own` is what the comparison says where the group is one of ecroll's own.
fn judged(
    own: Option<Link>,
    group: &Result<Option<Group>>,
    name: &str,
    look_back: Duration,
) -> Link {
    let ours = own.is_some();
    if let Some(link) = own.filter(|link| !link.is_ok()) {
        return link;
    }
    let group = match group {
        Err(error) => return Link::refused(LOG_GROUP, error),
        Ok(None) => return Link::missing(LOG_GROUP, format!("`{name}` does not exist")),
        Ok(Some(group)) => group,
    };
    if group.class != "STANDARD" {
        return Link::ng(
            LOG_GROUP,
            format!(
                "`{name}` is of the class {}, which metric filters do not read",
                group.class
            ),
            "give the trail a log group of the class STANDARD; the class of one cannot be changed",
        );
    }
    let kept = i64::from(group.retention.unwrap_or_default());
    let wanted = TimeDelta::from_std(look_back).unwrap_or(TimeDelta::MAX);
    if kept > 0 && TimeDelta::days(kept) < wanted {
        let detail = format!(
            "`{name}` keeps events for {}, and look-ups read {}",
            span(TimeDelta::days(kept)),
            span(wanted)
        );
        let mend = if ours {
            SETUP.to_owned()
        } else {
            format!(
                "keep them longer (`aws logs put-retention-policy --log-group-name {name}`), or shorten `look_back`"
            )
        };
        return Link::ng(LOG_GROUP, detail, mend);
    }
    let kept = match kept {
        0 => "for ever".to_owned(),
        days => format!("for {}", span(TimeDelta::days(days))),
    };
    Link::ok(LOG_GROUP, format!("`{name}` keeps events {kept}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn told(class: &str, retention: Option<i32>) -> Link {
        let group = Group {
            class: class.to_owned(),
            retention,
            filters: 1,
            ours: true,
            namesake: false,
        };
        judged(None, &Ok(Some(group)), "/theirs", Duration::from_hours(48))
    }

    #[test]
    fn class_and_retention_are_judged_by_what_look_ups_need() {
        assert_eq!(told("STANDARD", None).result, Verdict::Ok);
        assert_eq!(told("STANDARD", Some(2)).result, Verdict::Ok);
        let short = told("STANDARD", Some(1));
        assert_eq!(short.result, Verdict::Ng);
        assert_eq!(
            short.detail,
            "`/theirs` keeps events for 24 h, and look-ups read 2 days"
        );
        assert!(short.mend.unwrap().contains("put-retention-policy"));
        assert_eq!(told("INFREQUENT_ACCESS", None).result, Verdict::Ng);
        let gone = judged(None, &Ok(None), "/theirs", Duration::from_hours(1));
        assert!(gone.gone);
    }
}

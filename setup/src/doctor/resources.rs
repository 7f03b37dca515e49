//! What setup made, held against what it would make now: a plan's own comparison, link by link.

use futures_util::future::join_all;

use super::ground::Ground;
use super::link::{Link, SETUP};
use super::order::{
    ALARM, CLOUDTRAIL_EVENTS, DASHBOARD, DEPLOYMENTS, ECR_EVENTS, FAILURES, FAILURES_ALARM, FILES,
    FUNCTION, FUNCTION_LOG, HANDLER_ROLE, LOG_GROUP, LOG_SUBSCRIPTION, METRIC_FILTER, PASS_ROLE,
    PERMISSION, SUBSCRIPTION, SWEEP, TOPIC, TRAIL, TRAIL_ROLE, UNDELIVERED,
};
use crate::diff::{Action, Change, FieldChange};
use crate::error::Result;
use crate::names::Names;
use crate::resource::{Finding, Resource};

/// The statement with the roles that the handler may pass, as a difference names it.
const PASSED: &str = "policy.PassTaskRoles";

/// Values above this length are not shown: policies, configurations.
const LONGEST_VALUE: usize = 100;

/// What the comparison of one resource found, and of which link it is.
pub(super) struct Inspected {
    pub(super) link: &'static str,
    pub(super) found: Result<Finding>,
}

impl Inspected {
    /// Whether it would have to be created.
    pub(super) fn is_missing(&self) -> bool {
        match &self.found {
            Ok(Finding::Ours(change)) => change.action == Action::Create,
            Ok(Finding::Nothing) => true,
            _ => false,
        }
    }
}

/// Compares all of them at once.
pub(super) async fn inspect(ground: &Ground<'_>) -> Vec<Inspected> {
    let all = ground.resources.iter().map(|resource| async move {
        let link = link_of(resource, &ground.names);
        let found = resource.inspect(ground.clients).await;
        Inspected { link, found }
    });
    join_all(all).await
}

/// The link that a resource is, or is part of.
fn link_of(resource: &Resource, names: &Names) -> &'static str {
    match resource {
        Resource::Bucket(_) => FILES,
        Resource::LogGroup(group) if group.name == names.function_log_group => FUNCTION_LOG,
        Resource::LogGroup(_) => LOG_GROUP,
        Resource::Role(role) if role.name == names.handler_role => HANDLER_ROLE,
        Resource::Role(_) => TRAIL_ROLE,
        Resource::Trail(_) => TRAIL,
        Resource::Topic(_) => TOPIC,
        Resource::Queue(queue) if queue.name == names.failures => FAILURES,
        Resource::Queue(_) => UNDELIVERED,
        Resource::Function(_) => FUNCTION,
        Resource::Permission(permission) => match permission.statement.as_str() {
            "sweep" => SWEEP,
            "deployments" => DEPLOYMENTS,
            "ecr-events" => ECR_EVENTS,
            "cloudtrail-events" => CLOUDTRAIL_EVENTS,
            "log-subscription" => LOG_SUBSCRIPTION,
            _ => PERMISSION,
        },
        Resource::Subscription(_) => SUBSCRIPTION,
        Resource::MetricFilter(_) => METRIC_FILTER,
        Resource::Alarm(alarm) if alarm.name == names.alarm => ALARM,
        Resource::Alarm(_) => FAILURES_ALARM,
        Resource::SubscriptionFilter(_) => LOG_SUBSCRIPTION,
        Resource::Rule(rule) if rule.name == names.rule => SWEEP,
        Resource::Rule(rule) if rule.name == names.ecr_events => ECR_EVENTS,
        Resource::Rule(rule) if rule.name == names.cloudtrail_events => CLOUDTRAIL_EVENTS,
        Resource::Rule(_) => DEPLOYMENTS,
        Resource::Dashboard(_) => DASHBOARD,
    }
}

/// An account in which setup never ran.
pub(super) fn nothing(ground: &Ground<'_>) -> Link {
    let base = &ground.names.base;
    let detail = format!("there is no pipeline `{base}` in this account and Region");
    Link::missing(super::order::CONFIGURATION, detail)
}

/// The link of these resources; `None` where nothing of the kind is wanted.
pub(super) fn judge(link: &'static str, found: &[Inspected]) -> Option<Link> {
    let mut faults = Vec::new();
    let mut notes = Vec::new();
    let (mut gone, mut off, mut seen) = (false, false, false);
    for inspected in found.iter().filter(|inspected| inspected.link == link) {
        seen = true;
        let change = match &inspected.found {
            Err(error) => return Some(Link::refused(link, error)),
            Ok(Finding::Nothing) => {
                off = true;
                continue;
            }
            Ok(Finding::Foreign(change)) => {
                let subject = change.subject();
                let detail = format!("{subject} is not ecroll's: it has no tag `ecroll:owner`");
                let mend =
                    "choose another `name` in ecroll.toml, or rename or remove what is there";
                let mut link = Link::ng(link, detail, mend);
                link.gone = true;
                return Some(link);
            }
            Ok(Finding::Blocked(change)) => {
                let why = change.note.clone().unwrap_or_default();
                let detail = format!("{} {why}", change.subject());
                let mut link = Link::ng(link, detail, "do as it says");
                link.gone = true;
                return Some(link);
            }
            Ok(Finding::Ours(change)) => change,
        };
        match change.action {
            Action::Create => {
                gone = true;
                faults.push(format!("{} does not exist", change.subject()));
            }
            Action::Keep => notes.extend(change.note.clone()),
            Action::Change | Action::Remove => faults.extend(difference(link, change)),
        }
    }
    if !faults.is_empty() {
        let mut link = Link::ng(link, faults.join("; "), SETUP);
        link.gone = gone;
        return Some(link);
    }
    match (seen, off, notes.first()) {
        (false, ..) => None,
        (_, true, _) => Some(Link::skip(link, "switched off")),
        // An endpoint that knows no such thing.
        (_, _, Some(note)) => Some(Link::skip(link, note.clone())),
        _ => Some(Link::ok(link, "as setup made it")),
    }
}

/// What differs, in a line; nothing where it is of no concern to the link.
fn difference(link: &str, change: &Change) -> Option<String> {
    let concerns = |field: &&FieldChange| match link {
        // What the function runs is known to whoever built it only.
        FUNCTION => !["code", "architecture"].contains(&field.field.as_str()),
        HANDLER_ROLE => field.field != PASSED,
        _ => true,
    };
    let fields: Vec<String> = change.fields.iter().filter(concerns).map(told).collect();
    (!fields.is_empty()).then(|| format!("{} is changed: {}", change.subject(), fields.join("; ")))
}

fn told(change: &FieldChange) -> String {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let (from, to) = (value(&change.from), value(&change.to));
    let field = &change.field;
    if from.len() > LONGEST_VALUE || to.len() > LONGEST_VALUE {
        return match (&change.from, &change.to) {
            (None, _) => format!("{field} is missing"),
            (_, None) => format!("{field} is not setup's"),
            _ => format!("{field} is not as setup wrote it"),
        };
    }
    format!("{field} is {from}, should be {to}")
}

/// The roles that the handler may pass now and those that it should, where the two differ.
pub(super) fn passed(found: &[Inspected]) -> Option<(Option<String>, Option<String>)> {
    let role = found
        .iter()
        .find(|inspected| inspected.link == HANDLER_ROLE)?;
    let Ok(Finding::Ours(change)) = &role.found else {
        return None;
    };
    let mut fields = change.fields.iter();
    let field = fields.find(|field| field.field == PASSED)?;
    (change.action == Action::Change).then(|| (field.from.clone(), field.to.clone()))
}

/// What is wrong with the role as a whole, as the link of the roles to pass would say it.
pub(super) fn role_trouble(found: &[Inspected]) -> Option<Link> {
    let role = judge(HANDLER_ROLE, found)?;
    let is_whole = !role.gone && role.mend.as_deref().is_none_or(|mend| mend == SETUP);
    if is_whole {
        return None;
    }
    Some(Link {
        link: PASS_ROLE,
        ..role
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn inspected(link: &'static str, action: Action, fields: &[(&str, &str, &str)]) -> Inspected {
        let field = |(field, from, to): &(&str, &str, &str)| FieldChange {
            field: (*field).to_owned(),
            from: Some((*from).to_owned()),
            to: Some((*to).to_owned()),
        };
        let change = Change {
            action,
            resource: "thing",
            name: "ecroll".to_owned(),
            fields: fields.iter().map(field).collect(),
            note: None,
        };
        Inspected {
            link,
            found: Ok(Finding::Ours(change)),
        }
    }

    #[test]
    fn a_difference_is_told_field_by_field_and_long_values_are_not() {
        let long = "x".repeat(200);
        let found = [inspected(
            ALARM,
            Action::Change,
            &[("period", "300", "60"), ("policy.A", &long, "y")],
        )];
        let link = judge(ALARM, &found).unwrap();
        assert_eq!(link.result, Verdict::Ng);
        assert_eq!(
            link.detail,
            "thing `ecroll` is changed: period is 300, should be 60; policy.A is not as setup wrote it"
        );
        assert!(!link.gone);
    }

    #[test]
    fn the_code_and_the_roles_to_pass_are_no_concern_of_these_links() {
        let code = [inspected(FUNCTION, Action::Change, &[("code", "a", "b")])];
        assert!(judge(FUNCTION, &code).unwrap().is_ok());
        let roles = [inspected(
            HANDLER_ROLE,
            Action::Change,
            &[(PASSED, "a", "b")],
        )];
        assert!(judge(HANDLER_ROLE, &roles).unwrap().is_ok());
        assert_eq!(
            passed(&roles),
            Some((Some("a".to_owned()), Some("b".to_owned())))
        );
        assert_eq!(passed(&code), None);
    }

    #[test]
    fn what_is_missing_is_gone_and_what_nobody_wants_is_no_link() {
        let found = [
            inspected(SWEEP, Action::Keep, &[]),
            inspected(SWEEP, Action::Create, &[]),
        ];
        let link = judge(SWEEP, &found).unwrap();
        assert!(link.gone && link.result == Verdict::Ng);
        assert_eq!(judge(TOPIC, &found), None);
        let off = [Inspected {
            link: SWEEP,
            found: Ok(Finding::Nothing),
        }];
        assert_eq!(judge(SWEEP, &off).unwrap().result, Verdict::Skip);
    }
}

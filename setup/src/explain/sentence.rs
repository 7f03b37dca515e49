//! What is to be said, in sentences. The reasons are the handler's. Pure.

use chrono::{DateTime, Utc};
use handler::Place;
use handler::deployment::End;
use handler::plan::FAMILIES;
use handler::policy::TagPolicy;
use handler::report::{DRY_RUN, Outcome};
use handler::{scheduled, stacks};

use super::{Case, Over, Step};
use crate::doctor::time::span;
use crate::history::Pushed;
use crate::replay::line::revision;
use crate::status::text;

/// How reasons begin or end that have a next step of their own. They are the handler's words: `handler::plan`.
const BY_POLICY: &str = "policy ";
const SUPERSEDED: &str = "superseded by ";
const NO_IMAGE: &str = "no image: ";
const OLDER: &str = "older than ";
const ON_HOLD: &str = "`hold` is set";
const WAITS: &str = "waits for ";
const ITS_TURN: &str = " to run it";
const STOPPED: [&str; 3] = [
    "the next push rolls",
    "until the next push",
    "the next one begins anew",
];
/// What identities begin with of pushes that the registry alone told of.
const FOUND: &str = "ecr:found-";

/// What is to be said of a push; `nothing` where no service has a decision on it.
pub(super) fn of_push(push: &Pushed, nothing: bool) -> Vec<String> {
    let mut all = Vec::new();
    let by = push.by.as_ref().map(|by| format!(" by {by}"));
    let to = match push.account.as_str() {
        "" => String::new(),
        account => format!(", to {account} in {}", push.region),
    };
    all.push(match push.pushed_at {
        Some(at) => format!("Pushed at {}{}{to}.", text(at), by.unwrap_or_default()),
        None => "When it was pushed is not told here.".to_owned(),
    });
    if let Some(what) = &push.no_image {
        all.push(format!("It is no image: {what}."));
    }
    if nothing {
        all.push(
            match push.no_image {
                Some(_) => "Nothing was decided about it: only images roll.",
                None => {
                    "Nothing was decided about it: no followed service runs its repository, or no look-up saw it."
                }
            }
            .to_owned(),
        );
    }
    all
}

/// What is to be said of a push at a service.
pub(super) fn of_case(case: &Case, push: &Pushed) -> Vec<String> {
    let mut all = Vec::new();
    let mut steps = case.steps.iter();
    if let Some(first) = steps.next() {
        all.push(seen(first, push));
        all.extend(first.window.map(|window| {
            let (from, to) = (text(window.from), text(window.to));
            format!("It read the log from {from} to {to}.")
        }));
        all.extend(ran(case));
        all.extend(policy(case).filter(|_| push.no_image.is_none()));
        all.push(capital(&decided(first)));
    }
    // What came after, in the order of time; an end goes before what was concluded from it.
    let mut later: Vec<(DateTime<Utc>, String)> = Vec::new();
    let rolled = case.steps.iter().rfind(|step| step.to.is_some());
    later.extend(
        case.ended
            .as_ref()
            .map(|over| (over.at, ended(over, rolled))),
    );
    later.extend(steps.map(|step| (step.at, decided(step))));
    later.extend(case.overtaken.as_ref().map(|later| {
        let made = later.to.as_ref().map(|to| format!(", as {}", revision(to)));
        let made = made.unwrap_or_default();
        (later.at, format!("{} rolled after it{made}.", later.tag))
    }));
    later.sort_by_key(|(at, _)| *at);
    let told = later.into_iter();
    all.extend(told.map(|(at, what)| format!("{}: {what}", text(at))));
    all.push(format!("Next: {}", case.next));
    all
}

/// How the handler heard of the push, and when.
fn seen(step: &Step, push: &Pushed) -> String {
    let at = text(step.at);
    let after = after(push.pushed_at, step.at);
    let looked = |why: &str| format!("A look-up {why} saw the push at {at}{after}.");
    let carried =
        |what: &str| format!("{what} carried the push, which was decided at {at}{after}.");
    match (step.trigger.as_str(), step.window) {
        ("alarm", _) => looked("that the alarm asked for"),
        ("deployment", _) => looked("at the end of a deployment"),
        ("reconcile", _) if push.event_ids.iter().all(|id| id.starts_with(FOUND)) => format!(
            "No record told of it: a sweep that asked the registry found the push at {at}{after}."
        ),
        ("sweep" | "reconcile", _) => looked("of the sweep"),
        ("ecr-event", _) => carried("An event of ECR"),
        ("cloudtrail-event", _) => carried("An event of CloudTrail"),
        ("log-subscription", _) => carried("The log subscription"),
        ("direct", None) => format!("Somebody named it in a direct call at {at}{after}."),
        ("direct", Some(_)) => looked("that somebody asked for"),
        (other, _) => format!("It was decided at {at}{after}, woken by: {other}."),
    }
}

fn after(pushed: Option<DateTime<Utc>>, at: DateTime<Utc>) -> String {
    let waited = pushed.map(|pushed| at - pushed);
    let waited = waited.filter(|waited| waited.num_seconds() >= 0);
    waited.map_or_else(String::new, |waited| format!(", {} after it", span(waited)))
}

/// What a decision of this cluster changes.
fn subject(case: &Case) -> &'static str {
    match case.cluster.as_str() {
        stacks::CLUSTER => "stack",
        FAMILIES => "family",
        scheduled::EVENTS | scheduled::SCHEDULER => "scheduled task",
        _ => "service",
    }
}

fn ran(case: &Case) -> Option<String> {
    let ran = case.ran.as_ref()?;
    let made = match &ran.tag {
        Some(tag) => format!(", which ecroll had made for {tag}"),
        None => String::new(),
    };
    let (subject, revision) = (subject(case), revision(&ran.revision));
    Some(match subject {
        "stack" => format!("The stack's parameter was {revision}{made}."),
        "family" => format!("The family's newest revision was {revision}{made}."),
        "scheduled task" => format!("The scheduled task started {revision}{made}."),
        _ => format!("The service ran {revision}{made}."),
    })
}

/// The policy, where it took the tag. Where it did not, that is the reason, which comes next.
fn policy(case: &Case) -> Option<String> {
    let policy = case.policy.as_ref()?;
    let takes = policy.parse::<TagPolicy>().ok()?.allows(&case.tag);
    takes.then(|| {
        format!(
            "The configuration's policy for it, {policy}, takes the tag {}.",
            case.tag
        )
    })
}

/// `rolled: <reason>; web:3 took the place of web:2.`
fn decided(step: &Step) -> String {
    let moved = match (&step.from, &step.to) {
        (_, None) => String::new(),
        (Some(from), Some(to)) if from == to => format!("; {} was deployed anew", revision(to)),
        (Some(from), Some(to)) => {
            format!("; {} took the place of {}", revision(to), revision(from))
        }
        (None, Some(to)) => format!("; {} runs since", revision(to)),
    };
    format!("{}: {}{moved}.", step.outcome, step.reason)
}

fn ended(over: &Over, rolled: Option<&Step>) -> String {
    let took = rolled.map(|step| format!(" after {}", span(over.at - step.at)));
    let took = took.unwrap_or_default();
    match over.state {
        End::Completed => format!("the roll completed{took}."),
        End::RolledBack => format!(
            "rolled back{took}, and {} runs again: {}",
            revision(&over.runs),
            over.reason
        ),
        End::Stuck => format!(
            "stuck{took}, and there is nothing to go back to: {}",
            over.reason
        ),
    }
}

/// What is to be done.
pub(super) fn next(case: &Case, push: &Pushed) -> String {
    let name = format!("{}/{}", case.cluster, case.service);
    if case.overtaken.is_some() {
        return "nothing, a later push rolled.".to_owned();
    }
    let reason = case.reason.as_str();
    // Of anything but a service the call would do more, or something else.
    let call = (subject(case) == "service").then(|| {
        let call = direct(case, push);
        format!("call the function with {call} to run it all the same")
    });
    let or = |first: &str, joined: &str| match &call {
        Some(call) => format!("{first}{joined}{call}."),
        None => format!("{first}."),
    };
    let stopped = STOPPED.iter().any(|words| reason.contains(words));
    let end = case.ended.as_ref().map(|over| over.state);
    match (case.outcome, end) {
        (_, Some(End::RolledBack)) => {
            "find out why its tasks did not last (the service's events, the logs of its containers), and push an image \
             that is mended: the next push rolls."
                .to_owned()
        }
        (_, Some(End::Stuck)) => format!(
            "push an image that starts; `ecroll status {name}` shows what ECS says meanwhile."
        ),
        (Outcome::Rolled, Some(End::Completed)) => "nothing, the push runs.".to_owned(),
        (Outcome::Unchanged, _) => "nothing, the service ran this image already.".to_owned(),
        (Outcome::Rolled, None) if subject(case) == "service" => format!(
            "how the roll ended is not told here; `ecroll status {name}` says how it stands."
        ),
        (Outcome::Rolled, None) => "how it ended is not told here; `ecroll status` says how it stands.".to_owned(),
        (Outcome::Held, _) if reason.starts_with(DRY_RUN) => {
            "nothing was to be changed; without the dry run it rolls.".to_owned()
        }
        (Outcome::Held, _) if reason.starts_with(ON_HOLD) => {
            "clear `hold` in the configuration (then `ecroll setup`), or the tag `ecroll:hold` of the service; the next \
             look-up that reads all of `look_back` rolls the push (every twelfth sweep, or a new function's first)."
                .to_owned()
        }
        (Outcome::Held, _) if stopped => or("push again", ", or "),
        (Outcome::Held, _) if reason.starts_with(WAITS) && reason.ends_with(ITS_TURN) => {
            "nothing, it rolls when its turn comes; `ecroll status` shows the waves.".to_owned()
        }
        (Outcome::Held, _) if reason.starts_with(WAITS) => {
            "see to what it waits for; it rolls when that is read again.".to_owned()
        }
        (Outcome::Held, _) => or("the next look-up decides again", "; "),
        (Outcome::Skipped, _) if reason.starts_with(BY_POLICY) => or(
            "push a tag that the policy takes, or change `tags` (or the tag `ecroll:tags` of the service)",
            "; ",
        ),
        (Outcome::Skipped, _) if reason.starts_with(SUPERSEDED) => {
            "nothing, the newer push counts; `ecroll explain` tells of it by its tag.".to_owned()
        }
        (Outcome::Skipped, _) if reason.starts_with(NO_IMAGE) || push.no_image.is_some() => {
            "nothing, only images roll.".to_owned()
        }
        (Outcome::Skipped, _) if reason.starts_with(OLDER) => {
            or("nothing, unless the older one is meant to run", ": ")
        }
        (Outcome::Skipped, _) => or("nothing, if the reason is as it should be", "; "),
        (Outcome::Refused, _) => {
            "mend what the reason names; the next look-up that reads all of `look_back` tries again (every twelfth sweep, or a \
             new function's first)."
                .to_owned()
        }
        (Outcome::Failed, _) => {
            "what may pass is tried again; if it stays so, `ecroll doctor` says what is missing.".to_owned()
        }
    }
}

/// The direct call that rolls this push at this service, whatever the policy; the registry is named where it is not the
/// service's own.
fn direct(case: &Case, push: &Pushed) -> String {
    let (repository, tag) = (&push.repository, &case.tag);
    let mut members = vec![
        ("repository", repository),
        ("tag", tag),
        ("cluster", &case.cluster),
        ("service", &case.service),
    ];
    let place = case.ran.as_ref().and_then(|ran| Place::of(&ran.revision));
    let elsewhere =
        place.is_some_and(|place| (&place.account, &place.region) != (&push.account, &push.region));
    if elsewhere && !push.account.is_empty() {
        members.extend([("account", &push.account), ("region", &push.region)]);
    }
    let members = members
        .iter()
        .map(|(name, value)| format!("\"{name}\": \"{value}\""));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests;

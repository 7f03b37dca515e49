//! Scheduled tasks of the families that services run: a roll of a service does not touch them.
//!
//! Looked at are the rules of EventBridge; schedules of EventBridge Scheduler only where tasks move along.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_eventbridge::types::EcsParameters;
use futures_util::future::join_all;
use handler::report::{DRY_RUN, Decision, Outcome};
use handler::{Context, Follower};

use super::ground::Ground;
use super::link::{Link, allow};
use super::order::TASKS;
use super::services::{Followers, path};
use crate::error::{Called, Result};

/// A rule that runs a task definition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Scheduled {
    rule: String,
    /// As the target names it: an ARN, with a revision or without.
    task_definition: String,
}

pub(super) async fn link(ground: &Ground<'_>, context: &Context, followers: &Followers) -> Link {
    if ground.config.moves_targets() {
        return following(context).await;
    }
    let Ok((followers, _)) = followers else {
        return Link::skip(TASKS, "the services cannot be read");
    };
    let clusters: BTreeSet<&str> = followers
        .iter()
        .map(|follower| follower.cluster_arn.as_str())
        .collect();
    let read = clusters
        .into_iter()
        .map(|arn| Box::pin(scheduled(ground, arn)));
    let mut all = Vec::new();
    for found in join_all(read).await {
        match found {
            Ok(found) => all.extend(found),
            Err(error) => return Link::refused(TASKS, &error),
        }
    }
    judged(&all, followers)
}

/// With `scheduled` the handler moves them: what it would do now, asked of its own code.
async fn following(context: &Context) -> Link {
    match handler::scheduled::rehearsal(context).await {
        Err(error) => Link::ng(TASKS, error.to_string(), allow("ecs:ListClusters")),
        Ok((decisions, gaps)) => match gaps.first() {
            Some(gap) => Link::ng(
                TASKS,
                format!("cannot be read: {}", gap.reason),
                allow("the call that it names"),
            ),
            None => moved(&decisions),
        },
    }
}

fn moved(decisions: &[Decision]) -> Link {
    let moves = |decision: &&Decision| decision.reason.starts_with(DRY_RUN);
    let broken =
        |decision: &&Decision| matches!(decision.outcome, Outcome::Refused | Outcome::Failed);
    let line = |decision: &Decision| {
        let from = decision.from.as_deref().unwrap_or_default();
        let from = from.rsplit('/').next().unwrap_or(from);
        let (cluster, service, why) = (&decision.cluster, &decision.service, &decision.reason);
        format!("{cluster} {service} runs {from}: {why}")
    };
    let wrong: Vec<String> = decisions.iter().filter(broken).map(line).collect();
    if !wrong.is_empty() {
        return Link::ng(
            TASKS,
            wrong.join("\n"),
            "do as it says; then the next sweep moves them",
        );
    }
    let waiting = decisions.iter().filter(moves).count();
    let left = decisions.iter().filter(|decision| !moves(decision));
    let left: Vec<String> = left.map(line).collect();
    let mut detail = match waiting {
        0 => "move along with their services".to_owned(),
        1 => "1 moves at the next sweep".to_owned(),
        many => format!("{many} move at the next sweep"),
    };
    for line in left {
        detail = format!("{detail}\n{line}");
    }
    Link::ok(TASKS, detail)
}

/// The rules with a target in a cluster, and what they run there.
async fn scheduled(ground: &Ground<'_>, cluster: &str) -> Result<Vec<Scheduled>> {
    let client = &ground.clients.events;
    let mut rules: Vec<String> = Vec::new();
    let mut token = None;
    loop {
        let call = client.list_rule_names_by_target().target_arn(cluster);
        let found = call.set_next_token(token).send().await;
        let found = found.called("events:ListRuleNamesByTarget", cluster)?;
        rules.extend(found.rule_names().iter().cloned());
        token = found.next_token;
        if token.is_none() {
            break;
        }
    }
    let mut all = Vec::new();
    for rule in rules {
        let call = client.list_targets_by_rule().rule(&rule).send().await;
        // A rule has five targets at most, so there is one page.
        let found = call.called("events:ListTargetsByRule", &rule)?;
        for target in found.targets() {
            let task = target
                .ecs_parameters()
                .map(EcsParameters::task_definition_arn);
            all.extend(task.map(|task| Scheduled {
                rule: rule.clone(),
                task_definition: task.to_owned(),
            }));
        }
    }
    Ok(all)
}

/// Family and revision of an ARN; none where it names no revision, which stands for the latest.
fn revision(arn: &str) -> (&str, Option<u64>) {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    match name.rsplit_once(':') {
        Some((family, revision)) => (family, revision.parse().ok()),
        None => (name, None),
    }
}

fn judged(scheduled: &[Scheduled], followers: &[Follower]) -> Link {
    let mut running: BTreeMap<&str, (u64, String)> = BTreeMap::new();
    for follower in followers {
        let (family, Some(number)) = revision(&follower.task_definition) else {
            continue;
        };
        let held = running.entry(family).or_insert((number, path(follower)));
        if held.0 < number {
            *held = (number, path(follower));
        }
    }
    let mut stale = BTreeSet::new();
    let mut followed = 0;
    for task in scheduled {
        let (family, number) = revision(&task.task_definition);
        let Some((newest, service)) = running.get(family) else {
            continue;
        };
        followed += 1;
        if let Some(number) = number.filter(|number| number < newest) {
            stale.insert((
                task.rule.clone(),
                format!(
                    "rule `{}` runs {family}:{number}, and {service} {family}:{newest}",
                    task.rule
                ),
            ));
        }
    }
    if stale.is_empty() {
        return match followed {
            0 => Link::skip(
                TASKS,
                "no rule runs a task of a family that follows (EventBridge Scheduler is not looked at)",
            ),
            _ => Link::ok(
                TASKS,
                format!("{followed} run what the services run, or the latest"),
            ),
        };
    }
    let lines: Vec<&str> = stale.iter().map(|(_, line)| line.as_str()).collect();
    let rules: Vec<String> = stale.iter().map(|(rule, _)| format!("`{rule}`")).collect();
    Link::ng(
        TASKS,
        format!("a roll does not touch them: {}", lines.join("; ")),
        format!(
            "name the family without a revision in the target of {} (`aws events put-targets`): then the latest runs",
            rules.join(", ")
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revisions_are_told_from_families() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/web";
        assert_eq!(revision(&format!("{arn}:12")), ("web", Some(12)));
        assert_eq!(revision(arn), ("web", None));
    }
}

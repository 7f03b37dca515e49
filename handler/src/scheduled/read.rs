//! Reading rules, their targets and schedules: every page, every bus, every group.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::judge::Rule;
use super::mark::Mark;
use super::task::Task;
use crate::concurrent;
use crate::error::AwsError;
use crate::site::Access;
use crate::way::Way;

/// How many rules or schedules are read at once.
const AT_ONCE: usize = 10;
/// The longest page of either service.
const PAGE: usize = 100;

/// What was read, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) failed: Vec<AwsError>,
}

impl Found {
    fn join(parts: impl IntoIterator<Item = Result<Vec<Task>, AwsError>>) -> Self {
        let mut all = Self::default();
        for part in parts {
            match part {
                Ok(tasks) => all.tasks.extend(tasks),
                // What was listed and is gone by now runs nothing any more.
                Err(error) if is_gone(&error) => {}
                Err(error) => all.failed.push(error),
            }
        }
        all
    }
}

/// An account may have a million schedules: what is not read in time is left to the next look-up, and told.
fn in_time(at: Access<'_>, call: &'static str) -> Result<(), AwsError> {
    if at.until.allows((at.now)()) {
        return Ok(());
    }
    Err(AwsError::strange(call, at.until.too_late(), true))
}

/// Whether a rule or schedule is not there any more.
pub(super) fn is_gone(error: &AwsError) -> bool {
    error.message.starts_with("ResourceNotFoundException")
}

/// The ECS tasks that rules start in these clusters.
pub(super) async fn rules(at: Access<'_>, events: &Way, clusters: &BTreeSet<String>) -> Found {
    let buses = match list(events, "ListEventBuses", &json!({}), "EventBuses").await {
        Ok(buses) => buses,
        Err(error) => {
            return Found {
                failed: vec![error],
                ..Found::default()
            };
        }
    };
    let buses: Vec<String> = buses
        .iter()
        .filter_map(|bus| bus.get("Name")?.as_str().map(str::to_owned))
        .collect();
    let mut pairs: Vec<(&String, &String)> = Vec::new();
    for bus in &buses {
        pairs.extend(clusters.iter().map(|cluster| (bus, cluster)));
    }
    let lists = pairs.into_iter().map(|(bus, cluster)| async move {
        const CALL: &str = "ListRuleNamesByTarget";
        let input = json!({"TargetArn": cluster, "EventBusName": bus});
        let names = list(events, CALL, &input, "RuleNames").await;
        (bus, names)
    });
    let mut wanted: BTreeSet<(String, String)> = BTreeSet::new();
    let mut failed = Vec::new();
    for (bus, names) in concurrent::some(AT_ONCE, lists).await {
        match names {
            Ok(names) => {
                let names = names.iter().filter_map(Value::as_str);
                wanted.extend(names.map(|name| (bus.clone(), name.to_owned())));
            }
            Err(error) => failed.push(error),
        }
    }
    let read = wanted.iter().map(|(bus, rule)| async move {
        in_time(at, "ListTargetsByRule")?;
        let targets = targets(events, bus, rule).await?;
        let tasks = targets
            .iter()
            .filter_map(|target| Task::of_rule(bus, rule, target));
        let tasks = tasks.filter(|task| clusters.contains(&task.cluster));
        Ok(tasks.collect())
    });
    let mut found = Found::join(concurrent::some(AT_ONCE, read).await);
    found.failed.extend(failed);
    found
}

/// The targets of a rule, as they are.
pub(super) async fn targets(events: &Way, bus: &str, rule: &str) -> Result<Vec<Value>, AwsError> {
    let input = json!({"Rule": rule, "EventBusName": bus});
    list(events, "ListTargetsByRule", &input, "Targets").await
}

/// What a rule says of itself and of one of its targets.
pub(super) async fn rule(
    events: &Way,
    bus: &str,
    name: &str,
    target: &str,
) -> Result<(String, Rule), AwsError> {
    const CALL: &str = "DescribeRule";
    let input = json!({"Name": name, "EventBusName": bus});
    let told = events.call(CALL, &input).await?;
    let text = |member: &str| told.get(member)?.as_str().map(str::to_owned);
    let arn =
        text("Arn").ok_or_else(|| AwsError::strange(CALL, "the answer names no rule", true))?;
    let managed_by = text("ManagedBy");
    if managed_by.is_some() {
        let rule = Rule {
            managed_by,
            mark: None,
        };
        return Ok((arn, rule));
    }
    let tags = events
        .call("ListTagsForResource", &json!({"ResourceARN": arn}))
        .await?;
    let key = Mark::key(target);
    let tags = tags.get("Tags").and_then(Value::as_array);
    let mark = tags.into_iter().flatten().find_map(|tag| {
        let is = tag.get("Key")?.as_str()? == key;
        Mark::read(tag.get("Value")?.as_str().filter(|_| is)?)
    });
    let rule = Rule { managed_by, mark };
    Ok((arn, rule))
}

/// All pages of a list.
async fn list(
    events: &Way,
    call: &'static str,
    input: &Value,
    member: &str,
) -> Result<Vec<Value>, AwsError> {
    let (mut all, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut page = input.clone();
        if let (Some(page), Some(token)) = (page.as_object_mut(), &token) {
            page.insert("NextToken".to_owned(), json!(token));
        }
        let answer = events.call(call, &page).await?;
        let items = answer.get(member).and_then(Value::as_array);
        all.extend(items.into_iter().flatten().cloned());
        token = next(call, token.as_deref(), &answer)?;
        if token.is_none() {
            return Ok(all);
        }
    }
}

/// The token of the page after this one.
fn next(
    call: &'static str,
    before: Option<&str>,
    answer: &Value,
) -> Result<Option<String>, AwsError> {
    let token = answer.get("NextToken").and_then(Value::as_str);
    crate::ecs::next(before, token, call)
}

/// The ECS tasks that schedules start in these clusters.
pub(super) async fn schedules(
    at: Access<'_>,
    scheduler: &Way,
    clusters: &BTreeSet<String>,
) -> Found {
    const CALL: &str = "ListSchedules";
    let mut wanted: Vec<(String, String)> = Vec::new();
    let mut token = None::<String>;
    let mut failed = None;
    loop {
        if let Err(late) = in_time(at, CALL) {
            failed = Some(late);
            break;
        }
        let most = PAGE.to_string();
        let mut pairs = vec![("MaxResults", most.as_str())];
        pairs.extend(token.as_deref().map(|token| ("NextToken", token)));
        let path = format!("/schedules?{}", query(&pairs));
        let page = match scheduler.at(CALL, "GET", &path, None).await {
            Ok(page) => page,
            Err(error) => {
                failed = Some(error);
                break;
            }
        };
        let all = page.get("Schedules").and_then(Value::as_array);
        wanted.extend(all.into_iter().flatten().filter_map(|one| {
            let text = |pointer: &str| one.pointer(pointer)?.as_str();
            clusters.contains(text("/Target/Arn")?).then_some(())?;
            Some((text("/GroupName")?.to_owned(), text("/Name")?.to_owned()))
        }));
        match next(CALL, token.as_deref(), &page) {
            Ok(Some(more)) => token = Some(more),
            Ok(None) => break,
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let read = wanted.iter().map(|(group, name)| async move {
        in_time(at, "GetSchedule")?;
        let schedule = schedule(scheduler, group, name).await?;
        Ok(Task::of_schedule(&schedule).into_iter().collect())
    });
    let mut found = Found::join(concurrent::some(AT_ONCE, read).await);
    found.failed.extend(failed);
    found
}

/// One schedule, as it is.
pub(super) async fn schedule(scheduler: &Way, group: &str, name: &str) -> Result<Value, AwsError> {
    let path = format!("{}?{}", path(name), query(&[("groupName", group)]));
    scheduler.at("GetSchedule", "GET", &path, None).await
}

fn query(pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs).finish()
}

/// The path of a schedule. Names are made of letters, digits, `-`, `_` and `.`, which stand for themselves; anything else
/// is encoded all the same.
pub(super) fn path(name: &str) -> String {
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("/schedules/{encoded}")
}

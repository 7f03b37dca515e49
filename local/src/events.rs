//! EventBridge: rules on a rate or on a pattern, with functions and queues as targets.

mod target;

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::event_pattern;
use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present, tag_list};
use crate::service::{Answer, Fault, Scope};
use target::{Target, check_delivery};

/// The rules of the default event bus.
#[derive(Debug)]
pub(crate) struct Events {
    rules: BTreeMap<String, Rule>,
    ids: Ids,
}

#[derive(Debug)]
struct Rule {
    schedule: Option<String>,
    every: Option<TimeDelta>,
    pattern: Option<String>,
    description: Option<String>,
    role: Option<String>,
    enabled: bool,
    due: Option<DateTime<Utc>>,
    targets: BTreeMap<String, Value>,
    tags: BTreeMap<String, String>,
}

/// A rule that came due: one event for each target.
#[derive(Debug)]
pub(crate) struct Firing {
    pub(crate) rule: String,
    pub(crate) rule_arn: String,
    pub(crate) targets: Vec<Target>,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rules: BTreeMap::new(),
            ids: Ids::new(seed, "events"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "ValidationException");
        if input
            .text("EventBusName")
            .is_some_and(|bus| bus != "default")
        {
            let message = "the pocket account has only the default event bus";
            return Err(Fault::client("NotImplemented", message).with_status(501));
        }
        match operation {
            "PutRule" => self.put_rule(input, scope),
            "DescribeRule" => {
                let name = input.need("Name")?;
                Ok(self.rule(name)?.describe(name, scope))
            }
            "ListRules" => {
                let prefix = input.text("NamePrefix").unwrap_or_default();
                let rules = self
                    .rules
                    .iter()
                    .filter(|(name, _)| name.starts_with(prefix));
                let (rules, next) = page(rules, input.text("NextToken"), 100);
                let rules: Vec<_> = rules
                    .into_iter()
                    .map(|(name, rule)| rule.describe(name, scope))
                    .collect();
                Ok(present(json!({"Rules": rules, "NextToken": next})))
            }
            "ListRuleNamesByTarget" => {
                let arn = input.need("TargetArn")?;
                let aims = |rule: &Rule| {
                    let mut targets = rule.targets.values();
                    targets.any(|target| target.get("Arn").and_then(Value::as_str) == Some(arn))
                };
                let rules = self.rules.iter().filter(|(_, rule)| aims(rule));
                let (rules, next) = page(rules, input.text("NextToken"), 100);
                let names: Vec<_> = rules.into_iter().map(|(name, _)| name).collect();
                Ok(present(json!({"RuleNames": names, "NextToken": next})))
            }
            "EnableRule" | "DisableRule" => {
                let rule = self.rule(input.need("Name")?)?;
                rule.enabled = operation == "EnableRule";
                rule.due = rule.first_due(scope.now);
                Ok(json!({}))
            }
            "DeleteRule" => {
                let name = input.need("Name")?;
                if self
                    .rules
                    .get(name)
                    .is_some_and(|rule| !rule.targets.is_empty())
                {
                    return Err(input.fault("Rule can't be deleted since it has targets."));
                }
                self.rules.remove(name);
                Ok(json!({}))
            }
            "PutTargets" => self.put_targets(input),
            "ListTargetsByRule" => {
                let rule = self.rule(input.need("Rule")?)?;
                let targets: Vec<_> = rule.targets.values().collect();
                Ok(json!({"Targets": targets}))
            }
            "RemoveTargets" => {
                let ids = input.texts("Ids");
                self.rule(input.need("Rule")?)?
                    .targets
                    .retain(|id, _| !ids.contains(id));
                Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
            }
            "TagResource" => {
                let tags = input.tags("Tags");
                self.tagged(input)?.tags.extend(tags);
                Ok(json!({}))
            }
            "UntagResource" => {
                let keys = input.texts("TagKeys");
                self.tagged(input)?
                    .tags
                    .retain(|key, _| !keys.contains(key));
                Ok(json!({}))
            }
            "ListTagsForResource" => Ok(json!({"Tags": tag_list(&self.tagged(input)?.tags)})),
            _ => Err(not_implemented("events", operation)),
        }
    }

    /// When the next rule comes due.
    pub(crate) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.rules.values().filter_map(|rule| rule.due).min()
    }

    /// The rules that are due by now; each is set to its next time.
    pub(crate) fn advance(&mut self, scope: &Scope<'_>) -> Vec<Firing> {
        let mut firings = Vec::new();
        for (name, rule) in &mut self.rules {
            let Some(due) = rule.due.filter(|due| *due <= scope.now) else {
                continue;
            };
            rule.due = rule.every.map(|every| due + every);
            let rule_arn = rule_arn(name, scope);
            let event = json!({
                "version": "0",
                "id": self.ids.uuid(),
                "detail-type": "Scheduled Event",
                "source": "aws.events",
                "account": scope.place.account,
                "time": scope.now.to_rfc3339_opts(SecondsFormat::Secs, true),
                "region": scope.place.region,
                "resources": [rule_arn],
                "detail": {},
            });
            let targets = rule
                .targets
                .values()
                .map(|target| Target::new(target, &event));
            firings.push(Firing {
                rule: name.clone(),
                targets: targets.collect(),
                rule_arn,
            });
        }
        firings
    }

    /// Whether any rule would take an event.
    pub(crate) fn takes(&self, event: &Value) -> bool {
        self.rules.values().any(|rule| rule.takes(event))
    }

    /// The rules whose pattern takes an event of some service; the event gets its identity here.
    pub(crate) fn route(&mut self, mut event: Value, scope: &Scope<'_>) -> Vec<Firing> {
        if let Some(event) = event.as_object_mut() {
            event.insert("id".to_owned(), json!(self.ids.uuid()));
        }
        let rules = self.rules.iter().filter(|(_, rule)| rule.takes(&event));
        rules
            .map(|(name, rule)| Firing {
                rule: name.clone(),
                rule_arn: rule_arn(name, scope),
                targets: rule
                    .targets
                    .values()
                    .map(|target| Target::new(target, &event))
                    .collect(),
            })
            .collect()
    }

    /// Moves every schedule to its first time at or after `at`, keeping its rhythm.
    pub(crate) fn rebase(&mut self, at: DateTime<Utc>) {
        for rule in self.rules.values_mut() {
            let (Some(due), Some(every)) = (rule.due, rule.every) else {
                continue;
            };
            let missed = (at - due).num_milliseconds();
            let step = every.num_milliseconds().max(1);
            if missed > 0 {
                let steps = (missed + step - 1) / step;
                rule.due = Some(due + TimeDelta::milliseconds(steps * step));
            }
        }
    }

    fn put_rule(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("Name")?;
        let schedule = input.text("ScheduleExpression").map(str::to_owned);
        let pattern = input.text("EventPattern").map(str::to_owned);
        if schedule.is_none() && pattern.is_none() {
            return Err(
                input.fault("Parameter(s) EventPattern or ScheduleExpression must be specified.")
            );
        }
        if let Some(pattern) = &pattern {
            let invalid = |why: String| {
                let message = format!("Event pattern is not valid. Reason: {why}");
                Fault::client("InvalidEventPatternException", message)
            };
            let parsed = serde_json::from_str::<Value>(pattern);
            let parsed = parsed.map_err(|_| invalid("it is not JSON".to_owned()))?;
            event_pattern::check(&parsed).map_err(invalid)?;
        }
        let every = schedule
            .as_deref()
            .map(|text| interval(text, input))
            .transpose()?;
        let held = self.rules.remove(name);
        let mut rule = Rule {
            schedule,
            every,
            pattern,
            description: input.text("Description").map(str::to_owned),
            role: input.text("RoleArn").map(str::to_owned),
            enabled: input.text("State") != Some("DISABLED"),
            due: None,
            targets: BTreeMap::new(),
            tags: input.tags("Tags"),
        };
        rule.due = rule.first_due(scope.now);
        if let Some(held) = held {
            // An unchanged schedule keeps its rhythm; targets stay; tags change by TagResource only.
            if held.every == rule.every && held.enabled == rule.enabled {
                rule.due = held.due;
            }
            rule.targets = held.targets;
            rule.tags = held.tags;
        }
        self.rules.insert(name.to_owned(), rule);
        Ok(json!({"RuleArn": rule_arn(name, scope)}))
    }

    fn put_targets(&mut self, input: Input<'_>) -> Answer {
        let rule = self.rule(input.need("Rule")?)?;
        let mut targets = BTreeMap::new();
        for target in input.list("Targets") {
            let given = Input::new(target, "ValidationException");
            given.need("Arn")?;
            check_delivery(given)?;
            targets.insert(given.need("Id")?.to_owned(), target.clone());
        }
        let known = targets
            .keys()
            .filter(|id| rule.targets.contains_key(*id))
            .count();
        if rule.targets.len() + targets.len() - known > 5 {
            let message = "The requested resource exceeds the maximum number allowed.";
            return Err(Fault::client("LimitExceededException", message));
        }
        rule.targets.extend(targets);
        Ok(json!({"FailedEntryCount": 0, "FailedEntries": []}))
    }

    fn rule(&mut self, name: &str) -> Result<&mut Rule, Fault> {
        self.rules.get_mut(name).ok_or_else(|| {
            let message = format!("Rule {name} does not exist on EventBus default.");
            Fault::client("ResourceNotFoundException", message)
        })
    }

    fn tagged(&mut self, input: Input<'_>) -> Result<&mut Rule, Fault> {
        let arn = input.need("ResourceARN")?;
        self.rule(arn.rsplit_once('/').map_or(arn, |(_, name)| name))
    }
}

impl Rule {
    fn takes(&self, event: &Value) -> bool {
        let pattern = self.pattern.as_deref().filter(|_| self.enabled);
        let pattern = pattern.and_then(|text| serde_json::from_str(text).ok());
        pattern.is_some_and(|pattern| event_pattern::matches(&pattern, event))
    }

    /// A rate counts from the moment at which the rule was made or enabled.
    fn first_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.every.filter(|_| self.enabled).map(|every| now + every)
    }

    fn describe(&self, name: &str, scope: &Scope<'_>) -> Value {
        present(json!({
            "Name": name,
            "Arn": rule_arn(name, scope),
            "EventBusName": "default",
            "ScheduleExpression": self.schedule,
            "EventPattern": self.pattern,
            "Description": self.description,
            "RoleArn": self.role,
            "State": if self.enabled { "ENABLED" } else { "DISABLED" },
        }))
    }
}

fn rule_arn(name: &str, scope: &Scope<'_>) -> String {
    scope.place.arn("events", &format!("rule/{name}"))
}

/// `rate(1 hour)`, `rate(5 minutes)`: the unit is singular for one and plural for more.
fn interval(text: &str, input: Input<'_>) -> Result<TimeDelta, Fault> {
    let invalid = || input.fault("Parameter ScheduleExpression is not valid.");
    if text.starts_with("cron(") {
        let message = "the pocket account does not simulate cron schedules: use rate(…)";
        return Err(Fault::client("NotImplemented", message).with_status(501));
    }
    let rate = text
        .strip_prefix("rate(")
        .and_then(|rest| rest.strip_suffix(')'));
    let (count, unit) = rate
        .and_then(|rate| rate.trim().split_once(' '))
        .ok_or_else(invalid)?;
    let count: i32 = count
        .parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(invalid)?;
    let minutes = match (unit.trim(), count) {
        ("minute", 1) | ("minutes", 2..) => 1,
        ("hour", 1) | ("hours", 2..) => 60,
        ("day", 1) | ("days", 2..) => 24 * 60,
        _ => return Err(invalid()),
    };
    Ok(TimeDelta::minutes(i64::from(count) * minutes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    #[test]
    fn a_rate_has_a_count_and_its_unit() {
        let input = json!({});
        let rate = |text: &str| interval(text, Input::new(&input, "ValidationException"));
        assert_eq!(rate("rate(1 minute)"), Ok(TimeDelta::minutes(1)));
        assert_eq!(rate("rate(5 minutes)"), Ok(TimeDelta::minutes(5)));
        assert_eq!(rate("rate(2 days)"), Ok(TimeDelta::days(2)));
        for text in [
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "5 minutes",
            "rate()",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_rule_fires_at_its_rate_and_keeps_its_rhythm_over_a_skip() {
        let place = Options::default().place();
        let mut events = Events::new(0);
        let start: DateTime<Utc> = "2026-03-01T00:00:00Z".parse().unwrap();
        let scope = |now| Scope { now, place: &place };
        let rule = json!({"Name": "sweep", "ScheduleExpression": "rate(5 minutes)"});
        events.call("PutRule", &rule, &scope(start)).unwrap();
        assert_eq!(events.next_due(), Some(start + TimeDelta::minutes(5)));
        assert!(
            events
                .advance(&scope(start + TimeDelta::minutes(4)))
                .is_empty()
        );
        assert_eq!(
            events.advance(&scope(start + TimeDelta::minutes(5))).len(),
            1
        );
        assert_eq!(events.next_due(), Some(start + TimeDelta::minutes(10)));
        events.rebase(start + TimeDelta::minutes(61));
        assert_eq!(events.next_due(), Some(start + TimeDelta::minutes(65)));
    }
}

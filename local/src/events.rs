//! EventBridge: rules on a rate or on a pattern, with functions and queues as targets. A target that is a cluster is kept,
//! and starts no task.

mod rule;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::event_pattern::EventPattern;
use crate::ids::Ids;
use crate::input::{Input, not_implemented, page, present, tag_list};
use crate::service::{Answer, Fault, Scope};
use rule::{Rule, interval, name, rule_arn};
use target::{Target, check_delivery};

/// The bus that every account has.
const DEFAULT: &str = "default";

/// The event buses and their rules.
#[derive(Debug)]
pub(crate) struct Events {
    /// By name, after the bus and a slash where that is not the default: as in their ARNs.
    rules: BTreeMap<String, Rule>,
    /// Besides the default.
    buses: BTreeSet<String>,
    ids: Ids,
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
            buses: BTreeSet::new(),
            ids: Ids::new(seed, "events"),
        }
    }

    pub(crate) fn call(&mut self, operation: &str, input: &Value, scope: &Scope<'_>) -> Answer {
        let input = Input::new(input, "ValidationException");
        let bus = self.bus(input)?;
        let of = |member| Ok::<_, Fault>(key(&bus, input.need(member)?));
        match operation {
            "CreateEventBus" => {
                let bus = input.need("Name")?;
                if bus == DEFAULT || !self.buses.insert(bus.to_owned()) {
                    let message = format!("Event bus {bus} already exists.");
                    return Err(Fault::client("ResourceAlreadyExistsException", message));
                }
                Ok(json!({"EventBusArn": bus_arn(bus, scope)}))
            }
            "ListEventBuses" => Ok(self.list_buses(input, scope)),
            "PutRule" => self.put_rule(input, &bus, scope),
            "DescribeRule" => {
                let key = of("Name")?;
                Ok(self.rule(&key)?.describe(&key, scope))
            }
            "ListRules" => {
                let prefix = input.text("NamePrefix").unwrap_or_default();
                let rules = self
                    .rules
                    .iter()
                    .filter(|(key, rule)| rule.bus == bus && name(key).starts_with(prefix));
                let (rules, next) = page(rules, input.text("NextToken"), limit(input));
                let rules: Vec<_> = rules
                    .into_iter()
                    .map(|(key, rule)| rule.describe(key, scope))
                    .collect();
                Ok(present(json!({"Rules": rules, "NextToken": next})))
            }
            "ListRuleNamesByTarget" => {
                let arn = input.need("TargetArn")?;
                let aims = |rule: &Rule| {
                    let mut targets = rule.targets.values();
                    rule.bus == bus
                        && targets
                            .any(|target| target.get("Arn").and_then(Value::as_str) == Some(arn))
                };
                let rules = self.rules.iter().filter(|(_, rule)| aims(rule));
                let (rules, next) = page(rules, input.text("NextToken"), limit(input));
                let names: Vec<_> = rules.into_iter().map(|(key, _)| name(key)).collect();
                Ok(present(json!({"RuleNames": names, "NextToken": next})))
            }
            "EnableRule" | "DisableRule" => {
                let rule = self.changed(&of("Name")?)?;
                rule.enabled = operation == "EnableRule";
                rule.due = rule.first_due(scope.now);
                Ok(json!({}))
            }
            "DeleteRule" => {
                let key = of("Name")?;
                if self
                    .rules
                    .get(&key)
                    .is_some_and(|rule| !rule.targets.is_empty())
                {
                    return Err(input.fault("Rule can't be deleted since it has targets."));
                }
                self.rules.remove(&key);
                Ok(json!({}))
            }
            "PutTargets" => self.put_targets(input, &of("Rule")?),
            "ListTargetsByRule" => {
                let rule = self.rule(&of("Rule")?)?;
                let (targets, next) =
                    page(rule.targets.iter(), input.text("NextToken"), limit(input));
                let targets: Vec<_> = targets.into_iter().map(|(_, target)| target).collect();
                Ok(present(json!({"Targets": targets, "NextToken": next})))
            }
            "RemoveTargets" => {
                let ids = input.texts("Ids");
                self.changed(&of("Rule")?)?
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

    /// Whether any rule may take an event of which only some members are known.
    pub(crate) fn may_take(&self, known: &Value) -> bool {
        self.rules.values().any(|rule| rule.may_take(known))
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

    fn list_buses(&self, input: Input<'_>, scope: &Scope<'_>) -> Value {
        let default = DEFAULT.to_owned();
        let all: BTreeSet<&String> = self.buses.iter().chain([&default]).collect();
        let all = all.into_iter().map(|bus| (bus, ()));
        let (all, next) = page(all, input.text("NextToken"), limit(input));
        let all = all.into_iter();
        let all = all.map(|(bus, ())| json!({"Name": bus, "Arn": bus_arn(bus, scope)}));
        let all: Vec<_> = all.collect();
        present(json!({"EventBuses": all, "NextToken": next}))
    }

    fn put_rule(&mut self, input: Input<'_>, bus: &str, scope: &Scope<'_>) -> Answer {
        let key = key(bus, input.need("Name")?);
        let schedule = input.text("ScheduleExpression").map(str::to_owned);
        let pattern = input.text("EventPattern");
        if schedule.is_none() && pattern.is_none() {
            return Err(
                input.fault("Parameter(s) EventPattern or ScheduleExpression must be specified.")
            );
        }
        if schedule.is_some() && bus != DEFAULT {
            let message = "ScheduleExpression is supported only on the default event bus.";
            return Err(input.fault(message));
        }
        let invalid = |why: String| {
            let message = format!("Event pattern is not valid. Reason: {why}");
            Fault::client("InvalidEventPatternException", message)
        };
        let pattern = pattern.map(EventPattern::read).transpose();
        let pattern = pattern.map_err(invalid)?;
        let every = schedule
            .as_deref()
            .map(|text| interval(text, input))
            .transpose()?;
        let held = self.rules.remove(&key);
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
            bus: bus.to_owned(),
            // No SDK can say so: a service of AWS makes such rules.
            managed_by: input.text("ManagedBy").map(str::to_owned),
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
        let arn = rule_arn(&key, scope);
        self.rules.insert(key, rule);
        Ok(json!({"RuleArn": arn}))
    }

    fn put_targets(&mut self, input: Input<'_>, key: &str) -> Answer {
        let managed = input.text("ManagedBy").is_some();
        let rule = if managed {
            self.rule(key)?
        } else {
            self.changed(key)?
        };
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

    /// The bus that a call names, by name or ARN.
    fn bus(&self, input: Input<'_>) -> Result<String, Fault> {
        let named = input.text("EventBusName").unwrap_or(DEFAULT);
        let named = name(named);
        if named == DEFAULT || self.buses.contains(named) {
            return Ok(named.to_owned());
        }
        let message = format!("Event bus {named} does not exist.");
        Err(Fault::client("ResourceNotFoundException", message))
    }

    fn rule(&mut self, key: &str) -> Result<&mut Rule, Fault> {
        self.rules.get_mut(key).ok_or_else(|| {
            let (bus, name) = key.rsplit_once('/').unwrap_or((DEFAULT, key));
            let message = format!("Rule {name} does not exist on EventBus {bus}.");
            Fault::client("ResourceNotFoundException", message)
        })
    }

    /// A rule that somebody is to change, which its service alone may do.
    fn changed(&mut self, key: &str) -> Result<&mut Rule, Fault> {
        let rule = self.rule(key)?;
        if rule.managed_by.is_some() {
            let message =
                "Rule is managed by an AWS service can only be modified if force is provided.";
            return Err(Fault::client("ManagedRuleException", message));
        }
        Ok(rule)
    }

    fn tagged(&mut self, input: Input<'_>) -> Result<&mut Rule, Fault> {
        let arn = input.need("ResourceARN")?;
        self.rule(arn.split_once(":rule/").map_or(arn, |(_, key)| key))
    }
}

/// Where a rule of a bus is kept.
fn key(bus: &str, name: &str) -> String {
    if bus == DEFAULT {
        name.to_owned()
    } else {
        format!("{bus}/{name}")
    }
}

fn bus_arn(bus: &str, scope: &Scope<'_>) -> String {
    scope.place.arn("events", &format!("event-bus/{bus}"))
}

/// How long a page is, a hundred at most.
fn limit(input: Input<'_>) -> usize {
    let asked = input.number("Limit");
    let asked = asked.and_then(|asked| usize::try_from(asked).ok());
    asked.unwrap_or(100).clamp(1, 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

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

    #[test]
    fn each_bus_has_its_rules_and_a_rule_of_a_service_is_left_to_it() {
        let place = Options::default().place();
        let mut events = Events::new(0);
        let scope = Scope {
            now: "2026-03-01T00:00:00Z".parse().unwrap(),
            place: &place,
        };
        let mut call = |operation: &str, input: Value| events.call(operation, &input, &scope);
        let pattern = json!({"source": ["shop"]}).to_string();
        let paid = json!({"Name": "paid", "EventBusName": "orders", "EventPattern": pattern});
        let missing = call("PutRule", paid.clone()).unwrap_err();
        assert_eq!(missing.code, "ResourceNotFoundException");
        call("CreateEventBus", json!({"Name": "orders"})).unwrap();
        let arn = "arn:aws:events:eu-west-1:000000000000:rule/orders/paid";
        assert_eq!(call("PutRule", paid).unwrap()["RuleArn"], arn);
        let here = call("ListRules", json!({})).unwrap();
        assert_eq!(here["Rules"], json!([]));
        let bus = "arn:aws:events:eu-west-1:000000000000:event-bus/orders";
        let there = call("ListRules", json!({"EventBusName": bus})).unwrap();
        assert_eq!(there["Rules"][0]["Arn"], arn);
        let tag = json!({"ResourceARN": arn, "Tags": [{"Key": "a", "Value": "1"}]});
        call("TagResource", tag).unwrap();
        let managed =
            json!({"Name": "theirs", "EventPattern": pattern, "ManagedBy": "batch.amazonaws.com"});
        call("PutRule", managed).unwrap();
        let told = call("DescribeRule", json!({"Name": "theirs"})).unwrap();
        assert_eq!(told["ManagedBy"], "batch.amazonaws.com");
        let put = json!({"Rule": "theirs", "Targets": [{"Id": "1", "Arn": "c"}]});
        assert_eq!(
            call("PutTargets", put).unwrap_err().code,
            "ManagedRuleException"
        );
    }
}

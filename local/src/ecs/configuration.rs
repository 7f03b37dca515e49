//! `deploymentConfiguration`: defaults, what may be sent, how an update merges, and the bounds.

use serde_json::{Map, Value, json};

use crate::service::Fault;

use super::request::{Input, invalid};
use super::settings::Settings;

/// How a service's task count is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheduling {
    Replica,
    Daemon,
}

/// The deployment configuration of a service, unknown members included.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configuration(pub(super) Map<String, Value>);

/// The circuit breaker's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Breaker {
    pub(super) rollback: bool,
    pub(super) reset_on_healthy: bool,
}

impl Configuration {
    /// The defaults of the API: REPLICA 100/200, DAEMON 0 and no maximum (API model).
    pub(super) fn new(scheduling: Scheduling) -> Self {
        let mut members = Map::new();
        let minimum = match scheduling {
            Scheduling::Replica => {
                members.insert("maximumPercent".to_owned(), json!(200));
                100
            }
            Scheduling::Daemon => 0,
        };
        members.insert("minimumHealthyPercent".to_owned(), json!(minimum));
        let breaker = json!({ "enable": false, "rollback": false });
        members.insert("deploymentCircuitBreaker".to_owned(), breaker);
        members.insert("strategy".to_owned(), json!("ROLLING"));
        Self(members)
    }

    /// Merges what a call sends.
    ///
    /// Members that the call leaves out stay (measured, `go-to-k/cdkd` 1802 and following). One
    /// level down nothing merges, except that the circuit breaker keeps its newer optional
    /// members; a breaker without `rollback` turns rollback off.
    pub(super) fn merge(
        &self,
        sent: &Map<String, Value>,
        scheduling: Scheduling,
        settings: &Settings,
    ) -> Result<Self, Fault> {
        let input = Value::Object(sent.clone());
        let input = Input(&input);
        input.count("maximumPercent")?;
        if input
            .count("minimumHealthyPercent")?
            .is_some_and(|percent| percent > 100)
        {
            return Err(invalid("minimumHealthyPercent must be between 0 and 100."));
        }
        input.choice("strategy", &["ROLLING", "BLUE_GREEN", "LINEAR", "CANARY"])?;
        let sends_maximum = input.get("maximumPercent").is_some();
        if scheduling == Scheduling::Daemon && sends_maximum && settings.refuse_daemon_maximum {
            return Err(invalid(
                "The daemon scheduling strategy does not support maximumPercent.",
            ));
        }
        let mut merged = self.clone();
        for (member, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
            let value = match (member.as_str(), value) {
                ("deploymentCircuitBreaker", Value::Object(breaker)) => {
                    Value::Object(merged.breaker_with(breaker))
                }
                _ => value.clone(),
            };
            merged.0.insert(member.clone(), value);
        }
        let both = merged.minimum() == 100 && merged.maximum() == 100;
        if scheduling == Scheduling::Replica && both && settings.refuse_hundred_hundred {
            return Err(invalid(
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block \
                 deployments.",
            ));
        }
        Ok(merged)
    }

    fn breaker_with(&self, sent: &Map<String, Value>) -> Map<String, Value> {
        let mut breaker = self
            .structure("deploymentCircuitBreaker")
            .cloned()
            .unwrap_or_default();
        for member in ["enable", "rollback"] {
            breaker.insert(member.to_owned(), json!(false));
        }
        breaker.extend(sent.clone());
        breaker
    }

    fn structure(&self, member: &str) -> Option<&Map<String, Value>> {
        self.0.get(member)?.as_object()
    }

    fn number(&self, member: &str, absent: u64) -> u64 {
        self.0.get(member).and_then(Value::as_u64).unwrap_or(absent)
    }

    pub(super) fn minimum(&self) -> u64 {
        self.number("minimumHealthyPercent", 100)
    }

    /// A DAEMON service never has more tasks than instances.
    pub(super) fn maximum(&self) -> u64 {
        self.number("maximumPercent", 100)
    }

    /// The fewest healthy tasks that a deployment leaves: `ceil(desired × minimum / 100)`.
    pub(super) fn lower(&self, desired: usize) -> usize {
        percent(desired, self.minimum()).div_ceil(100)
    }

    /// The most tasks during a deployment: `floor(desired × maximum / 100)`.
    pub(super) fn upper(&self, desired: usize) -> usize {
        percent(desired, self.maximum()) / 100
    }

    /// Whether tasks are replaced step by step, and not all at once.
    pub(super) fn is_rolling(&self) -> bool {
        self.0
            .get("strategy")
            .and_then(Value::as_str)
            .is_none_or(|name| name == "ROLLING")
    }

    /// How long both sets of tasks of a blue/green deployment stay up, in seconds.
    pub(super) fn bake_seconds(&self) -> i64 {
        let minutes = self.number("bakeTimeInMinutes", 0).min(60 * 24 * 365);
        i64::try_from(minutes).unwrap_or_default() * 60
    }

    /// The circuit breaker, where it is on.
    pub(super) fn breaker(&self) -> Option<Breaker> {
        let breaker = self.structure("deploymentCircuitBreaker")?;
        let flag = |member: &str, absent| {
            breaker
                .get(member)
                .and_then(Value::as_bool)
                .unwrap_or(absent)
        };
        flag("enable", false).then(|| Breaker {
            rollback: flag("rollback", false),
            reset_on_healthy: flag("resetOnHealthyTask", true),
        })
    }

    /// After how many failures in a row the breaker gives up: half of the desired count, at least 3
    /// and at most 200 (developer guide, deployment circuit breaker), unless `thresholdConfiguration`
    /// says otherwise.
    pub(super) fn threshold(&self, desired: usize) -> usize {
        let custom = self
            .structure("deploymentCircuitBreaker")
            .and_then(|breaker| breaker.get("thresholdConfiguration"));
        let kind = custom
            .and_then(|custom| custom.get("type"))
            .and_then(Value::as_str);
        let value = custom
            .and_then(|custom| custom.get("value"))
            .and_then(Value::as_u64);
        let share = percent(desired, value.unwrap_or(50)).div_ceil(100);
        match kind {
            Some("COUNT") => usize::try_from(value.unwrap_or(3))
                .unwrap_or(usize::MAX)
                .max(1),
            Some("UNBOUNDED_PERCENT") => share.max(1),
            _ => share.clamp(3, 200),
        }
    }
}

fn percent(desired: usize, percent: u64) -> usize {
    desired.saturating_mul(usize::try_from(percent).unwrap_or(usize::MAX))
}

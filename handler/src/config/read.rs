//! JSON to [`Config`], collecting every fault instead of stopping at the first.

mod own;
mod stack;
mod table;
mod value;

use serde_json::Value;

use super::{Action, Config, Match, Pin, ServiceRule, ServiceSettings, Target, TriggerKind, Wave};
use crate::policy::TagPolicy;
pub use own::OwnTags;
use table::Table;
pub use table::{Fault, edits};
use value::{
    account, action, families, globs, in_use_tag, look_back, matching, name, percent, pin, region,
    role, sweep, switch, tags, text, time, topic, trail, triggers,
};

pub(super) fn config(value: &Value) -> Result<Config, Vec<Fault>> {
    let mut faults = Vec::new();
    let defaults = Config::default();
    let mut table = Table::open("", value, &mut faults);
    let mut config = Config {
        name: table.read("name", name).unwrap_or(defaults.name),
        trail: table.read("trail", trail).unwrap_or(defaults.trail),
        log_group: table.read("log_group", text),
        clusters: table.read("clusters", globs).unwrap_or(defaults.clusters),
        repositories: table
            .read("repositories", globs)
            .unwrap_or(defaults.repositories),
        triggers: table
            .read("triggers", triggers)
            .unwrap_or(defaults.triggers),
        sweep: table.read("sweep", sweep).unwrap_or(defaults.sweep),
        look_back: table
            .read("look_back", look_back)
            .unwrap_or(defaults.look_back),
        since: table.read("since", time),
        notify: table.read("notify", topic),
        service: defaults.service,
        services: Vec::new(),
        targets: Vec::new(),
        waves: Vec::new(),
        reconcile: table
            .read("reconcile", switch)
            .unwrap_or(defaults.reconcile),
        stacks: Vec::new(),
        families: table
            .read("families", families)
            .unwrap_or(defaults.families),
    };
    let service = table.take("service");
    let services = table.take("services");
    let targets = table.take("targets");
    let waves = table.take("waves");
    let stacks = table.take("stacks");
    table.close();
    if let Some(value) = service {
        config.service = defaults_for_services(&value, &mut faults);
    }
    config.services = list("services", services, &mut faults, rule);
    config.targets = list("targets", targets, &mut faults, target);
    config.waves = list("waves", waves, &mut faults, wave);
    same_target_twice(&config.targets, &mut faults);
    net_below(&config, &mut faults);
    config.stacks = list("stacks", stacks, &mut faults, stack::rule);
    stack::same_parameter_twice(&config.stacks, &mut faults);
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(faults)
    }
}

/// The entries of a list of tables.
fn list<T>(
    key: &str,
    value: Option<Value>,
    faults: &mut Vec<Fault>,
    read: impl Fn(usize, &Value, &mut Vec<Fault>) -> T,
) -> Vec<T> {
    match value {
        Some(Value::Array(entries)) => {
            let entries = entries.iter().enumerate();
            entries.map(|(at, entry)| read(at, entry, faults)).collect()
        }
        Some(_) => {
            faults.push(Fault::new(
                key,
                format!("must be a list of tables: `[[{key}]]`"),
            ));
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn target(index: usize, value: &Value, faults: &mut Vec<Fault>) -> Target {
    let mut table = Table::open(&format!("targets[{index}]"), value, faults);
    for key in ["account", "region"] {
        if value.is_object() && value.get(key).is_none() {
            table.fault(key, "is missing: a target is an account and a Region");
        }
    }
    let target = Target {
        account: table.read("account", account).unwrap_or_default(),
        region: table.read("region", region).unwrap_or_default(),
        role: table.read("role", role),
        external_id: table.read("external_id", text),
    };
    if target.external_id.is_some() && target.role.is_none() {
        table.fault(
            "external_id",
            "goes with a `role` to assume: add one, or remove it",
        );
    }
    table.close();
    target
}

fn wave(index: usize, value: &Value, faults: &mut Vec<Fault>) -> Wave {
    let mut table = Table::open(&format!("waves[{index}]"), value, faults);
    if value.is_object() && value.get("services").is_none() {
        table.fault(
            "services",
            "is missing: a wave is a list such as [\"canary/*\"]",
        );
    }
    let services = table.read("services", globs).unwrap_or_default();
    table.close();
    Wave { services }
}

/// The quick roads deliver at best effort, or not while something else is broken: an event that is lost there is found
/// only by a look-up, and only the alarm and the sweep ask for one.
fn net_below(config: &Config, faults: &mut Vec<Fault>) {
    if config.sweep.is_none() && !config.takes(TriggerKind::Alarm) {
        let message = "without `alarm` and with `sweep` off nothing would find a push whose event is lost, and AWS \
                       delivers these at best effort: add \"alarm\", or set `sweep`";
        faults.push(Fault::new("triggers", message));
    }
}

fn same_target_twice(targets: &[Target], faults: &mut Vec<Fault>) {
    for (at, target) in targets.iter().enumerate() {
        let same =
            |other: &Target| (&other.account, &other.region) == (&target.account, &target.region);
        if !target.account.is_empty() && targets.iter().take(at).any(same) {
            let message = format!(
                "names {} in {} a second time: remove it",
                target.account, target.region
            );
            faults.push(Fault::new(format!("targets[{at}]"), message));
        }
    }
}

fn defaults_for_services(value: &Value, faults: &mut Vec<Fault>) -> ServiceSettings {
    let mut table = Table::open("service", value, faults);
    let settings = ServiceSettings {
        tags: table.read("tags", tags).unwrap_or(TagPolicy::Any),
        matching: table.read("match", matching).unwrap_or(Match::Image),
        action: table.read("action", action).unwrap_or(Action::Revision),
        pin: table.read("pin", pin).unwrap_or(Pin::Tag),
        hold: table.read("hold", switch).unwrap_or(false),
        scheduled: table.read("scheduled", switch).unwrap_or(false),
        in_use_tag: table
            .read("in_use_tag", in_use_tag)
            .filter(|tag| !tag.is_empty()),
        minimum_healthy_percent: table.read("minimum_healthy_percent", |v| percent(v, 0, 100)),
        maximum_percent: table.read("maximum_percent", |v| percent(v, 100, 200)),
    };
    check_percentages(
        &mut table,
        settings.minimum_healthy_percent,
        settings.maximum_percent,
    );
    table.close();
    settings
}

fn rule(index: usize, value: &Value, faults: &mut Vec<Fault>) -> ServiceRule {
    let mut table = Table::open(&format!("services[{index}]"), value, faults);
    let rule = ServiceRule {
        cluster: table.read("cluster", text),
        service: table.read("service", text),
        repository: table.read("repository", text),
        tags: table.read("tags", tags),
        matching: table.read("match", matching),
        action: table.read("action", action),
        pin: table.read("pin", pin),
        hold: table.read("hold", switch),
        scheduled: table.read("scheduled", switch),
        in_use_tag: table.read("in_use_tag", in_use_tag),
        minimum_healthy_percent: table.read("minimum_healthy_percent", |v| percent(v, 0, 100)),
        maximum_percent: table.read("maximum_percent", |v| percent(v, 100, 200)),
    };
    check_percentages(
        &mut table,
        rule.minimum_healthy_percent,
        rule.maximum_percent,
    );
    table.close();
    rule
}

/// ECS refuses 100/100: nothing could ever be started or stopped (facts: a lint rule quotes the refusal).
fn check_percentages(table: &mut Table<'_>, minimum: Option<i32>, maximum: Option<i32>) {
    if minimum == Some(100) && maximum == Some(100) {
        table.fault(
            "maximum_percent",
            "of 100 with a minimum of 100 lets no task start or stop: use 200, or a minimum below 100",
        );
    }
}

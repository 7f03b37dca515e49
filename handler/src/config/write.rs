//! [`Config`] to JSON: every key that differs from its default.

use std::time::Duration;

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::{Action, Config, Match, Pin, ServiceRule, StackRule, Target, Trail};
use crate::policy::TagPolicy;

fn span(duration: Duration) -> String {
    match duration.as_secs() {
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}

pub(super) fn to_json(config: &Config) -> Value {
    let defaults = Config::default();
    let mut out = Map::new();
    let mut put = |key: &str, differs: bool, value: Value| {
        if differs {
            out.insert(key.to_owned(), value);
        }
    };
    put("name", config.name != defaults.name, json!(config.name));
    let trail = match &config.trail {
        Trail::Auto => "auto".to_owned(),
        Trail::Create => "create".to_owned(),
        Trail::Reuse(name) => format!("reuse:{name}"),
    };
    put("trail", config.trail != defaults.trail, json!(trail));
    put(
        "log_group",
        config.log_group.is_some(),
        json!(config.log_group),
    );
    put(
        "clusters",
        config.clusters != defaults.clusters,
        json!(config.clusters),
    );
    put(
        "repositories",
        config.repositories != defaults.repositories,
        json!(config.repositories),
    );
    let triggers: Vec<&str> = config
        .triggers
        .iter()
        .map(|trigger| trigger.word())
        .collect();
    put(
        "triggers",
        config.triggers != defaults.triggers,
        json!(triggers),
    );
    put(
        "sweep",
        config.sweep != defaults.sweep,
        json!(config.sweep.map_or("off".into(), span)),
    );
    put(
        "look_back",
        config.look_back != defaults.look_back,
        json!(span(config.look_back)),
    );
    let since = config
        .since
        .map(|since| since.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    put("since", since.is_some(), json!(since));
    put("notify", config.notify.is_some(), json!(config.notify));
    let mut service = Map::new();
    let settings = &config.service;
    if settings.tags != TagPolicy::Any {
        service.insert("tags".to_owned(), json!(settings.tags.to_string()));
    }
    let (matching, action, pin) = (settings.matching, settings.action, settings.pin);
    put_words(
        &mut service,
        Some(matching).filter(|matching| *matching != Match::Image),
        Some(action).filter(|action| *action != Action::Revision),
        Some(pin).filter(|pin| *pin != Pin::Tag),
    );
    if settings.hold {
        service.insert("hold".to_owned(), json!(true));
    }
    if settings.scheduled {
        service.insert("scheduled".to_owned(), json!(true));
    }
    if let Some(tag) = &settings.in_use_tag {
        service.insert("in_use_tag".to_owned(), json!(tag));
    }
    put_percentages(
        &mut service,
        settings.minimum_healthy_percent,
        settings.maximum_percent,
    );
    put("service", !service.is_empty(), Value::Object(service));
    let services: Vec<Value> = config.services.iter().map(rule_to_json).collect();
    put("services", !services.is_empty(), Value::Array(services));
    let targets: Vec<Value> = config.targets.iter().map(target_to_json).collect();
    put("targets", !targets.is_empty(), Value::Array(targets));
    let waves = config.waves.iter();
    let waves: Vec<Value> = waves
        .map(|wave| json!({"services": wave.services}))
        .collect();
    put("waves", !waves.is_empty(), Value::Array(waves));
    put("reconcile", !config.reconcile, json!(config.reconcile));
    let stacks: Vec<Value> = config.stacks.iter().map(stack_to_json).collect();
    put(
        "families",
        config.families != defaults.families,
        json!("all"),
    );
    put("stacks", !stacks.is_empty(), Value::Array(stacks));
    Value::Object(out)
}

fn put_words(
    table: &mut Map<String, Value>,
    matching: Option<Match>,
    action: Option<Action>,
    pin: Option<Pin>,
) {
    let words = [
        (
            "match",
            matching.map(|matching| match matching {
                Match::Image => "image",
                Match::NamePrefix => "name-prefix",
            }),
        ),
        (
            "action",
            action.map(|action| match action {
                Action::Revision => "revision",
                Action::Force => "force",
            }),
        ),
        (
            "pin",
            pin.map(|pin| match pin {
                Pin::Tag => "tag",
                Pin::Digest => "digest",
            }),
        ),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            table.insert(key.to_owned(), json!(word));
        }
    }
}

fn stack_to_json(rule: &StackRule) -> Value {
    let mut table = Map::new();
    let texts = [
        ("stack", Some(rule.stack.clone())),
        ("repository", Some(rule.repository.clone())),
        ("parameter", Some(rule.parameter.clone())),
        ("tags", rule.tags.as_ref().map(ToString::to_string)),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            table.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(table)
}

fn target_to_json(target: &Target) -> Value {
    let mut table = Map::new();
    table.insert("account".to_owned(), json!(target.account));
    table.insert("region".to_owned(), json!(target.region));
    let optional = [("role", &target.role), ("external_id", &target.external_id)];
    for (key, value) in optional {
        if let Some(value) = value {
            table.insert(key.to_owned(), json!(value));
        }
    }
    Value::Object(table)
}

fn put_percentages(table: &mut Map<String, Value>, minimum: Option<i32>, maximum: Option<i32>) {
    if let Some(percent) = minimum {
        table.insert("minimum_healthy_percent".to_owned(), json!(percent));
    }
    if let Some(percent) = maximum {
        table.insert("maximum_percent".to_owned(), json!(percent));
    }
}

fn rule_to_json(rule: &ServiceRule) -> Value {
    let mut table = Map::new();
    let texts = [
        ("cluster", rule.cluster.clone()),
        ("service", rule.service.clone()),
        ("repository", rule.repository.clone()),
        ("tags", rule.tags.as_ref().map(ToString::to_string)),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            table.insert(key.to_owned(), json!(value));
        }
    }
    put_words(&mut table, rule.matching, rule.action, rule.pin);
    if let Some(hold) = rule.hold {
        table.insert("hold".to_owned(), json!(hold));
    }
    if let Some(scheduled) = rule.scheduled {
        table.insert("scheduled".to_owned(), json!(scheduled));
    }
    if let Some(tag) = &rule.in_use_tag {
        table.insert("in_use_tag".to_owned(), json!(tag));
    }
    put_percentages(
        &mut table,
        rule.minimum_healthy_percent,
        rule.maximum_percent,
    );
    Value::Object(table)
}

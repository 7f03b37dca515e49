//! Configurations as JSON and as TOML, and the settings that services carry as tags.

use std::collections::BTreeMap;
use std::path::Path;

use fastrand::Rng;
use handler::config::{Config, OwnTags, span};
use serde_json::Value;

use super::{fuzz, mutate, seeds, unless};

fn good() -> Config {
    setup::config::parse(Path::new("ecroll.toml"), seeds::CONFIG).unwrap()
}

/// Reading what was written gives the same.
fn comes_back(config: &Config, input: &dyn std::fmt::Display) -> Result<(), String> {
    let written = config.to_json();
    let read = Config::from_json_text(&written.to_string());
    unless(
        read.as_ref() == Ok(config),
        &format!("written as {written}, read as {read:?}"),
        input,
    )
}

#[test]
fn the_seed_is_good() {
    comes_back(&good(), &"").unwrap();
}

#[test]
fn rule_10_configurations_in_json() {
    fuzz("configurations_in_json", |random| {
        let value = mutate::json(good().to_json(), random);
        match Config::from_json(&value) {
            Ok(config) => comes_back(&config, &value),
            Err(faults) => {
                let said = faults.iter().all(|fault| fault.to_string().len() > 5);
                unless(
                    !faults.is_empty() && said,
                    "refused without a reason",
                    &value,
                )
            }
        }
    });
}

/// The line in `ecroll.toml:7: …`, `ecroll.toml:7:3: …`; none in `ecroll.toml: …`.
fn line(problem: &str) -> Option<usize> {
    let rest = problem.strip_prefix("ecroll.toml:")?;
    rest.split_once(':')?.0.parse().ok()
}

#[test]
fn rule_10_configurations_in_toml() {
    fuzz("configurations_in_toml", |random| {
        let text = changed_lines(random);
        match setup::config::parse(Path::new("ecroll.toml"), &text) {
            Ok(config) => comes_back(&config, &text),
            Err(error) => error.problems.iter().try_for_each(|problem| {
                unless(
                    problem.starts_with("ecroll.toml:"),
                    "a problem without its file",
                    &text,
                )?;
                let lines = text.matches('\n').count() + 1;
                let there = line(problem).is_none_or(|line| (1..=lines).contains(&line));
                unless(there, &format!("no such line: {problem}"), &text)
            }),
        }
    });
}

/// The seed, with lines left out, doubled, swapped, or changed within.
fn changed_lines(random: &mut Rng) -> String {
    let mut lines: Vec<String> = seeds::CONFIG.lines().map(str::to_owned).collect();
    for _ in 0..random.usize(1..5) {
        let at = random.usize(..lines.len());
        let other = random.usize(..lines.len());
        match random.u8(0..5) {
            0 => {
                lines.remove(at);
            }
            1 => lines.swap(at, other),
            2 => {
                let copy = lines.get(at).cloned().unwrap_or_default();
                lines.insert(other, copy);
            }
            _ => {
                if let Some(line) = lines.get_mut(at) {
                    *line = mutate::text(line, random);
                }
            }
        }
    }
    lines.join(if random.bool() { "\n" } else { "\r\n" })
}

#[test]
fn rule_10_tags_of_services() {
    const GOOD: &[(&str, &str)] = &[
        ("ecroll:tags", "semver:2.x"),
        ("ecroll:pin", "digest"),
        ("ecroll:action", "force"),
        ("ecroll:match", "image"),
        ("ecroll:hold", "true"),
        ("ecroll:minimum-healthy-percent", "50"),
        ("ecroll:maximum-percent", "150"),
        ("ecroll:0a1b2c3d", "2026-01-01T00:00:00Z a v1 web:2 web:1"),
        ("ecroll:owner", "ecroll"),
        ("team", "a"),
    ];
    fuzz("tags_of_services", |random| {
        let mut tags = BTreeMap::new();
        for _ in 0..random.usize(1..6) {
            let (key, value) = GOOD
                .get(random.usize(..GOOD.len()))
                .copied()
                .unwrap_or_default();
            let key = if random.u8(0..3) == 0 {
                mutate::text(key, random)
            } else {
                key.to_owned()
            };
            let value = if random.bool() {
                mutate::text(value, random)
            } else {
                value.to_owned()
            };
            tags.insert(key, value);
        }
        let own = OwnTags::read(&tags);
        let said = |text: &String| tags.keys().any(|key| text.contains(key.as_str()));
        let named = own.wrong.iter().all(said);
        unless(
            named,
            &format!("a fault that names no tag: {:?}", own.wrong),
            &format!("{tags:?}"),
        )?;
        // One wrong tag takes nothing from the others.
        if let Some(value) = tags.get("ecroll:hold").filter(|value| *value == "true") {
            unless(
                own.rule.hold == Some(true),
                &format!("hold = {value} was not heard"),
                &format!("{tags:?}"),
            )?;
        }
        // Tags of others mean nothing.
        let foreign: BTreeMap<_, _> = tags
            .into_iter()
            .filter(|(key, _)| !key.starts_with("ecroll:"))
            .collect();
        unless(
            OwnTags::read(&foreign) == OwnTags::default(),
            "somebody else's tag matters",
            &format!("{foreign:?}"),
        )
    });
}

#[test]
fn rule_10_spans() {
    fuzz("spans", |random| {
        let text = mutate::text(["90s", "5m", "24h", "7d"][random.usize(..4)], random);
        let Some(read) = span(&text) else {
            return Ok(());
        };
        let written = format!("{}s", read.as_secs());
        unless(
            span(&written) == Some(read),
            "a span that does not come back",
            &text,
        )
    });
}

#[test]
fn rule_10_text_that_should_be_json() {
    fuzz("text_that_should_be_json", |random| {
        let text = mutate::text(&good().to_json().to_string(), random);
        match (
            Config::from_json_text(&text),
            serde_json::from_str::<Value>(&text),
        ) {
            (Ok(config), Ok(_)) => comes_back(&config, &text),
            (Ok(_), Err(_)) => unless(false, "read what is no JSON", &text),
            (Err(faults), _) => unless(!faults.is_empty(), "refused without a fault", &text),
        }
    });
}

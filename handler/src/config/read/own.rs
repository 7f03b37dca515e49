//! What a service's own ECS tags set: `ecroll:tags`, `ecroll:hold` and the like. They win over the configuration.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::ServiceRule;
use super::table::nearest;
use super::value::{action, matching, pin, range, tags};
use crate::ledger;

const PREFIX: &str = "ecroll:";
const KNOWN: &[&str] = &[
    "tags",
    "match",
    "action",
    "pin",
    "hold",
    "minimum-healthy-percent",
    "maximum-percent",
];
/// Setup's mark on what is ecroll's. It says nothing about following images.
const OWNER: &str = "owner";

/// What a service's own tags say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OwnTags {
    /// What they set, in the form of a `[[services]]` entry that covers everything.
    pub rule: ServiceRule,
    /// What is wrong with them, each in a sentence that names the tag, its value and what would be right.
    pub wrong: Vec<String>,
    /// Those that begin with `ecroll:` and mean nothing, likewise. They change nothing.
    pub unknown: Vec<String>,
}

impl OwnTags {
    /// Reads the tags of a service; those of others and the ledger's are passed over.
    #[must_use]
    pub fn read(tags: &BTreeMap<String, String>) -> Self {
        let mut own = Self::default();
        for (key, value) in tags {
            if let Some(name) = key.strip_prefix(PREFIX)
                && !ledger::is_key(key)
                && name != OWNER
                && let Err(wrong) = own.take(name, value)
            {
                own.wrong.push(format!("`{key}` {wrong}"));
            }
        }
        let percentages = (own.rule.minimum_healthy_percent, own.rule.maximum_percent);
        if percentages == (Some(100), Some(100)) {
            own.wrong.push(
                "`ecroll:maximum-percent` of 100 with a minimum of 100 lets no task start or stop: use 200, or a \
                 minimum below 100"
                    .to_owned(),
            );
        }
        own
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let text = Value::String(value.to_owned());
        let rule = &mut self.rule;
        match name {
            "tags" => rule.tags = Some(tags(&text)?),
            "match" => rule.matching = Some(matching(&text)?),
            "action" => rule.action = Some(action(&text)?),
            "pin" => rule.pin = Some(pin(&text)?),
            "hold" => rule.hold = Some(switch(value)?),
            "minimum-healthy-percent" => {
                rule.minimum_healthy_percent = Some(percent(value, 0, 100)?);
            }
            "maximum-percent" => rule.maximum_percent = Some(percent(value, 100, 200)?),
            _ => self.unknown.push(unknown(name)),
        }
        Ok(())
    }
}

fn switch(value: &str) -> Result<bool, String> {
    match value {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err(format!("must be true or false; found `{value}`")),
    }
}

fn percent(value: &str, low: i32, high: i32) -> Result<i32, String> {
    let number = value.parse::<i32>().ok();
    number
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| format!("{}; found `{value}`", range(low, high)))
}

fn unknown(name: &str) -> String {
    let hint = nearest(name, KNOWN).map_or_else(
        || format!("known: {PREFIX}{}", KNOWN.join(&format!(", {PREFIX}"))),
        |near| format!("did you mean `{PREFIX}{near}`?"),
    );
    format!("`{PREFIX}{name}` is no tag that ecroll knows; {hint}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::OwnTags;
    use crate::config::{Action, Match, Pin};

    fn read(tags: &[(&str, &str)]) -> OwnTags {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        OwnTags::read(&tags.iter().map(own).collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn every_setting_has_its_tag() {
        let own = read(&[
            ("ecroll:tags", "semver:2.x"),
            ("ecroll:match", "name-prefix"),
            ("ecroll:action", "force"),
            ("ecroll:pin", "digest"),
            ("ecroll:hold", "no"),
            ("ecroll:minimum-healthy-percent", "50"),
            ("ecroll:maximum-percent", "150"),
            ("ecroll:owner", "ecroll"),
            ("ecroll:0a1b2c3d", "the ledger's"),
            ("team", "ecroll:"),
        ]);
        assert_eq!((own.wrong, own.unknown), (Vec::new(), Vec::new()));
        let rule = own.rule;
        assert_eq!(rule.tags.unwrap().to_string(), "semver:2.x");
        assert_eq!(rule.matching, Some(Match::NamePrefix));
        assert_eq!(rule.action, Some(Action::Force));
        assert_eq!(rule.pin, Some(Pin::Digest));
        assert_eq!(rule.hold, Some(false));
        assert_eq!(rule.minimum_healthy_percent, Some(50));
        assert_eq!(rule.maximum_percent, Some(150));
        for (value, hold) in [("true", true), ("yes", true), ("false", false)] {
            assert_eq!(read(&[("ecroll:hold", value)]).rule.hold, Some(hold));
        }
    }

    #[test]
    fn rule_10_every_wrong_tag_is_named_with_its_value_and_what_would_be_right() {
        let own = read(&[
            ("ecroll:tags", "newest"),
            ("ecroll:action", "restart"),
            ("ecroll:pin", ""),
            ("ecroll:hold", "maybe"),
            ("ecroll:minimum-healthy-percent", "101"),
            ("ecroll:maximum-percent", "50 percent"),
        ]);
        let said = [
            "`ecroll:action` must be revision or force; found `restart`",
            "`ecroll:hold` must be true or false; found `maybe`",
            "`ecroll:maximum-percent` must be a whole number from 100 to 200; found `50 percent`",
            "`ecroll:minimum-healthy-percent` must be a whole number from 0 to 100; found `101`",
            "`ecroll:pin` must not be empty",
            "`ecroll:tags` must be any, exact:TAG, prefix:TEXT, glob:PATTERN, regex:EXPRESSION, \
             semver:REQUIREMENT or newest-semver; found `newest`",
        ];
        assert_eq!(own.wrong, said);
        let blocked = read(&[
            ("ecroll:minimum-healthy-percent", "100"),
            ("ecroll:maximum-percent", "100"),
        ]);
        assert_eq!(blocked.wrong.len(), 1);
    }

    #[test]
    fn a_tag_that_means_nothing_is_named_and_changes_nothing() {
        let own = read(&[
            ("ecroll:tag", "any"),
            ("ecroll:Deploy", "x"),
            ("ecroll:", ""),
        ]);
        assert_eq!(
            (&own.wrong, &own.rule),
            (&Vec::new(), &OwnTags::default().rule)
        );
        assert_eq!(own.unknown.len(), 3);
        let near = own
            .unknown
            .iter()
            .any(|text| text.contains("`ecroll:tags`?"));
        assert!(near, "{:?}", own.unknown);
    }

    #[test]
    fn no_setting_is_mistaken_for_a_key_of_the_ledger() {
        for name in super::KNOWN.iter().chain(&[super::OWNER]) {
            assert!(!crate::ledger::is_key(&format!("ecroll:{name}")), "{name}");
        }
    }
}

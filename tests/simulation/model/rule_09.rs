//! Rule 9, nothing of others: the handler writes to services that it follows, and only its own tags; all else stays as it is.

use std::collections::BTreeMap;

use local::Account;
use serde_json::{Value, json};

use super::track::{Call, key_of};
use super::{Model, Moment, policy};

/// What the account tells of the things that only setup and their owners change.
const OTHERS: [(&str, &str); 4] = [
    ("cloudtrail", "DescribeTrails"),
    ("sns", "ListTopics"),
    ("logs", "DescribeMetricFilters"),
    ("events", "ListRules"),
];

impl Model {
    pub(super) fn check_writes(&mut self, call: &Call<'_>, moment: Moment<'_>) {
        match (call.service, call.operation) {
            ("ecs", "TagResource") => {
                let keys = call.input.get("tags").and_then(Value::as_array);
                let keys = keys.into_iter().flatten().filter_map(|tag| tag.get("key"));
                self.check_tags(call, keys.filter_map(Value::as_str), moment);
            }
            ("ecs", "UntagResource") => {
                let keys = call.input.get("tagKeys").and_then(Value::as_array);
                let keys = keys.into_iter().flatten();
                self.check_tags(call, keys.filter_map(Value::as_str), moment);
            }
            ("sns", "Publish") => {
                // These worlds set no `notify`, and the topic of the pipeline is CloudWatch's to publish to.
                let what = format!(
                    "a message was published that nobody asked for: {}",
                    call.input
                );
                self.say(9, moment.at, what);
            }
            _ => {}
        }
    }

    fn check_tags<'a>(
        &mut self,
        call: &Call<'_>,
        keys: impl Iterator<Item = &'a str>,
        moment: Moment<'_>,
    ) {
        let arn = call.text("resourceArn").unwrap_or_default().to_owned();
        for key in keys.filter(|key| !key.starts_with("ecroll:")) {
            let what = format!("the tag {key} of {arn} is not ecroll's own");
            self.say(9, moment.at, what);
        }
        let Some(key) = key_of(&arn) else {
            let what = format!("tags of {arn} were written, which is no service");
            return self.say(9, moment.at, what);
        };
        // A service that was deleted meanwhile is no other's; and what is taken back was for what ran before.
        let tags = call.input.get("tags").and_then(Value::as_array);
        let mut tags = tags.into_iter().flatten();
        let written = tags.any(|tag| tag.get("value").is_none_or(|value| value != "taken back"));
        if self.gone.contains_key(&key) || !written {
            return;
        }
        let follows = self.runs(&key, moment).is_some_and(|definition| {
            let Some(service) = self.services.get(&key) else {
                return false;
            };
            let mut pushed = self.pushes.repositories();
            pushed.any(|repository| {
                policy::follows(&self.settings, repository)
                    && service.belongs(repository, &definition, &self.place)
            })
        });
        if !follows {
            let what = format!("{arn} was tagged, but it runs no repository that was pushed to");
            self.say(9, moment.at, what);
        }
    }

    pub(super) fn remember_others(&mut self, account: &Account) {
        self.others = Some(others(account));
    }

    /// In the end everything that is nobody's but its owner's is as it was.
    pub(super) fn check_others(&mut self, moment: Moment<'_>) {
        let Some(before) = self.others.clone() else {
            return;
        };
        let after = others(moment.account);
        for (what, before) in &before {
            if after.get(what) != Some(before) {
                let what = format!("{what} answers other than at the start");
                self.say(9, moment.at, what);
            }
        }
    }
}

fn others(account: &Account) -> BTreeMap<&'static str, Value> {
    let answers = OTHERS.iter().map(|(service, operation)| {
        let answer = account.call(service, operation, json!({}));
        (*operation, answer.unwrap_or_default())
    });
    answers.collect()
}

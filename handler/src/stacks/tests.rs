//! What becomes of a stack: the values that the cases are made of.

mod judging;
mod reading;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::call::Update;
use super::follows::repository;
use super::judge::{Case, Dated, Past, Verdict, judge};
use super::refusal::refused;
use super::stack::{
    Condition, Event, Stack, Try, TryEnd, condition, read_events, read_stack, tries,
};
use super::token::Token;
use crate::config::Config;
use crate::error::AwsError;
use crate::image::Repository;
use crate::manifest::Kind;
use crate::push::{Push, Tagged};
use crate::report::Outcome;

const ID: &str = "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/0";

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_352_000, 0).unwrap() + TimeDelta::minutes(minute)
}

fn shop() -> Repository {
    Repository {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        name: "shop".to_owned(),
    }
}

/// A push of one image under these tags, all at one minute.
fn push(minute: i64, digest: &str, tags: &[&str]) -> Push {
    let tagged: Vec<Tagged> = tags
        .iter()
        .map(|tag| Tagged {
            tag: (*tag).to_owned(),
            time: at(minute),
            id: format!("{digest}-{tag}-{minute}"),
        })
        .collect();
    Push {
        repository: shop(),
        order: (at(minute), 0, 0, tagged[0].id.clone()),
        tagged,
        digest: digest.to_owned(),
        kind: Kind::Image,
    }
}

/// A tag that somebody named at a minute.
fn direct(minute: i64, digest: &str, tag: &str) -> Push {
    let mut push = push(minute, digest, &[tag]);
    let id = format!("{}{}", crate::ledger::DIRECT, at(minute).to_rfc3339());
    push.tagged[0].id.clone_from(&id);
    push.order.3 = id;
    push
}

/// The stack with this tag, last changed at this minute.
fn stack(tag: &str, changed: i64) -> Stack {
    let parameters = [("ImageTag", tag), ("Size", "3")];
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Stack {
        id: ID.to_owned(),
        name: "shop".to_owned(),
        status: "UPDATE_COMPLETE".to_owned(),
        parameters: parameters.into_iter().map(text).collect(),
        by_name: BTreeSet::new(),
        root: None,
        capabilities: vec!["CAPABILITY_IAM".to_owned()],
        role: Some("arn:aws:iam::111122223333:role/shop".to_owned()),
        changed: at(changed),
    }
}

fn config(tags: &str) -> Config {
    let rule =
        json!({"stack": "shop", "repository": "shop", "parameter": "ImageTag", "tags": tags});
    Config::from_json(&json!({"stacks": [rule]})).unwrap()
}

fn told(
    config: &Config,
    stack: &Stack,
    pushes: &[Push],
    past: Option<&Past>,
    dated: Option<&Dated>,
) -> Vec<String> {
    let pushes: Vec<&Push> = pushes.iter().collect();
    let shop = shop();
    let verdict = judge(&Case {
        config,
        rule: &config.stacks[0],
        repository: &shop,
        stack,
        pushes: &pushes,
        past,
        dated,
        dry: false,
    });
    match verdict {
        Verdict::AskPast => vec!["asks for the past".to_owned()],
        Verdict::AskDate(tag) => vec![format!("asks for the date of {tag}")],
        Verdict::Decided { said, waits } => {
            let mut lines: Vec<String> = said
                .iter()
                .map(|said| format!("{} {}: {}", said.tag, said.outcome, said.reason))
                .collect();
            lines.extend(waits.then(|| "waits".to_owned()));
            lines
        }
    }
}

fn any(stack: &Stack, pushes: &[Push]) -> Vec<String> {
    told(&config("any"), stack, pushes, None, None)
}

fn tried(config: &Config, push: &Push, minute: i64, status: &str) -> Try {
    let record = push.tagged.last().unwrap();
    Try {
        token: Token::new(&config.stacks[0], &shop(), push, record, &record.tag),
        began: at(minute),
        end: Some(TryEnd {
            at: at(minute + 2),
            status: status.to_owned(),
            reason: "The following resource(s) failed to update: [Service].".to_owned(),
        }),
    }
}

fn has(lines: &[String], words: &[&str]) {
    assert_eq!(lines.len(), words.len(), "{lines:?}");
    for (line, word) in lines.iter().zip(words) {
        assert!(line.contains(word), "{line} lacks {word}");
    }
}

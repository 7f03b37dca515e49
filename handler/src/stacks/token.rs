//! The ledger of a stack: the token that an update carries.
//!
//! CloudFormation keeps the `ClientRequestToken` of an update with every event of it, so the token is written together
//! with the update or not at all, and says of each of its events whose push it was. Nothing besides is stored.
//!
//! Why not a tag on the stack: CloudFormation hands a stack's tags on to the resources in it. A tag that changes with
//! every push would change every resource that takes tags, would need the permission for that on all of them, and would put an
//! `ecroll:…` key on the ECS services in the template, whose own ledgers have such keys. Reading events needs one
//! permission, to read, on the stack alone.
//!
//! Sources: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html> (`ClientRequestToken`: 1 to 128
//! letters, digits and hyphens, the first no hyphen; `Tags`: "CloudFormation also propagates these tags to supported
//! resources"), <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html> ("All events triggered by
//! a given stack operation are assigned the same client request token").

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::config::StackRule;
use crate::image::Repository;
use crate::ledger::{self, APART, short, word};
use crate::push::{Push, Tagged};

/// What every token of ecroll's begins with.
const PREFIX: &str = "ecroll";
/// The longest token.
const LONGEST: usize = 128;
const TIME: &str = "%Y%m%dT%H%M%SZ";

/// By which road a push came: it tells whether its identity is comparable with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Road {
    Trail,
    Event,
    Direct,
}

impl Road {
    fn of(id: &str) -> Self {
        if id.starts_with(ledger::DIRECT) {
            Self::Direct
        } else if id.starts_with(ledger::ECR) {
            Self::Event
        } else {
            Self::Trail
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Trail => 't',
            Self::Event => 'e',
            Self::Direct => 'd',
        }
    }

    fn read(letter: &str) -> Option<Self> {
        let all = [Self::Trail, Self::Event, Self::Direct];
        all.into_iter()
            .find(|road| letter.chars().eq([road.letter()]))
    }
}

/// What an update's token says: which push it was made for, and by which entry of `[[stacks]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    road: Road,
    /// When the push happened, in whole seconds.
    pub(crate) time: DateTime<Utc>,
    /// Eight digits of repository and parameter.
    rule: String,
    /// Eight digits of the push's identity.
    id: String,
    /// Eight digits of its digest.
    digest: String,
    /// The tag, where it was short enough.
    pub(crate) tag: Option<String>,
}

fn rule_of(rule: &StackRule, repository: &Repository) -> String {
    short(&format!("{repository} {}", rule.parameter))
}

impl Token {
    /// The token of an update that sets a parameter to this tag for a push, known by one of its records.
    pub(crate) fn new(
        rule: &StackRule,
        repository: &Repository,
        push: &Push,
        record: &Tagged,
        tag: &str,
    ) -> Self {
        Self {
            road: Road::of(&record.id),
            time: record.time,
            rule: rule_of(rule, repository),
            id: short(&word(&record.id)),
            digest: short(&push.digest),
            tag: Some(tag.to_owned()),
        }
    }

    /// The text, within CloudFormation's alphabet and length. A tag that would not fit is left out.
    pub(crate) fn text(&self) -> String {
        let Self {
            road,
            rule,
            id,
            digest,
            ..
        } = self;
        let time = self.time.format(TIME);
        let letter = road.letter();
        let head = format!("{PREFIX}-{letter}-{time}-{rule}-{id}-{digest}");
        let tag = self.tag.as_deref().map(escaped);
        let whole = tag.map(|tag| format!("{head}-{tag}"));
        whole.filter(|whole| whole.len() <= LONGEST).unwrap_or(head)
    }

    /// Reads a token; `None` for those of others.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(7, '-');
        let mut next = || parts.next();
        if next()? != PREFIX {
            return None;
        }
        let road = Road::read(next()?)?;
        let time = NaiveDateTime::parse_from_str(next()?, TIME).ok()?.and_utc();
        let (rule, id, digest) = (next()?, next()?, next()?);
        let hex = |text: &str| text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if ![rule, id, digest].into_iter().all(hex) {
            return None;
        }
        Some(Self {
            road,
            time,
            rule: rule.to_owned(),
            id: id.to_owned(),
            digest: digest.to_owned(),
            tag: next().and_then(unescaped),
        })
    }

    /// Whether it was written by this entry for this repository.
    pub(crate) fn is_by(&self, rule: &StackRule, repository: &Repository) -> bool {
        self.rule == rule_of(rule, repository)
    }

    /// Whether it was written for this push, whichever road brought it then and now: it has the identity of one of its
    /// records, or the digest and nearly the time where one of the two was told by an event of ECR.
    pub(crate) fn names(&self, push: &Push) -> bool {
        push.tagged.iter().any(|tagged| {
            let road = Road::of(&tagged.id);
            let direct = self.road == Road::Direct || road == Road::Direct;
            let other = !direct && (self.road == Road::Event || road == Road::Event);
            let alike =
                self.digest == short(&push.digest) && (tagged.time - self.time).abs() <= APART;
            self.id == short(&word(&tagged.id)) || (other && alike)
        })
    }

    /// The identity by which it is told where the push is not in sight.
    pub(crate) fn word(&self) -> String {
        format!("@{}", self.id)
    }
}

/// A tag in letters, digits and hyphens: what else a tag has, and the hyphen, is a hyphen and two hex digits.
fn escaped(tag: &str) -> String {
    let mut text = String::new();
    for byte in tag.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            text.push('-');
            let digits = [byte >> 4, byte & 15].map(u32::from);
            text.extend(
                digits
                    .iter()
                    .filter_map(|digit| char::from_digit(*digit, 16)),
            );
        }
    }
    text
}

fn unescaped(text: &str) -> Option<String> {
    let mut tag = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '-' {
            let digits: String = rest.by_ref().take(2).collect();
            tag.push(char::from(u8::from_str_radix(&digits, 16).ok()?));
        } else {
            tag.push(c);
        }
    }
    Some(tag)
}

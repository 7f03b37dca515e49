//! Rules that invoke the function: on a timer, or when an event of another service takes place.

use std::time::Duration;

use aws_sdk_eventbridge::operation::remove_targets::RemoveTargetsOutput;
use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, RuleState, Tag, Target,
};

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Refusal, Result};
use crate::names::OWNER_TAG;

/// The identifier of the one target.
pub(crate) const TARGET: &str = "handler";

/// What a rule waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// A rate expression.
    Schedule(String),
    /// An event pattern, as JSON text.
    Pattern(String),
}

impl When {
    /// The pattern as setup writes it, whatever blanks and order of members AWS or a person gave it.
    #[must_use]
    pub fn pattern(text: &str) -> Self {
        let parsed = serde_json::from_str::<serde_json::Value>(text);
        Self::Pattern(parsed.map_or_else(|_| text.to_owned(), |value| value.to_string()))
    }

    fn text(&self) -> &str {
        let (Self::Schedule(text) | Self::Pattern(text)) = self;
        text
    }
}

/// What becomes of an event that the target does not take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// The queue that keeps it: an ARN; without one it is lost.
    pub queue: Option<String>,
    /// How often it is tried again; `None` is EventBridge's own 185 times.
    pub attempts: Option<i32>,
    /// For how many seconds; `None` is EventBridge's own day.
    pub seconds: Option<i32>,
}

/// A rule with one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Value of the owner tag.
    pub owner: String,
    /// When it fires; `None` is never, and then it need not exist.
    pub when: Option<When>,
    /// The function's ARN.
    pub target: Option<String>,
    /// What becomes of events that the function does not take.
    pub undelivered: Undelivered,
    /// What somebody put in the event's place; the function needs the event itself.
    pub input: Option<String>,
}

/// A span of whole minutes as a rate expression.
#[must_use]
pub fn rate(every: Duration) -> String {
    match every.as_secs() / 60 {
        0 | 1 => "rate(1 minute)".to_owned(),
        minutes => format!("rate({minutes} minutes)"),
    }
}

impl Rule {
    async fn put_rule(&self, clients: &Clients, tag: Option<Tag>) -> Result<()> {
        let Some(when) = &self.when else {
            let call = clients.events.disable_rule().name(&self.name).send().await;
            call.called("events:DisableRule", &self.name)?;
            return Ok(());
        };
        let call = clients.events.put_rule().name(&self.name);
        let call = match when {
            When::Schedule(rate) => call.schedule_expression(rate),
            When::Pattern(pattern) => call.event_pattern(pattern),
        };
        let call = call
            .state(RuleState::Enabled)
            .set_tags(tag.map(|tag| vec![tag]));
        call.send().await.called("events:PutRule", &self.name)?;
        Ok(())
    }

    async fn put_target(&self, clients: &Clients) -> Result<()> {
        let Some(arn) = &self.target else {
            return Ok(());
        };
        let Undelivered {
            queue,
            attempts,
            seconds,
        } = &self.undelivered;
        let letters = |arn: &String| DeadLetterConfig::builder().arn(arn).build();
        let retries = (attempts.is_some() || seconds.is_some()).then(|| {
            RetryPolicy::builder()
                .set_maximum_retry_attempts(*attempts)
                .set_maximum_event_age_in_seconds(*seconds)
                .build()
        });
        let target = Target::builder()
            .id(TARGET)
            .arn(arn)
            .set_dead_letter_config(queue.as_ref().map(letters))
            .set_retry_policy(retries)
            .build();
        let target = target.map_err(|error| Error::Wrong(error.to_string()))?;
        let call = clients
            .events
            .put_targets()
            .rule(&self.name)
            .targets(target)
            .send()
            .await;
        let answer = call.called("events:PutTargets", &self.name)?;
        // This call succeeds even when it refuses an entry.
        match answer.failed_entries().first() {
            None => Ok(()),
            Some(entry) => Err(Error::Refused(Refusal {
                call: "events:PutTargets",
                name: self.name.clone(),
                code: entry.error_code().unwrap_or_default().to_owned(),
                message: entry.error_message().unwrap_or_default().to_owned(),
            })),
        }
    }
}

impl Kind for Rule {
    const KIND: &'static str = "rule";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        // The target of a rule that is off does not matter.
        let target = self.target.as_ref().filter(|_| self.when.is_some());
        let field = match &self.when {
            Some(When::Pattern(_)) => "pattern",
            _ => "schedule",
        };
        let fields = Fields::new()
            .with(field, self.when.as_ref().map_or("off", When::text))
            .with_some("target", target);
        if target.is_none() {
            return fields;
        }
        let undelivered = &self.undelivered;
        fields
            .with_some("dead-letter queue", undelivered.queue.as_ref())
            .with_some("retries", undelivered.attempts)
            .with_some("seconds of retries", undelivered.seconds)
            .with_some("input", self.input.as_ref())
    }

    fn wanted(&self) -> bool {
        self.when.is_some()
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let (client, name) = (&clients.events, &self.name);
        let rule = client.describe_rule().name(name).send().await;
        let rule = rule.found("events:DescribeRule", name, &["ResourceNotFoundException"])?;
        let Some(rule) = rule else { return Ok(None) };
        let tags = client
            .list_tags_for_resource()
            .resource_arn(&self.arn)
            .send()
            .await;
        let tags = tags.called("events:ListTagsForResource", name)?;
        let tags = tags
            .tags()
            .iter()
            .map(|tag| (Some(tag.key()), Some(tag.value())));
        let owned = owned(&self.owner, tags);
        let targets = client.list_targets_by_rule().rule(name).send().await;
        let targets = targets.called("events:ListTargetsByRule", name)?;
        let target = targets
            .targets()
            .iter()
            .find(|target| target.id() == TARGET);
        let enabled = rule.state() != Some(&RuleState::Disabled);
        let schedule = rule.schedule_expression.map(When::Schedule);
        let pattern = rule.event_pattern.as_deref().map(When::pattern);
        let state = Self {
            when: schedule.or(pattern).filter(|_| enabled),
            target: target.map(|target| target.arn().to_owned()),
            undelivered: target.map(undelivered).unwrap_or_default(),
            input: target.and_then(input),
            ..self.clone()
        };
        Ok(Some(Live { state, owned }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let tag = tag.map_err(|error| Error::Wrong(error.to_string()))?;
        self.put_rule(clients, Some(tag)).await?;
        self.put_target(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, change: &Change) -> Result<Note> {
        if change.touches(&["schedule", "pattern"]) {
            self.put_rule(clients, None).await?;
        }
        let delivery = [
            "target",
            "dead-letter queue",
            "retries",
            "seconds of retries",
            "input",
        ];
        if change.touches(&delivery) {
            self.put_target(clients).await?;
        }
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let (client, name) = (&clients.events, &self.name);
        let absent = ["ResourceNotFoundException"];
        let targets = client.list_targets_by_rule().rule(name).send().await;
        let Some(targets) = targets.found("events:ListTargetsByRule", name, &absent)? else {
            return Ok(None);
        };
        // A rule goes only when it has no targets.
        let targets: Vec<String> = targets
            .targets()
            .iter()
            .map(|target| target.id().to_owned())
            .collect();
        if !targets.is_empty() {
            let call = client.remove_targets().rule(name).set_ids(Some(targets));
            let answer = call.send().await;
            let answer = answer.found("events:RemoveTargets", name, &absent)?;
            // This call succeeds even when it refuses an entry.
            let entries = answer.as_ref().map(RemoveTargetsOutput::failed_entries);
            if let Some(entry) = entries.and_then(<[_]>::first) {
                return Err(Error::Refused(Refusal {
                    call: "events:RemoveTargets",
                    name: name.clone(),
                    code: entry.error_code().unwrap_or_default().to_owned(),
                    message: entry.error_message().unwrap_or_default().to_owned(),
                }));
            }
        }
        let call = client.delete_rule().name(name).send().await;
        call.found("events:DeleteRule", name, &absent)?;
        Ok(None)
    }
}

fn undelivered(target: &Target) -> Undelivered {
    let policy = target.retry_policy();
    let queue = target.dead_letter_config().and_then(DeadLetterConfig::arn);
    Undelivered {
        queue: queue.map(ToOwned::to_owned),
        attempts: policy.and_then(RetryPolicy::maximum_retry_attempts),
        seconds: policy.and_then(RetryPolicy::maximum_event_age_in_seconds),
    }
}

/// What the target gets instead of the event, or which part of it.
fn input(target: &Target) -> Option<String> {
    let template = target
        .input_transformer()
        .map(InputTransformer::input_template);
    let given = target.input().or_else(|| target.input_path()).or(template);
    given.map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::rate;

    #[test]
    fn rates_count_minutes() {
        assert_eq!(rate(Duration::from_mins(1)), "rate(1 minute)");
        assert_eq!(rate(Duration::from_mins(5)), "rate(5 minutes)");
    }
}

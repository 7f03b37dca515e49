//! The subscription filter that hands pushes to the function as soon as the log shows them.

use aws_sdk_cloudwatchlogs::types::SubscriptionFilter as Found;

use super::{Kind, Live, Note};
use crate::clients::Clients;
use crate::diff::{Action, Change, Fields};
use crate::error::{Called, Result};
use crate::retry;

/// How many a log group takes, whoever made them.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html>
const PER_GROUP: usize = 2;

/// A filter that sends to the function. It belongs to its log group and carries no tags: it is ours if it has our name and
/// sends to our function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// Its name.
    pub name: String,
    /// The log group that it watches.
    pub log_group: String,
    /// Which log events it sends.
    pub pattern: String,
    /// The function's ARN.
    pub function: String,
}

impl SubscriptionFilter {
    /// All filters of the log group; `None` where there is no such group.
    async fn all(&self, clients: &Clients) -> Result<Option<Vec<Found>>> {
        let call = clients.logs.describe_subscription_filters();
        let call = call.log_group_name(&self.log_group);
        let mut filters = call.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(next) = filters.next().await {
            let absent = ["ResourceNotFoundException"];
            let next = next.found("logs:DescribeSubscriptionFilters", &self.name, &absent)?;
            let Some(found) = next else { return Ok(None) };
            all.push(found);
        }
        Ok(Some(all))
    }

    async fn put(&self, clients: &Clients) -> Result<()> {
        let call = retry::patiently(retry::subscriber, || {
            let call = clients.logs.put_subscription_filter();
            call.log_group_name(&self.log_group)
                .filter_name(&self.name)
                .filter_pattern(&self.pattern)
                .destination_arn(&self.function)
                .send()
        });
        call.await
            .called("logs:PutSubscriptionFilter", &self.name)?;
        Ok(())
    }

    /// The line of a plan that takes it away.
    pub(crate) fn removal(&self) -> Change {
        Change {
            action: Action::Remove,
            resource: Self::KIND,
            name: self.name.clone(),
            fields: Vec::new(),
            note: Some(format!("on the log group `{}`", self.log_group)),
        }
    }
}

impl Kind for SubscriptionFilter {
    const KIND: &'static str = "subscription filter";

    // The alarm or the sweep finds every push without it.
    const OPTIONAL: bool = true;

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new()
            .with("log group", &self.log_group)
            .with("pattern", &self.pattern)
            .with("function", &self.function)
    }

    /// Both places taken by others. A filter of theirs is never replaced.
    async fn obstacle(&self, clients: &Clients) -> Result<Option<String>> {
        let others = self.all(clients).await?.unwrap_or_default();
        if others.len() < PER_GROUP {
            return Ok(None);
        }
        let names = others.iter().filter_map(Found::filter_name);
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        Ok(Some(format!(
            "cannot be made: the log group `{}` takes {PER_GROUP} subscription filters and has {} of others; the other \
             roads go on without it: remove one of those, or take \"log-subscription\" out of `triggers`",
            self.log_group,
            names.join(" and ")
        )))
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let all = self.all(clients).await?.unwrap_or_default();
        let named = |found: &&Found| found.filter_name() == Some(&self.name);
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        Ok(all.iter().find(named).map(|found| {
            let state = Self {
                pattern: text(found.filter_pattern()),
                function: text(found.destination_arn()),
                ..self.clone()
            };
            let owned = state.function == self.function;
            Live { state, owned }
        }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        self.put(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        self.put(clients).await?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients.logs.delete_subscription_filter();
        let call = call.log_group_name(&self.log_group).filter_name(&self.name);
        let absent = ["ResourceNotFoundException"];
        let call = call.send().await;
        call.found("logs:DeleteSubscriptionFilter", &self.name, &absent)?;
        Ok(None)
    }
}

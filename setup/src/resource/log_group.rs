//! Log groups: the trail's, which the metric filter and the look-ups read, and the function's own.

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Result};
use crate::names::OWNER_TAG;

/// A log group of the STANDARD class, which metric filters need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its ARN without the `:*` that some APIs append.
    pub arn: String,
    /// Value of the owner tag.
    pub owner: String,
    /// Days; `None` is for ever.
    pub retention: Option<i32>,
}

impl LogGroup {
    async fn put_retention(&self, clients: &Clients) -> Result<()> {
        let Some(days) = self.retention else {
            return Ok(());
        };
        let call = clients
            .logs
            .put_retention_policy()
            .log_group_name(&self.name);
        let call = call.retention_in_days(days).send().await;
        call.called("logs:PutRetentionPolicy", &self.name)?;
        Ok(())
    }
}

impl Kind for LogGroup {
    const KIND: &'static str = "log group";

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        Fields::new().with_some("retention in days", self.retention)
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let mut groups = clients
            .logs
            .describe_log_groups()
            .log_group_name_prefix(&self.name)
            .into_paginator()
            .items()
            .send();
        let found = loop {
            let Some(group) = groups.next().await else {
                return Ok(None);
            };
            let group = group.called("logs:DescribeLogGroups", &self.name)?;
            // Other names may begin the same.
            if group.log_group_name() == Some(&self.name) {
                break group;
            }
        };
        let tags = clients
            .logs
            .list_tags_for_resource()
            .resource_arn(&self.arn)
            .send()
            .await;
        let tags = tags
            .called("logs:ListTagsForResource", &self.name)?
            .tags
            .unwrap_or_default();
        let tags = tags
            .iter()
            .map(|(key, value)| (Some(key.as_str()), Some(value.as_str())));
        let owned = owned(&self.owner, tags);
        let state = Self {
            retention: found.retention_in_days,
            ..self.clone()
        };
        Ok(Some(Live { state, owned }))
    }

    async fn create(&self, clients: &Clients) -> Result<Note> {
        let call = clients.logs.create_log_group().log_group_name(&self.name);
        let call = call.tags(OWNER_TAG, &self.owner).send().await;
        call.called("logs:CreateLogGroup", &self.name)?;
        self.put_retention(clients).await?;
        Ok(None)
    }

    async fn change(&self, clients: &Clients, _: &Change) -> Result<Note> {
        self.put_retention(clients).await?;
        Ok(None)
    }

    async fn remove(&self, clients: &Clients) -> Result<Note> {
        let call = clients.logs.delete_log_group().log_group_name(&self.name);
        let absent = ["ResourceNotFoundException"];
        let call = call.send().await;
        call.found("logs:DeleteLogGroup", &self.name, &absent)?;
        Ok(None)
    }
}

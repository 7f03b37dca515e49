//! The dashboard: what an operator wants to see of the pipeline.

use aws_sdk_cloudwatch::types::Tag;
use serde_json::Value;

use super::{Kind, Live, Note, owned};
use crate::clients::Clients;
use crate::diff::{Change, Fields};
use crate::error::{Called, Error, Result};
use crate::names::OWNER_TAG;

/// What CloudWatch answers for a dashboard that is not there.
const ABSENT: [&str; 2] = ["ResourceNotFound", "DashboardNotFoundError"];

/// A dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dashboard {
    /// Its name.
    pub name: String,
    /// Its ARN, which names no Region.
    pub arn: String,
    /// Value of the owner tag.
    pub owner: String,
    /// Its body; a live one that is no JSON is a string.
    pub body: Value,
}

/// What a dashboard of ours says of itself, in a text of its body.
#[must_use]
pub fn owner_mark(owner: &str) -> String {
    format!("`{OWNER_TAG}` = `{owner}`")
}

impl Dashboard {
    async fn put(&self, clients: &Clients) -> Result<()> {
        let tag = Tag::builder().key(OWNER_TAG).value(&self.owner).build();
        let call = clients.cloudwatch.put_dashboard();
        let call = call
            .dashboard_name(&self.name)
            .dashboard_body(self.body.to_string());
        // Obeyed when the dashboard is created, ignored when it is changed.
        let answer = call.tags(tag).send().await;
        let answer = answer.called("cloudwatch:PutDashboard", &self.name)?;
        match answer.dashboard_validation_messages().first() {
            None => Ok(()),
            Some(message) => Err(Error::Wrong(format!(
                "CloudWatch took the dashboard `{}` with a complaint at {}: {}; report this with the version",
                self.name,
                message.data_path().unwrap_or_default(),
                message.message().unwrap_or_default(),
            ))),
        }
    }
}

/// One line for each widget, by its title, so that a difference shows the widget and not the whole.
fn widgets(body: &Value) -> Vec<(String, String)> {
    let Some(widgets) = body.get("widgets").and_then(Value::as_array) else {
        return vec![("body".to_owned(), body.to_string())];
    };
    let line = |(index, widget): (usize, &Value)| {
        let title = widget.pointer("/properties/title").and_then(Value::as_str);
        let title = title.map_or_else(|| format!("#{}", index + 1), ToOwned::to_owned);
        (format!("widget.{title}"), widget.to_string())
    };
    widgets.iter().enumerate().map(line).collect()
}

impl Kind for Dashboard {
    const KIND: &'static str = "dashboard";
    const OPTIONAL: bool = true;

    fn name(&self) -> &str {
        &self.name
    }

    fn fields(&self) -> Fields {
        let mut fields = Fields::new();
        for (widget, text) in widgets(&self.body) {
            fields = fields.with(&widget, text);
        }
        fields
    }

    async fn read(&self, clients: &Clients) -> Result<Option<Live<Self>>> {
        let client = &clients.cloudwatch;
        let call = client.get_dashboard().dashboard_name(&self.name);
        let found = call.send().await;
        let found = found.found("cloudwatch:GetDashboard", &self.name, &ABSENT)?;
        let Some(found) = found else { return Ok(None) };
        let arn = found.dashboard_arn().unwrap_or(&self.arn);
        let tags = client
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await;
        let untagged = ["ResourceNotFound", "ResourceNotFoundException"];
        let tags = tags.found("cloudwatch:ListTagsForResource", &self.name, &untagged)?;
        let text = found.dashboard_body().unwrap_or_default();
        let owned = match &tags {
            Some(tags) => owned(
                &self.owner,
                tags.tags().iter().map(|tag| (tag.key(), tag.value())),
            ),
            // Tags on dashboards are young: where an endpoint knows none, the dashboard itself says whose it is.
            None => text.contains(&owner_mark(&self.owner)),
        };
        let body = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        let state = Self {
            body,
            ..self.clone()
        };
        Ok(Some(Live { state, owned }))
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
        let call = clients.cloudwatch.delete_dashboards();
        let call = call.dashboard_names(&self.name).send().await;
        call.found("cloudwatch:DeleteDashboards", &self.name, &ABSENT)?;
        Ok(None)
    }
}

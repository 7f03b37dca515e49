//! Dashboards: kept as they were put.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::CloudWatch;
use crate::input::{Input, page, present};
use crate::service::{Answer, Fault, Scope};

/// One dashboard.
#[derive(Debug)]
pub(super) struct Dashboard {
    body: String,
    modified: DateTime<Utc>,
    pub(super) tags: BTreeMap<String, String>,
}

impl CloudWatch {
    /// Creates or replaces; the tags of one that exists stay as they are.
    /// Source: `PutDashboard` in the CloudWatch API reference.
    pub(super) fn put_dashboard(&mut self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("DashboardName")?;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 255 || !name.chars().all(legal) {
            return Err(invalid("The value for field DashboardName is not valid."));
        }
        let body = input.need("DashboardBody")?.to_owned();
        let read = serde_json::from_str::<Value>(&body).ok();
        if !read.is_some_and(|body| body.get("widgets").is_some_and(Value::is_array)) {
            return Err(invalid("The dashboard body is invalid: it has no widgets."));
        }
        let held = self.dashboards.remove(name);
        let tags = held.map_or_else(|| input.tags("Tags"), |held| held.tags);
        let modified = scope.now;
        let dashboard = Dashboard {
            body,
            modified,
            tags,
        };
        self.dashboards.insert(name.to_owned(), dashboard);
        Ok(json!({"DashboardValidationMessages": []}))
    }

    pub(super) fn get_dashboard(&self, input: Input<'_>, scope: &Scope<'_>) -> Answer {
        let name = input.need("DashboardName")?;
        let held = self.dashboards.get(name).ok_or_else(|| missing(name))?;
        Ok(json!({
            "DashboardName": name, "DashboardArn": arn(name, scope), "DashboardBody": held.body,
        }))
    }

    pub(super) fn list_dashboards(&self, input: Input<'_>, scope: &Scope<'_>) -> Value {
        let prefix = input.text("DashboardNamePrefix").unwrap_or_default();
        let held = self
            .dashboards
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        let (held, next) = page(held, input.text("NextToken"), 1000);
        let entry = |(name, held): (&String, &Dashboard)| {
            json!({
                "DashboardName": name, "DashboardArn": arn(name, scope), "Size": held.body.len(),
                "LastModified": held.modified.timestamp(),
            })
        };
        let entries: Vec<Value> = held.into_iter().map(entry).collect();
        present(json!({"DashboardEntries": entries, "NextToken": next}))
    }

    /// All or none.
    pub(super) fn delete_dashboards(&mut self, input: Input<'_>) -> Answer {
        let names = input.texts("DashboardNames");
        let unknown = names
            .iter()
            .find(|name| !self.dashboards.contains_key(*name));
        if let Some(name) = unknown {
            return Err(missing(name));
        }
        self.dashboards.retain(|name, _| !names.contains(name));
        Ok(json!({}))
    }
}

/// An ARN without a Region: dashboards are global.
fn arn(name: &str, scope: &Scope<'_>) -> String {
    let place = scope.place;
    format!(
        "arn:{}:cloudwatch::{}:dashboard/{name}",
        place.partition, place.account
    )
}

fn invalid(message: &str) -> Fault {
    Fault::client("InvalidParameterInput", message)
}

fn missing(name: &str) -> Fault {
    let message = format!("Dashboard {name} does not exist");
    Fault::client("ResourceNotFound", message).with_status(404)
}

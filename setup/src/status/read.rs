//! Reading how the services stand: the handler's own code, with the operator's credentials and the handler's configuration.

use std::fmt;

use chrono::{DateTime, Utc};
use handler::config::Config;
use handler::standing::{self, Log, Seen};
use handler::{Context, Now, places};

use super::select::Selection;
use crate::clients::Clients;
use crate::clock;
use crate::error::{Error, Result};
use crate::resource::Function;

/// The way to the services.
pub struct Reader {
    /// What the handler works with.
    pub(crate) context: Context,
    /// Whether the configuration is that of the function.
    installed: bool,
    now: Now,
    /// What could not be read on the way.
    gaps: Vec<String>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Takes the configuration that the function works with, which knows the log group and may not be that of the file;
    /// the file's where there is no function. Targets are reached as the handler reaches them, by the roles that they
    /// name.
    pub async fn new(clients: &Clients, file: &Config, now: DateTime<Utc>) -> Self {
        let mut gaps = Vec::new();
        let live = match Function::live_config(clients, &file.name).await {
            Ok(text) => text,
            Err(error) => {
                gaps.push(format!(
                    "the function's configuration, for which that of the file stands: {error}"
                ));
                None
            }
        };
        let live = live.and_then(|text| match Config::from_json_text(&text) {
            Ok(config) => Some(config),
            Err(faults) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                gaps.push(format!(
                    "the function's configuration, for which that of the file stands: {}",
                    faults.join("; ")
                ));
                None
            }
        });
        let installed = live.is_some();
        let config = live.unwrap_or_else(|| file.clone());
        let now = clock::from(now);
        let ways = places(&config.targets, clients.sdk()).await;
        Self {
            context: Context::with_places(config, clients.sdk(), now.clone(), ways),
            installed,
            now,
            gaps,
        }
    }

    /// The time.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }

    /// Reads what was asked for, with what could not be read.
    ///
    /// # Errors
    /// When the clusters cannot be listed; a selection that fits no service.
    pub async fn read(&self, selection: &Selection) -> Result<(Seen, Vec<String>)> {
        let wanted = |cluster: &str, service: &str| selection.wants(cluster, service);
        let seen = standing::standing(&self.context, &wanted, !selection.is_named())
            .await
            .map_err(|error| Error::Unreadable(error.to_string()))?;
        let mut gaps: Vec<String> = seen.inventory.gaps.iter().map(gap).collect();
        selection.check(&gaps)?;
        match &seen.log {
            Log::Read(_) => {}
            Log::None if self.installed || !self.gaps.is_empty() => {}
            Log::None => gaps.push(
                "newer pushes: there is no pipeline here, `ecroll setup` makes one".to_owned(),
            ),
            Log::Unread(None, error) => gaps.push(format!("newer pushes: {error}")),
            Log::Unread(Some(reached), error) => gaps.push(format!(
                "newer pushes of before {}: {error}",
                super::text(*reached)
            )),
        }
        let gaps = self.gaps.iter().cloned().chain(gaps);
        Ok((seen, gaps.collect()))
    }
}

/// A part of the account that could not be read, in a line.
pub(crate) fn gap(gap: &handler::inventory::Gap) -> String {
    match (gap.cluster.as_str(), gap.service.as_str()) {
        ("*", "") => gap.reason.clone(),
        (cluster, "") => format!("{cluster}: {}", gap.reason),
        (cluster, service) => format!("{cluster}/{service}: {}", gap.reason),
    }
}

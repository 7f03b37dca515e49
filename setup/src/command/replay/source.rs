//! Where the records of a replay are: in files, or in AWS.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::cli::ReplayArgs;
use crate::clients::Clients;
use crate::error::{Error, Result};
use crate::replay::source::{Meter, size};
use crate::replay::{Remote, Sources, Window};
use crate::ui::Ui;

/// One that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    File(PathBuf),
    Remote(Remote),
}

/// Everything that was named, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    named: Vec<Named>,
    window: Window,
}

impl Source {
    /// What the arguments name.
    ///
    /// # Errors
    /// A place in AWS that is none; a window without a place in AWS, or in which nothing lies.
    pub fn of(args: &ReplayArgs, now: DateTime<Utc>) -> Result<Self> {
        let named = args
            .files
            .iter()
            .map(|path| match path.to_str().and_then(Remote::read) {
                None => Ok(Named::File(path.clone())),
                Some(Ok(remote)) => Ok(Named::Remote(remote)),
                Some(Err(why)) => Err(Error::Wrong(why)),
            });
        let source = Self {
            named: named.collect::<Result<_>>()?,
            window: Window::new(args.since, args.until, now).map_err(Error::Wrong)?,
        };
        if !source.is_remote() && (args.since.is_some() || args.until.is_some()) {
            let why =
                "--since and --until are for logs:// and s3://: of a file everything is replayed";
            return Err(Error::Wrong(why.to_owned()));
        }
        Ok(source)
    }

    /// Whether any of it is in AWS.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.named.iter().any(|one| matches!(one, Named::Remote(_)))
    }

    /// Reads files alone.
    #[must_use]
    pub fn read(&self, ui: &Ui) -> Sources {
        let files = self.named.iter().filter_map(|one| match one {
            Named::File(path) => Some(path.clone()),
            Named::Remote(_) => None,
        });
        let files: Vec<PathBuf> = files.collect();
        let bar = ui.meter(size(&files));
        let meter = Meter::new(|bytes, records| bar.show(bytes, records));
        let mut sources = Sources::default();
        for path in &files {
            sources.path(path, &meter);
        }
        sources
    }

    /// Reads files, and fetches from AWS what is of these repositories, names or globs.
    ///
    /// # Errors
    /// What AWS refuses.
    pub async fn fetch(
        &self,
        clients: &Clients,
        repositories: &[String],
        ui: &mut Ui,
    ) -> anyhow::Result<Sources> {
        let mut sources = self.read(ui);
        for one in &self.named {
            if let Named::Remote(remote) = one {
                let told = &mut |text| ui.progress(text);
                Box::pin(remote.fetch(clients, self.window, repositories, &mut sources, told))
                    .await?;
            }
        }
        Ok(sources)
    }
}

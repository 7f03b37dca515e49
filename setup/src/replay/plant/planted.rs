//! What a replay says of the snapshot that it began with.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// What a replay has of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// The snapshot's file.
    pub file: String,
    /// When it was taken.
    #[serde(serialize_with = "crate::status::seconds")]
    pub taken_at: DateTime<Utc>,
    /// Its account.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// How many of its services are there.
    pub services: usize,
    /// The others, each with why.
    pub left_out: Vec<String>,
    /// How many notes of ecroll on services and revisions tell of pushes after the records begin.
    pub later_notes: usize,
    /// How many pushes go to repositories that no service there runs.
    pub unfollowed: usize,
    /// Whether it was taken after the records begin.
    pub younger: bool,
    /// What could not be read when it was taken.
    pub gaps: Vec<String>,
}

/// How many lines of one kind a text shows before it only counts them.
const SHOWN: usize = 10;

impl fmt::Display for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, lines) in [
            ("left out", &self.left_out),
            ("not in the snapshot", &self.gaps),
        ] {
            for line in lines.iter().take(SHOWN) {
                writeln!(f, "{what}: {line}")?;
            }
            let more = lines.len().saturating_sub(SHOWN);
            if more > 0 {
                writeln!(f, "{what}: {more} more; --output json lists them all")?;
            }
        }
        if self.younger {
            let notes = match self.later_notes {
                0 => String::new(),
                many => format!("; {many} notes of ecroll on later pushes are left out"),
            };
            writeln!(
                f,
                "the snapshot is younger than the records: services begin as they stood then{notes}"
            )?;
        }
        let at = self.taken_at.format("%Y-%m-%d %H:%M:%S");
        let (services, account, region) = (self.services, &self.account, &self.region);
        write!(
            f,
            "account        {services} services of {account} in {region}, as of {at}"
        )?;
        if self.unfollowed > 0 {
            write!(
                f,
                "\nnot followed   {} pushes to repositories that none of them runs",
                self.unfollowed
            )?;
        }
        Ok(())
    }
}

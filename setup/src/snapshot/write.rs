//! Writing a snapshot, a line at a time.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use handler::picture::{Part, ServicePart};
use serde::Serialize;
use serde_json::{Value, json};

use super::{FORMAT, MARK, secrets};

/// Where, when and by what a snapshot is taken: its first line.
#[derive(Debug, Clone)]
pub struct Head {
    /// The caller's account.
    pub account: String,
    /// The caller's Region.
    pub region: String,
    /// When, in RFC 3339.
    pub taken_at: String,
}

/// What was written. As JSON the same as the file's last line, with the gaps in words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// How many clusters.
    pub clusters: usize,
    /// How many services.
    pub services: usize,
    /// How many revisions.
    pub definitions: usize,
    /// How many images.
    pub images: usize,
    /// What could not be read.
    pub gaps: Vec<String>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for gap in &self.gaps {
            writeln!(f, "not read: {gap}")?;
        }
        let Self {
            clusters,
            services,
            definitions,
            images,
            gaps,
        } = self;
        let count = |many: usize, what: &str| match many {
            1 => format!("1 {what}"),
            many => format!("{many} {what}s"),
        };
        write!(
            f,
            "{}, {}, {}, {}; {} not read",
            count(*clusters, "cluster"),
            count(*services, "service"),
            count(*definitions, "revision"),
            count(*images, "image"),
            gaps.len()
        )
    }
}

/// Writes the lines, and counts.
pub struct Writer<W> {
    out: W,
    taken: Taken,
}

impl<W> fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

impl<W: Write> Writer<W> {
    /// Begins with the first line.
    ///
    /// # Errors
    /// What the stream answers.
    pub fn begin(out: W, head: &Head) -> io::Result<Self> {
        let mut writer = Self {
            out,
            taken: Taken::default(),
        };
        writer.line(&json!({
            MARK: FORMAT, "ecroll": env!("CARGO_PKG_VERSION"), "taken_at": head.taken_at,
            "account": head.account, "region": head.region,
        }))?;
        Ok(writer)
    }

    /// Writes one thing, without its secrets.
    ///
    /// # Errors
    /// What the stream answers.
    pub fn part(&mut self, part: Part) -> io::Result<()> {
        let taken = &mut self.taken;
        let mut line = match part {
            Part::Cluster(arn) => {
                taken.clusters += 1;
                json!({ "cluster": arn })
            }
            Part::Definition(answer) => {
                taken.definitions += 1;
                json!({ "definition": answer })
            }
            Part::Service(part) => {
                taken.services += 1;
                let ServicePart {
                    service,
                    deployments,
                    revisions,
                } = *part;
                json!({"service": service, "deployments": deployments, "revisions": revisions})
            }
            Part::Images { repository, images } => {
                taken.images += images.len();
                json!({"repository": repository, "images": images})
            }
            Part::Gap(reason) => {
                let line = json!({ "gap": reason });
                taken.gaps.push(reason);
                line
            }
        };
        secrets::leave_out(&mut line);
        self.line(&line)
    }

    /// Ends with the last line; answers what was written, and the stream.
    ///
    /// # Errors
    /// What the stream answers.
    pub fn end(mut self) -> io::Result<(Taken, W)> {
        let Taken {
            clusters,
            services,
            definitions,
            images,
            gaps,
        } = &self.taken;
        let counts: BTreeMap<&str, usize> = [
            ("clusters", *clusters),
            ("services", *services),
            ("definitions", *definitions),
            ("images", *images),
            ("gaps", gaps.len()),
        ]
        .into();
        self.line(&json!({ "end": counts }))?;
        self.out.flush()?;
        Ok((self.taken, self.out))
    }

    fn line(&mut self, line: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line).map_err(io::Error::from)?;
        self.out.write_all(b"\n")
    }
}

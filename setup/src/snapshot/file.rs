//! Reading a snapshot.

use std::fmt;
use std::path::Path;

use chrono::{DateTime, Utc};
use handler::Place;
use handler::image::Repository;
use handler::picture::ServicePart;
use serde_json::Value;

use super::{FORMAT, MARK};
use crate::replay::source::unpacked;

/// What a snapshot holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The file, as it was named.
    pub file: String,
    /// When it was taken.
    pub taken_at: DateTime<Utc>,
    /// The account and Region of whoever took it.
    pub home: Place,
    /// ARNs of clusters.
    pub clusters: Vec<String>,
    /// Answers of `DescribeTaskDefinition`.
    pub definitions: Vec<Value>,
    /// Services, each with name and ARNs.
    pub services: Vec<ServicePart>,
    /// Images, as `DescribeImages` lists them.
    pub images: Vec<(Repository, Value)>,
    /// What could not be read when it was taken.
    pub gaps: Vec<String>,
}

/// Why a file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ReadError {
    /// The file, as it was named.
    pub file: String,
    /// Its line; `None` for the whole.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, reason } = self;
        match line {
            Some(line) => write!(f, "{file}, line {line}: {reason}"),
            None => write!(f, "{file}: {reason}"),
        }
    }
}

/// The most tasks that a service may have here; ECS takes 5,000.
/// Source: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html>
const MOST_TASKS: u64 = 100_000;

const AGAIN: &str = "take it again with `ecroll snapshot`";

impl Snapshot {
    /// Reads a file, unpacked first if it is packed.
    ///
    /// # Errors
    /// One that cannot be read, and all that [`Snapshot::parse`] finds.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let file = path.display().to_string();
        let wrong = |reason| ReadError {
            file: file.clone(),
            line: None,
            reason,
        };
        let bytes =
            std::fs::read(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let (bytes, error) = unpacked(bytes, u64::MAX);
        if let Some(error) = error {
            return Err(wrong(format!(
                "the .gz is cut short or damaged: {error}; {AGAIN}"
            )));
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| wrong(format!("is no snapshot: it is not UTF-8 text; {AGAIN}")))?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a snapshot.
    ///
    /// # Errors
    /// What is no snapshot, has a newer format, is damaged, or is cut short; each with its place and what to do.
    pub fn parse(file: &str, text: &str) -> Result<Self, ReadError> {
        let wrong = |line, reason| ReadError {
            file: file.to_owned(),
            line,
            reason,
        };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let mut snapshot = head(file, first).map_err(|reason| wrong(Some(1), reason))?;
        let lines = rest.lines().enumerate();
        let mut lines = lines.map(|(index, line)| (index + 2, line)).peekable();
        let mut end = None;
        while let Some((number, line)) = lines.next() {
            let value: Value = match serde_json::from_str(line) {
                Ok(value) => value,
                // Whoever was interrupted leaves half a line.
                Err(_) if lines.peek().is_none() => break,
                Err(error) => {
                    let reason = format!("is damaged: {error}; {AGAIN}");
                    return Err(wrong(Some(number), reason));
                }
            };
            if end.is_some() {
                let reason = format!("goes on after its end; {AGAIN}");
                return Err(wrong(Some(number), reason));
            }
            if let Some(counts) = value.get("end") {
                end = Some(counts.clone());
            } else {
                snapshot
                    .take(value)
                    .map_err(|reason| wrong(Some(number), format!("{reason}; {AGAIN}")))?;
            }
        }
        let Some(end) = end else {
            let services = snapshot.services.len();
            let reason = format!(
                "is cut short after {services} services: its last line is missing; {AGAIN}"
            );
            return Err(wrong(None, reason));
        };
        let counts = [
            ("clusters", snapshot.clusters.len()),
            ("services", snapshot.services.len()),
            ("definitions", snapshot.definitions.len()),
            ("images", snapshot.images.len()),
            ("gaps", snapshot.gaps.len()),
        ];
        for (what, found) in counts {
            let meant = end.get(what).and_then(Value::as_u64);
            if meant != u64::try_from(found).ok() {
                let meant = meant.map_or_else(|| "no number".to_owned(), |meant| meant.to_string());
                let reason = format!("has {found} {what}, and its last line says {meant}; {AGAIN}");
                return Err(wrong(None, reason));
            }
        }
        Ok(snapshot)
    }

    fn take(&mut self, mut line: Value) -> Result<(), String> {
        if let Some(arn) = line.get("cluster") {
            let arn = arn.as_str().filter(|arn| Place::of(arn).is_some());
            self.clusters
                .push(arn.ok_or("`cluster` is no ARN")?.to_owned());
        } else if let Some(definition) = line.get_mut("definition") {
            let arn = definition.pointer("/taskDefinition/taskDefinitionArn");
            let arn = arn.and_then(Value::as_str).and_then(Place::of);
            arn.ok_or("`definition` names no revision")?;
            self.definitions.push(definition.take());
        } else if let Some(service) = line.get_mut("service").map(Value::take) {
            for member in ["serviceArn", "clusterArn"] {
                let arn = service.get(member).and_then(Value::as_str);
                if arn.and_then(Place::of).is_none() {
                    return Err(format!("`service.{member}` is no ARN"));
                }
            }
            if service.get("serviceName").and_then(Value::as_str).is_none() {
                return Err("`service.serviceName` is missing".to_owned());
            }
            let desired = service.get("desiredCount").map_or(Some(0), Value::as_u64);
            if desired.is_none_or(|desired| desired > MOST_TASKS) {
                return Err(format!(
                    "`service.desiredCount` is no count up to {MOST_TASKS}"
                ));
            }
            self.services.push(ServicePart {
                service,
                deployments: list(&mut line, "deployments")?,
                revisions: list(&mut line, "revisions")?,
            });
        } else if let Some(named) = line.get("repository") {
            let part = |name: &str| named.get(name).and_then(Value::as_str).map(str::to_owned);
            let parts = (part("account"), part("region"), part("name"));
            let (Some(account), Some(region), Some(name)) = parts else {
                return Err("`repository` needs `account`, `region` and `name`".to_owned());
            };
            let repository = Repository {
                account,
                region,
                name,
            };
            let images = list(&mut line, "images")?.into_iter();
            self.images
                .extend(images.map(|image| (repository.clone(), image)));
        } else if let Some(gap) = line.get("gap").and_then(Value::as_str) {
            self.gaps.push(gap.to_owned());
        } else {
            return Err(
                "is none of cluster, definition, service, repository, gap and end".to_owned(),
            );
        }
        Ok(())
    }
}

fn list(line: &mut Value, member: &str) -> Result<Vec<Value>, String> {
    match line.get_mut(member).map(Value::take) {
        Some(Value::Array(all)) => Ok(all),
        _ => Err(format!("`{member}` is no list")),
    }
}

fn head(file: &str, line: &str) -> Result<Snapshot, String> {
    let none = "is no snapshot: its first line is not one that `ecroll snapshot` writes; name a file that it wrote";
    let head: Value = serde_json::from_str(line).map_err(|_| none)?;
    let format = head.get(MARK).ok_or(none)?;
    match format.as_u64() {
        Some(format) if (1..=FORMAT).contains(&format) => {}
        _ => {
            let by = head
                .get("ecroll")
                .and_then(Value::as_str)
                .unwrap_or("another");
            return Err(format!(
                "has format {format}, and this is ecroll {}, which reads up to {FORMAT}: {AGAIN}, or use ecroll {by}",
                env!("CARGO_PKG_VERSION")
            ));
        }
    }
    let text = |member: &str| {
        let text = head.get(member).and_then(Value::as_str);
        text.map(str::to_owned)
            .ok_or_else(|| format!("`{member}` is missing; {AGAIN}"))
    };
    let taken_at = text("taken_at")?;
    let read = DateTime::parse_from_rfc3339(&taken_at);
    let taken_at = read
        .map_err(|_| {
            format!("`taken_at` is no time such as 2026-01-01T00:00:00Z: {taken_at}; {AGAIN}")
        })?
        .with_timezone(&Utc);
    let account = text("account")?;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!(
            "`account` has not twelve digits: {account}; {AGAIN}"
        ));
    }
    let region = text("region")?;
    if !crate::clients::is_region(&region) {
        return Err(format!(
            "`region` is no Region, such as eu-west-1: {region}; {AGAIN}"
        ));
    }
    Ok(Snapshot {
        file: file.to_owned(),
        taken_at,
        home: Place { account, region },
        clusters: Vec::new(),
        definitions: Vec::new(),
        services: Vec::new(),
        images: Vec::new(),
        gaps: Vec::new(),
    })
}

//! What verbs take that have more than a few words to take.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use handler::config::TriggerKind;
use local::faults::Kind;

use super::values::{duration, fault, seed, trigger};
use crate::replay::Moment;

/// Which handler.
#[derive(Debug, Clone, Args)]
pub struct HandlerArgs {
    /// The built handler [default: lambda/handler beside the program, where an archive has it; else target/lambda/handler]
    #[arg(long = "handler", value_name = "PATH")]
    pub given: Option<PathBuf>,
}

/// Where `cargo build --profile lambda` leaves it.
const BUILT: &str = "target/lambda/handler";
/// Where an archive of a release has it, next to `ecroll`.
const RELEASED: &str = "lambda/handler";

impl HandlerArgs {
    /// The handler's file, which may not be there.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let program = std::env::current_exe().and_then(|program| program.canonicalize());
        self.beside(program.ok().as_deref())
    }

    fn beside(&self, program: Option<&Path>) -> PathBuf {
        let released = || {
            let path = program?.parent()?.join(RELEASED);
            path.is_file().then_some(path)
        };
        let given = self.given.clone();
        given.or_else(released).unwrap_or_else(|| BUILT.into())
    }
}

/// What to replay, and how.
#[derive(Debug, Clone, Default, Args)]
pub struct ReplayArgs {
    /// CloudTrail files, plain or .gz, folders of them, JSON lines; `logs://GROUP` and `s3://BUCKET/PREFIX` are read from AWS;
    /// without any, a bundled sample
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Of logs:// and s3://, read what happened since then: a span such as 7d, a date or a time; without it the day before
    /// --until
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Moment>,
    /// And what happened before then; without it until now
    #[arg(long, value_name = "WHEN")]
    pub until: Option<Moment>,
    /// Which of the possible histories: the same seed gives the same one
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub seed: u64,
    /// How long CloudTrail takes to deliver a record, such as 90s or 5m
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub latency: Option<Duration>,
    /// Let this go wrong on the way, a few times, when and where the seed says; may be given several times
    #[arg(long = "fault", value_name = "KIND", value_parser = fault())]
    pub faults: Vec<Kind>,
    /// By which road the function hears of pushes, in place of the configuration's `triggers`; several with commas between
    /// them, or given several times
    #[arg(long = "trigger", value_name = "ROAD", value_delimiter = ',', value_parser = trigger())]
    pub triggers: Vec<TriggerKind>,
    /// Run on the services of this snapshot, as `ecroll snapshot` writes it, in place of one for each repository
    #[arg(long, value_name = "FILE")]
    pub account: Option<PathBuf>,
    /// Run with this configuration as well, and say which decisions differ
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Also write a page for a browser into this file: a timeline, how long rolls took, every decision with its record
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    pub report: Option<PathBuf>,
}

/// How to serve the account.
#[derive(Debug, Clone, Args)]
pub struct LocalArgs {
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 4577)]
    pub port: u16,
    /// How many times as fast as here time passes in the account
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub speed: u32,
    /// How long CloudTrail takes to deliver the record of a push, such as 5s; without it two minutes to nine
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub latency: Option<Duration>,
    /// The seed of identifiers and delays
    #[arg(long, default_value_t = 0, value_parser = seed)]
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{BUILT, HandlerArgs};

    #[test]
    fn the_handler_of_an_archive_is_found_beside_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ecroll");
        let path = |given: Option<&str>| {
            let given = given.map(PathBuf::from);
            HandlerArgs { given }.beside(Some(&program))
        };
        assert_eq!(path(None), Path::new(BUILT));
        std::fs::create_dir(folder.path().join("lambda")).unwrap();
        let released = folder.path().join("lambda/handler");
        std::fs::write(&released, "").unwrap();
        assert_eq!(path(None), released);
        assert_eq!(path(Some("mine")), Path::new("mine"));
        assert_eq!(HandlerArgs { given: None }.beside(None), Path::new(BUILT));
    }
}

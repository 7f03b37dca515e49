//! What the pipeline will do here: which services will follow, by which policy, and what the last day's pushes would have
//! rolled. Asked of the handler's own code, with the operator's credentials; nothing is written.

use std::fmt;

use chrono::{DateTime, Utc};
use handler::config::{Action, Config, Match, Pin};
use handler::report::{DRY_RUN, Decision, Outcome, Report};
use handler::stacks::Following;
use handler::{Context, Follower};
use serde::Serialize;
use serde_json::json;

use crate::clients::Clients;
use crate::clock;

/// How far back the trial looks.
const DAY: &str = "24h";

/// What the pipeline will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// The services that run images of ECR in followed clusters.
    pub services: Vec<Line>,
    /// The stacks of the configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<StackLine>,
    /// The scheduled tasks that would move, or cannot, as everything stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskLine>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// What the last day's pushes would have rolled; none where no log group holds them yet.
    pub last_day: Option<Trial>,
}

/// How one service follows one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The repository, with its registry.
    pub repository: String,
    /// Which tags roll.
    pub tags: String,
    /// What else is set, or why it does not follow.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// How one stack follows one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackLine {
    /// The stack's name.
    pub stack: String,
    /// The repository, with its registry where that is known.
    pub repository: String,
    /// The parameter that takes the tag.
    pub parameter: String,
    /// Its present value.
    pub value: Option<String>,
    /// Which tags move it.
    pub tags: String,
    /// Why it does not follow as it stands.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// What becomes of one target of a rule, or one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLine {
    /// `events` and `bus/rule/target`, or `scheduler` and `group/schedule`.
    pub target: String,
    /// The revision that it runs, `family:revision`.
    pub runs: String,
    /// What the handler would say of it.
    pub reason: String,
}

/// The pushes of the last day, passed through the handler without rolling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// How many pushes were found.
    pub pushes: usize,
    /// What would have been rolled.
    pub rolls: Vec<Roll>,
    /// Why the log could not be read, where it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A roll that would have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Roll {
    /// The cluster's name.
    pub cluster: String,
    /// The service's name.
    pub service: String,
    /// The repository's name.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// Why, in the handler's words.
    pub reason: String,
}

/// Looks ahead. `log_group` is the one to read the last day from, if it is there. Whatever cannot be read is said in the
/// answer: it is no reason not to set anything up.
pub async fn outlook(
    clients: &Clients,
    config: &Config,
    log_group: Option<&str>,
    now: DateTime<Utc>,
) -> Outlook {
    let config = Config {
        log_group: log_group.map(ToOwned::to_owned),
        // The trial is about pushes from before the first run as well, and tells nobody.
        since: None,
        notify: None,
        ..config.clone()
    };
    // The services of this account and Region; targets are reached with the handler's role, which may not exist yet.
    let context = Context::new(config, clients.sdk(), clock::from(now));
    let (services, gaps) = match handler::followers(&context).await {
        Ok((followers, gaps)) => (followers.iter().map(Line::of).collect(), gaps),
        Err(error) => (Vec::new(), vec![error.to_string()]),
    };
    let stacks = handler::stacks::following(&context).await;
    let mut gaps = gaps;
    // Where the clusters cannot be listed, that was said above.
    let (tasks, unread) = Box::pin(handler::scheduled::rehearsal(&context))
        .await
        .unwrap_or_default();
    gaps.extend(
        unread
            .into_iter()
            .map(|gap| format!("{}: {}", gap.cluster, gap.reason)),
    );
    let last_day = match log_group {
        Some(_) => Some(trial(&context).await),
        None => None,
    };
    Outlook {
        services,
        stacks: stacks.iter().map(StackLine::of).collect(),
        tasks: tasks.iter().map(TaskLine::of).collect(),
        gaps,
        last_day,
    }
}

/// What the handler would decide about the last day's pushes.
///
/// # Errors
/// When the log or the clusters cannot be read at all.
pub(crate) async fn rehearsal(context: &Context) -> Result<Report, handler::Error> {
    let event = json!({"look_back": DAY, "dry_run": true});
    match handler::handle(&event, context).await {
        Err(handler::Error::Retryable {
            report: Some(report),
            ..
        }) => Ok(*report),
        other => other,
    }
}

async fn trial(context: &Context) -> Trial {
    let report = match rehearsal(context).await {
        Ok(report) => report,
        Err(error) => {
            return Trial {
                pushes: 0,
                rolls: Vec::new(),
                failed: Some(error.to_string()),
            };
        }
    };
    let rolls = report.decisions.iter().filter(|decision| {
        // What a trial would have rolled, it holds, and says so.
        decision.outcome == Outcome::Held && decision.reason.starts_with(DRY_RUN)
    });
    let rolls = rolls.map(|decision| Roll {
        cluster: decision.cluster.clone(),
        service: decision.service.clone(),
        repository: decision.repository.clone(),
        tag: decision.tag.clone(),
        reason: decision.reason.clone(),
    });
    Trial {
        pushes: report.pushes.len(),
        rolls: rolls.collect(),
        failed: None,
    }
}

impl Line {
    fn of(follower: &Follower) -> Self {
        let settings = &follower.settings;
        let mut remarks = Vec::new();
        if !follower.followed {
            remarks.push("not followed: `repositories` leaves it out".to_owned());
        }
        let wrong = follower.wrong.iter();
        remarks.extend(wrong.map(|wrong| format!("refused: its own tags are wrong: {wrong}")));
        let mut add = |on: bool, text: &str| remarks.extend(on.then(|| text.to_owned()));
        add(settings.hold, "held");
        add(settings.scheduled, "scheduled tasks move along");
        add(settings.action == Action::Force, "deployed anew");
        add(settings.pin == Pin::Digest, "by digest");
        add(settings.matching == Match::NamePrefix, "by name");
        Self {
            cluster: follower.cluster.clone(),
            service: follower.service.clone(),
            repository: follower.repository.to_string(),
            tags: settings.tags.to_string(),
            remarks,
        }
    }
}

impl StackLine {
    fn of(one: &Following) -> Self {
        let rule = &one.rule;
        let stack = one.stack.as_ref();
        let unread = stack.err().filter(|_| one.refusal.is_none());
        let unread = unread.map(|error| format!("not readable: {error}"));
        let value = stack
            .ok()
            .and_then(|stack| stack.parameters.get(&rule.parameter));
        let repository = one.repository.as_ref();
        Self {
            stack: rule.name().to_owned(),
            repository: repository.map_or_else(|| rule.repository.clone(), ToString::to_string),
            parameter: rule.parameter.clone(),
            value: value.cloned(),
            tags: one.tags.to_string(),
            remarks: unread.into_iter().chain(one.refusal.clone()).collect(),
        }
    }
}

impl TaskLine {
    fn of(decision: &Decision) -> Self {
        let runs = decision.from.as_deref().unwrap_or_default();
        Self {
            target: format!("{} {}", decision.cluster, decision.service),
            runs: runs.rsplit('/').next().unwrap_or(runs).to_owned(),
            reason: if decision.reason.starts_with(DRY_RUN) {
                "moves along at the next sweep".to_owned()
            } else {
                decision.reason.clone()
            },
        }
    }
}

impl fmt::Display for TaskLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            target,
            runs,
            reason,
        } = self;
        write!(f, "{target} runs {runs}: {reason}")
    }
}

impl fmt::Display for StackLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            stack,
            repository,
            parameter,
            value,
            tags,
            remarks,
        } = self;
        write!(f, "stack {stack} follows {repository} by {parameter}")?;
        if let Some(value) = value {
            write!(f, " = {value}")?;
        }
        write!(f, ", tags {tags}")?;
        for remark in remarks {
            write!(f, "; {remark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cluster,
            service,
            repository,
            tags,
            remarks,
        } = self;
        write!(f, "{cluster}/{service} follows {repository}, tags {tags}")?;
        for remark in remarks {
            write!(f, "; {remark}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(why) = &self.failed {
            return write!(f, "the last day's pushes cannot be read: {why}");
        }
        let pushes = match self.pushes {
            1 => "1 push".to_owned(),
            pushes => format!("{pushes} pushes"),
        };
        let rolled = match self.rolls.len() {
            0 => "nothing".to_owned(),
            rolls => rolls.to_string(),
        };
        write!(
            f,
            "the last day: {pushes}, which would have rolled {rolled}"
        )?;
        for roll in &self.rolls {
            let Roll {
                cluster,
                service,
                repository,
                tag,
                ..
            } = roll;
            write!(f, "\n  {cluster}/{service} to {repository}:{tag}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Outlook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.services.len() {
            0 => f.write_str("services: none runs images of ECR in the followed clusters")?,
            services => write!(f, "services: {services}")?,
        }
        for line in &self.services {
            write!(f, "\n  {line}")?;
        }
        for line in &self.stacks {
            write!(f, "\n  {line}")?;
        }
        for line in &self.tasks {
            write!(f, "\n  {line}")?;
        }
        for gap in &self.gaps {
            write!(f, "\n  not readable: {gap}")?;
        }
        match &self.last_day {
            Some(trial) => write!(f, "\n{trial}"),
            None => f.write_str("\nthe last day: nothing is recorded here yet"),
        }
    }
}

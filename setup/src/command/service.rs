//! `ecroll service`: registers a task definition and creates or updates the service that runs it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use clap::builder::RangedI64ValueParser;
use tokio::time::Instant;

use crate::clients::Clients;
use crate::clock;
use crate::error::Error;
use crate::exit::Exit;
use crate::service::act::{Step, act};
use crate::service::follow::Watched;
use crate::service::judge::judge;
use crate::service::{Asked, Done, Ended, Outcome, Outline, State, Wanted, file, live};
use crate::status::show::wrap;
use crate::ui::{Output, Ui};

/// Which files, and how.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// The task definition, as `register-task-definition --cli-input-json` takes it or `describe-task-definition` prints it
    #[arg(value_name = "TASKDEF.json")]
    pub definition: PathBuf,
    /// The service, as `create-service --cli-input-json` takes it or `describe-services` prints one
    #[arg(value_name = "SERVICE.json")]
    pub service: PathBuf,
    /// The cluster; without it the one of the file, else `default`
    #[arg(long)]
    pub cluster: Option<String>,
    /// Follow the deployment to its end, exit 1 if it fails or is rolled back; and wait for a service that is DRAINING
    #[arg(long)]
    pub wait: bool,
    /// How long to wait at most, such as 30m
    #[arg(long, default_value = "1h", value_parser = crate::cli::duration)]
    pub timeout: Duration,
    /// How many tasks there are to be; without it an update leaves the count alone
    #[arg(long, value_name = "N", value_parser = counted())]
    pub desired_count: Option<i32>,
    /// Lower bound during a deployment, in place of the file's
    #[arg(long, value_name = "PERCENT", value_parser = counted())]
    pub minimum_healthy_percent: Option<i32>,
    /// Upper bound during a deployment, in place of the file's
    #[arg(long, value_name = "PERCENT", value_parser = counted())]
    pub maximum_percent: Option<i32>,
    /// Send members of the files that this version of ecroll does not know
    #[arg(long)]
    pub allow_unknown: bool,
    /// Print the IAM policy that this call with these files needs, and do nothing else; no credentials are needed
    #[arg(long)]
    pub print_policy: bool,
}

fn counted() -> RangedI64ValueParser<i32> {
    clap::value_parser!(i32).range(0..)
}

/// Reads the files, says what would change, asks unless `yes`, and does it.
///
/// # Errors
/// What the files lack, what cannot be changed, what AWS refuses; nobody to ask; standard output that cannot be written.
pub async fn run(
    yes: bool,
    args: &ServiceArgs,
    clients: &Clients,
    now: DateTime<Utc>,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    let wanted = read(args)?;
    let steps = Mutex::new(Vec::new());
    let ended = tokio::select! {
        biased;
        ended = Box::pin(carry_out(yes, args, &wanted, clients, now, ui, &steps)) => Some(ended),
        () = interrupt => None,
    };
    if let Some(ended) = ended {
        return ended;
    }
    let name = format!("{}/{}", cluster(&wanted), wanted.name);
    let steps = steps.into_inner().unwrap_or_else(PoisonError::into_inner);
    let open = match steps.last() {
        Some(Step::Begun(call)) => format!("; {call} was under way and may have taken effect"),
        _ => String::new(),
    };
    let goes_on = format!(
        "what was begun goes on in ECS: `ecroll status {name} --watch` follows it, and the same command goes on with \
         the rest"
    );
    ui.warn(match (finished(&steps).as_slice(), open.as_str()) {
        ([], "") => "interrupted; nothing was changed".to_owned(),
        ([], open) => format!("interrupted{open}; {goes_on}"),
        (done, open) => format!("interrupted; done: {}{open}; {goes_on}", done.join(", ")),
    });
    Ok(Exit::Interrupted)
}

/// What was done, in words.
fn finished(steps: &[Step]) -> Vec<String> {
    let done = steps.iter().filter_map(|step| match step {
        Step::Done(text) => Some(text.clone()),
        Step::Begun(_) => None,
    });
    done.collect()
}

/// Reads the files.
///
/// # Errors
/// What [`file::read`] refuses.
pub fn read(args: &ServiceArgs) -> crate::error::Result<Wanted> {
    let asked = Asked {
        desired: args.desired_count,
        minimum_healthy_percent: args.minimum_healthy_percent,
        maximum_percent: args.maximum_percent,
    };
    let cluster = args.cluster.as_deref();
    file::read(
        &args.definition,
        &args.service,
        cluster,
        asked,
        args.allow_unknown,
    )
}

fn cluster(wanted: &Wanted) -> &str {
    wanted.cluster.rsplit('/').next().unwrap_or_default()
}

async fn carry_out(
    yes: bool,
    args: &ServiceArgs,
    wanted: &Wanted,
    clients: &Clients,
    now: DateTime<Utc>,
    ui: &mut Ui,
    steps: &Mutex<Vec<Step>>,
) -> anyhow::Result<Exit> {
    let clock = clock::from(now);
    let watched = Watched {
        clients,
        cluster: &wanted.cluster,
        name: &wanted.name,
        until: Instant::now() + args.timeout,
    };
    let mut outline = judge(wanted, &live::read(clients, wanted).await?)?;
    if outline.state == State::Draining && args.wait {
        let name = format!("{}/{}", outline.cluster, outline.service);
        ui.note(format!(
            "{name} is DRAINING: waiting until its tasks have stopped"
        ));
        if watched.gone().await? {
            outline = judge(wanted, &live::read(clients, wanted).await?)?;
        } else {
            let span = span(args.timeout);
            ui.note(format!(
                "it is so after {span} still: --timeout waits longer"
            ));
        }
    }
    if outline.state == State::Draining {
        ui.say(&outline)?;
        finish(&outline, false, &Done::default(), None, Vec::new(), ui)?;
        return Ok(Exit::No);
    }
    ui.say(&outline)?;
    if outline.is_work() {
        if !yes {
            // Where JSON is asked for, whoever is asked has to see what about.
            if ui.output() == Output::Json {
                ui.note(&outline);
            }
            match ui.confirm("apply this?")? {
                Some(true) => {}
                Some(false) => {
                    ui.say("nothing was changed")?;
                    finish(&outline, false, &Done::default(), None, Vec::new(), ui)?;
                    return Ok(Exit::Done);
                }
                None => bail!("there is no terminal to ask on: pass --yes to apply this"),
            }
        }
    } else {
        ui.say("nothing to do")?;
    }
    let mut done = carried(clients, &outline, clock(), ui, steps).await?;
    let work = outline.is_work();
    if !args.wait {
        finish(&outline, work, &done, None, Vec::new(), ui)?;
        return Ok(Exit::Done);
    }
    if done.progress.is_none() {
        done.progress = live::service(clients, &wanted.cluster, &wanted.name)
            .await?
            .1;
    }
    let first = done.progress.clone().unwrap_or_default();
    let stamp = || clock().to_rfc3339_opts(SecondsFormat::Secs, true);
    let name = format!("{}/{}", outline.cluster, outline.service);
    let ended = watched
        .end(&first, |counts| {
            // A line that cannot be written ends nothing: the deployment goes on.
            let _ = ui.say(format!("{} {name}: {counts}", stamp()));
        })
        .await?;
    let revision = first
        .primary()
        .map(|primary| primary.task_definition.clone());
    let good = matches!(ended, None | Some(Ended::Completed));
    let failures = match &revision {
        Some(revision) if !good => {
            let began = first.primary().and_then(|primary| primary.began);
            watched.failures(began, revision).await
        }
        _ => Vec::new(),
    };
    let told = match ended {
        None => "no deployment is under way".to_owned(),
        Some(ended) => ended.sentence(args.timeout),
    };
    let mut lines = String::new();
    wrap(&mut lines, "", "  ", &format!("{} {name}: {told}", stamp()));
    ui.say(lines.trim_end())?;
    for failure in &failures {
        let mut lines = String::new();
        wrap(&mut lines, "  ", "    ", failure);
        ui.say(lines.trim_end())?;
    }
    finish(&outline, work, &done, ended, failures, ui)?;
    Ok(if good { Exit::Done } else { Exit::No })
}

/// Does what the outline says; an error in the middle says what stands.
async fn carried(
    clients: &Clients,
    outline: &Outline,
    now: DateTime<Utc>,
    ui: &mut Ui,
    steps: &Mutex<Vec<Step>>,
) -> anyhow::Result<Done> {
    let acted = act(clients, outline, now, |step| {
        if let Step::Done(text) = &step {
            ui.progress(text);
        }
        let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(step);
    })
    .await;
    let taken = finished(&steps.lock().unwrap_or_else(PoisonError::into_inner));
    let done = match acted {
        Ok(done) => done,
        Err(source) if taken.is_empty() => return Err(source.into()),
        Err(source) => {
            return Err(Error::Stopped {
                source: Box::new(source),
                verb: "service",
                at: format!("service `{}/{}`", outline.cluster, outline.service),
                stands: taken,
            }
            .into());
        }
    };
    if !taken.is_empty() {
        ui.say(taken.join(", "))?;
    }
    Ok(done)
}

fn span(timeout: Duration) -> String {
    match timeout.as_secs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds / 60),
    }
}

impl Ended {
    /// What it means, and what to do.
    fn sentence(self, timeout: Duration) -> String {
        match self {
            Self::Completed => "completed".to_owned(),
            Self::RolledBack => "rolled back: what ran before runs again".to_owned(),
            Self::Failed => {
                "failed: ECS gave it up, and there was nothing to go back to".to_owned()
            }
            Self::Gone => "gone: the service was deleted".to_owned(),
            Self::TimedOut => format!(
                "not over after {}; it goes on in ECS: mend what is wrong and run this again, or go back with the files \
                 of before; --timeout waits longer",
                span(timeout)
            ),
        }
    }
}

/// In JSON everything is one value, at the end.
fn finish(
    outline: &Outline,
    work: bool,
    done: &Done,
    ended: Option<Ended>,
    failures: Vec<String>,
    ui: &mut Ui,
) -> anyhow::Result<()> {
    if ui.output() == Output::Json {
        let task_definition = done.task_definition.clone();
        ui.json(&Outcome {
            outline,
            done: work,
            task_definition,
            ended,
            failures,
        })?;
    }
    Ok(())
}

//! `ecroll status --watch`: follows the rolls under way to their end.

use std::collections::BTreeMap;
use std::time::Duration;

use handler::inventory::Service;
use handler::progress::Progress;
use handler::standing::{self, Seen};

use crate::error::Error;
use crate::exit::Exit;
use crate::status::follow::{End, Follow};
use crate::status::judge::{Shown, judge};
use crate::status::read::{Reader, gap};
use crate::status::select::Selection;
use crate::status::{DeploymentStatus, EventStatus, State, Status, text};
use crate::ui::{Live, Output, Ui};

/// How often a roll is looked at: one call for ten services.
const LOOK: Duration = Duration::from_secs(5);
/// How often in a row it may fail to be read.
const PATIENCE: usize = 12;

/// The rolls that are followed.
pub(super) struct Watch {
    reader: Reader,
    selection: Selection,
    shown: Shown,
    status: Status,
    /// By the ARN of the service: as it was seen first, and what is known of its roll.
    open: BTreeMap<String, (Service, Follow)>,
    /// How those ended that have.
    ended: BTreeMap<String, End>,
}

impl Watch {
    pub(super) fn new(
        reader: Reader,
        selection: Selection,
        shown: Shown,
        seen: &Seen,
        status: Status,
    ) -> Self {
        let rolling = |arn: &str| {
            let mut services = status.services.iter();
            services.any(|service| service.arn == arn && service.state == State::Rolling)
        };
        let services = seen.inventory.services.iter();
        let open = services.filter(|service| rolling(&service.arn));
        let open = open.filter_map(|service| {
            let progress = seen.inventory.progress.get(&service.arn)?;
            let follow = Follow::new(progress);
            Some((service.arn.clone(), (service.clone(), follow)))
        });
        Self {
            reader,
            selection,
            shown,
            open: open.collect(),
            status,
            ended: BTreeMap::new(),
        }
    }

    /// Prints what there is to see, and then what changes, until no roll is under way any more; and how all stands then.
    pub(super) async fn run(mut self, ui: &mut Ui) -> anyhow::Result<Exit> {
        self.print(ui)?;
        if self.open.is_empty() {
            ui.say("no roll is under way")?;
            return Ok(Exit::Done);
        }
        let rolling = self.status.services.iter();
        let rolling = rolling.filter(|service| service.state == State::Rolling);
        let mut live = ui.live(rolling.map(|service| (service.arn.clone(), service.name())));
        self.redraw(&mut live);
        let mut failures = 0;
        while !self.open.is_empty() {
            tokio::time::sleep(LOOK).await;
            match self.look(&mut live, ui).await? {
                Some(why) if failures >= PATIENCE => return Err(Error::Unreadable(why).into()),
                Some(why) => {
                    failures += 1;
                    live.waits(&why);
                }
                None => failures = 0,
            }
        }
        live.clear();
        self.read_again().await?;
        self.print(ui)?;
        let good = self.ended.values().all(|end| end.is_good());
        Ok(if good { Exit::Done } else { Exit::No })
    }

    fn print(&self, ui: &mut Ui) -> anyhow::Result<()> {
        match ui.output() {
            Output::Json => ui.line(&self.status)?,
            Output::Text => ui.status(&self.status)?,
        }
        Ok(())
    }

    /// Everything once more: only that says why something is held now.
    async fn read_again(&mut self) -> anyhow::Result<()> {
        let (seen, gaps) = self.reader.read(&self.selection).await?;
        self.status = judge(&seen, gaps, self.shown);
        for service in &mut self.status.services {
            service.ended = self.ended.get(&service.arn).copied();
        }
        Ok(())
    }

    /// Looks once at every roll, and tells what is new; what could not be read, if a later look may.
    async fn look(&mut self, live: &mut Live, ui: &mut Ui) -> anyhow::Result<Option<String>> {
        let services: Vec<&Service> = self.open.values().map(|(service, _)| service).collect();
        let context = &self.reader.context;
        let (mut seen, gaps) = standing::progress(context, &services).await;
        if let Some(final_) = gaps.iter().find(|gap| !gap.retryable) {
            return Err(Error::Unreadable(gap(final_)).into());
        }
        // With a gap, one that is missing need not be gone.
        let unread = gaps.first().map(gap);
        let arns: Vec<String> = self.open.keys().cloned().collect();
        for arn in arns {
            let progress = seen.remove(&arn).map(|(_, progress)| progress);
            if progress.is_none() && unread.is_some() {
                continue;
            }
            self.tell(&arn, progress.as_ref(), live, ui)?;
        }
        self.redraw(live);
        Ok(unread)
    }

    /// Tells what is new about one service.
    fn tell(
        &mut self,
        arn: &str,
        progress: Option<&Progress>,
        live: &mut Live,
        ui: &mut Ui,
    ) -> anyhow::Result<()> {
        let Some((_, follow)) = self.open.get_mut(arn) else {
            return Ok(());
        };
        let ended = follow.look(progress);
        let mut services = self.status.services.iter_mut();
        let Some(service) = services.find(|service| service.arn == arn) else {
            return Ok(());
        };
        let before = service.clone();
        if let Some(progress) = progress {
            let deployments = progress.deployments.iter();
            service.deployments = deployments.map(DeploymentStatus::of).collect();
            service.events = progress.events.iter().map(EventStatus::of).collect();
            if let Some(primary) = progress.primary() {
                service.task_definition = Some(primary.task_definition.clone());
                service.since = primary.began;
            }
        }
        if let Some(end) = ended {
            service.ended = ended;
            service.state = end.state();
            self.ended.insert(arn.to_owned(), end);
            self.open.remove(arn);
        }
        let (after, name) = (service.clone(), service.name());
        self.status.at = self.reader.now();
        if after == before {
            return Ok(());
        }
        if ui.output() == Output::Json {
            ui.line(&self.status)?;
            return Ok(());
        }
        let news = match ended {
            Some(end) => Some(ended_line(end, &name, &after.deployments)),
            // Where somebody watches, the bars say it.
            None if live.is_drawn() || after.deployments == before.deployments => None,
            None => Some(format!("{name}: {}", counts(&after.deployments))),
        };
        if let Some(news) = news {
            let at = text(self.status.at);
            live.around(|| ui.say(format!("{at} {news}")))?;
        }
        Ok(())
    }

    fn redraw(&self, live: &mut Live) {
        for service in &self.status.services {
            let primary = service.deployments.iter().find(|d| d.status == "PRIMARY");
            if let Some(primary) = primary.filter(|_| service.ended.is_none()) {
                let part = (primary.running, primary.desired);
                live.show(&service.arn, part, &counts(&service.deployments));
            } else {
                live.end(&service.arn);
            }
        }
    }
}

fn counts(deployments: &[DeploymentStatus]) -> String {
    let counts = deployments.iter().map(DeploymentStatus::counts);
    counts.collect::<Vec<_>>().join("; ")
}

fn ended_line(end: End, name: &str, deployments: &[DeploymentStatus]) -> String {
    let runs = deployments.iter().find(|d| d.status == "PRIMARY");
    let runs = runs.map(|primary| {
        let revision = primary.task_definition.rsplit('/').next();
        format!(", runs {}", revision.unwrap_or_default())
    });
    let runs = runs.filter(|_| end != End::Gone).unwrap_or_default();
    format!("{name}: {}{runs}", end.word())
}

//! One invocation's deciding: plan, ask what is in doubt, roll; and once more when more of the log has been read.

mod certain;
mod decided;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::config::{Config, Families};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::deployment::{self, Change, Ended};
use crate::elsewhere;
use crate::error::Error;
use crate::families;
use crate::in_use;
use crate::inventory::{Gap, Inventory};
use crate::ledger;
use crate::origins;
use crate::plan::{self, Doubt, Histories, Plan};
use crate::push::Push;
use crate::report::{Decision, Outcome, PushLine, Report, Window};
use crate::roll;
use crate::scheduled::{self, Goals};
use crate::stacks;
use crate::survey;
use crate::telling;

/// How often a plan may ask before it has to do with what it knows. Once is enough as a rule.
const ROUNDS: usize = 5;

/// What has been decided and done so far.
pub(crate) struct Session<'c> {
    context: &'c Context,
    config: Cow<'c, Config>,
    pub(crate) inventory: Inventory,
    dry: bool,
    until: Deadline,
    /// What is said in place of the plan's reason.
    reason: Option<String>,
    decisions: Vec<Decision>,
    /// The services rolled already: what the inventory says of them is of before that.
    rolled: BTreeSet<String>,
    unfinished: bool,
    /// Older pushes could not be read, and may be another time.
    lacks_older: bool,
    /// The end of a deployment, if that woke the handler, and which rolls it ended.
    change: Option<Change>,
    ended: Vec<Ended>,
    began: DateTime<Utc>,
}

impl<'c> Session<'c> {
    pub(crate) fn new(
        context: &'c Context,
        inventory: Inventory,
        dry: bool,
        until: Deadline,
    ) -> Self {
        Self {
            context,
            config: Cow::Borrowed(&context.config),
            inventory,
            dry,
            until,
            reason: None,
            decisions: Vec::new(),
            rolled: BTreeSet::new(),
            unfinished: false,
            lacks_older: false,
            change: None,
            ended: Vec::new(),
            began: context.now(),
        }
    }

    /// Tells as well which rolls have come to their end by this, of all that happened since the invocation `began`.
    pub(crate) fn hearing(mut self, change: Option<Change>, began: DateTime<Utc>) -> Self {
        self.change = change;
        self.began = began;
        self
    }

    /// Decides by another configuration, and gives another reason for what is rolled.
    pub(crate) fn by(mut self, config: Config, reason: String) -> Self {
        self.config = Cow::Owned(config);
        self.reason = Some(reason);
        self
    }

    /// Rolls what is certain though older pushes are not read yet: the newest push, onto services of which it is known
    /// what they run and that follow the newest push. All else waits for [`Session::decide`].
    pub(crate) async fn begin(&mut self, pushes: &[Push]) {
        // Later waves do not roll here, so nothing is asked for them.
        let (mut plan, _) = self.plan(pushes, |doubt| !doubt.for_waves).await;
        plan.rolls
            .retain(|roll| self.is_certain(roll) && !self.rolled.contains(&roll.service.arn));
        plan.notes.clear();
        plan.decisions.clear();
        // Whether something waits is told when everything is decided.
        plan.waiting = false;
        self.carry_out(plan).await;
    }

    /// Decides for these pushes and does it: services and stacks at the same time, so that none waits for the other.
    pub(crate) async fn decide(&mut self, pushes: &[Push]) {
        let (context, config) = (self.context, self.config.clone());
        let (dry, until) = (self.dry, self.until);
        let (concluded, ()) = futures_util::join!(
            stacks::decide(context, &config, pushes, dry, until),
            self.decide_services(pushes)
        );
        self.decisions.extend(concluded.decisions);
        self.ended.extend(concluded.ended);
        self.unfinished |= concluded.waits;
    }

    async fn decide_services(&mut self, pushes: &[Push]) {
        let (mut plan, histories) = self.plan(pushes, |_| true).await;
        self.ended = self.change.as_ref().map_or_else(Vec::new, |change| {
            deployment::ended(change, &self.inventory, &histories, pushes)
        });
        for roll in std::mem::take(&mut plan.rolls) {
            if self.rolled.contains(&roll.service.arn) {
                self.hold(
                    &roll,
                    "the service was rolled a moment ago; the next look-up decides",
                );
            } else if self.lacks_older && self.goes_by_version(&roll) {
                self.hold(
                    &roll,
                    "older pushes could not be read, and one of them may be of a higher version; the next look-up decides",
                );
            } else {
                plan.rolls.push(roll);
            }
        }
        self.leave_decided(pushes, &mut plan);
        self.carry_out(plan).await;
    }

    /// The plan, when the doubts that are to be asked are settled.
    async fn plan(&mut self, pushes: &[Push], asks: impl Fn(&Doubt) -> bool) -> (Plan, Histories) {
        let mut histories = Histories::new();
        let mut plan = self.plan_with(pushes, &histories);
        for _ in 1..ROUNDS {
            plan.doubts.retain(&asks);
            if plan.doubts.is_empty() && plan.undated.is_empty() {
                break;
            }
            let (past, origins) = futures_util::join!(
                survey::histories(self.context, self.until, &plan.doubts),
                origins::origins(self.context, self.until, &plan.undated)
            );
            histories.extend(past);
            self.inventory.origins.extend(origins);
            plan = self.plan_with(pushes, &histories);
        }
        if let Some(reason) = &self.reason {
            let cargo = plan.rolls.iter_mut().flat_map(|roll| &mut roll.cargo);
            cargo.for_each(|cargo| reason.clone_into(&mut cargo.reason));
        }
        (plan, histories)
    }

    fn plan_with(&self, pushes: &[Push], histories: &Histories) -> Plan {
        plan::plan(pushes, &self.inventory, histories, &self.config, self.dry)
    }

    /// Older pushes than those that are decided could not be read, and the next look-up may.
    pub(crate) fn lack_older(&mut self) {
        self.lacks_older = true;
    }

    async fn carry_out(&mut self, plan: Plan) {
        self.unfinished |= plan.waiting;
        let rolls = plan.rolls.iter().map(|roll| roll.service.arn.clone());
        self.rolled.extend(rolls);
        let rolled = roll::carry_out(self.context, &self.inventory, &plan, self.until).await;
        // What somebody else got in the way of is decided by the next look-up.
        self.unfinished |= rolled.iter().any(|done| done.outcome == Outcome::Held);
        self.decisions.extend(plan.decisions);
        self.decisions.extend(rolled);
    }

    /// Gives the families that no service runs their revisions, once the services had their turn.
    pub(crate) async fn decide_families(&mut self, pushes: &[Push]) {
        let (context, config) = (self.context, &self.config);
        let done = families::decide(
            context,
            config,
            &self.inventory,
            pushes,
            self.dry,
            self.until,
        );
        let done = done.await;
        self.decisions.extend(done.decisions);
        self.inventory.gaps.extend(done.gaps);
        self.unfinished |= done.waits;
    }

    /// Lets the tasks of rules and schedules move along with the services whose deployments are over. A warm function reads
    /// them again when there is somewhere else to move to, and when everything is looked at: `all`.
    pub(crate) async fn move_scheduled(&mut self, pushes: &[Push], all: bool) {
        if !self.config.moves_targets() || self.dry {
            return;
        }
        let goals = Goals::of(&self.inventory, &self.rolled, pushes, &self.config);
        let mut moves = goals.moves();
        let alone = self.config.families == Families::All;
        let nowhere = moves.is_empty() && !alone;
        moves.extend(goals.unread());
        if nowhere || (!all && self.context.has_settled(&moves)) {
            return;
        }
        let done =
            scheduled::move_along(self.context, &self.inventory, &goals, self.dry, self.until);
        let done = done.await;
        let retryable = done.decisions.iter().any(|decision| decision.retryable);
        let settled = !retryable && !done.waits && done.gaps.is_empty();
        self.context.settle(settled.then_some(moves));
        self.decisions.extend(done.decisions);
        self.inventory.gaps.extend(done.gaps);
    }

    /// Whether anything was rolled, or tried, or a stack updated already.
    pub(crate) fn has_rolled(&self) -> bool {
        let rolled = |decision: &Decision| decision.outcome == Outcome::Rolled;
        !self.rolled.is_empty() || self.decisions.iter().any(rolled)
    }

    /// Takes back what was decided, to decide anew with more pushes. Only while nothing was rolled.
    pub(crate) fn forget(&mut self) {
        self.decisions.clear();
        self.unfinished = false;
    }

    /// Lets the in-use tags name what runs: of everything, or where a roll has just completed.
    pub(crate) async fn mark_images(&self, all: bool) {
        let completed = self.ended.iter().any(|ended| ended.state.is_good());
        if all || completed {
            in_use::mark(self.context, &self.inventory, self.until).await;
        }
    }

    /// Whether something is left for the next look-up.
    pub(crate) fn is_unfinished(&self) -> bool {
        let gap = self.inventory.gaps.iter().any(|gap| gap.retryable);
        let failed = self.decisions.iter().any(|decision| decision.retryable);
        self.dry || self.unfinished || gap || failed
    }

    /// When the oldest of the pushes happened that are left to the next look-up, where anything is: those held or failed in a way
    /// that a retry may mend, or any of them where part of the account could not be read.
    pub(crate) fn oldest_left(&self, pushes: &[Push]) -> Option<DateTime<Utc>> {
        let gap = self.inventory.gaps.iter().any(|gap| gap.retryable);
        let left = |push: &&Push| {
            let open = |decision: &Decision| {
                decision.push == push.id()
                    && (decision.retryable || decision.outcome == Outcome::Held)
            };
            gap || self.decisions.iter().any(open)
        };
        pushes.iter().filter(left).map(Push::time).min()
    }

    /// Whether a push of which only the registry told waits for its wave, or failed in a way that a retry may mend: no log holds it.
    pub(crate) fn misses_still(&self) -> bool {
        let found = |decision: &&Decision| ledger::found(&decision.push).is_some();
        let mut found = self.decisions.iter().filter(found);
        found.any(|d| d.retryable || self.unfinished && d.outcome == Outcome::Held)
    }

    /// The report, told to all who are to hear of it.
    ///
    /// # Errors
    /// [`Error::Retryable`] when something failed that a retry may mend; `left` is what did so elsewhere.
    pub(crate) async fn report(
        mut self,
        trigger: &str,
        window: Option<Window>,
        pushes: &[Push],
        left: Option<&str>,
    ) -> Result<Report, Error> {
        elsewhere::warn(self.context, pushes, &self.inventory);
        let unread = unread(pushes, &self.inventory);
        self.decisions.extend(unread);
        let report = Report {
            trigger: trigger.to_owned(),
            window,
            pushes: pushes.iter().map(PushLine::from).collect(),
            decisions: self.decisions,
            ended: self.ended,
        };
        telling::tell(self.context, &report, self.began).await;
        let gaps = self.inventory.gaps.iter().filter(|gap| gap.retryable);
        let gaps = gaps.count();
        let decisions = report.decisions.iter();
        let failed = decisions.filter(|decision| decision.retryable).count();
        if gaps + failed == 0 && left.is_none() {
            return Ok(report);
        }
        let mut message = format!(
            "{failed} decision(s) failed and {gaps} part(s) of the account could not be read, in a way that a retry \
             may mend; the log holds the report"
        );
        if let Some(left) = left {
            message = format!("{left}; {message}");
        }
        Err(Error::Retryable {
            message,
            report: Some(Box::new(report)),
        })
    }
}

/// Pushes meet services whose revision could not be read: nobody knows whether they run the repository.
fn unread(pushes: &[Push], inventory: &Inventory) -> Vec<Decision> {
    for gap in &inventory.gaps {
        let (cluster, service, reason) = (&gap.cluster, &gap.service, &gap.reason);
        tracing::error!(
            cluster,
            service,
            reason,
            "part of the account could not be read"
        );
    }
    let Some(newest) = pushes.iter().max_by(|a, b| a.order.cmp(&b.order)) else {
        return Vec::new();
    };
    let failed = |gap: &Gap| Decision {
        cluster: gap.cluster.clone(),
        service: if gap.service.is_empty() {
            "*".to_owned()
        } else {
            gap.service.clone()
        },
        repository: newest.repository.name.clone(),
        tag: newest.tag().to_owned(),
        digest: newest.digest.clone(),
        outcome: Outcome::Failed,
        reason: format!("could not be read: {}", gap.reason),
        from: None,
        to: None,
        push: newest.id().to_owned(),
        retryable: gap.retryable,
    };
    inventory.gaps.iter().map(failed).collect()
}

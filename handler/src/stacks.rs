//! CloudFormation stacks that take an image's tag as a parameter: `[[stacks]]`.
//!
//! A stack is updated with its own template, the one parameter, and the previous values of all others. `judge` decides,
//! as a pure function; `token` is the ledger; `call` talks to CloudFormation. Without an entry in the configuration no
//! call is made.
//!
//! In the report a stack stands as a service of the cluster `cloudformation`; `from` and `to` are the parameter's values.

mod call;
mod judge;
mod stack;
#[cfg(test)]
mod tests;
mod token;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::concurrent;
use crate::config::{Config, StackRule};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::deployment::{End, Ended};
use crate::ecr::{self, ImageId};
use crate::error::AwsError;
use crate::image::Repository;
use crate::policy::TagPolicy;
use crate::push::Push;
use crate::report::{Decision, Outcome};
use call::{CloudFormation, Update};
use judge::{Case, Dated, Past, Said, Verdict, judge};
pub use stack::Stack;
use stack::{Condition, Try, tries};
use token::Token;

/// What stands in place of a cluster in the report.
pub const CLUSTER: &str = "cloudformation";

/// How many pages of events are read at most; a page has up to a hundred.
const MOST_PAGES: usize = 20;
/// How long an update may take to be accepted.
const ACCEPTED: TimeDelta = TimeDelta::seconds(30);
/// Further back no end of an update is told.
const FAR: TimeDelta = TimeDelta::minutes(5);

/// What was concluded about the stacks.
#[derive(Debug, Default)]
pub(crate) struct Concluded {
    pub(crate) decisions: Vec<Decision>,
    pub(crate) ended: Vec<Ended>,
    /// Something is left to the next look-up.
    pub(crate) waits: bool,
}

/// What was read of a stack's past, and how far back: it holds as long as nothing is done to the stack.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    status: String,
    changed: DateTime<Utc>,
    since: DateTime<Utc>,
    tries: Vec<Try>,
}

/// Decides about these pushes for every stack of the configuration, and updates.
pub(crate) async fn decide(
    context: &Context,
    config: &Config,
    pushes: &[Push],
    dry: bool,
    until: Deadline,
) -> Concluded {
    if config.stacks.is_empty() {
        return Concluded::default();
    }
    let way = CloudFormation::new(context.sdk());
    let mut groups: BTreeMap<&str, Vec<&StackRule>> = BTreeMap::new();
    for rule in &config.stacks {
        groups.entry(rule.name()).or_default().push(rule);
    }
    let work = Work {
        context,
        config,
        way: &way,
        pushes,
        dry,
        until,
    };
    let done = groups.values().map(|rules| work.one(rules));
    let mut all = Concluded::default();
    for one in concurrent::all(done).await {
        all.decisions.extend(one.decisions);
        all.ended.extend(one.ended);
        all.waits |= one.waits;
    }
    all
}

/// What an invocation does about stacks.
#[derive(Clone, Copy)]
struct Work<'a> {
    context: &'a Context,
    config: &'a Config,
    way: &'a CloudFormation,
    pushes: &'a [Push],
    dry: bool,
    until: Deadline,
}

/// A stack's entries are decided one after the other: once it is being updated it takes no second update.
impl Work<'_> {
    async fn one(&self, rules: &[&StackRule]) -> Concluded {
        let mut done = Concluded::default();
        let Some(first) = rules.first() else {
            return done;
        };
        let stack = match self.way.describe(&first.stack).await {
            Ok(stack) => stack,
            Err(error) => {
                for rule in rules {
                    self.unseen(rule, &error, &mut done);
                }
                return done;
            }
        };
        let mut updated = false;
        for rule in rules {
            let Some(repository) = repository(rule, &stack) else {
                continue;
            };
            let pushes = self.pushes.iter();
            let pushes: Vec<&Push> = pushes
                .filter(|push| push.repository == repository)
                .collect();
            let mut past = None;
            if !pushes.is_empty() {
                updated |= self
                    .rule(
                        rule,
                        &repository,
                        &stack,
                        &pushes,
                        &mut past,
                        updated,
                        &mut done,
                    )
                    .await;
            }
            if !updated {
                self.end(rule, &repository, &stack, past, &mut done).await;
            }
        }
        done
    }

    /// Decides by one entry; whether it began an update.
    #[expect(
        clippy::too_many_arguments,
        reason = "what one stack and one entry bring"
    )]
    async fn rule(
        &self,
        rule: &StackRule,
        repository: &Repository,
        stack: &Stack,
        pushes: &[&Push],
        past: &mut Option<Past>,
        busy: bool,
        done: &mut Concluded,
    ) -> bool {
        let mut dated = None;
        let said = loop {
            let verdict = judge(&Case {
                config: self.config,
                rule,
                repository,
                stack,
                pushes,
                past: past.as_ref(),
                dated: dated.as_ref(),
                dry: self.dry,
            });
            match verdict {
                Verdict::AskPast => {
                    let oldest = pushes.iter().map(|push| push.time()).min();
                    *past = Some(self.past(stack, oldest).await);
                }
                Verdict::AskDate(tag) => dated = Some(self.dated(repository, tag).await),
                Verdict::Decided { said, waits } => {
                    done.waits |= waits;
                    break said;
                }
            }
        };
        let mut began = false;
        for said in said {
            let mut decision = decision(rule, stack, &said);
            if said.outcome == Outcome::Rolled {
                let update = Update {
                    stack: stack.clone(),
                    parameter: rule.parameter.clone(),
                    value: said.tag.clone(),
                    token: Token::new(rule, repository, said.push, said.record, &said.tag).text(),
                };
                let (outcome, waits) = self.update(&update, busy, &mut decision).await;
                began |= outcome == Outcome::Rolled;
                done.waits |= waits;
                decision.outcome = outcome;
            }
            done.decisions.push(decision);
        }
        began
    }

    /// Begins an update; what came of it, and whether the next look-up is to decide again.
    async fn update(&self, update: &Update, busy: bool, said: &mut Decision) -> (Outcome, bool) {
        if busy {
            "the stack was updated a moment ago; the next look-up decides"
                .clone_into(&mut said.reason);
            return (Outcome::Held, true);
        }
        if !self.until.allows(self.context.now() + ACCEPTED) {
            said.reason = self.until.too_late();
            return (Outcome::Held, true);
        }
        let Err(error) = self.way.update(update).await else {
            said.to = Some(update.value.clone());
            return (Outcome::Rolled, false);
        };
        let (outcome, waits, reason) = refused(&error);
        said.reason = reason;
        said.retryable = outcome == Outcome::Failed && error.retryable;
        (outcome, waits)
    }

    /// What ecroll did to the stack since a time, which is further back than any push that matters.
    async fn past(&self, stack: &Stack, oldest: Option<DateTime<Utc>>) -> Past {
        let now = self.context.now();
        let reach = TimeDelta::from_std(self.config.look_back).unwrap_or(TimeDelta::days(1));
        let since = now - reach;
        let since = oldest.map_or(since, |oldest| since.min(oldest)) - FAR;
        if let Some(known) = self.context.stack(&stack.id)
            && (&known.status, known.changed) == (&stack.status, stack.changed)
            && known.since <= since
        {
            return Past::Known(known.tries);
        }
        let (mut events, mut token) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            match self.way.events(stack, token).await {
                Err(error) => return Past::Unknown(error.to_string(), error.retryable),
                Ok((page, next)) => {
                    let enough = page.iter().any(|event| event.at < since);
                    events.extend(page);
                    token = next.filter(|_| !enough);
                }
            }
            if token.is_none() {
                let tries = tries(stack, &events);
                let known = Remembered {
                    status: stack.status.clone(),
                    changed: stack.changed,
                    since,
                    tries: tries.clone(),
                };
                self.context.remember_stack(&stack.id, known);
                return Past::Known(tries);
            }
        }
        let read = events.len();
        Past::Unknown(
            format!("the stack has more than {read} events since then"),
            false,
        )
    }

    async fn dated(&self, repository: &Repository, tag: String) -> Dated {
        let id = ImageId::Tag(tag);
        let client = self.context.ecr(&repository.region);
        match ecr::describe(&client, repository, std::slice::from_ref(&id)).await {
            Err(error) => Dated::Unknown(error.to_string(), error.retryable),
            Ok(found) => found.get(&id).map_or(Dated::Nowhere, |found| {
                Dated::Image(found.digest.clone(), found.pushed_at)
            }),
        }
    }

    /// Tells how ecroll's last update of the stack ended, if that is not long ago: a function that has just started cannot
    /// know what was told.
    async fn end(
        &self,
        rule: &StackRule,
        repository: &Repository,
        stack: &Stack,
        past: Option<Past>,
        done: &mut Concluded,
    ) {
        let now = self.context.now();
        let sweep = self
            .config
            .sweep
            .unwrap_or(std::time::Duration::from_hours(1));
        let told = now - TimeDelta::from_std(sweep * 2).unwrap_or(FAR) - FAR;
        let reach = TimeDelta::days(1);
        if self.dry || stack.condition() == Condition::Busy || stack.changed < now - reach {
            return;
        }
        let past = match past {
            Some(past) => past,
            None => self.past(stack, None).await,
        };
        let tries = match past {
            Past::Known(tries) => tries,
            Past::Unknown(why, _) => {
                tracing::warn!(stack = stack.name, why, "how its update ended is not known");
                return;
            }
        };
        let mut own = tries.iter().filter(|one| one.token.is_by(rule, repository));
        let Some((one, end)) = own.next().and_then(|one| Some((one, one.end.as_ref()?))) else {
            return;
        };
        if end.at < told {
            return;
        }
        let state = match end.status.as_str() {
            "UPDATE_COMPLETE" => End::Completed,
            "UPDATE_ROLLBACK_COMPLETE" => End::RolledBack,
            _ => End::Stuck,
        };
        let seen = self.pushes.iter().find(|push| one.token.names(push));
        let value = stack.parameters.get(&rule.parameter).cloned();
        let tag = one.token.tag.clone().or_else(|| value.clone());
        done.ended.push(Ended {
            cluster: CLUSTER.to_owned(),
            service: stack.name.clone(),
            repository: repository.name.clone(),
            tag: tag.unwrap_or_default(),
            push: seen.map_or_else(|| one.token.word(), |push| push.id().to_owned()),
            state,
            revision: value.unwrap_or_default(),
            reason: match end.reason.as_str() {
                "" => format!("the stack is {}", end.status),
                reason => reason.to_owned(),
            },
        });
    }

    /// The stack could not be read: every push of a repository of that name is told so.
    fn unseen(&self, rule: &StackRule, error: &AwsError, done: &mut Concluded) {
        let missing = error.message.contains("does not exist");
        let (outcome, reason) = if missing {
            let reason = format!(
                "there is no stack {} here: create it, or correct `[[stacks]]` ({})",
                rule.name(),
                error.message
            );
            (Outcome::Refused, reason)
        } else {
            (Outcome::Failed, error.to_string())
        };
        let (registry, name) = (rule.registry(), rule.repository_name());
        let meant = self.pushes.iter().filter(|push| {
            let whole = registry.as_ref();
            whole.map_or(push.repository.name == name, |whole| {
                push.repository == *whole
            })
        });
        for push in meant {
            done.decisions.push(Decision {
                cluster: CLUSTER.to_owned(),
                service: rule.name().to_owned(),
                repository: name.clone(),
                tag: push.tag().to_owned(),
                digest: push.digest.clone(),
                outcome,
                reason: reason.clone(),
                from: None,
                to: None,
                push: push.id().to_owned(),
                retryable: !missing && error.retryable,
            });
        }
    }
}

/// The repository that an entry means: in the stack's own account and Region, unless it names a registry.
fn repository(rule: &StackRule, stack: &Stack) -> Option<Repository> {
    rule.registry().or_else(|| {
        let (account, region) = stack.place()?;
        Some(Repository {
            account: account.to_owned(),
            region: region.to_owned(),
            name: rule.repository.clone(),
        })
    })
}

fn decision(rule: &StackRule, stack: &Stack, said: &Said<'_>) -> Decision {
    Decision {
        cluster: CLUSTER.to_owned(),
        service: stack.name.clone(),
        repository: said.push.repository.name.clone(),
        tag: said.tag.clone(),
        digest: said.push.digest.clone(),
        outcome: said.outcome,
        reason: said.reason.clone(),
        from: stack.parameters.get(&rule.parameter).cloned(),
        to: None,
        push: said.push.id().to_owned(),
        retryable: false,
    }
}

/// What a refusal of `UpdateStack` means: the outcome, whether the next look-up is to decide again, and the reason.
///
/// Texts: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html>, and what the AWS CLI matches,
/// <https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudformation/deployer.py>
fn refused(error: &AwsError) -> (Outcome, bool, String) {
    let text = &error.message;
    let has = |words: &str| text.contains(words);
    if has("No updates are to be performed") {
        return (Outcome::Unchanged, false, text.clone());
    }
    if has("_IN_PROGRESS") || has("TokenAlreadyExists") || has("OperationInProgress") {
        return (
            Outcome::Held,
            true,
            format!("{text}: the next look-up decides"),
        );
    }
    if has("InsufficientCapabilities") {
        let reason = format!("{text}: update the stack by hand once, with these capabilities");
        return (Outcome::Refused, false, reason);
    }
    if has("ValidationError") {
        return (Outcome::Refused, false, error.to_string());
    }
    (Outcome::Failed, false, error.to_string())
}

/// How a stack follows a repository, for whoever sets the pipeline up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Following {
    /// The entry of the configuration.
    pub rule: StackRule,
    /// Which tags move it.
    pub tags: TagPolicy,
    /// The stack, or why it cannot be read.
    pub stack: Result<Stack, AwsError>,
    /// The repository; `None` where the stack cannot be read and the entry names no registry.
    pub repository: Option<Repository>,
    /// Why no push could move it as it stands, with what would let it.
    pub refusal: Option<String>,
}

/// Every stack of the configuration, as it stands. Calls nothing where there is none.
pub async fn following(context: &Context) -> Vec<Following> {
    let config = &context.config;
    if config.stacks.is_empty() {
        return Vec::new();
    }
    let way = CloudFormation::new(context.sdk());
    let way = &way;
    let read = config.stacks.iter().map(|rule| async move {
        let stack = way.describe(&rule.stack).await;
        let tags = rule.tags.clone();
        Following {
            rule: rule.clone(),
            tags: tags.unwrap_or_else(|| config.service.tags.clone()),
            repository: match &stack {
                Ok(stack) => repository(rule, stack),
                Err(_) => rule.registry(),
            },
            refusal: stack.as_ref().ok().and_then(|stack| obstacle(rule, stack)),
            stack,
        }
    });
    concurrent::all(read).await
}

fn obstacle(rule: &StackRule, stack: &Stack) -> Option<String> {
    let (name, parameter) = (&stack.name, &rule.parameter);
    if let Condition::Broken(mend) = stack.condition() {
        return Some(format!("stack {name} is {}: {mend}", stack.status));
    }
    if !stack.parameters.contains_key(parameter) {
        return Some(format!(
            "stack {name} has no parameter {parameter}: add it to the template, or correct `parameter`"
        ));
    }
    stack.role.is_none().then(|| {
        format!(
            "stack {name} has no role: the function would need the permissions of everything in its template; give \
             the stack a role (`aws cloudformation update-stack --stack-name {name} --use-previous-template \
             --role-arn …`)"
        )
    })
}

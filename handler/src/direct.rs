//! Deploying a tag that somebody names, also an older one: the one way backwards. Stacks that take the repository's tag as a
//! parameter are set to it as well.
//!
//! The name overrides tag policies, `repositories` and the order of pushes. It does not override `hold`, nor anything
//! because of which a roll cannot work. The ledger gets the time of the naming, so that look-ups leave the service
//! alone until the next push.

use std::collections::BTreeSet;

use chrono::{SecondsFormat, SubsecRound as _};

use crate::carried::kind;
use crate::config::{Config, StackRule};
use crate::context::Context;
use crate::deadline::Deadline;
use crate::ecr::{self, ImageId};
use crate::error::Error;
use crate::image::Repository;
use crate::inventory::Inventory;
use crate::ledger;
use crate::manifest::Kind;
use crate::policy::TagPolicy;
use crate::push::{Found, coalesce};
use crate::record::Record;
use crate::report::Report;
use crate::session::Session;
use crate::stacks::{self, Following};
use crate::survey::survey;
use crate::trigger::{Direct, Trigger};

/// The tag of a service that says what its `tags` are, in place of the configuration.
const POLICY_TAG: &str = "ecroll:tags";

/// Deploys the tag on every service that runs its repository, and on every stack that takes it.
///
/// # Errors
/// [`Error::Permanent`] where no service runs the repository and no stack takes it, where several registries have one of that name, where the
/// tag does not exist or names another digest; else as [`crate::handle`].
pub(crate) async fn deploy(
    context: &Context,
    trigger: &Trigger,
    direct: &Direct,
    until: Deadline,
) -> Result<Report, Error> {
    let began = context.now();
    let mut config = without_policies(&context.config);
    // Where these are named, services are meant.
    let services_alone = direct.cluster.is_some() || direct.service.is_some();
    let meant = |rule: &StackRule| !services_alone && rule.repository_name() == direct.repository;
    config.stacks.retain(meant);
    let (inventory, stacks) = futures_util::join!(
        survey(context, until),
        stacks::following_of(context, &config)
    );
    let mut inventory = inventory?;
    narrow(&mut inventory, direct);
    let repository = repository(&inventory, &stacks, direct)?;
    let digest = digest(context, &repository, direct).await?;
    let now = context.now().trunc_subsecs(0);
    let id = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut record = Record {
        repository,
        tag: direct.tag.clone(),
        digest,
        time: now,
        id: format!("{}{id}", ledger::DIRECT),
        kind: Kind::Image,
    };
    record.kind = kind(context, &record).await?;
    let timestamp = now.timestamp_millis();
    let pushes = coalesce(vec![Found {
        record,
        timestamp,
        ingestion: timestamp,
    }]);
    let reason = format!(
        "{} was named directly: deployed whatever ran or was pushed before",
        direct.tag
    );
    let mut session = Session::new(context, inventory, trigger.dry_run, until)
        .by(config, reason)
        .hearing(None, began);
    session.decide(&pushes).await;
    session.report(trigger.name, None, &pushes, None).await
}

/// Leaves the services that the form means, without policies of their own.
fn narrow(inventory: &mut Inventory, direct: &Direct) {
    let fits = |glob: &Option<String>, name: &str| {
        glob.as_ref()
            .is_none_or(|glob| filters::glob::matches(glob, name))
    };
    inventory.services.retain(|service| {
        fits(&direct.cluster, service.cluster()) && fits(&direct.service, &service.name)
    });
    for service in &mut inventory.services {
        service.tags.remove(POLICY_TAG);
    }
}

fn without_policies(config: &Config) -> Config {
    let mut config = config.clone();
    config.repositories = vec!["*".to_owned()];
    config.since = None;
    config.waves = Vec::new();
    config.service.tags = TagPolicy::Any;
    for rule in &mut config.services {
        rule.tags = None;
    }
    for rule in &mut config.stacks {
        rule.tags = None;
    }
    config
}

/// The one repository that the form means, among those that services run and stacks take.
fn repository(
    inventory: &Inventory,
    stacks: &[Following],
    direct: &Direct,
) -> Result<Repository, Error> {
    let fits = |part: &Option<String>, of: &str| part.as_ref().is_none_or(|part| part == of);
    let is_meant = |repository: &&Repository| {
        repository.name == direct.repository
            && fits(&direct.account, &repository.account)
            && fits(&direct.region, &repository.region)
    };
    let taken = stacks.iter().filter_map(|one| one.repository.as_ref());
    let mut meant: BTreeSet<Repository> = taken.filter(is_meant).cloned().collect();
    for service in &inventory.services {
        let definition = inventory.definitions.get(&service.task_definition);
        let run = definition.into_iter().flat_map(|d| d.repositories());
        meant.extend(run.filter(|one| is_meant(one)).cloned());
    }
    if meant.len() > 1 {
        let all: Vec<String> = meant.iter().map(ToString::to_string).collect();
        return Err(Error::Permanent(format!(
            "services run and stacks take `{}` of several registries ({}): add `account` and `region`",
            direct.repository,
            all.join(", ")
        )));
    }
    meant.pop_first().ok_or_else(|| {
        let gaps = inventory.gaps.first().map(|gap| {
            let (cluster, service) = (&gap.cluster, &gap.service);
            format!("; {cluster}/{service} could not be read: {}", gap.reason)
        });
        let unread = stacks.iter().find_map(|one| {
            let error = one.stack.as_ref().err()?;
            let stack = one.rule.name();
            Some(format!("; the stack {stack} could not be read: {error}"))
        });
        Error::Permanent(format!(
            "no service that follows runs an image of the repository `{}`, and no stack takes one{}{}: `ecroll status` \
             shows what runs where",
            direct.repository,
            gaps.unwrap_or_default(),
            unread.unwrap_or_default()
        ))
    })
}

/// The digest that the tag names.
async fn digest(
    context: &Context,
    repository: &Repository,
    direct: &Direct,
) -> Result<String, Error> {
    let Direct { tag, digest, .. } = direct;
    let Repository {
        account,
        region,
        name,
    } = repository;
    let id = ImageId::Tag(tag.clone());
    let client = context.ecr(region);
    let found = ecr::describe(&client, repository, std::slice::from_ref(&id)).await?;
    let Some(found) = found.get(&id) else {
        return Err(Error::Permanent(format!(
            "the repository `{name}` of {account} in {region} has no tag `{tag}`: list them with `aws ecr list-images \
             --registry-id {account} --region {region} --repository-name {name}`"
        )));
    };
    match digest {
        Some(digest) if *digest != found.digest => Err(Error::Permanent(format!(
            "the tag `{tag}` of `{name}` names {}, not {digest}: nothing was deployed",
            found.digest
        ))),
        _ => Ok(found.digest.clone()),
    }
}

//! Running a replay: the pipeline in a pocket account, the records through it, the real handler at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use handler::config::{Config, TriggerKind};
use handler::image::Repository;
use handler::push::{Found, Push, coalesce};
use handler::record::Record;
use local::faults::{self, Kind};
use local::{Account, Clock};
use serde_json::Value;

use super::host::host;
use super::plant;
use super::seed::{self, Seeded};
use super::source::{Recorded, Sources};
use super::story::{Seen, Story};
use crate::clients::Clients;
use crate::code::Code;
use crate::error::Error;
use crate::history::made_by;
use crate::provision;
use crate::snapshot::Snapshot;

/// CloudTrail's delivery in seconds when the source says nothing: from two minutes to nine, some five on average.
///
/// Source: <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/send-cloudtrail-events-to-cloudwatch-logs.html>
/// (about five minutes on average); the spread is ours.
pub(crate) const LATENCY: std::ops::RangeInclusive<i64> = 120..=540;
/// What is added to a record that says of itself that it was late (`addendum.reason`).
const LATE: TimeDelta = TimeDelta::hours(1);
/// Setup runs so long before the first record.
const LEAD: TimeDelta = TimeDelta::minutes(15);
/// Nothing for so long: the time until the next record is skipped.
const GAP: TimeDelta = TimeDelta::hours(2);
/// Faults may befall what is done about a record so long after it was delivered.
const FELT: TimeDelta = TimeDelta::minutes(30);
/// How long after the last delivery alarms, look-ups and deployments may take to come to rest.
const REST: TimeDelta = TimeDelta::hours(6);

/// How long a fault may hold up what follows from it: the timeout of the function and its retries.
const HELD_UP: TimeDelta = TimeDelta::minutes(50);

/// How a replay runs.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which of the possible histories.
    pub seed: u64,
    /// How long CloudTrail takes for every record; without it, as the seed says.
    pub latency: Option<Duration>,
    /// What goes wrong on the way, a few times each, as the seed says.
    pub faults: Vec<Kind>,
    /// The roads by which pushes reach the handler; without any, those of the configuration.
    pub triggers: Vec<TriggerKind>,
    /// The services of an account; without it, one for each repository that is pushed to.
    pub account: Option<Arc<Snapshot>>,
}

/// Runs the records through the pipeline and tells what happened. Takes its time from a virtual clock of its own; must
/// run on a tokio runtime of one thread whose clock is paused.
///
/// # Errors
/// When the snapshot is of another account than all pushes; when the pipeline cannot be built, which would be a fault of this program or of the configuration.
pub async fn replay(sources: Sources, config: &Config, options: &Options) -> anyhow::Result<Story> {
    let config = &by_roads(config, &options.triggers)?;
    let Sources {
        mut records,
        rejected,
        omitted,
        ..
    } = sources;
    records.sort_by_key(|recorded| recorded.time);
    let deliveries = deliveries(records, options);
    let pushes = pushes(&deliveries, config);
    let by = identities(&deliveries);
    let first = deliveries
        .iter()
        .map(|delivery| delivery.recorded.time)
        .min();
    let start = first.unwrap_or_default() - LEAD;
    let start = start.duration_trunc(TimeDelta::minutes(1)).unwrap_or(start);

    let account = account(start, &pushes, options);
    // The report draws them.
    account.with_ecs(|ecs, _| ecs.settings_mut().tallies = true);
    // The accounts of targets last as long as this.
    let (seeded, _beside, planted) = if let Some(snapshot) = &options.account {
        plant::check(snapshot, &pushes)?;
        let first = first.unwrap_or(start);
        let garden = plant::plant(&account, snapshot, config, &pushes, first);
        (garden.seeded, garden.beside, Some(garden.planted))
    } else {
        let repositories: BTreeSet<Repository> =
            pushes.iter().map(|push| push.repository.clone()).collect();
        let seeded = seed::services(&repositories);
        seed::plant(&account, &seeded)
            .map_err(|fault| anyhow::anyhow!("{}: {}", fault.code, fault.message))
            .context("cannot seed the pocket account")?;
        (seeded, Vec::new(), None)
    };
    let answers = host(&account);

    let clients = Clients::new(&account.sdk_config());
    account
        .drive(async {
            let plan = provision::plan(&clients, config, &Code::placeholder(), start).await?;
            provision::apply(&clients, &plan, &mut |_| {}).await
        })
        .await
        .context("cannot build the pipeline in the pocket account")?;
    account.run_until_quiet(start + LEAD).await;

    let last = deliveries.iter().map(|delivery| delivery.at).max();
    let (from, until) = (account.clock().now(), last.unwrap_or(start) + FELT);
    account.plan_faults(faults::drawn(&options.faults, options.seed, from, until));

    let records = deliveries.len() + omitted;
    deliver(&account, deliveries, config).await;
    if !options.faults.is_empty() {
        // An invocation that a fault held up to its timeout is tried twice more.
        rest(&account, account.clock().now() + HELD_UP, config).await;
    }
    let answers = answers.taken();
    let seen = Seen {
        records,
        pushes: &pushes,
        by: &by,
        seeded: &seeded,
        journal: &account.journal(),
        answers: &answers,
        config,
    };
    Ok(Story::new(seen, rejected).on(planted))
}

/// Who made each push, by the identity of its record.
fn identities(deliveries: &[Delivery]) -> BTreeMap<String, String> {
    let identity = |delivery: &Delivery| {
        let record = &delivery.recorded.record;
        Some((Record::read(record).ok()?.id, made_by(record)?))
    };
    deliveries.iter().filter_map(identity).collect()
}

/// The configuration with other roads.
///
/// # Errors
/// When nothing would be left as the net below them, or a road is named twice.
pub(crate) fn by_roads(config: &Config, triggers: &[TriggerKind]) -> Result<Config, Error> {
    if triggers.is_empty() {
        return Ok(config.clone());
    }
    let with = Config {
        triggers: triggers.to_vec(),
        ..config.clone()
    };
    Config::from_json(&with.to_json()).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        Error::Wrong(format!("--trigger: {}", faults.join("; ")))
    })
}

/// A record on its way to the log group.
struct Delivery {
    recorded: Recorded,
    at: DateTime<Utc>,
}

/// When each record arrives.
fn deliveries(records: Vec<Recorded>, options: &Options) -> Vec<Delivery> {
    let mut chance = Chance(options.seed);
    records
        .into_iter()
        .map(|recorded| {
            let drawn = TimeDelta::seconds(chance.within(LATENCY));
            let latency = options
                .latency
                .and_then(|l| TimeDelta::from_std(l).ok())
                .unwrap_or(drawn);
            let reason = recorded
                .record
                .pointer("/addendum/reason")
                .and_then(Value::as_str);
            let late = matches!(reason, Some("DELIVERY_DELAY" | "SERVICE_OUTAGE"));
            let late = if late { LATE } else { TimeDelta::zero() };
            // A delivery before the event would be a mistake of the source.
            let known = recorded.delivered.filter(|at| *at >= recorded.time);
            let at = known.unwrap_or(recorded.time + latency + late);
            Delivery { recorded, at }
        })
        .collect()
}

/// Numbers that follow from a seed: `SplitMix64`, <https://prng.di.unimi.it/splitmix64.c>.
struct Chance(u64);

impl Chance {
    fn within(&mut self, range: std::ops::RangeInclusive<i64>) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let span = range.end().abs_diff(*range.start()) + 1;
        range.start() + i64::try_from(bits % span).unwrap_or_default()
    }
}

/// The pushes among the records, whatever was pushed; found by the code that the handler uses. The in-use tag is put on
/// what runs already: no push.
fn pushes(deliveries: &[Delivery], config: &Config) -> Vec<Push> {
    let found = deliveries.iter().filter_map(|delivery| {
        let record = Record::read(&delivery.recorded.record).ok()?;
        if config.is_in_use_tag(&record.tag) {
            return None;
        }
        let millis = delivery.at.timestamp_millis();
        Some(Found {
            record,
            timestamp: millis,
            ingestion: millis,
        })
    });
    coalesce(found.collect())
}

/// An empty account in the place of the snapshot, or in the Region that most pushes come from.
fn account(start: DateTime<Utc>, pushes: &[Push], options: &Options) -> Account {
    let mut settings = local::Options {
        seed: options.seed,
        ..local::Options::default()
    };
    let regions: BTreeSet<&str> = pushes
        .iter()
        .map(|p| p.repository.region.as_str())
        .collect();
    let most = regions.into_iter().max_by_key(|region| {
        pushes
            .iter()
            .filter(|p| p.repository.region == *region)
            .count()
    });
    if let Some(snapshot) = &options.account {
        // Its own number: what names it, such as ARNs of clusters and targets, is to mean it.
        settings.account.clone_from(&snapshot.home.account);
        settings.region.clone_from(&snapshot.home.region);
    } else if let Some(region) = most {
        region.clone_into(&mut settings.region);
    }
    Account::new(Clock::new(start), settings)
}

/// Lets everything happen in the order of its time and come to rest, and skips the empty time between.
async fn deliver(account: &Account, mut deliveries: Vec<Delivery>, config: &Config) {
    deliveries.sort_by_key(|delivery| delivery.recorded.time);
    let mut last: Option<DateTime<Utc>> = None;
    for Delivery { recorded, at } in deliveries {
        if let Some(last) = last.filter(|last| recorded.time - *last > GAP) {
            rest(account, last, config).await;
        }
        account.skip_to(recorded.time - TimeDelta::minutes(1));
        if let Ok(push) = Record::read(&recorded.record)
            && push.kind.is_image()
        {
            // The registry has the image at once; only the record of it takes its time.
            account.run_until(recorded.time).await;
            let image = format!("{}/{}", seed::host(&push.repository), push.repository.name);
            account.with_ecs(|ecs, _| ecs.push_image(&image, &push.tag, &push.digest));
        }
        account.deliver(recorded.record, at);
        last = last.max(Some(at));
    }
    if let Some(last) = last {
        rest(account, last, config).await;
    }
}

/// After the last delivery: every record is seen by one sweep at least, however the alarm behaves; then until nothing
/// is under way any more.
async fn rest(account: &Account, last: DateTime<Utc>, config: &Config) {
    let sweep = config
        .sweep
        .and_then(|s| TimeDelta::from_std(s).ok())
        .unwrap_or_default();
    account
        .run_until(last + sweep + TimeDelta::minutes(2))
        .await;
    account.run_until_quiet(last + REST).await;
}

/// The services that a push concerns.
pub(super) fn followers<'a>(
    push: &'a Push,
    seeded: &'a [Seeded],
) -> impl Iterator<Item = &'a Seeded> {
    seeded
        .iter()
        .filter(|service| service.repository == push.repository)
}

//! A large account over a long time: nothing lost, nothing rolled twice, no drift, and no memory but for what the account
//! itself keeps for ever.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use handler::report::Outcome;
use local::{Account, Clock, Options};
use serde_json::{Value, json};
use setup::replay::{Answers, host as hosted};

use crate::build::{put, set_up};
use crate::history::{HOME, REGION, digest, host};
use crate::records::record;
use crate::trace::{Kind, Policy, Push, Settings};

/// How large, and how long.
struct Size {
    repositories: usize,
    /// Each runs one of the repositories, in turn; those of one share a task definition.
    services: usize,
    clusters: usize,
    pushes_a_day: usize,
    days: usize,
}

/// A record comes after up to nine minutes, the sweep takes five, an invocation that is retried three.
const IN_TIME: TimeDelta = TimeDelta::minutes(17);

/// A push of which not every decision has been made.
struct Open {
    at: DateTime<Utc>,
    repository: usize,
    /// The services that have theirs, with how often they were rolled for it.
    decided: BTreeMap<String, u32>,
}

struct Soak {
    size: Size,
    account: Account,
    answers: Answers,
    chance: Rng,
    pushes: usize,
    open: BTreeMap<String, Open>,
    /// The newest push of each repository.
    newest: BTreeMap<usize, String>,
    look_ups: usize,
    rolls: usize,
    worst: TimeDelta,
}

impl Soak {
    async fn new(size: Size) -> Self {
        let options = Options {
            journal_calls: false,
            ..Options::default()
        };
        let begin = crate::world::start();
        let account = Account::new(Clock::new(begin), options);
        let cluster = |number: usize| format!("c{}", number % size.clusters);
        for number in 0..size.clusters {
            let input = json!({"clusterName": cluster(number)});
            account.call("ecs", "CreateCluster", input).unwrap();
        }
        for number in 0..size.repositories {
            let image = format!("{}/r{number}:seed", host(HOME, REGION));
            let container = json!({"name": "app", "image": image, "memory": 128});
            let input =
                json!({"family": format!("f{number}"), "containerDefinitions": [container]});
            account
                .call("ecs", "RegisterTaskDefinition", input)
                .unwrap();
        }
        for number in 0..size.services {
            let input = json!({"cluster": cluster(number), "serviceName": format!("s{number}"),
                "desiredCount": 1, "taskDefinition": format!("f{}", number % size.repositories)});
            account.call("ecs", "CreateService", input).unwrap();
        }
        let settings = Settings {
            sweep: Some(TimeDelta::minutes(5)),
            look_back: TimeDelta::hours(24),
            reconcile: false,
            roads: vec!["alarm".to_owned()],
            waves: Vec::new(),
            repositories: vec!["*".to_owned()],
            service: Policy::default(),
        };
        set_up(&account, &settings).await;
        let answers = hosted(&account);
        Self {
            size,
            account,
            answers,
            chance: Rng::with_seed(7),
            pushes: 0,
            open: BTreeMap::new(),
            newest: BTreeMap::new(),
            look_ups: 0,
            rolls: 0,
            worst: TimeDelta::zero(),
        }
    }

    /// A day with its pushes at any time of it.
    async fn day(&mut self) {
        let begin = self.account.clock().now();
        let mut seconds: Vec<i64> = (0..self.size.pushes_a_day)
            .map(|_| self.chance.i64(1..86_400))
            .collect();
        seconds.sort_unstable();
        for second in seconds {
            self.account
                .run_until(begin + TimeDelta::seconds(second))
                .await;
            self.push();
            self.look();
        }
        self.account.run_until(begin + TimeDelta::days(1)).await;
        self.look();
        let _ = self.account.take_journal();
    }

    fn push(&mut self) {
        let repository = self.chance.usize(..self.size.repositories);
        let (number, now) = (self.pushes, self.account.clock().now());
        self.pushes += 1;
        let push = Push {
            id: format!("push-{number:06}"),
            account: HOME.to_owned(),
            region: REGION.to_owned(),
            repository: format!("r{repository}"),
            tag: Some(format!("v{number}")),
            digest: digest(&format!("image {number}")),
            at: now,
            delivered: Vec::new(),
            kind: Kind::Image,
            healthy: true,
        };
        put(&self.account, &push);
        let later = TimeDelta::seconds(self.chance.i64(60..=540));
        self.account.deliver(record(&push), now + later);
        self.newest.insert(repository, format!("v{number}"));
        let open = Open {
            at: now,
            repository,
            decided: BTreeMap::new(),
        };
        self.open.insert(push.id, open);
    }

    /// What the handler has decided since; what is complete is forgotten, what is late is lost.
    fn look(&mut self) {
        for answer in self.answers.taken() {
            self.look_ups += 1;
            assert!(!answer.failed, "{:?}", answer.report);
            for decision in answer.report.decisions {
                let Some(open) = self.open.get_mut(&decision.push) else {
                    continue;
                };
                let rolls = open.decided.entry(decision.service.clone()).or_default();
                if decision.outcome == Outcome::Rolled {
                    *rolls += 1;
                    self.rolls += 1;
                    self.worst = self.worst.max(answer.at - open.at);
                }
                assert!(*rolls < 2, "rule 3: rolled twice: {decision:?}");
            }
        }
        let (size, now) = (&self.size, self.account.clock().now());
        self.open.retain(|id, open| {
            let its = (0..size.services).filter(|n| n % size.repositories == open.repository);
            let missing = its.count() - open.decided.len();
            let late = now - open.at > IN_TIME;
            assert!(
                !late || missing == 0,
                "rule 1: {id} has no decision for {missing} services"
            );
            // For a while still: a second roll would come with one of the next look-ups.
            now - open.at < IN_TIME + IN_TIME
        });
    }

    /// Every service runs the newest push of its repository.
    fn settled(&self) {
        for number in 0..self.size.services {
            let repository = number % self.size.repositories;
            let Some(newest) = self.newest.get(&repository) else {
                continue;
            };
            let input = json!({"cluster": format!("c{}", number % self.size.clusters),
                "services": [format!("s{number}")]});
            let answer = self.account.call("ecs", "DescribeServices", input).unwrap();
            let service = &answer["services"][0];
            let of = json!({"taskDefinition": service["taskDefinition"]});
            let answer = self
                .account
                .call("ecs", "DescribeTaskDefinition", of)
                .unwrap();
            let image = &answer["taskDefinition"]["containerDefinitions"][0]["image"];
            let expected = format!("{}/r{repository}:{newest}", host(HOME, REGION));
            assert_eq!(image, &Value::String(expected), "s{number}");
            assert_eq!(service["runningCount"], 1, "s{number}");
        }
    }

    async fn live(&mut self) {
        let mut memory = Vec::new();
        for day in 1..=self.size.days {
            self.day().await;
            let now = resident();
            memory.push(now);
            if day % 7 == 0 || day == self.size.days {
                println!(
                    "day {day}: {} pushes, {} look-ups, {} rolls, worst {} s from push to roll, {} MiB",
                    self.pushes,
                    self.look_ups,
                    self.rolls,
                    self.worst.num_seconds(),
                    now >> 20,
                );
            }
        }
        self.account
            .run_until(self.account.clock().now() + IN_TIME)
            .await;
        self.look();
        self.settled();
        self.flat(&memory);
    }

    /// From the second month on, when metrics and history forget as much as they learn, memory grows by no more than the
    /// revision and the image that the account keeps of each push.
    fn flat(&self, memory: &[usize]) {
        const EACH: usize = 8 << 10;
        let Some((early, late)) = memory.get(30).zip(memory.last()) else {
            return;
        };
        let pushes = (memory.len() - 31) * self.size.pushes_a_day;
        let grown = late.saturating_sub(*early);
        println!(
            "{} bytes for each of {pushes} pushes",
            grown / pushes.max(1)
        );
        assert!(
            grown <= pushes * EACH + (16 << 20),
            "{early} to {late} bytes"
        );
    }
}

/// The memory that the process holds, in bytes; 0 where the system does not say.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

fn soak(size: Size) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { Soak::new(size).await.live().await });
}

#[test]
fn days_of_a_small_account_lose_nothing_and_roll_nothing_twice() {
    soak(Size {
        repositories: 6,
        services: 24,
        clusters: 2,
        pushes_a_day: 12,
        days: 3,
    });
}

#[test]
#[ignore = "a year of a large account takes hours unless it is built with --release; `ECROLL_SOAK_DAYS` makes it shorter"]
fn a_year_of_a_large_account() {
    let days = std::env::var("ECROLL_SOAK_DAYS").ok();
    soak(Size {
        repositories: 200,
        services: 1000,
        clusters: 10,
        pushes_a_day: 300,
        days: days.and_then(|days| days.parse().ok()).unwrap_or(365),
    });
}

//! The promises of a rolling deployment, on many random histories.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Lab;
use crate::ecs::service::Service;
use crate::ecs::task::{Phase, Task};

fn service(lab: &Lab) -> &Service {
    lab.ecs.services.values().next().unwrap()
}

fn count(service: &Service, counts: impl Fn(&Task) -> bool) -> usize {
    service.tasks.iter().filter(|task| counts(task)).count()
}

/// What was seen at the moment before.
#[derive(Default)]
struct Last {
    healthy: usize,
    running: usize,
    places: usize,
}

impl Last {
    /// Compares the present with the moment before.
    ///
    /// Only orders to stop make fewer tasks healthy here, so fewer are allowed only where the
    /// minimum still holds; and more tasks than the maximum are allowed only where they were there
    /// already.
    fn check(&mut self, lab: &Lab, history: &str) {
        let service = service(lab);
        let desired = service.desired as usize;
        // Reckoned here once more, in hundredths, so that the bounds themselves are checked.
        let percent = |member: &str| {
            let percent = service.configuration.0[member].as_u64().unwrap();
            desired * usize::try_from(percent).unwrap()
        };
        let (minimum, maximum) = (percent("minimumHealthyPercent"), percent("maximumPercent"));
        let lower = minimum / 100 + usize::from(minimum % 100 > 0);
        let upper = (maximum / 100).max(desired);
        let healthy = count(service, |task| task.phase == Phase::Healthy);
        let running = count(service, Task::is_running);
        let places = count(service, Task::takes_place);
        assert!(
            healthy >= self.healthy || healthy >= lower,
            "healthy {healthy} < {lower}: {history}"
        );
        let by_itself = |task: &&Task| {
            let cause = task.stop.as_ref().map(|cause| cause.0);
            cause.is_some_and(|code| code != "ServiceSchedulerInitiated")
        };
        let exits = service.gone.iter().filter(by_itself).count();
        assert!(
            running >= self.running || running >= lower || exits > 0,
            "running {running} < {lower}: {history}"
        );
        if service.configuration.is_rolling() {
            assert!(
                places <= self.places.max(upper),
                "{places} > {upper}: {history}"
            );
        }
        *self = Self {
            healthy,
            running,
            places,
        };
    }
}

fn random_update(random: &mut fastrand::Rng, lab: &mut Lab) -> Value {
    let tag = *random
        .choice(["v", "v", "v", "crash", "missing"].iter())
        .unwrap();
    let definition = lab.define("web", &format!("r/web:{tag}{}", random.u8(..)));
    match random.u8(..10) {
        0 => json!({ "forceNewDeployment": true }),
        1 => json!({ "deploymentConfiguration": { "minimumHealthyPercent": 50 } }),
        _ => json!({ "taskDefinition": definition }),
    }
}

#[test]
fn deployments_never_take_a_service_below_its_minimum_or_above_its_maximum() {
    for seed in 0..400 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut lab = Lab::new();
        lab.ecs.settings_mut().stops_early = random.bool();
        lab.ecs.settings_mut().exit_counts_as_failure = random.bool();
        let desired = random.u32(1..9);
        let minimum = *random.choice([0_u32, 33, 50, 75, 100].iter()).unwrap();
        let maximum = *random.choice([110_u32, 125, 150, 200].iter()).unwrap();
        let strategy = *random
            .choice(["ROLLING", "ROLLING", "BLUE_GREEN"].iter())
            .unwrap();
        let (enable, rollback) = (random.bool(), random.bool());
        lab.serve(
            "r/web:0",
            desired,
            json!({ "deploymentConfiguration": {
            "minimumHealthyPercent": minimum, "maximumPercent": maximum, "strategy": strategy,
            "deploymentCircuitBreaker": { "enable": enable, "rollback": rollback } } }),
        );
        let mut history = format!("seed {seed}: {desired} with {minimum}/{maximum} {strategy}");
        let mut last = Last::default();
        for _ in 0..random.u8(1..12) {
            let pause = if random.bool() {
                random.i64(0..60)
            } else {
                random.i64(60..900)
            };
            lab.watch(pause, |lab| last.check(lab, &history));
            if service(&lab).deployments.len() < 5 {
                let update = random_update(&mut random, &mut lab);
                write!(history, "; {pause} s; {update}").unwrap();
                lab.update(update);
                last.check(&lab, &history);
            }
        }
        lab.watch(7_200, |lab| last.check(lab, &history));
        let healed = lab.define("web", "r/web:good");
        if service(&lab).deployments.len() < 5 {
            lab.update(json!({ "taskDefinition": healed,
                "deploymentConfiguration": { "minimumHealthyPercent": 0, "maximumPercent": 200 } }));
            lab.watch(7_200, |lab| last.check(lab, &history));
            assert_eq!(lab.states(), ["PRIMARY COMPLETED"], "{history}");
            assert_eq!(lab.web()["runningCount"], desired, "{history}");
            assert!(lab.ecs.is_steady(), "{history}");
            assert_eq!(lab.ecs.next_due(), None, "{history}");
        }
    }
}

#[test]
fn the_calendar_holds_what_each_service_waits_for_and_nothing_else() {
    let mut lab = Lab::new();
    lab.steady(3, 50, 200);
    lab.roll("r/web:missing");
    for _ in 0..50 {
        lab.pass(13);
        let waits: Vec<_> = lab
            .ecs
            .services
            .values()
            .filter_map(|s| Some((s.due?, s.id)))
            .collect();
        assert_eq!(lab.ecs.calendar.iter().copied().collect::<Vec<_>>(), waits);
        assert_eq!(service(&lab).next_due(), service(&lab).due);
    }
}

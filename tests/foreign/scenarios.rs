//! The suite that runs on every judge: each scenario is written once, and says which parts a judge cannot judge.

mod journey;
mod process;
mod quiet;
mod rolling;
mod snapshot;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::binaries::binaries;
use crate::blind::{self, Blind};
use crate::install::{skipped, tell};
use crate::judge::{Judge, Kind};
use crate::stage::Stage;

/// One scenario.
struct Scenario {
    /// Its name; clusters, families and the log group bear it.
    name: &'static str,
    /// What a judge must see for the scenario to mean anything.
    needs: &'static [Blind],
    run: fn(&Stage<'_>),
}

const fn scenario(name: &'static str, run: fn(&Stage<'_>)) -> Scenario {
    Scenario {
        name,
        needs: &[],
        run,
    }
}

const SCENARIOS: &[Scenario] = &[
    scenario("only-the-image-changes", rolling::only_the_image_changes),
    scenario("second-look-up-writes-nothing", quiet::second_look_up),
    scenario("fourteen-services-two-clusters", rolling::many_services),
    scenario("exactly-these-services", rolling::exactly_these_services),
    scenario("never-backwards", quiet::never_backwards),
    scenario("hold-policy-dry-run", quiet::hold_policy_dry_run),
    scenario("any-json", process::any_json),
    scenario("bad-configuration", process::bad_configuration),
    scenario("one-registration-for-all", rolling::one_registration),
    scenario("sidecar", rolling::sidecar),
    scenario("ledger", rolling::ledger),
    scenario("standard-output", process::standard_output),
    scenario("rolled-back-stays-so", quiet::rolled_back),
    scenario("two-at-once", process::two_at_once),
    scenario("death-before-the-update", process::death_before_the_update),
    scenario("aws-journey-ecs", journey::two_files),
    scenario("snapshot-and-replay", snapshot::taken_and_replayed),
    Scenario {
        name: "every-page-of-the-log",
        needs: &[Blind::LogPages],
        run: rolling::every_page,
    },
];

#[test]
fn foreign_scenarios_on_ministack() {
    run("foreign_scenarios_on_ministack", Kind::MiniStack);
}

#[test]
fn foreign_scenarios_on_moto() {
    run("foreign_scenarios_on_moto", Kind::Moto);
}

/// How a scenario ended.
enum End {
    Good,
    /// Good as far as it could be judged.
    Partly(Vec<Blind>),
    NotJudged(Vec<Blind>),
    Failed(String),
}

fn run(test: &str, kind: Kind) {
    if skipped(test) {
        return;
    }
    let judge = Judge::start(kind);
    // Before the first scenario, so that none waits for a build.
    binaries();
    let mut table = vec![format!("what {kind} judged:")];
    let mut failures = blind::check(&judge);
    for scenario in SCENARIOS {
        let name = scenario.name;
        let line = match one(&judge, scenario) {
            End::Good => format!("  {name}: ok"),
            End::Partly(blind) => format!("  {name}: ok, but not judged: {}", reasons(&blind)),
            End::NotJudged(blind) => format!("  {name}: NOT JUDGED: {}", reasons(&blind)),
            End::Failed(why) => {
                failures.push(format!("{name}: {why}"));
                format!("  {name}: FAILED")
            }
        };
        table.push(line);
    }
    tell(&table.join("\n"));
    assert!(failures.is_empty(), "on {kind}:\n{}", failures.join("\n\n"));
}

fn one(judge: &Judge, scenario: &Scenario) -> End {
    let blind = |needed: &&Blind| needed.blinds(judge.kind);
    let missing: Vec<Blind> = scenario.needs.iter().filter(blind).copied().collect();
    if !missing.is_empty() {
        return End::NotJudged(missing);
    }
    let stage = Stage::new(judge, scenario.name);
    match catch_unwind(AssertUnwindSafe(|| (scenario.run)(&stage))) {
        Ok(()) if stage.not_judged().is_empty() => End::Good,
        Ok(()) => End::Partly(stage.not_judged()),
        Err(panic) => End::Failed(said(panic.as_ref())),
    }
}

fn reasons(blind: &[Blind]) -> String {
    let reasons = blind
        .iter()
        .map(|blind| format!("{blind:?} ({})", blind.reason()));
    reasons.collect::<Vec<_>>().join(", ")
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "a panic without words".to_owned())
}

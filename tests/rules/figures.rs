//! What a look-up costs: calls, waiting, memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::fleet::{asleep, context, fill, look_up, push, throttle};
use crate::proxy::Script;

struct Cost {
    calls: BTreeMap<String, usize>,
    seconds: f64,
    kibibytes: Option<u32>,
}

/// The cost of a first look-up that rolls every service, and of a second one that finds nothing new.
async fn measure(services: u32, definitions: u32, clusters: u32) -> [Cost; 2] {
    let options = local::Options {
        // The journal would be counted as memory of the look-up.
        journal_calls: false,
        empty_page_every: 0,
        ..local::Options::default()
    };
    let world = asleep(options).await;
    let [services, definitions, clusters] = [services, definitions, clusters].map(|n| n as usize);
    fill(&world.account, services, definitions, clusters);
    throttle(&world.account);
    push(&world, "v1", "event-1").await;
    let script = Script::default();
    let context = context(&world, &script);
    let mut costs = Vec::new();
    for _ in 0..2 {
        let begun = world.now();
        let before = memory("VmRSS:");
        // Lets the kernel count the peak anew; where it will not, there is no figure.
        let counted = std::fs::write("/proc/self/clear_refs", "5").is_ok();
        look_up(&world, &context).await.unwrap();
        let peak = memory("VmHWM:").filter(|_| counted);
        costs.push(Cost {
            calls: script.counts(),
            seconds: (world.now() - begun).as_seconds_f64(),
            kibibytes: peak
                .zip(before)
                .map(|(peak, before)| peak.saturating_sub(before)),
        });
        world
            .account
            .run_until(world.now() + chrono::TimeDelta::minutes(5))
            .await;
    }
    costs.try_into().unwrap_or_else(|_| unreachable!())
}

/// A line of `/proc/self/status`, in KiB.
fn memory(line: &str) -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(line))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[tokio::test(start_paused = true)]
async fn ten_services_roll_within_eight_round_trips_and_the_least_calls() {
    let [first, second] = measure(10, 10, 1).await;
    assert!(first.seconds <= 8.0 * 0.04 + 1e-9, "{} s", first.seconds);
    let expected = [
        ("DescribeServices", 2),
        ("DescribeTaskDefinition", 10),
        ("FilterLogEvents", 1),
        ("ListClusters", 1),
        ("ListServices", 1),
        ("RegisterTaskDefinition", 10),
        ("TagResource", 10),
        ("UpdateService", 10),
    ];
    let expected = expected.map(|(call, number)| (call.to_owned(), number));
    // How many slices a look-up reads is the look-up's own affair.
    let mut calls = first.calls.clone();
    calls.insert("FilterLogEvents".to_owned(), 1);
    assert_eq!(calls, BTreeMap::from(expected));
    let reads = ["List", "Describe", "Filter"];
    for call in second.calls.keys() {
        assert!(reads.iter().any(|read| call.starts_with(read)), "{call}");
    }
    // Only the ten new revisions, none that was read before; a third look-up reads none (rule 3).
    assert_eq!(second.calls.get("DescribeTaskDefinition"), Some(&10));
}

#[tokio::test(start_paused = true)]
#[ignore = "prints figures: see bench/README.md"]
#[expect(clippy::print_stdout, reason = "that is what it is for")]
async fn figures_of_a_look_up() {
    println!(
        "| services | definitions | clusters | look-up | round trips of 40 ms | seconds | calls | KiB per service | by operation |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for (services, definitions, clusters) in [
        (1, 1, 1),
        (10, 10, 1),
        (100, 100, 5),
        (1_000, 10, 10),
        (1_000, 1_000, 10),
    ] {
        let costs = measure(services, definitions, clusters).await;
        for (name, cost) in ["first", "second"].iter().zip(costs) {
            let mut by_operation = String::new();
            for (call, number) in &cost.calls {
                let _ = write!(by_operation, "{call} {number}; ");
            }
            let all: usize = cost.calls.values().sum();
            let memory = cost.kibibytes.map_or_else(
                || "?".to_owned(),
                |kibibytes| format!("{:.1}", f64::from(kibibytes) / f64::from(services)),
            );
            println!(
                "| {services} | {definitions} | {clusters} | {name} | {:.1} | {:.2} | {all} | {memory} | {} |",
                cost.seconds / 0.04,
                cost.seconds,
                by_operation.trim_end_matches("; "),
            );
        }
    }
}

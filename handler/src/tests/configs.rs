//! Configurations: what is written reads back, and every fault is named at once.

use std::time::Duration;

use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;

use crate::config::{
    Action, Config, Families, Match, Pin, ServiceRule, ServiceSettings, StackRule, Target, Trail,
    TriggerKind, Wave,
};
use crate::policy::TagPolicy;

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9*:/._-]{1,12}"
}

fn policy() -> impl Strategy<Value = TagPolicy> {
    prop_oneof![
        Just(TagPolicy::Any),
        name().prop_map(TagPolicy::Exact),
        name().prop_map(TagPolicy::Prefix),
        name().prop_map(TagPolicy::Glob),
        Just(TagPolicy::NewestSemver),
        prop::sample::select(vec!["regex:v[0-9]+", "semver:>=1.2, <2", "semver:2.x"])
            .prop_map(|text| text.parse().unwrap()),
    ]
}

fn matching() -> impl Strategy<Value = Match> {
    prop_oneof![Just(Match::Image), Just(Match::NamePrefix)]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Revision), Just(Action::Force)]
}

fn pin() -> impl Strategy<Value = Pin> {
    prop_oneof![Just(Pin::Tag), Just(Pin::Digest)]
}

fn target() -> impl Strategy<Value = Target> {
    let role = "arn:aws:iam::[0-9]{12}:role/[a-z]{1,9}";
    let names = ("[0-9]{12}", "[a-z]{2}-[a-z]{4}-[1-9]");
    (names, prop::option::of((role, prop::option::of(name())))).prop_map(
        |((account, region), access)| {
            let (role, external_id) = access.unzip();
            let external_id = external_id.flatten();
            Target {
                account,
                region,
                role,
                external_id,
            }
        },
    )
}

fn stack() -> impl Strategy<Value = StackRule> {
    let stack = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9-]{0,9}",
        "arn:aws:cloudformation:eu-west-1:[0-9]{12}:stack/[a-z]{1,9}/[0-9a-f]{8}",
    ];
    let repository = prop_oneof![
        "[a-z0-9]{2,9}(/[a-z0-9]{1,9})?",
        "[0-9]{12}[.]dkr[.]ecr[.]eu-west-1[.]amazonaws[.]com/[a-z0-9]{2,9}",
    ];
    let rest = ("[a-zA-Z0-9]{1,9}", prop::option::of(policy()));
    (stack, repository, rest).prop_map(|(stack, repository, (parameter, tags))| StackRule {
        stack,
        repository,
        parameter,
        tags,
    })
}

/// The two percentages, never both 100.
fn percentages() -> impl Strategy<Value = (Option<i32>, Option<i32>)> {
    (prop::option::of(0..100), prop::option::of(100..=200))
}

fn in_use_tag() -> impl Strategy<Value = String> {
    "[a-z_][a-z.-]{0,20}"
}

fn rule() -> impl Strategy<Value = ServiceRule> {
    let names = [name(), name(), name()].map(prop::option::of);
    let rest = (
        prop::option::of(policy()),
        prop::option::of(matching()),
        prop::option::of(action()),
        prop::option::of(pin()),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        prop::option::of(prop_oneof![Just(String::new()), in_use_tag()]),
        percentages(),
    );
    (names, rest).prop_map(
        |(
            [cluster, service, repository],
            (tags, matching, action, pin, hold, scheduled, in_use_tag, percentages),
        )| {
            ServiceRule {
                cluster,
                service,
                repository,
                tags,
                matching,
                action,
                pin,
                hold,
                scheduled,
                in_use_tag,
                minimum_healthy_percent: percentages.0,
                maximum_percent: percentages.1,
            }
        },
    )
}

/// Some of the roads, in any order, none twice.
fn roads() -> impl Strategy<Value = Vec<TriggerKind>> {
    prop::sample::subsequence(TriggerKind::ALL.to_vec(), 1..=4).prop_shuffle()
}

fn config() -> impl Strategy<Value = Config> {
    let trail = prop_oneof![
        Just(Trail::Auto),
        Just(Trail::Create),
        name().prop_map(Trail::Reuse)
    ];
    let names = || prop::collection::vec(name(), 1..4);
    let first = (
        "[a-z][a-z0-9]{2,23}",
        trail,
        prop::option::of(name()),
        names(),
        names(),
    );
    let times = (
        roads(),
        prop::option::of(1..=24 * 60_u64),
        3600..=30 * 24 * 3600_u64,
        prop::option::of((0..4_102_444_800_i64, 0..1_000_000_000_u32)),
    );
    let service = (
        policy(),
        matching(),
        action(),
        pin(),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(in_use_tag()),
        percentages(),
    );
    let rules = prop::collection::vec(rule(), 0..4);
    let topic = "arn:aws:sns:eu-west-1:[0-9]{12}:[a-z]{1,9}";
    let beyond = (
        prop::option::of(topic),
        prop::collection::vec(target(), 0..3),
        prop::collection::vec(names().prop_map(|services| Wave { services }), 0..3),
        any::<bool>(),
        prop::option::of(stack()),
        prop_oneof![Just(Families::Services), Just(Families::All)],
    );
    (first, times, service, rules, beyond).prop_map(|(first, times, service, services, beyond)| {
        let (notify, mut targets, waves, reconcile, stack, families) = beyond;
        targets.dedup_by_key(|target| (target.account.clone(), target.region.clone()));
        let (name, trail, log_group, clusters, repositories) = first;
        let (triggers, sweep, look_back, since) = times;
        // Without the alarm the sweep is the net.
        let net = triggers.contains(&TriggerKind::Alarm);
        let sweep = sweep.or((!net).then_some(1));
        Config {
            name,
            trail,
            log_group,
            clusters,
            repositories,
            triggers,
            sweep: sweep.map(|minutes| Duration::from_secs(minutes * 60)),
            look_back: Duration::from_secs(look_back),
            since: since.and_then(|(s, nanos)| DateTime::from_timestamp(s, nanos)),
            service: ServiceSettings {
                tags: service.0,
                matching: service.1,
                action: service.2,
                pin: service.3,
                hold: service.4,
                scheduled: service.5,
                in_use_tag: service.6,
                minimum_healthy_percent: service.7.0,
                maximum_percent: service.7.1,
            },
            notify,
            services,
            targets,
            waves,
            reconcile,
            stacks: stack.into_iter().collect(),
            families,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_valid_configuration_reads_back_as_it_was_written(config in config()) {
        prop_assert_eq!(Config::from_json(&config.to_json()), Ok(config));
    }
}

#[test]
fn an_empty_file_is_the_defaults_and_writes_nothing() {
    assert_eq!(Config::from_json(&json!({})), Ok(Config::default()));
    assert_eq!(Config::default().to_json(), json!({}));
}

#[test]
fn rule_10_all_faults_come_at_once_each_with_its_key() {
    let wrong = json!({
        "name": "Ecroll--", "trail": "reuse:", "log_group": 5, "clusters": [], "repositories": "web",
        "triggers": ["alarm", "ecr-events", "bell"], "sweep": "90s", "look_back": "5m",
        "since": "yesterday", "swep": "5m", "colour": true, "notify": "arn:aws:sns:x",
        "stacks": [{"stack": "1shop", "repository": "shop-*", "parameter": "Image-Tag", "tag": "any"},
            {"stack": "shop", "repository": "shop"},
            {"stack": "shop", "repository": "shop", "parameter": "Tag"},
            {"stack": "arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1", "parameter": "Tag",
                "repository": "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop:v1"}],
        "targets": [{"account": 222_222_222_222_u64}, {"account": "2222", "region": "Ireland", "role": "ecroll",
            "external_id": "x"}],
        "service": {"tags": "semver:two", "hold": "yes", "minimum_healthy_percent": 101,
            "maximum_percent": 99, "pin": "hash", "in_use_tag": "-live", "tgas": "any"},
        "services": [
            {"service": "", "maximum_percent": 100, "minimum_healthy_percent": 100, "action": "restart",
                "match": "name"},
            7,
            {"tags": "newest"},
        ],
        "waves": [{}, {"services": []}, {"service": ["a"], "services": ["canary/*", 5]}], "reconcile": "no", "families": "some",
    });
    let faults = Config::from_json(&wrong).unwrap_err();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn rule_10_all_that_is_wrong_in_a_list_is_told_not_the_first_alone() {
    let wrong =
        json!({"clusters": ["a", 5, "", 6, true], "triggers": ["bell", "alarm", "whistle"]});
    let faults = Config::from_json(&wrong).unwrap_err();
    let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for words in [
        ["not a number", "must not be empty", "not a switch"],
        ["`bell`", "`whistle`", "`triggers`"],
    ] {
        let all = |fault: &&String| words.iter().all(|word| fault.contains(word));
        assert!(text.iter().any(|fault| all(&fault)), "{text:?}");
    }
}

#[test]
fn any_of_the_roads_may_be_taken_and_the_net_below_must_be_one() {
    let read = |triggers: serde_json::Value, sweep: &str| {
        Config::from_json(&json!({"triggers": triggers, "sweep": sweep})).map(|c| c.triggers)
    };
    let all: Vec<&str> = TriggerKind::ALL.iter().map(|road| road.word()).collect();
    assert_eq!(read(json!(all), "off"), Ok(TriggerKind::ALL.to_vec()));
    for road in TriggerKind::ALL {
        assert_eq!(read(json!([road.word()]), "5m"), Ok(vec![road]));
        let bare = read(json!([road.word()]), "off");
        assert_eq!(bare.is_ok(), road == TriggerKind::Alarm, "{road}");
    }
    let faults = read(json!(["log-subscription", "ecr-events"]), "off").unwrap_err();
    let said = faults[0].to_string();
    let words = ["`triggers`", "`sweep` off", "best effort", "add \"alarm\""];
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert_eq!(faults.len(), 1);
}

#[test]
fn rule_10_roads_that_are_empty_or_named_twice_are_said() {
    for (triggers, word) in [
        (json!([]), "empty list"),
        (json!(["alarm", "ecr-events", "alarm"]), "`alarm` twice"),
        (json!(["ecr-event"]), "known: alarm, ecr-events"),
        (json!("alarm"), "must be a list"),
        (json!([7]), "not a number"),
    ] {
        let faults = Config::from_json(&json!({"triggers": triggers})).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].to_string().contains(word), "{faults:?}");
    }
}

#[test]
fn rule_10_what_is_no_table_or_no_json_is_one_fault() {
    for value in [json!(null), json!([]), json!("x"), json!(1)] {
        assert_eq!(Config::from_json(&value).unwrap_err().len(), 1, "{value}");
    }
    let faults = Config::from_json_text("{\"name\": ").unwrap_err();
    assert!(faults[0].to_string().contains("line 1"), "{faults:?}");
}

#[test]
fn the_first_rule_that_matches_holds_over_the_defaults() {
    let config = json!({
        "service": {"tags": "prefix:main-", "maximum_percent": 150},
        "services": [
            {"cluster": "prod", "service": "web-*", "repository": "web", "tags": "exact:live"},
            {"service": "web-*", "hold": true},
        ],
    });
    let config = Config::from_json(&config).unwrap();
    let live = config.settings("prod", "web-a", "web");
    assert_eq!(
        (live.tags.to_string(), live.hold),
        ("exact:live".to_owned(), false)
    );
    assert_eq!(live.maximum_percent, Some(150));
    assert!(config.settings("prod", "web-a", "proxy").hold);
    let other = config.settings("prod", "api", "web");
    assert_eq!(
        (other.tags.to_string(), other.hold),
        ("prefix:main-".to_owned(), false)
    );
}

#[test]
fn a_tag_in_use_is_that_of_the_rule_and_an_empty_one_switches_it_off() {
    let config = json!({
        "service": {"in_use_tag": "ecroll-live"},
        "services": [{"service": "batch-*", "in_use_tag": ""}, {"cluster": "prod", "in_use_tag": "ecroll-prod"}],
    });
    let config = Config::from_json(&config).unwrap();
    let tag = |cluster, service| config.settings(cluster, service, "web").in_use_tag;
    assert_eq!(tag("prod", "batch-1"), None);
    assert_eq!(tag("prod", "web").as_deref(), Some("ecroll-prod"));
    assert_eq!(tag("stage", "web").as_deref(), Some("ecroll-live"));
    let ours = |tag| config.is_in_use_tag(tag);
    assert!(ours("ecroll-live") && ours("ecroll-prod") && !ours("") && !ours("live"));
    assert!(config.marks_images() && !Config::default().marks_images());
}

#[test]
fn a_wave_names_services_with_or_without_their_cluster() {
    let wave = Wave {
        services: vec!["canary/*".to_owned(), "web-*".to_owned()],
    };
    assert!(wave.covers("canary", "api") && wave.covers("prod", "web-1"));
    assert!(!wave.covers("prod", "api"));
}

#[test]
fn a_family_without_a_service_follows_by_entries_that_name_no_service() {
    let config = Config::from_json(&json!({
        "families": "all",
        "service": {"scheduled": true},
        "services": [
            {"service": "batch-*", "repository": "batch", "tags": "any"},
            {"cluster": "prod", "tags": "exact:never"},
            {"repository": "batch", "tags": "semver:^2", "scheduled": false},
        ],
    }))
    .unwrap();
    assert_eq!(config.families, Families::All);
    let batch = config.family_settings("batch");
    assert_eq!(
        (batch.tags.to_string(), batch.scheduled),
        ("semver:^2".to_owned(), false)
    );
    let web = config.family_settings("web");
    assert_eq!(
        (web.tags.to_string(), web.scheduled),
        ("any".to_owned(), true)
    );
    assert!(config.moves_targets());
    assert!(!Config::default().moves_targets());
}

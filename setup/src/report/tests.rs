use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use handler::deployment::End;
use handler::report::{Decision, Outcome};
use local::ecs::Tasks;
use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::{Made, html};
use crate::history::{Decided, Ended, Pushed};
use crate::replay::trace::{Changed, Look};
use crate::replay::{Rejected, Story};

/// Names that would break out of wherever they are put.
const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></style></textarea>--><b>",
    "\u{202e}txt.exe",
    "שלום-עולם",
    "]]></svg>&amp;&#0;{{ css }}",
];

fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn pushed(number: usize, repository: &str, tag: &str, at: DateTime<Utc>) -> Pushed {
    Pushed {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        repository: repository.to_owned(),
        tags: vec![tag.to_owned()],
        digest: format!("sha256:{number:064}"),
        pushed_at: Some(at),
        event_ids: vec![format!("event-{number}")],
        by: Some(tag.to_owned()),
        no_image: None,
    }
}

fn decided(push: &Pushed, service: &str, outcome: Outcome, reason: &str) -> Decided {
    Decided {
        at: push.pushed_at.unwrap() + TimeDelta::seconds(300),
        road: "alarm".to_owned(),
        window: None,
        policy: Some("any".to_owned()),
        decision: Decision {
            cluster: "prod".to_owned(),
            service: service.to_owned(),
            repository: push.repository.clone(),
            tag: push.tags[0].clone(),
            digest: push.digest.clone(),
            outcome,
            reason: reason.to_owned(),
            from: Some("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1".to_owned()),
            to: (outcome == Outcome::Rolled).then(|| format!("arn:{}", push.event_ids[0])),
            push: push.event_ids[0].clone(),
            retryable: false,
        },
    }
}

/// A push every minute, each decided at one service; outcomes and names in turn.
fn story(many: usize, names: &[&str], apart: TimeDelta) -> Story {
    let outcomes = [
        Outcome::Rolled,
        Outcome::Skipped,
        Outcome::Held,
        Outcome::Refused,
        Outcome::Failed,
        Outcome::Unchanged,
    ];
    let mut story = Story::default();
    let (mut at, mut tasks) = (start(), BTreeMap::new());
    for number in 0..many {
        at += apart;
        let name = names[number % names.len()];
        let push = pushed(number, name, name, at);
        let outcome = outcomes[number % outcomes.len()];
        let one = decided(&push, name, outcome, name);
        if let Some(to) = &one.decision.to {
            story.ended.push(Ended {
                at: one.at + TimeDelta::seconds(60),
                cluster: "prod".to_owned(),
                service: name.to_owned(),
                state: [End::Completed, End::RolledBack, End::Stuck][number % 3],
                to: Some(to.clone()),
                event_id: None,
                runs: to.clone(),
                reason: name.to_owned(),
            });
            let service = ("prod".to_owned(), name.to_owned());
            let told: &mut Vec<(DateTime<Utc>, Tasks)> = tasks.entry(service).or_default();
            for (after, new, old) in [(0, 0, 2), (20, 2, 2), (60, 2, 0)] {
                let tasks = Tasks {
                    wanted: 2,
                    new,
                    old,
                    pending: 0,
                };
                told.push((one.at + TimeDelta::seconds(after), tasks));
            }
        }
        story.trace.looks.push(Look {
            at: one.at,
            trigger: name.to_owned(),
            pushes: 1,
            news: 1,
            read: true,
            failed: false,
        });
        story.pushed.push(push);
        story.decisions.push(one);
    }
    let changed = |(at, to): (DateTime<Utc>, &str)| Changed {
        at,
        to: to.to_owned(),
        reason: names[0].to_owned(),
    };
    let states = [(start(), "ALARM"), (start() + TimeDelta::minutes(5), "OK")].map(changed);
    story
        .trace
        .alarms
        .insert(names[0].to_owned(), states.to_vec());
    story.trace.faults.push((start(), names[0].to_owned()));
    story.trace.tasks = tasks;
    story.pushes = many;
    story.rejected.push(Rejected {
        file: names[0].to_owned(),
        at: "line 1".to_owned(),
        reason: names[0].to_owned(),
    });
    story
}

fn made() -> Made {
    Made {
        records: HOSTILE[0].to_owned(),
        config: HOSTILE[1].to_owned(),
        seed: 0,
        flags: vec![HOSTILE[2].to_owned()],
    }
}

/// What a page is made of, read as XML: whatever is not well formed fails here.
#[derive(Default)]
struct Read {
    elements: BTreeMap<String, usize>,
    ids: BTreeSet<String>,
    links: Vec<String>,
    rows: usize,
    text: String,
}

fn read(page: &str) -> Read {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let mut read = Read::default();
    loop {
        let event = reader.read_event();
        match event.unwrap_or_else(|error| panic!("{error} at {}", reader.error_position())) {
            Event::Start(element) | Event::Empty(element) => read.element(&element),
            Event::Text(text) => read.text += &text,
            Event::GeneralRef(reference) => {
                let number = reference.resolve_char_ref().unwrap();
                let named = resolve_predefined_entity(&reference).map(str::to_owned);
                read.text += &number.map(String::from).or(named).unwrap();
            }
            Event::Eof => return read,
            _ => {}
        }
    }
}

impl Read {
    fn element(&mut self, element: &BytesStart<'_>) {
        let name = element.name().as_ref().to_owned();
        for attribute in element.attributes() {
            let attribute = attribute.unwrap();
            let value = attribute.value.to_string();
            match attribute.key.as_ref() {
                "id" => assert!(self.ids.insert(value.clone()), "{value} twice"),
                "href" | "src" | "action" => self.links.push(value),
                "data-outcome" => self.rows += 1,
                key => assert!(
                    !key.starts_with("on") && key != "style",
                    "{name} has {key:?}"
                ),
            }
        }
        *self.elements.entry(name).or_default() += 1;
    }
}

/// Every link is to something on the page.
fn is_whole(read: &Read) {
    for link in &read.links {
        let id = link
            .strip_prefix('#')
            .unwrap_or_else(|| panic!("{link} leads away"));
        assert!(read.ids.contains(id), "{link} leads nowhere");
    }
}

#[test]
fn rule_10_names_from_outside_stay_text_wherever_they_stand() {
    let page = html(&story(60, &HOSTILE, TimeDelta::minutes(7)), &made()).unwrap();
    let read = read(&page);
    is_whole(&read);
    assert_eq!(read.elements.get("script"), Some(&1));
    assert_eq!(read.elements.get("style"), Some(&1));
    for never in ["img", "textarea", "iframe", "link"] {
        assert_eq!(read.elements.get(never), None, "{never}");
    }
    assert!(read.text.contains("<script>alert(1)</script>"));
    assert!(
        read.text.contains("]]></svg>&amp;&#0;{{ css }}"),
        "not what was meant by another's words"
    );
    assert!(read.text.contains("שלום-עולם"));
    assert!(
        !page.contains('\u{202e}'),
        "what follows would be read backwards"
    );
    assert!(read.text.contains("\u{fffd}txt.exe"));
}

#[test]
fn every_decision_has_its_row_and_every_mark_its_record() {
    let told = story(61, &["web", "api", "shop"], TimeDelta::minutes(7));
    let page = html(&told, &Made::default()).unwrap();
    let read = read(&page);
    is_whole(&read);
    assert_eq!(read.rows, 61);
    let records = (0..61).map(|number| format!("d{number}"));
    assert!(records.into_iter().all(|id| read.ids.contains(&id)));
    assert!(!read.text.contains("left out"), "nothing is");
    for said in [
        "61 images were pushed to 3 repositories",
        "ecroll took 61 decisions about 3 services: 11 rolled, 10 failed, 10 refused, 10 held, 10 unchanged, 10 skipped",
        "Every roll completed.",
        "Half of the rolls came within 5 min of the push",
        "in ALARM 1 time, 5 min in all",
        "2 wanted, 2 to 4 running",
        "Rolled 5 min after the push, completed 60 s later.",
    ] {
        assert!(read.text.contains(said), "{said}: {}", read.text);
    }
}

#[test]
fn rolls_that_were_undone_are_told_with_their_record() {
    let mut told = story(1, &["web"], TimeDelta::minutes(7));
    told.ended[0].state = End::RolledBack;
    told.lost = 2;
    let page = html(&told, &Made::default()).unwrap();
    let read = read(&page);
    for said in [
        "Of the rolls 1 rolled back.",
        "1 roll rolled back by the circuit breaker",
        "rolled back 60 s later",
        "2 pairs of push and service were lost",
    ] {
        assert!(read.text.contains(said), "{said}");
    }
    assert!(
        page.contains("#s-rolled-back\"/></svg></a>"),
        "the mark is a link"
    );
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let page = html(&Story::default(), &Made::default()).unwrap();
    let read = read(&page);
    is_whole(&read);
    assert_eq!(read.rows, 0);
    assert!(read.text.contains("Nothing was pushed in 0 records."));
    assert!(read.text.contains("Nothing was decided."));
    assert!(!read.ids.contains("timeline"));
}

#[test]
fn pushes_without_a_decision_have_their_own_list_and_marks() {
    let mut told = Story::default();
    for number in 0..400 {
        let at = start() + TimeDelta::minutes(1) * i32::try_from(number).unwrap();
        told.pushed.push(pushed(number, "lonely", "v1", at));
    }
    told.pushes = 400;
    let page = html(&told, &Made::default()).unwrap();
    let read = read(&page);
    is_whole(&read);
    assert!(read.ids.contains("u399") && read.ids.contains("u100") && !read.ids.contains("u99"));
    assert!(read.text.contains("100 older ones are left out here."));
    assert!(read.text.contains("nothing was decided on 400 images"));
}

/// The names are as long as AWS lets them be.
#[test]
fn a_year_of_many_decisions_is_cut_with_a_number_and_opens_in_a_browser() {
    let names: Vec<String> = (0..90)
        .map(|number| format!("{number}-{}", "x".repeat(240)))
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let told = story(12_000, &names, TimeDelta::minutes(43));
    let page = html(&told, &Made::default()).unwrap();
    let read = read(&page);
    is_whole(&read);
    assert_eq!(read.rows, 2_000);
    assert!(
        read.text
            .contains("10,000 older decisions of 12,000 are left out")
    );
    assert!(read.text.contains("120 further lanes are not drawn"));
    assert!(page.len() < 14_000_000, "{} bytes", page.len());
}

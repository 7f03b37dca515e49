//! What every verb prints at eighty columns and at a hundred and twenty, with colour and without.

use std::fmt::Write as _;

use clap::CommandFactory as _;
use handler::config::Config;
use local::Options;
use serde_json::json;
use setup::cli::{Cli, HandlerArgs};
use setup::command::completions::CompletionsArgs;
use setup::command::explain::ExplainArgs;
use setup::command::man::ManArgs;
use setup::command::snapshot::SnapshotArgs;
use setup::command::template::TemplateArgs;
use setup::command::{completions, explain, filter, man, template};
use setup::exit::Exit;
use setup::replay::{self, Comparison, SAMPLE, Sources, Story};
use setup::ui::{Output, Screen, Ui};

use crate::pocket::{Captured, Pocket};
use crate::service::scene::{Desk, definition, service};
use crate::status::scene::{Scene, all};

/// The verbs whose lines are folded for the terminal, each with its snapshots below.
const FOLDED: [&str; 7] = [
    "plan", "setup", "destroy", "status", "doctor", "replay", "explain",
];
/// The verbs whose output is laid out for eighty columns, or is a file or a log as it stands: the same on every screen.
const SAME: [&str; 6] = [
    "filter",
    "snapshot",
    "service",
    "completions",
    "man",
    "template",
];
/// The verb that prints lines for a shell, and then runs on: `tests/judges` look at it.
const ELSEWHERE: [&str; 1] = ["local"];

#[test]
fn no_verb_is_forgotten() {
    let command = Cli::command();
    let mut verbs: Vec<&str> = command
        .get_subcommands()
        .map(clap::Command::get_name)
        .collect();
    let mut known = [&FOLDED[..], &SAME, &ELSEWHERE].concat();
    verbs.sort_unstable();
    known.sort_unstable();
    assert_eq!(known, verbs);
}

fn screens(width: usize) -> [Screen; 2] {
    [true, false].map(|colour| Screen {
        width: Some(width),
        colour,
    })
}

/// Holds what a verb prints on four screens against its snapshots; colour changes nothing but the colour.
async fn shown(name: &str, print: impl AsyncFn(Screen) -> String) {
    for width in [80, 120] {
        let [coloured, plain] = screens(width);
        let (coloured, plain) = (print(coloured).await, print(plain).await);
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, plain, "{name} at {width}");
        for line in plain.lines().filter(|line| line.chars().count() > width) {
            let longest = line.split(' ').map(|word| word.chars().count()).max();
            assert!(longest > Some(width / 2), "{name} at {width}: {line}");
        }
        insta::assert_snapshot!(format!("{name}_{width}"), coloured.replace('\u{1b}', "^"));
    }
}

fn never() -> std::future::Pending<()> {
    std::future::pending()
}

#[tokio::test(start_paused = true)]
async fn plan_setup_and_destroy() {
    shown("plan", async |screen| {
        let pocket = Pocket::new(Options::default());
        pocket.show_on(screen);
        pocket.service("prod", "web", "web-task");
        let (exit, out) = pocket.verb_plan(&Config::default(), Output::Text).await;
        exit.unwrap();
        out
    })
    .await;
    shown("setup", async |screen| {
        let pocket = Pocket::new(Options::default());
        pocket.show_on(screen);
        let (exit, out, err) = pocket.verb_setup(true, Output::Text, never()).await;
        exit.unwrap();
        out + &err
    })
    .await;
    shown("destroy", async |screen| {
        let pocket = Pocket::new(Options::default());
        pocket.set_up(&Config::default()).await.unwrap();
        pocket.show_on(screen);
        let (exit, out, err) = pocket
            .verb_destroy(true, false, Output::Text, never())
            .await;
        exit.unwrap();
        out + &err
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn status_doctor_explain_and_snapshot() {
    let scene = Scene::logged("").await;
    scene.serve("web", &["web:v1"], &json!({}));
    scene.serve_with_breaker("api", &["api:v1"]);
    scene.minutes(5).await;
    scene.push("web:v2", 'a');
    scene.push("api:crash-2", 'b');
    scene.minutes(30).await;
    let pocket = &scene.pocket;
    shown("status", async |screen| {
        pocket.show_on(screen);
        let (exit, out, err) = pocket.verb_status(&all(), Output::Text, never()).await;
        exit.unwrap();
        out + &err
    })
    .await;
    // Time passes with the calls of it, and with every examination.
    shown("doctor", async |screen| {
        let pocket = Pocket::new(Options::default());
        pocket.set_up(&Config::default()).await.unwrap();
        pocket.show_on(screen);
        let (exit, out, err) = pocket
            .verb_doctor(false, &Config::default(), Output::Text)
            .await;
        exit.unwrap();
        out + &err
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.jsonl");
    let mut texts = Vec::new();
    for screen in [screens(80), screens(120)].concat() {
        pocket.show_on(screen);
        let args = SnapshotArgs {
            file: file.clone(),
            force: true,
        };
        let (exit, out, err) = pocket
            .verb_snapshot(&args, &Config::default(), never())
            .await;
        exit.unwrap();
        texts.push(out + &err);
    }
    let [first, others @ ..] = &texts[..] else {
        panic!()
    };
    assert!(others.iter().all(|other| other == first), "{texts:?}");
    insta::assert_snapshot!("snapshot", first);
}

async fn story() -> Story {
    let mut sources = Sources::default();
    sources.text(std::path::Path::new("sample"), SAMPLE);
    replay::replay(sources, &Config::default(), &replay::Options::default())
        .await
        .unwrap()
}

fn drawn(screen: Screen, print: impl FnOnce(&mut Ui)) -> String {
    let (out, err) = (Captured::default(), Captured::default());
    let mut ui = Ui::on(screen, out.clone(), err.clone(), Output::Text);
    print(&mut ui);
    out.text() + &err.text()
}

#[tokio::test(start_paused = true)]
async fn replay_and_explain() {
    let told = story().await;
    shown("replay", async |screen| {
        drawn(screen, |ui| ui.told(&told).unwrap())
    })
    .await;
    let compared = Comparison::of(("a.toml", &told), ("b.toml", &told));
    shown("compare", async |screen| {
        drawn(screen, |ui| ui.told(&compared).unwrap())
    })
    .await;
    let json = serde_json::to_string(&told).unwrap();
    let (history, origin) = setup::explain::source::read("it", &json).unwrap();
    let args = ExplainArgs {
        name: "shop".to_owned(),
        file: None,
        since: None,
        all: false,
    };
    shown("explain", async |screen| {
        let (history, origin) = (&history, origin.clone());
        drawn(screen, |ui| {
            explain::answer(&args, history, origin, ui).unwrap();
        })
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn service_is_laid_out_for_eighty_columns() {
    let mut texts = Vec::new();
    for screen in [screens(80), screens(120)].concat() {
        let desk = Desk::new();
        desk.pocket.show_on(screen);
        desk.files(&definition("web:v1"), &service(2));
        let (exit, out, err) = desk.run(&[]).await;
        exit.unwrap();
        texts.push(anstream::adapter::strip_str(&(out + &err)).to_string());
    }
    let [first, others @ ..] = &texts[..] else {
        panic!()
    };
    assert!(others.iter().all(|other| other == first), "{texts:?}");
    insta::assert_snapshot!("service", first);
}

#[test]
fn what_is_a_file_or_a_log_is_never_folded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("handler");
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    bytes.extend([2, 0, 62, 0]);
    bytes.resize(64, 0);
    std::fs::write(&path, bytes).unwrap();
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let shell = CompletionsArgs {
        shell: clap_complete::Shell::Bash,
    };
    let page = ManArgs { folder: None };
    let zip = TemplateArgs {
        handler: HandlerArgs { given: Some(path) },
        zip: None,
    };
    let put_image = filter::FilterArgs {
        put_image: true,
        repository: vec!["web-".repeat(60)],
        ..filter::FilterArgs::default()
    };
    let completions: &dyn Fn(&mut Ui) -> _ = &|ui| completions::run(&shell, ui);
    let man: &dyn Fn(&mut Ui) -> _ = &|ui| man::run(&page, ui);
    let template: &dyn Fn(&mut Ui) -> _ = &|ui| template::run(&zip, &Config::default(), now, ui);
    let filter: &dyn Fn(&mut Ui) -> _ = &|ui| filter::run(&put_image, || Ok(Config::default()), ui);
    for (name, verb) in [
        ("completions", completions),
        ("man", man),
        ("template", template),
        ("filter", filter),
    ] {
        let print = |ui: &mut Ui| assert_eq!(verb(ui).unwrap(), Exit::Done);
        let piped = drawn(Screen::default(), print);
        assert!(
            piped.lines().any(|line| line.len() > 80),
            "{name} has no long line, so this shows nothing"
        );
        let [coloured, plain] = screens(40);
        assert_eq!(drawn(plain, print), piped, "{name}");
        let coloured = drawn(coloured, print);
        assert_eq!(
            anstream::adapter::strip_str(&coloured).to_string(),
            piped,
            "{name}"
        );
    }
}

/// The help of a verb, as wide as a terminal of this width shows it.
fn help(verb: &mut clap::Command, width: usize) -> String {
    let verb = verb.clone().term_width(width.min(100));
    verb.clone().render_long_help().to_string()
}

#[test]
fn help_fits_the_terminal() {
    let mut command = Cli::command();
    command.build();
    for width in [80, 120] {
        let mut all = String::new();
        for verb in command
            .get_subcommands_mut()
            .filter(|verb| verb.get_name() != "help")
        {
            let text = help(verb, width);
            for line in text.lines() {
                // Examples stand as they are typed.
                let fits =
                    line.chars().count() <= width || line.trim_start().starts_with("ecroll ");
                assert!(fits, "{}: {line}", verb.get_name());
            }
            writeln!(all, "== {}\n{text}", verb.get_name()).unwrap();
        }
        insta::assert_snapshot!(format!("help_{width}"), all);
    }
}

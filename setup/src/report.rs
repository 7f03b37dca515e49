//! What a replay showed, as one page of HTML: a summary in words, a timeline per repository and service, how long rolls took,
//! and every decision with the record behind it. One file without network: styles, script and pictures are in it.
//!
//! Everything here is pure. `story` joins the parts of a [`Story`]; `axis`, `marks` and `bands` say where things are in a
//! picture; `lanes` draws the timeline, `close` one roll, `waits` the distribution; `rows` is the table, `words` the summary.
//! The page itself is `templates/report.html`, which escapes whatever it is given.
//!
//! It reads without its script, which adds only what moves: search, filters, and cards beside marks. Where there is more than a
//! browser likes, the newest is shown and the rest is counted; the JSON of `ecroll replay` has all of it.

mod axis;
mod bands;
mod close;
mod lanes;
mod marks;
mod plain;
mod rows;
mod story;
mod tasks;
mod undecided;
mod waits;
mod words;

#[cfg(test)]
mod tests;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use handler::report::Outcome;
use sha2::{Digest as _, Sha256};

use crate::replay::Story;
use crate::replay::line::word;
use lanes::Chart;
use plain::{TEXT, number, plain};
use rows::Row;
use story::{GRAVE_FIRST, Joined};
use undecided::Undecided;
use waits::Waits;
use words::Summary;

const CSS: &str = include_str!("../templates/report.css");
const SCRIPT: &str = include_str!("../templates/report.js");

/// How many records that were not replayed are listed.
const REJECTED: usize = 100;

/// What the page says of how the replay was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// The records: files, or the bundled sample.
    pub records: String,
    /// The name of the configuration.
    pub config: String,
    /// Which of the possible histories.
    pub seed: u64,
    /// Further flags of the run, as they were given.
    pub flags: Vec<String>,
}

/// An outcome with its number.
struct Filter {
    outcome: &'static str,
    count: String,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    css: &'static str,
    css_hash: String,
    script: &'static str,
    script_hash: String,
    title: String,
    version: &'static str,
    made: Vec<(&'static str, String)>,
    summary: Summary,
    chart: Option<Chart>,
    waits: Option<Waits>,
    filters: Vec<Filter>,
    rows: Vec<Row>,
    decisions: String,
    left_out: Option<String>,
    undecided: Vec<Undecided>,
    undecided_left_out: Option<String>,
    rejected: Vec<String>,
    rejected_left_out: Option<String>,
}

/// The page.
///
/// # Errors
/// None that a template which was compiled can have; the type of the template engine is kept.
pub fn html(story: &Story, made: &Made) -> Result<String, askama::Error> {
    page(story, made).render()
}

/// What the page's policy admits besides nothing at all: should anything ever get through the escaping, it does not run.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

fn page(story: &Story, made: &Made) -> Page {
    let joined = Joined::new(story);
    let waits = waits::waits(&joined);
    let (undecided, undecided_left_out) = undecided::undecided(&joined);
    let rejected = story.rejected.iter().take(REJECTED);
    let some = |left_out: usize| (left_out > 0).then(|| number(left_out));
    let count = |outcome| {
        story
            .decisions
            .iter()
            .filter(|one| one.decision.outcome == outcome)
            .count()
    };
    let rolled = number(count(Outcome::Rolled));
    let filters = GRAVE_FIRST
        .into_iter()
        .filter(|outcome| count(*outcome) > 0);
    let mut told = vec![
        ("Records", plain(&made.records, TEXT)),
        ("Configuration", plain(&made.config, TEXT)),
        ("Seed", made.seed.to_string()),
    ];
    if !made.flags.is_empty() {
        told.push(("Flags", plain(&made.flags.join(" "), TEXT)));
    }
    Page {
        css: CSS,
        css_hash: hash(CSS),
        script: SCRIPT,
        script_hash: hash(SCRIPT),
        title: format!(
            "ecroll replay: {}, {rolled} rolled",
            plain::count(story.pushes, "image", "images")
        ),
        version: env!("CARGO_PKG_VERSION"),
        made: told,
        summary: words::summary(&joined, waits.as_ref()),
        chart: lanes::chart(&joined),
        waits,
        filters: filters
            .map(|outcome| Filter {
                outcome: word(outcome),
                count: number(count(outcome)),
            })
            .collect(),
        rows: rows::rows(&joined),
        decisions: number(story.decisions.len()),
        left_out: some(joined.left_out()),
        undecided,
        undecided_left_out: some(undecided_left_out),
        rejected: rejected.map(|one| plain(&one.to_string(), TEXT)).collect(),
        rejected_left_out: some(story.rejected.len().saturating_sub(REJECTED)),
    }
}

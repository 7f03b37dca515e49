//! `ecroll local`: serves the pocket account on 127.0.0.1, with the real handler behind every function.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::local::serve::{Options, Server};
use ::local::{self, ACCESS_KEY, Account, Clock, SECRET_KEY};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::LocalArgs;
use crate::exit::Exit;
use crate::history::Decided;
use crate::replay::line::{self, News};

use crate::replay::{Answers, LATENCY, host};
use crate::ui::{Output, Ui};

/// The Region where none is asked for.
const REGION: &str = "eu-west-1";
/// How often it looks for something to tell.
const LOOK: Duration = Duration::from_millis(100);

/// What somebody needs to reach the account.
#[derive(Debug, Serialize)]
struct Greeting {
    endpoint: String,
    account: String,
    environment: BTreeMap<&'static str, String>,
}

/// Serves an empty account until `interrupt`, and tells on standard error what happens in it. Must run on a tokio
/// runtime of one thread whose clock is not paused.
///
/// # Errors
/// When the port cannot be listened on, or standard output cannot be written.
pub async fn run(
    args: &LocalArgs,
    region: Option<String>,
    now: DateTime<Utc>,
    ui: &mut Ui,
    interrupt: impl Future<Output = ()>,
) -> anyhow::Result<Exit> {
    let settings = local::Options {
        region: region.unwrap_or_else(|| REGION.to_owned()),
        seed: args.seed,
        // The caller's own network is the latency; and nobody reads the calls of a server that runs for days.
        call_latency: Duration::ZERO,
        journal_calls: false,
        // What people look for when something fails, and what `ecroll doctor` reads.
        function_logs: true,
        ..local::Options::default()
    };
    let account = Account::new(Clock::fast(now, args.speed), settings);
    let answers = host(&account);
    let [least, most] = [LATENCY.start(), LATENCY.end()]
        .map(|seconds| Duration::from_secs(u64::try_from(*seconds).unwrap_or_default()));
    let options = Options {
        latency: args.latency.map_or(least..=most, |given| given..=given),
        seed: args.seed,
    };
    let port = args.port;
    let server = Server::bind(account.clone(), port, options)
        .await
        .with_context(|| {
            format!(
                "cannot listen on 127.0.0.1:{port}; --port names another, --port 0 takes a free one"
            )
        })?;
    // Asked once before anybody knows that it runs: from then on the signal is ours.
    let mut interrupt = std::pin::pin!(interrupt);
    tokio::select! {
        biased;
        () = &mut interrupt => return Ok(Exit::Interrupted),
        () = std::future::ready(()) => {}
    }
    greet(&server, &account, ui)?;
    let mut teller = Teller::new(account.clone(), answers);
    account
        .drive(async {
            let telling = async {
                loop {
                    tokio::time::sleep(LOOK).await;
                    teller.tell(ui);
                }
            };
            tokio::select! {
                () = server.run(interrupt) => {}
                () = telling => {}
            }
        })
        .await;
    teller.tell(ui);
    Ok(Exit::Interrupted)
}

fn greet(server: &Server, account: &Account, ui: &mut Ui) -> anyhow::Result<()> {
    let endpoint = format!("http://{}", server.address()?);
    let place = account.place();
    let environment = BTreeMap::from([
        ("AWS_ENDPOINT_URL", endpoint.clone()),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        // The SDKs read the one, boto3 and the AWS CLI the other.
        ("AWS_REGION", place.region.clone()),
        ("AWS_DEFAULT_REGION", place.region),
    ]);
    let greeting = Greeting {
        endpoint,
        account: place.account,
        environment,
    };
    if ui.output() == Output::Json {
        ui.line(&greeting)?;
        return Ok(());
    }
    for (name, value) in &greeting.environment {
        ui.say(format!("export {name}={value}"))?;
    }
    let Greeting {
        endpoint, account, ..
    } = greeting;
    ui.note(format!(
        "account {account} listens on {endpoint}; paste the lines above into another shell; Ctrl-C ends it"
    ));
    Ok(())
}

/// Tells what has happened since the last time.
struct Teller {
    account: Account,
    answers: Answers,
    news: News<(String, String, String)>,
    /// The revisions that the handler rolled out.
    rolled: BTreeSet<String>,
}

impl Teller {
    fn new(account: Account, answers: Answers) -> Self {
        Self {
            account,
            answers,
            news: News::default(),
            rolled: BTreeSet::new(),
        }
    }

    fn tell(&mut self, ui: &mut Ui) {
        let mut lines = Vec::new();
        for answer in self.answers.taken() {
            let mut decided = Vec::new();
            for decision in &answer.report.decisions {
                let pair = (
                    decision.cluster.clone(),
                    decision.service.clone(),
                    decision.push.clone(),
                );
                if self.news.is_new(pair, decision) {
                    self.rolled.extend(decision.to.clone());
                    let decision = decision.clone();
                    let at = answer.at;
                    let road = answer.report.trigger.clone();
                    decided.push(Decided {
                        at,
                        road,
                        window: answer.report.window,
                        policy: None,
                        decision,
                    });
                }
            }
            lines.extend(line::look_up(&answer, decided.len()));
            lines.extend(decided.iter().map(line::decision));
        }
        // Taken, not read: a server may run for days.
        let journal = self.account.take_journal();
        let entries = journal.iter();
        lines.extend(entries.filter_map(|entry| line::entry(entry, &self.rolled)));
        lines.sort_by_key(line::Line::at);
        for line in lines {
            ui.note(line);
        }
    }
}

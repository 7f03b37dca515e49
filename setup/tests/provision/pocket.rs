//! A pocket account with what these tests ask of it.

mod deeds;

use std::future::Future;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_types::SdkConfig;
use chrono::{DateTime, Utc};
use handler::config::Config;
use local::{Account, Caller, Clock, Options, What};
use serde_json::{Value, json};
use setup::command::Session;
use setup::command::explain::ExplainArgs;
use setup::command::service::ServiceArgs;
use setup::command::snapshot::SnapshotArgs;
use setup::command::status::StatusArgs;
use setup::diff::Change;
use setup::doctor::Checkup;
use setup::exit::Exit;
use setup::ui::{Output, Screen, Ui};
use setup::{Clients, Code, Error, Plan, provision};

use crate::faulty::Faulty;

/// The time at which every test begins.
const START: &str = "2026-03-01T12:00:00Z";

pub(crate) struct Pocket {
    account: Account,
    clients: Clients,
    /// The way to the account, for clients of other people.
    sdk: SdkConfig,
    /// Where the journal is looked at from.
    from: AtomicUsize,
    /// What shows the output of verbs.
    screen: Mutex<Screen>,
}

impl Pocket {
    pub(crate) fn new(options: Options) -> Self {
        let start: DateTime<Utc> = START.parse().unwrap();
        let account = Account::new(Clock::new(start), options);
        let sdk = account.sdk_config();
        Self {
            account,
            clients: Clients::new(&sdk),
            sdk,
            from: AtomicUsize::new(0),
            screen: Mutex::default(),
        }
    }

    /// From here on, this shows the output of verbs.
    pub(crate) fn show_on(&self, screen: Screen) {
        *self.screen.lock().unwrap() = screen;
    }

    fn ui(&self, out: &Captured, err: &Captured, output: Output) -> Ui {
        let screen = *self.screen.lock().unwrap();
        Ui::on(screen, out.clone(), err.clone(), output)
    }

    /// Runs the verb on the log of the last day; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_explain(
        &self,
        args: &ExplainArgs,
        output: Output,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let (config, now) = (Config::default(), self.account.clock().now());
        let day = std::time::Duration::from_hours(24);
        let run = setup::command::explain::live(args, day, &self.clients, &config, now, &mut ui);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// An account behind a network on which calls fail.
    pub(crate) fn faulty(faulty: &Faulty, options: Options) -> Self {
        let pocket = Self::new(options);
        let sdk = pocket.account.sdk_config();
        let inner = sdk.http_client().unwrap();
        let sdk = sdk.to_builder().http_client(faulty.before(inner)).build();
        Self {
            clients: Clients::new(&sdk),
            sdk,
            ..pocket
        }
    }

    /// The same account, in which setup is run by somebody who may do just this.
    pub(crate) fn deployer(self, policy: &Value) -> Self {
        let keys = self
            .account
            .put_user("deployer", std::slice::from_ref(policy))
            .unwrap();
        let sdk = keys.on(&self.sdk);
        Self {
            clients: Clients::new(&sdk),
            ..self
        }
    }

    /// The same account, and keys that it does not know.
    pub(crate) fn strangers(self) -> Self {
        let keys = local::Keys {
            id: "AKIANOBODY".to_owned(),
            ..local::Keys::default()
        };
        let clients = Clients::new(&keys.on(&self.sdk));
        Self { clients, ..self }
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) async fn plan(&self, config: &Config) -> Result<Plan, Error> {
        self.plan_with(&Code::placeholder(), config).await
    }

    pub(crate) async fn plan_with(&self, code: &Code, config: &Config) -> Result<Plan, Error> {
        let now = self.account.clock().now();
        self.account
            .drive(provision::plan(&self.clients, config, code, now))
            .await
    }

    pub(crate) async fn apply(
        &self,
        plan: &Plan,
        mut progress: impl FnMut(&Change),
    ) -> Result<(), Error> {
        self.account
            .drive(provision::apply(&self.clients, plan, &mut progress))
            .await
    }

    pub(crate) async fn set_up(&self, config: &Config) -> Result<(), Error> {
        let plan = self.plan(config).await?;
        self.apply(&plan, |_| ()).await
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_setup(
        &self,
        yes: bool,
        output: Output,
        interrupt: impl Future<Output = ()>,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let session = Session {
            clients: self.clients.clone(),
            config: Config::default(),
            code: Code::placeholder(),
            now: self.account.clock().now(),
        };
        let run = setup::command::setup::run(yes, &session, &mut ui, interrupt);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// Runs the verb; answers how it ended, and standard output.
    pub(crate) async fn verb_plan(
        &self,
        config: &Config,
        output: Output,
    ) -> (anyhow::Result<Exit>, String) {
        let out = Captured::default();
        let mut ui = self.ui(&out, &Captured::default(), output);
        let session = Session {
            clients: self.clients.clone(),
            config: config.clone(),
            code: Code::placeholder(),
            now: self.account.clock().now(),
        };
        let run = setup::command::plan::run(false, &session, &mut ui);
        (self.account.drive(run).await, out.text())
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_doctor(
        &self,
        probe: bool,
        config: &Config,
        output: Output,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let now = self.account.clock().now();
        let run = setup::command::doctor::run(probe, &self.clients, config, now, &mut ui);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// What doctor finds.
    pub(crate) async fn checkup(&self, config: &Config) -> Checkup {
        let now = self.account.clock().now();
        let examined = setup::doctor::examine(&self.clients, config, now);
        self.account.drive(examined).await
    }

    /// What destroying would do.
    pub(crate) async fn removal(&self, config: &Config, logs: bool) -> Result<Plan, Error> {
        self.account
            .drive(setup::destroy::plan(&self.clients, config, logs))
            .await
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_destroy(
        &self,
        yes: bool,
        logs: bool,
        output: Output,
        interrupt: impl Future<Output = ()>,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let config = Config::default();
        let clients = &self.clients;
        let run = setup::command::destroy::run(yes, logs, clients, &config, &mut ui, interrupt);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_status(
        &self,
        args: &StatusArgs,
        output: Output,
        interrupt: impl Future<Output = ()>,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let (config, now) = (Config::default(), self.account.clock().now());
        let run =
            setup::command::status::run(args, &self.clients, &config, now, &mut ui, interrupt);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_service(
        &self,
        yes: bool,
        args: &ServiceArgs,
        output: Output,
        interrupt: impl Future<Output = ()>,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, output);
        let now = self.account.clock().now();
        let run = setup::command::service::run(yes, args, &self.clients, now, &mut ui, interrupt);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// Runs the verb; answers how it ended, standard output, standard error.
    pub(crate) async fn verb_snapshot(
        &self,
        args: &SnapshotArgs,
        config: &Config,
        interrupt: impl Future<Output = ()>,
    ) -> (anyhow::Result<Exit>, String, String) {
        let (out, err) = (Captured::default(), Captured::default());
        let mut ui = self.ui(&out, &err, Output::Text);
        let now = self.account.clock().now();
        let run =
            setup::command::snapshot::run(args, &self.clients, config, now, &mut ui, interrupt);
        let exit = self.account.drive(run).await;
        (exit, out.text(), err.text())
    }

    /// Lets a trail of elsewhere be seen.
    pub(crate) fn show(&self, trail: local::ForeignTrail) {
        self.account.show_trail(trail);
    }

    /// From here on, `writes` starts anew.
    pub(crate) fn forget(&self) {
        self.from
            .store(self.account.journal_len(), Ordering::Relaxed);
    }

    /// Every call of ours that was not a mere read, as `service:Operation`, with the error if it was refused.
    pub(crate) fn writes(&self) -> Vec<String> {
        let journal = self
            .account
            .journal_since(self.from.load(Ordering::Relaxed));
        let mut writes = Vec::new();
        for entry in journal {
            let What::Call {
                service,
                operation,
                error,
                by: Caller::Sdk,
                ..
            } = entry.what
            else {
                continue;
            };
            let read = ["Get", "List", "Describe", "Head", "Filter", "BatchGet"]
                .iter()
                .any(|p| operation.starts_with(p));
            if !read {
                let error = error.map(|error| format!(" {error}")).unwrap_or_default();
                writes.push(format!("{service}:{operation}{error}"));
            }
        }
        writes
    }

    /// Somebody else's call, which must succeed.
    pub(crate) fn call(&self, service: &str, operation: &str, input: Value) {
        self.answer(service, operation, input);
    }

    pub(crate) fn answer(&self, service: &str, operation: &str, input: Value) -> Value {
        match self.account.call(service, operation, input) {
            Ok(answer) => answer,
            Err(fault) => panic!("{service}:{operation}: {fault:?}"),
        }
    }

    /// Somebody else's call, which may be refused: then the error code.
    pub(crate) fn ask(
        &self,
        service: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, String> {
        let answer = self.account.call(service, operation, input);
        answer.map_err(|fault| fault.code)
    }

    pub(crate) fn refused(&self, service: &str, operation: &str, input: Value) -> bool {
        self.account.call(service, operation, input).is_err()
    }

    pub(crate) async fn wait_a_day(&self) {
        self.wait(chrono::TimeDelta::days(1)).await;
    }

    /// Long enough for everything that was just made to have settled.
    pub(crate) async fn wait_a_minute(&self) {
        self.wait(chrono::TimeDelta::minutes(1)).await;
    }

    /// Whatever is under way takes its course for so long.
    pub(crate) async fn wait_minutes(&self, minutes: i64) {
        self.wait(chrono::TimeDelta::minutes(minutes)).await;
    }

    pub(crate) async fn wait(&self, span: chrono::TimeDelta) {
        self.account
            .run_until(self.account.clock().now() + span)
            .await;
    }

    /// The configuration that the function got.
    pub(crate) fn function_config(&self) -> Value {
        let function = self.answer("lambda", "GetFunction", json!({ "FunctionName": "ecroll" }));
        let text = &function["Configuration"]["Environment"]["Variables"]["ECROLL_CONFIG"];
        serde_json::from_str(text.as_str().unwrap()).unwrap()
    }
}

/// A stream that keeps what is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

//! The command line: what can be asked for, and which verb answers.

mod account;
mod args;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};

use crate::clients::Clients;
use crate::code::Code;
use crate::command::{self, Session};
use crate::config;
use crate::exit::Exit;
use crate::ui::{Output, Ui};
use account::OnAccount;
pub use args::{HandlerArgs, LocalArgs, ReplayArgs};
pub(crate) use values::duration;
use values::region;

/// Makes Amazon ECS services follow the images pushed to Amazon ECR.
#[derive(Debug, Parser)]
#[command(
    name = "ecroll",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 the answer is no; 2 the request was wrong; 3 AWS refused or could not be reached; 130 \
                  interrupted.\n\nExamples:\n  ecroll replay\n  ecroll plan\n  ecroll setup"
)]
pub struct Cli {
    /// What holds for every verb.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// Flags that stand before or after any verb.
#[derive(Debug, Clone, Args)]
pub struct Globals {
    /// The configuration; without it `ecroll.toml`, if there is one
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// The Region; without it the one of the environment or profile
    #[arg(long, global = true, value_parser = region)]
    pub region: Option<String>,
    /// The profile with the credentials; without it those of the environment
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// How results are printed; JSON stands alone on standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub output: Output,
    /// Go ahead without asking
    #[arg(long, global = true)]
    pub yes: bool,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Say what setup would create, change or leave; change nothing
    #[command(after_help = "Example:\n  ecroll plan --output json")]
    Plan {
        /// What the function runs.
        #[command(flatten)]
        handler: HandlerArgs,
        /// Exit with 1 if there is anything to create or change
        #[arg(long)]
        check: bool,
    },
    /// Create the pipeline, or repair it; a second run changes nothing
    #[command(
        after_help = "Examples:\n  ecroll setup --yes --handler target/lambda/handler\n  \
                      ecroll setup --print-policy --region eu-west-1"
    )]
    Setup {
        /// What the function runs.
        #[command(flatten)]
        handler: HandlerArgs,
        /// Print the IAM policy that whoever runs plan and setup needs, and do nothing else; no credentials are needed
        #[arg(long)]
        print_policy: bool,
    },
    /// Remove what setup created, and nothing else
    #[command(
        after_help = "The bucket with the trail's files stays unless --delete-logs is given.\n\nExample:\n  ecroll destroy"
    )]
    Destroy {
        /// Remove the bucket as well, with the trail's files
        #[arg(long)]
        delete_logs: bool,
    },
    /// Say which push each service runs, what waits and why, and how far rolls have come; change nothing
    #[command(
        after_help = "Exit codes: 0 done; with --watch 1 if a roll was rolled back or failed; 2 no such service.\n\n\
                      Examples:\n  ecroll status\n  ecroll status prod/web --watch\n  ecroll status 'prod/*' --output json"
    )]
    Status(command::status::StatusArgs),
    /// Test every link from the trail to the services, and say how to mend what is broken
    #[command(
        after_help = "Exit codes: 0 nothing is broken, 1 a link is. It writes nothing; --probe sends one message.\n\n\
                      Examples:\n  ecroll doctor\n  ecroll doctor --probe\n  ecroll doctor --output json"
    )]
    Doctor {
        /// Also send one harmless message through alarm, topic and function, and wait for the look-up, two minutes at most
        #[arg(long)]
        probe: bool,
    },
    /// Test a filter pattern on log events, offline
    #[command(
        after_help = "Exit codes: 0 an event matches, 1 none does, 2 the pattern or a file cannot be read.\n\n\
                      Examples:\n  ecroll filter '{ $.eventName = \"PutImage\" }' records.json.gz\n  \
                      ecroll filter --explain ERROR app.log\n  ecroll filter --put-image --repository shop 'team/*'"
    )]
    Filter(command::filter::FilterArgs),
    /// Run the whole pipeline on recorded log events, in an account inside this program
    #[command(
        after_help = "Exit codes: 0 done, 1 a push was lost, 2 nothing to replay.\n\nExamples:\n  ecroll replay\n  \
                      ecroll replay --seed 7 cloudtrail/ more.json.gz\n  \
                      ecroll replay logs:///ecroll/trail --since 7d\n  \
                      ecroll replay s3://my-trail/AWSLogs/ --since 2026-01-01 --until 2026-02-01\n  \
                      ecroll replay --report replay.html cloudtrail/\n  \
                      ecroll replay --account account.jsonl cloudtrail/\n  \
                      ecroll replay --account account.jsonl --compare other.toml cloudtrail/"
    )]
    Replay(ReplayArgs),
    /// Write what follows of this account into a file on which `replay --account` runs; change nothing
    #[command(
        after_help = "Clusters, services with their past, revisions and images, through every target of the \
                      configuration.\nValues of environment variables stay out, and log options named like secrets; ARNs of \
                      secrets are in.\nIt needs the reading part of what `ecroll setup --print-policy` \
                      prints.\n\nExamples:\n  ecroll snapshot account.jsonl\n  \
                      ecroll snapshot - | gzip > account.jsonl.gz\n  ecroll replay --account account.jsonl cloudtrail/"
    )]
    Snapshot(command::snapshot::SnapshotArgs),
    /// Say why a service was rolled, or was not: by a replay, or by the log of the function; change nothing
    #[command(
        after_help = "Without a source it explains the bundled sample. --since reads the function's log in the account, and \
                      needs what `ecroll doctor` needs.\nExit codes: 0 done; 2 no such service or push, or a source that is \
                      none.\n\nExamples:\n  ecroll explain shop\n  ecroll explain shop:1.1.0\n  \
                      ecroll explain prod/web --since 24h\n  \
                      ecroll replay --output json cloudtrail/ | ecroll explain web"
    )]
    Explain(command::explain::ExplainArgs),
    /// Register a task definition, then create or update the service that runs it, by the state that it is in
    #[command(
        after_help = "It shows what would change, and asks unless --yes. The desired count of a service that runs is left \
                      alone.\nExit codes: 0 done; 1 it is DRAINING, or with --wait the deployment failed or was rolled \
                      back; 2 the files are wrong, or ask for what cannot be changed.\n\nExamples:\n  \
                      ecroll service taskdef.json service.json --cluster prod\n  \
                      ecroll service taskdef.json service.json --yes --wait --timeout 20m\n  \
                      ecroll service taskdef.json service.json --print-policy --region eu-west-1"
    )]
    Service(command::service::ServiceArgs),
    /// Print the same pipeline as a CloudFormation template; no credentials are needed
    #[command(
        after_help = "YAML with comments, or with --output json the same as JSON. The account and the Region are those of \
                      the stack.\n\nExample:\n  ecroll template --zip handler.zip > ecroll.yaml"
    )]
    Template(command::template::TemplateArgs),
    /// Print the completions for a shell, which its own way of installing them takes
    #[command(
        after_help = "Examples:\n  ecroll completions bash > ~/.local/share/bash-completion/completions/ecroll\n  \
                      ecroll completions zsh > ~/.zfunc/_ecroll\n  \
                      ecroll completions fish > ~/.config/fish/completions/ecroll.fish"
    )]
    Completions(command::completions::CompletionsArgs),
    /// Print the manual page, or write those of all verbs into a folder
    #[command(
        after_help = "Examples:\n  ecroll man | man -l -\n  ecroll man ~/.local/share/man/man1"
    )]
    Man(command::man::ManArgs),
    /// Serve an account inside this program on 127.0.0.1, for the AWS CLI, the SDKs and ecroll itself
    #[command(
        after_help = "It begins empty, and ends with the program. A push is `aws ecr put-image`.\n\n\
                      Examples:\n  ecroll local\n  ecroll local --port 0 --speed 60 --latency 5s --output json"
    )]
    Local(LocalArgs),
}

/// Runs the program on its arguments, the first being its name. Prints everything that there is to say.
pub fn main(arguments: impl IntoIterator<Item = OsString>, now: DateTime<Utc>) -> Exit {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap prints either where it belongs.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Wrong
            } else {
                Exit::Done
            };
        }
    };
    let mut ui = Ui::terminal(cli.globals.output);
    match run(cli, now, &mut ui) {
        Ok(exit) => exit,
        Err(error) => {
            ui.error(&error);
            Exit::of(&error)
        }
    }
}

fn run(cli: Cli, now: DateTime<Utc>, ui: &mut Ui) -> anyhow::Result<Exit> {
    let Cli { globals, verb } = cli;
    let load = || config::load(globals.config.as_deref());
    let (handler, verb) = match verb {
        // A bad configuration is none of its concern, unless it asks.
        Verb::Filter(args) => return command::filter::run(&args, || Ok(load()?), ui),
        // It runs on a clock and a runtime of its own.
        Verb::Replay(args) => {
            command::replay::check(&args)?;
            let other = args.compare.as_deref();
            let other = other.map(|path| config::load(Some(path))).transpose()?;
            let name = config::name(globals.config.as_deref());
            let named = command::replay::Named {
                name,
                config: load()?,
            };
            let source = command::replay::Source::of(&args, now)?;
            let sources = if source.is_remote() {
                real_time()?.block_on(async {
                    let clients = Clients::connect(globals.region, globals.profile.as_deref());
                    let repositories = named.followed(other.as_ref());
                    source.fetch(&clients.await?, &repositories, ui).await
                })?
            } else {
                source.read(ui)
            };
            return command::replay::run(&args, sources, &named, other, ui);
        }
        Verb::Completions(args) => return command::completions::run(&args, ui),
        Verb::Man(args) => return command::man::run(&args, ui),
        Verb::Explain(args) => match args.since {
            Some(since) => (None, OnAccount::Explain(args, since)),
            None => return command::explain::run(&args, ui),
        },
        Verb::Snapshot(args) => {
            command::snapshot::check(&args)?;
            (None, OnAccount::Snapshot(args))
        }
        Verb::Local(args) => {
            let runtime = real_time()?;
            let serving = command::local::run(&args, globals.region, now, ui, interrupt());
            return runtime.block_on(serving);
        }
        Verb::Template(args) => return command::template::run(&args, &load()?, now, ui),
        Verb::Service(args) if args.print_policy => {
            let named = command::print_policy::region(globals.region, globals.profile.as_deref());
            let region = real_time()?.block_on(named);
            let wanted = command::service::read(&args)?;
            return command::print_policy::service(&wanted, region.as_deref(), ui);
        }
        Verb::Service(args) => {
            // Before any call, and without a configuration: it follows nothing.
            command::service::read(&args)?;
            return real_time()?.block_on(async {
                let clients = Clients::connect(globals.region, globals.profile.as_deref()).await?;
                let yes = globals.yes;
                command::service::run(yes, &args, &clients, now, ui, interrupt()).await
            });
        }
        Verb::Plan { handler, check } => (Some(handler), OnAccount::Plan { check }),
        Verb::Setup {
            print_policy: true, ..
        } => {
            let named = command::print_policy::region(globals.region, globals.profile.as_deref());
            let region = real_time()?.block_on(named);
            return command::print_policy::run(&load()?, region.as_deref(), ui);
        }
        Verb::Setup { handler, .. } => (Some(handler), OnAccount::Setup),
        Verb::Destroy { delete_logs } => (None, OnAccount::Destroy { delete_logs }),
        Verb::Status(args) => (None, OnAccount::Status(args)),
        Verb::Doctor { probe } => (None, OnAccount::Doctor { probe }),
    };
    let config = load()?;
    // Before any call: a missing handler should not be found out half-way.
    let code = match handler {
        Some(handler) => Code::pack(&handler.path())?,
        None => Code::placeholder(),
    };
    let runtime = real_time()?;
    runtime.block_on(async {
        let clients = Clients::connect(globals.region, globals.profile.as_deref()).await?;
        let session = Session {
            clients,
            config,
            code,
            now,
        };
        verb.run(globals.yes, &session, ui, interrupt()).await
    })
}

/// A runtime for what talks to a network.
fn real_time() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

/// Done when somebody presses Ctrl-C.
async fn interrupt() {
    // Without a handler for the signal, the process ends as any other would.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Verb};
    use crate::ui::Output;

    #[test]
    fn the_command_line_is_consistent_and_every_verb_has_an_example() {
        let mut command = Cli::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands_mut() {
            let help = verb.render_long_help().to_string();
            assert!(help.contains("Example"), "{help}");
        }
    }

    #[test]
    fn global_flags_stand_before_or_after_the_verb() {
        for line in [
            "ecroll --output json --yes setup",
            "ecroll setup --yes --output json",
        ] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert!(
                cli.globals.yes && cli.globals.output == Output::Json,
                "{line}"
            );
            assert!(matches!(cli.verb, Verb::Setup { .. }));
        }
    }

    #[test]
    fn rule_10_unknown_verbs_and_flags_are_refused() {
        for line in [
            "ecroll",
            "ecroll fly",
            "ecroll plan --nope",
            "ecroll plan --region EU",
            "ecroll plan --region=",
            "ecroll status web api",
            "ecroll replay --latency 5",
            "ecroll replay --trigger bell",
            "ecroll replay --trigger alarm,",
            "ecroll local --speed 0",
            "ecroll local --port 65536",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}

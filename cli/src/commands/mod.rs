//! The commands, one file for each verb.

mod account;
mod adapter;
mod cancel;
mod data;
mod estimate;
mod get;
mod init;
mod list;
mod logs;
mod providers;
mod receipt;
mod recipe;
mod submit;
mod verify;
mod watch;

use crate::answer::Answer;
use crate::args::{Args, Verb};
use crate::context::Context;
use crate::surroundings::Surroundings;
use crate::trouble::{Kind, Trouble};
use crate::voice::Voice;
use clap::CommandFactory;
use std::io;
use std::process::ExitCode;

/// Runs one command to its end.
pub fn main(args: &Args, around: Surroundings) -> ExitCode {
    let voice = Voice::new(args.json, args.quiet, args.yes, &around);
    let context = Context {
        config_file: args
            .config
            .clone()
            .unwrap_or_else(|| around.config.join("config.toml")),
        password_file: args.password_file.clone(),
        node_url: args.node.clone(),
        broker_url: args.broker.clone(),
        around,
        voice,
    };
    match block_on(&context, &args.verb) {
        Ok(answer) => {
            voice.answer(&answer);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            voice.trouble(&trouble);
            ExitCode::from(trouble.code())
        }
    }
}

fn block_on(context: &Context, verb: &Verb) -> Result<Answer, Trouble> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Trouble::because(Kind::Machine, "cannot start", &error))?;
    runtime.block_on(async {
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => Err(stopped_by_you(stopped)),
            done = run(context, verb) => done,
        }
    })
}

fn stopped_by_you(_signal: io::Result<()>) -> Trouble {
    Trouble::new(Kind::NotConfirmed, "stopped by you")
        .next("ft list: what was sent goes on without this command")
}

/// One verb, as the command line calls it and as tests do.
pub async fn run(context: &Context, verb: &Verb) -> Result<Answer, Trouble> {
    match verb {
        Verb::Init(args) => init::run(context, args),
        Verb::Account { verb } => account::run(context, verb).await,
        Verb::AddAccount(amount) => account::add(context, amount.amount).await,
        Verb::DepositFund(amount) => account::deposit(context, amount.amount).await,
        Verb::Providers => providers::providers(context).await,
        Verb::Models { provider } => providers::models(context, *provider).await,
        Verb::Verify(args) => verify::run(context, args).await,
        Verb::Recipe { verb } => recipe::run(verb),
        Verb::Data { verb } => data::run(context, verb),
        Verb::Estimate(args) => estimate::run(context, args).await,
        Verb::Submit(args) => submit::run(context, args).await,
        Verb::Resend { task } => submit::resend(context, task).await,
        Verb::Watch(args) => watch::run(context, args).await,
        Verb::Logs(args) => logs::run(context, args).await,
        Verb::List(args) => list::run(context, args).await,
        Verb::Cancel(args) => cancel::run(context, args).await,
        Verb::Get(args) => get::run(context, args).await,
        Verb::Receipt(args) => receipt::run(context, args),
        Verb::Adapter { verb } => adapter::run(context, verb),
        Verb::Eval(args) => adapter::eval(context, args),
        Verb::Completions { shell } => {
            clap_complete::generate(*shell, &mut Args::command(), "ft", &mut io::stdout());
            Ok(Answer::said())
        }
        Verb::Reference => Ok(Answer::new(
            crate::reference::markdown().trim_end(),
            serde_json::Value::Null,
        )),
    }
}

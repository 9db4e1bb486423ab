//! The command line, one file per command.

mod bench;
mod choice;
mod eval;
mod make_tiny;
mod merge;
mod parity;
mod recipe;
mod run;
mod shapes;
mod to_gguf;
mod tokens;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::failure::{Code, Failure};
use crate::process::{available_memory, limit_memory};

/// Trains LoRA adapters. Holds no keys and opens no network connection.
#[derive(Debug, Parser)]
#[command(name = "sealtune-trainer", version = papers::version(env!("CARGO_PKG_VERSION")))]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Parity(parity::Args),
    Bench(bench::Args),
    Merge(merge::Args),
    ToGguf(to_gguf::Args),
    Eval(eval::Args),
    Tokens(tokens::Args),
    Recipe(recipe::Args),
    MakeTiny(make_tiny::Args),
    /// Writes man pages and completions.
    #[command(hide = true)]
    Papers(papers::Papers),
}

/// Runs the command line; standard output carries results alone, standard error the one sentence of a failure.
pub fn main() -> ExitCode {
    if let Some(available) = available_memory() {
        limit_memory(available.bytes);
    }
    match dispatch(Args::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to do when standard error is gone too.
            drop(writeln!(std::io::stderr(), "{}", chain(&failure)));
            ExitCode::from(failure.code as u8)
        }
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::ToGguf(args) => to_gguf::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Tokens(args) => tokens::run(&args),
        Command::Recipe(args) => recipe::run(&args),
        Command::MakeTiny(args) => make_tiny::run(&args),
        Command::Papers(papers) => papers
            .write(Args::command())
            .map_err(|error| Failure::because(Code::Disk, "cannot write the papers", error)),
    }
}

/// The failure and its causes in one line.
fn chain(failure: &Failure) -> String {
    let mut line = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

/// Prints a command's one result.
fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{value}")
        .map_err(|error| Failure::because(Code::Disk, "cannot write to standard output", error))
}

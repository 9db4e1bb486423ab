//! `sealtune-broker`: the broker, and what anyone may do with its public ledger.

mod serve;
mod told;

use broker::ledger::{AuditError, audit};
use clap::{CommandFactory, Parser, Subcommand};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// One door for customers and a meeting place for nodes; and what its ledger proves.
#[derive(Debug, Parser)]
#[command(name = "sealtune-broker", version = papers::version(env!("CARGO_PKG_VERSION")), after_help = EXITS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the broker until it is told to stop: once to finish, twice to end.
    Run(ConfigFile),
    /// Checks the configuration and what it names, and says what is wrong.
    Check(ConfigFile),
    /// The public ledger.
    #[command(subcommand)]
    Ledger(Ledger),
    /// Writes man pages and completions.
    #[command(hide = true)]
    Papers(papers::Papers),
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    #[arg(long, default_value = "/etc/sealtune/broker.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Ledger {
    /// Follows a ledger from its first line, checks every link and every head, and sums it up.
    Verify {
        /// The ledger; - is standard input.
        file: PathBuf,
        #[arg(long)]
        json: bool,
    },
}

const EXITS: &str = "Exit codes:\n  0   done; the ledger is whole\n  1   it cannot be read, or the \
                     broker failed\n  2   the command line is wrong\n  3   the configuration is \
                     wrong: starting again changes nothing\n  10  the ledger was changed, cut or is \
                     none";
const FAILED: u8 = 1;
const MISCONFIGURED: u8 = 3;
const NOT_WHOLE: u8 = 10;

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Run(file) => told(serve::run(&file.config)),
        Command::Check(file) => told(serve::check(&file.config)),
        Command::Ledger(Ledger::Verify { file, json }) => verify(&file, json),
        Command::Papers(papers) => told(papers.write(Arguments::command()).map_err(Into::into)),
    }
}

fn told(done: Result<(), Box<dyn Error>>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            told::failed(error.as_ref());
            let wrong = serve::is_for_the_operator(error.as_ref());
            ExitCode::from(if wrong { MISCONFIGURED } else { FAILED })
        }
    }
}

fn verify(file: &Path, json: bool) -> ExitCode {
    match open(file).map_err(AuditError::Read).and_then(audit) {
        Ok(audit) => {
            told::show(&audit, json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            told::refuse(file, &error);
            let unread = matches!(error, AuditError::Read(_));
            ExitCode::from(if unread { FAILED } else { NOT_WHOLE })
        }
    }
}

fn open(file: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file)?))
    })
}

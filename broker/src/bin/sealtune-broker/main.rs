//! `sealtune-broker`: today, what anyone may do with a broker's public ledger.

mod told;

use broker::ledger::{AuditError, audit};
use clap::{Parser, Subcommand};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A broker's books and what they prove.
#[derive(Debug, Parser)]
#[command(version, after_help = EXITS)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The public ledger.
    #[command(subcommand)]
    Ledger(Ledger),
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

const EXITS: &str = "Exit codes:\n  0   the ledger is whole\n  1   it cannot be read\n  2   the \
                     command line is wrong\n  10  it was changed, cut or is no ledger";
const CANNOT_READ: u8 = 1;
const NOT_WHOLE: u8 = 10;

fn main() -> ExitCode {
    let Command::Ledger(Ledger::Verify { file, json }) = Arguments::parse().command;
    match open(&file).map_err(AuditError::Read).and_then(audit) {
        Ok(audit) => {
            told::show(&audit, json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            told::refuse(&file, &error);
            let unread = matches!(error, AuditError::Read(_));
            ExitCode::from(if unread { CANNOT_READ } else { NOT_WHOLE })
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

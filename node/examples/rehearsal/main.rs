//! A rehearsal: a node takes a hundred orders while it is killed at random.
//!
//! The parent process is the world: a market with an honest ledger, storage, an
//! enclave and a trainer, all fake, behind a socket. The child process is the
//! node's core as it ships, with its real journal in a real folder; the parent
//! ends it with SIGKILL again and again, until every order is closed. No money
//! exists here and nothing is trained.
//!
//! `cargo run -p node --features fakes --example rehearsal`

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a demonstration talks to a person and watches the real clock"
)]

mod actor;
mod play;
mod stage;
mod wire;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let done = match (arguments.next(), arguments.next()) {
        (Some(socket), Some(folder)) => actor::act(socket.into(), folder.into()).await,
        (Some(_), None) | (None, _) => play::perform().await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("rehearsal: {error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Where the node of the play keeps its journal.
fn journal(folder: &std::path::Path) -> PathBuf {
    folder.join("journal.redb")
}

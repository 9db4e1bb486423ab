//! The command `sealtune-deploy`: puts the contracts on a chain, and compares what stands
//! there with the build.

mod args;
mod build;
mod deploy;
mod hands;
mod record;
mod trouble;
mod verify;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;
use trouble::Trouble;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(args.command)),
        Err(source) => Err(Trouble::Runtime(source)),
    };
    match done {
        Ok(said) => {
            show(&said);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            complain(&trouble);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<String, Trouble> {
    match command {
        Command::Deploy(order) => deploy::deploy(&order).await,
        Command::Verify(order) => verify::verify(&order).await,
    }
}

#[allow(clippy::print_stdout, reason = "the command's answer")]
fn show(said: &str) {
    println!("{said}");
}

#[allow(clippy::print_stderr, reason = "the command's one line of trouble")]
fn complain(trouble: &Trouble) {
    eprintln!("{trouble}");
}

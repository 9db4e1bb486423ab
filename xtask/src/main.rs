//! The project's own chores: the steps behind the make targets, and what they need.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks on stdout"
)]

mod child;
mod fuzz;
mod house;
mod report;
mod setup;
mod stopping;
mod table;
mod tally;
mod target;

use std::path::Path;
use std::process::ExitCode;
use table::{Table, Trouble};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match obey(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("xtask: {trouble}");
            ExitCode::from(2)
        }
    }
}

fn obey(words: &[String]) -> Result<bool, Trouble> {
    let table = Table::load(root())?;
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        None | Some("help") => Ok(report::help(&table)),
        Some("house") => house::inspect(root()),
        Some("fuzz-targets") => fuzz::run(root(), &words.collect::<Vec<_>>()),
        Some("setup") => target::make_ready(&table, words.next().unwrap_or("test")),
        Some(name) => target::run(&table, name, &words.collect::<Vec<_>>()),
    }
}

/// The root of the checkout: the folder above this package.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a package folder has a parent")
}

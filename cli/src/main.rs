//! The command `ft`.

use clap::Parser;
use ft::args::Args;
use ft::surroundings::Surroundings;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Args::parse();
    let around = Surroundings::read();
    ft::commands::main(&args, around)
}

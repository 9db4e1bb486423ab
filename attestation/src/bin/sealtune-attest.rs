//! `sealtune-attest`: judges hardware evidence on the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    attestation::cli::main()
}

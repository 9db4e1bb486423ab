//! `sealtune-attest gpu`.

use super::{Exit, Failure};
use std::io::Write;

/// Verifies an NVIDIA GPU's SPDM evidence.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_args: &Args, _out: &mut dyn Write) -> Result<Exit, Failure> {
    Err(Failure::unusable(
        "this command",
        "this build does not have it",
    ))
}

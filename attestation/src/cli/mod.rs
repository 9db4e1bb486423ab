//! The command line: one file per subcommand, one exit code per kind of answer.

mod case;
mod clock;
mod gpu;
mod inspect;
mod json;
mod measure;
mod moment;
mod pem;
mod table;
mod tdx;
mod verify;

use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Judges hardware evidence. Exit status: 0 accepted, 10 the evidence is bad, 20 the
/// policy does not take it, 30 the input cannot be used, 1 an error of this program.
#[derive(Debug, Parser)]
#[command(name = "sealtune-attest", version = papers::version(env!("CARGO_PKG_VERSION")))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Case(case::Args),
    Verify(verify::Args),
    Gpu(gpu::Args),
    Tdx(tdx::Args),
    Table(table::Args),
    Inspect(inspect::Args),
    Measure(measure::Args),
    /// Writes man pages and completions.
    #[command(hide = true)]
    Papers(papers::Papers),
}

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Accepted,
    EvidenceRejected,
    PolicyRejected,
}

/// Why a run could not answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("cannot read {path}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot use {what}: {why}")]
    Unusable { what: String, why: String },
    #[error("cannot write the answer")]
    Write(#[from] std::io::Error),
}

/// Runs the command line of this process.
#[allow(
    clippy::print_stderr,
    reason = "the last word of a command line goes to stderr"
)]
pub fn main() -> ExitCode {
    let status = run(std::env::args_os(), &mut std::io::stdout().lock());
    ExitCode::from(status.unwrap_or_else(|failure| {
        eprintln!("sealtune-attest: {}", with_causes(&failure));
        failure.status()
    }))
}

/// Runs a command line, writes its answer to `out` and returns the exit status.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut dyn Write) -> Result<u8, Failure> {
    match Cli::try_parse_from(args) {
        Ok(cli) => Ok(cli.command.run(out)?.status()),
        Err(usage) => Ok(explain(&usage)),
    }
}

impl Command {
    fn run(self, out: &mut dyn Write) -> Result<Exit, Failure> {
        match self {
            Self::Case(args) => case::run(&args, out),
            Self::Verify(args) => verify::run(&args, out),
            Self::Gpu(args) => gpu::run(&args, out),
            Self::Tdx(args) => tdx::run(&args, out),
            Self::Table(args) => table::run(&args, out),
            Self::Inspect(args) => inspect::run(&args, out),
            Self::Measure(args) => measure::run(&args, out),
            Self::Papers(papers) => Ok(papers.write(Cli::command()).map(|()| Exit::Accepted)?),
        }
    }
}

impl Exit {
    /// 10 where the evidence itself is bad, 20 where only the policy does not take it.
    fn of(verdict: &crate::Verdict) -> Self {
        match verdict {
            crate::Verdict::Accepted(_) => Self::Accepted,
            crate::Verdict::Rejected(rejection) if rejection.findings.condemn_evidence() => {
                Self::EvidenceRejected
            }
            crate::Verdict::Rejected(_) => Self::PolicyRejected,
        }
    }

    /// The same, of a judgement that is no verdict on a whole machine.
    fn of_findings(findings: &crate::Findings) -> Self {
        if findings.is_empty() {
            Self::Accepted
        } else if findings.condemn_evidence() {
            Self::EvidenceRejected
        } else {
            Self::PolicyRejected
        }
    }

    pub const fn status(self) -> u8 {
        match self {
            Self::Accepted => 0,
            Self::EvidenceRejected => 10,
            Self::PolicyRejected => 20,
        }
    }
}

impl Failure {
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand over what is put into words"
    )]
    pub(crate) fn unusable(what: impl Display, why: impl Display) -> Self {
        let (what, why) = (what.to_string(), why.to_string());
        Self::Unusable { what, why }
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand over what is put into words"
    )]
    pub(crate) fn caused(what: impl Display, why: &dyn std::error::Error) -> Self {
        Self::unusable(what, with_causes(why))
    }

    /// 30 for input that cannot be used, 1 for a failure of our own.
    pub const fn status(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Unusable { .. } => 30,
            Self::Write(_) => 1,
        }
    }
}

/// Reads a file, up to a bound that no evidence comes near.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    use std::io::Read;
    let unreadable = |source| Failure::Read {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let mut bounded = file.take(bytes_max.saturating_add(1));
    bounded.read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(Failure::unusable(
            path.display(),
            format!("it is larger than {bytes_max} bytes"),
        ));
    }
    Ok(bytes)
}

/// Help and version are answers; a wrong command line is unusable input.
fn explain(usage: &clap::Error) -> u8 {
    let _unwritable = usage.print();
    if usage.use_stderr() { 30 } else { 0 }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

//! Commands that ask a running node.

use super::print::{Style, say};
use super::rotate::Rotate;
use super::{Common, Done};
use crate::boot::{self, JournalSecret};
use crate::config::Config;
use crate::earnings::Payment;
use crate::live;
use crate::operator::{
    Attested, Client, ClientError, Job, Journal, Keys, Reason, Reloaded, Row, Status,
};
use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// Between two questions whether a drain is done.
const DRAIN_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub struct Jobs {
    #[command(flatten)]
    common: Common,
    /// Also tasks that have ended.
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub struct Drain {
    #[command(flatten)]
    common: Common,
    /// Waits until no task is open.
    #[arg(long)]
    wait: bool,
}

#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// The last rows; also of a node that does not run.
    Show(ShowJournal),
}

#[derive(Debug, Args)]
pub struct ShowJournal {
    #[command(flatten)]
    common: Common,
    #[arg(long, default_value_t = 100)]
    last: u64,
}

#[derive(Debug, Subcommand)]
pub enum BreakerCommand {
    /// Says that you have looked: causes that do not heal by themselves go.
    Reset(Common),
}

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// The key results are signed with, and the hash of the TLS key.
    Show(Common),
    /// Retires the identity of a node that is stopped and has no open task; the next start makes
    /// a new one.
    Rotate(Rotate),
}

#[derive(Debug, Subcommand)]
pub enum AttestCommand {
    /// Writes the boot bundle, JSON, to a file or to standard output.
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    common: Common,
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Earnings {
    #[command(flatten)]
    common: Common,
    /// Comma-separated, with a header.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// A question to a running node.
pub(super) struct Asked {
    client: Client,
    config: Config,
    style: Style,
    runtime: Runtime,
}

impl Asked {
    pub(super) fn of(common: &Common) -> Result<Self, Box<dyn Error>> {
        let config = common.load()?;
        Ok(Self {
            client: Client::of(&config.state.folder),
            config,
            style: common.style(),
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }

    pub(super) fn status(&self) -> Done {
        self.tell(&self.get("/v1/status")?);
        Ok(ExitCode::SUCCESS)
    }

    /// Does something and says how the node stands then.
    pub(super) fn act(&self, path: &str) -> Done {
        let status = self.runtime.block_on(self.client.post(path))?;
        self.tell(&status);
        Ok(ExitCode::SUCCESS)
    }

    pub(super) fn reload(&self) -> Done {
        let reloaded: Reloaded = self.runtime.block_on(self.client.post("/v1/reload"))?;
        say(self.style, &reloaded, || {
            let changed = reloaded.changed.iter().map(|key| format!("changed {key}"));
            let waits = reloaded.needs_restart.iter();
            let waits = waits.map(|key| format!("needs a restart: {key}"));
            changed.chain(waits).collect()
        });
        Ok(ExitCode::SUCCESS)
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.runtime.block_on(self.client.get(path))
    }

    fn tell(&self, status: &Status) {
        say(self.style, status, || lines(status));
    }

    /// The rows of a node that runs, or of one that does not.
    fn rows(&self, last: u64) -> Result<Vec<Row>, Box<dyn Error>> {
        match self.get::<Journal>(&format!("/v1/journal?last={last}")) {
            Ok(journal) => Ok(journal.rows),
            Err(ClientError::NotRunning { .. }) => offline(&self.config, last),
            Err(error) => Err(error.into()),
        }
    }
}

/// Reads the journal itself; a node that starts meanwhile finds it locked for a moment.
fn offline(config: &Config, last: u64) -> Result<Vec<Row>, Box<dyn Error>> {
    if !config.state.journal().exists() {
        return Ok(Vec::new());
    }
    let secret = match &config.chain {
        Some(_sealed) => live::enclose(config)?.journal_secret(),
        None => JournalSecret::File,
    };
    let memory = boot::recall(&config.state, secret)?;
    let rows = memory.rows(last)?;
    Ok(rows.into_iter().map(Row::of).collect())
}

impl Jobs {
    pub(super) fn run(&self) -> Done {
        let asked = Asked::of(&self.common)?;
        let path = if self.all { "/v1/jobs?all" } else { "/v1/jobs" };
        let jobs: Vec<Job> = asked.get(path)?;
        say(asked.style, &jobs, || jobs.iter().map(job).collect());
        Ok(ExitCode::SUCCESS)
    }
}

impl Drain {
    pub(super) fn run(&self) -> Done {
        let asked = Asked::of(&self.common)?;
        let mut status: Status = asked.runtime.block_on(asked.client.post("/v1/drain"))?;
        while self.wait && status.tasks_open > 0 {
            let pause = async { tokio::time::sleep(DRAIN_PAUSE).await };
            asked.runtime.block_on(pause);
            status = asked.get("/v1/status")?;
        }
        asked.tell(&status);
        Ok(ExitCode::SUCCESS)
    }
}

impl JournalCommand {
    pub(super) fn run(&self) -> Done {
        let Self::Show(show) = self;
        let asked = Asked::of(&show.common)?;
        let rows = asked.rows(show.last)?;
        say(asked.style, &rows, || {
            let lines = rows
                .iter()
                .map(|row| format!("{} {} {}", row.row, row.task, row.event));
            lines.collect()
        });
        Ok(ExitCode::SUCCESS)
    }
}

impl BreakerCommand {
    pub(super) fn run(&self) -> Done {
        let Self::Reset(common) = self;
        Asked::of(common)?.act("/v1/breaker/reset")
    }
}

impl KeysCommand {
    pub(super) fn run(&self) -> Done {
        let common = match self {
            Self::Show(common) => common,
            Self::Rotate(rotate) => return rotate.run(),
        };
        let asked = Asked::of(common)?;
        let keys: Keys = asked.get("/v1/keys")?;
        say(asked.style, &keys, || {
            vec![
                format!("signer    {:?}", keys.signer),
                format!("tls_spki  {}", keys.tls_spki),
                format!("boot_id   {}", keys.boot_id),
            ]
        });
        Ok(ExitCode::SUCCESS)
    }
}

impl AttestCommand {
    pub(super) fn run(&self) -> Done {
        let Self::Export(export) = self;
        let asked = Asked::of(&export.common)?;
        let attested: Attested = asked.get("/v1/attestation")?;
        match &export.out {
            Some(path) => std::fs::write(path, serde_json::to_vec_pretty(&attested)?)?,
            None => say(Style::Json, &attested, Vec::new),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Earnings {
    pub(super) fn run(&self) -> Done {
        let asked = Asked::of(&self.common)?;
        let paid: Vec<Payment> = asked.get("/v1/earnings")?;
        let separator = if self.csv { "," } else { "  " };
        say(asked.style, &paid, || {
            let header = [
                "task",
                "customer",
                "fee_wei",
                "acknowledged",
                "block",
                "transaction",
            ];
            let rows = paid.iter().map(|payment| columns(payment).join(separator));
            std::iter::once(header.join(separator))
                .chain(rows)
                .collect()
        });
        Ok(ExitCode::SUCCESS)
    }
}

fn columns(payment: &Payment) -> [String; 6] {
    [
        payment.task.to_string(),
        payment.customer.to_string(),
        payment.fee_wei.0.to_string(),
        payment.acknowledged.to_string(),
        payment.block.to_string(),
        payment.transaction.to_string(),
    ]
}

fn lines(status: &Status) -> Vec<String> {
    let state = if status.ready.ready {
        "takes orders"
    } else {
        "takes no orders"
    };
    let mut lines = vec![
        format!(
            "sealtune-node {}, up {} s: {state}",
            status.version, status.up_secs
        ),
        format!(
            "{} tasks open of {} known, room for {}",
            status.tasks_open, status.tasks_known, status.queue_free
        ),
    ];
    lines.extend(status.ready.reasons.iter().map(reason));
    lines.extend(status.training.as_ref().map(|training| {
        let (step, of) = (
            training.step.unwrap_or(0),
            training.steps_total.unwrap_or(0),
        );
        format!("training {}: step {step} of {of}", training.task)
    }));
    lines
}

fn reason(reason: &Reason) -> String {
    let end = if reason.heals_itself {
        "heals by itself"
    } else {
        "waits for you"
    };
    format!("- {}: {} ({end})", reason.cause, reason.text)
}

fn job(job: &Job) -> String {
    let reason = job.reason.map(|reason| format!(" reason {reason}"));
    let place = job.queue_position.map(|place| format!(" place {place}"));
    let (reason, place) = (reason.unwrap_or_default(), place.unwrap_or_default());
    format!(
        "{} {}{reason}{place} deadline {}",
        job.task, job.phase, job.deadline
    )
}

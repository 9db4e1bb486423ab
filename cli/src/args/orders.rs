//! The arguments of verbs about an order, its result and its receipt.

use crate::amount::Amount;
use clap::Subcommand;
use proto::{Address, Tier};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Submit {
    pub recipe: PathBuf,
    #[arg(long)]
    pub data: PathBuf,
    #[arg(long)]
    pub provider: Address,
    /// The base model by its name at the provider or by its root; the recipe's model unless said.
    #[arg(long)]
    pub model: Option<String>,
    /// The base model's folder, so that the price can be reckoned to the token.
    #[arg(long)]
    pub model_dir: Option<PathBuf>,
    /// The most you pay; what the data comes to at the provider's price unless said.
    #[arg(long)]
    pub fee_max: Option<Amount>,
    /// Hours until an undelivered order gives the money back.
    #[arg(long, default_value_t = 24)]
    pub deadline_hours: u64,
    /// Hours after delivery in which you may acknowledge.
    #[arg(long, default_value_t = 1)]
    pub ack_hours: u64,
    /// The share of the fee due if you never acknowledge, in hundredths of a percent.
    #[arg(long, default_value_t = 2_000)]
    pub penalty_bps: u16,
    /// What the provider owes you for a delivery promised and missed.
    #[arg(long, default_value = "0")]
    pub compensation: Amount,
    /// The least that must be proven of the machine; what your policy takes unless said.
    #[arg(long, value_parser = tier)]
    pub tier: Option<Tier>,
}

#[derive(Debug, clap::Args)]
pub struct Watch {
    /// The task, or the beginning of its id.
    pub task: String,
}

#[derive(Debug, clap::Args)]
pub struct Logs {
    /// The task, or the beginning of its id.
    pub task: String,
    /// Go on with new lines until the task ends.
    #[arg(long, short)]
    pub follow: bool,
}

#[derive(Debug, clap::Args)]
pub struct List {
    /// Those that have ended, too.
    #[arg(long, short)]
    pub all: bool,
}

#[derive(Debug, clap::Args)]
pub struct Cancel {
    /// The task, or the beginning of its id.
    pub task: String,
}

#[derive(Debug, clap::Args)]
pub struct Get {
    /// The task, or the beginning of its id.
    pub task: String,
    /// The folder to make; `adapter-` and the task's first digits unless said.
    #[arg(long, short)]
    pub out: Option<PathBuf>,
    /// How long to wait for a result, and again for its key, in seconds.
    #[arg(long, default_value_t = 3_600)]
    pub wait_secs: u64,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Receipt {
    /// The task, or the beginning of its id.
    #[arg(required = true)]
    pub task: Option<String>,
    /// Write it here; to standard output unless said.
    #[arg(long, short)]
    pub out: Option<PathBuf>,
    #[command(subcommand)]
    pub verb: Option<ReceiptVerb>,
}

#[derive(Debug, Subcommand)]
pub enum ReceiptVerb {
    /// Check every digest and signature in a receipt; needs no network and no configuration.
    Verify {
        file: PathBuf,
        /// The unpacked adapter, to be compared too.
        #[arg(long)]
        adapter: Option<PathBuf>,
        /// Judge the evidence by this policy in place of the one in the receipt.
        #[arg(long)]
        policy: Option<PathBuf>,
        /// Believe this simulator's root: no hardware. Never taken from the receipt.
        #[arg(long, value_name = "PEM")]
        development_root: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum AdapterVerb {
    /// Add an adapter into the full weights.
    Merge(Merge),
    /// Write an adapter as a file that llama.cpp loads with --lora (GGUF).
    ToGguf(Convert),
}

#[derive(Debug, clap::Args)]
pub struct Merge {
    /// The unpacked adapter.
    pub adapter: PathBuf,
    /// The base model's folder.
    #[arg(long)]
    pub model_dir: PathBuf,
    /// The folder to make.
    #[arg(long, short)]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Convert {
    /// The unpacked adapter.
    pub adapter: PathBuf,
    /// The base model's folder.
    #[arg(long)]
    pub model_dir: PathBuf,
    /// The file to write.
    #[arg(long, short)]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct Eval {
    /// The unpacked adapter.
    pub adapter: PathBuf,
    /// The base model's folder.
    #[arg(long)]
    pub model_dir: PathBuf,
    /// Lines to evaluate on; all of them are used.
    #[arg(long)]
    pub data: PathBuf,
    #[arg(long)]
    pub recipe: Option<PathBuf>,
}

fn tier(text: &str) -> Result<Tier, String> {
    match text {
        "development" => Ok(Tier::Development),
        "cpu" => Ok(Tier::Cpu),
        "cpu-and-gpu" => Ok(Tier::CpuAndGpu),
        _other => Err("development, cpu or cpu-and-gpu".into()),
    }
}

//! The arguments of each verb.

use crate::amount::Amount;
use clap::Subcommand;
use proto::{Address, Tier};
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Init {
    /// A JSON-RPC URL of the chain; may be said several times.
    #[arg(long, required = true)]
    pub rpc: Vec<String>,
    #[arg(long)]
    pub chain_id: u64,
    /// The serving contract.
    #[arg(long)]
    pub market: Address,
    /// The block it was deployed in.
    #[arg(long, default_value_t = 0)]
    pub deployed_at: u64,
    /// Blocks on top that make one final; the node's own word unless said.
    #[arg(long)]
    pub confirmations: Option<u64>,
    /// The wallet's file, to be made by `ft account new` or to be there already.
    #[arg(long, default_value = "wallet.json")]
    pub key: PathBuf,
    /// A folder that the provider reads and writes too.
    #[arg(long = "folder")]
    pub folders: Vec<PathBuf>,
    /// An image you trust, as its launch digest in hex; may be said several times.
    #[arg(long = "image")]
    pub images: Vec<String>,
    /// Trust machines that this simulator vouches for: no hardware at all, for trying out.
    #[arg(long, value_name = "PEM")]
    pub development_root: Option<PathBuf>,
    /// The trainer's program, for what needs a tokenizer.
    #[arg(long)]
    pub trainer: Option<PathBuf>,
    /// Write over a configuration that is there.
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Subcommand)]
pub enum Account {
    /// Make a wallet: a keystore that opens with a password.
    New(Create),
    /// Open an account with a first deposit.
    Add(Amounted),
    /// Addresses, balances, and what is set aside where.
    Show,
    /// Put more money into the account.
    Deposit(Amounted),
    /// Take money out of the account to the wallet, first collecting what lies at providers.
    Withdraw(Amounted),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// Where; as configured unless said.
    #[arg(long)]
    pub key: Option<PathBuf>,
    /// Without a password: the file alone is the money.
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, clap::Args)]
pub struct Amounted {
    /// Such as 5, "5 0G" or "7 wei".
    pub amount: Amount,
}

#[derive(Debug, clap::Args)]
pub struct Verify {
    pub provider: Address,
    /// Judge by this policy in place of the configured one.
    #[arg(long)]
    pub policy: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum RecipeVerb {
    /// A recipe with every default, and the digest that is signed.
    Show {
        /// The defaults alone where left out.
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub enum Data {
    /// Rows, tokens, truncations, empty targets, duplicates, bad lines by number.
    Check(Check),
}

#[derive(Debug, clap::Args)]
pub struct Check {
    pub file: PathBuf,
    #[arg(long)]
    pub recipe: Option<PathBuf>,
    /// The base model's folder, for its tokenizer and chat template.
    #[arg(long)]
    pub model_dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Estimate {
    pub recipe: PathBuf,
    #[arg(long)]
    pub data: PathBuf,
    /// The base model's folder, for its tokenizer and chat template.
    #[arg(long)]
    pub model_dir: PathBuf,
    /// At this provider's price; at everybody's unless said.
    #[arg(long)]
    pub provider: Option<Address>,
}

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

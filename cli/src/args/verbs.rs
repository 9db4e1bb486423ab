//! The arguments of verbs that come before an order.

use crate::amount::Amount;
use clap::Subcommand;
use proto::Address;
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

//! What the command line says.

mod orders;
mod verbs;

pub use orders::{
    AdapterVerb, Cancel, Convert, Eval, Get, List, Logs, Merge, Receipt, ReceiptVerb, Submit, Watch,
};
pub use verbs::{Account, Amounted, Check, Create, Data, Estimate, Init, RecipeVerb, Verify};

use clap::{Parser, Subcommand};
use proto::Address;
use std::path::PathBuf;

/// Fine-tune a model on data that nobody but you can read.
///
/// Begin with `ft init`, `ft account new` and `ft account add`; then `ft submit RECIPE.yaml --data FILE`
/// and `ft get TASK`. Every error says what happened, whether money moved, and what to type next.
#[derive(Debug, Parser)]
#[command(name = "ft", version, after_help = crate::reference::EXIT_CODES)]
pub struct Args {
    /// The configuration; ~/.config/sealtune/config.toml unless said.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One JSON object for each answer, on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing on the way.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Agree to what would be asked.
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Talk to this node in place of the address its provider wrote on chain.
    #[arg(long, global = true, value_name = "URL")]
    pub node: Option<String>,
    /// Hand orders to this broker in place of the provider's node.
    #[arg(long, global = true, value_name = "URL")]
    pub broker: Option<String>,
    /// The first line of this file (mode 0600) is the wallet's password.
    #[arg(long, global = true, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a configuration and a policy to begin with.
    Init(Init),
    /// Your wallet, your account, and what it holds.
    Account {
        #[command(subcommand)]
        verb: Account,
    },
    /// The same as `ft account add`.
    #[command(hide = true)]
    AddAccount(Amounted),
    /// The same as `ft account deposit`.
    #[command(hide = true)]
    DepositFund(Amounted),
    /// Who offers to train, at which price.
    Providers,
    /// The models that a provider's node offers.
    Models {
        /// Only this provider's; all providers' unless said.
        provider: Option<Address>,
    },
    /// Is this provider's machine what it says? The answer is explained, and remembered.
    Verify(Verify),
    /// Recipes: what a training does.
    Recipe {
        #[command(subcommand)]
        verb: RecipeVerb,
    },
    /// Your data, before it goes anywhere.
    Data {
        #[command(subcommand)]
        verb: Data,
    },
    /// What a training would cost, and how long it would take.
    Estimate(Estimate),
    /// Seal your data to a verified machine and order a training.
    #[command(alias = "create-task")]
    Submit(Submit),
    /// Send an order once more that was cut off on its way.
    Resend {
        /// The task, or the beginning of its id.
        task: String,
    },
    /// Follow a training: loss, speed, time to go.
    Watch(Watch),
    /// What the node logs of a task.
    #[command(alias = "get-log")]
    Logs(Logs),
    /// Your orders and how they stand.
    List(List),
    /// Take an order back, as far as that is possible now.
    Cancel(Cancel),
    /// Fetch a result: download, check, acknowledge, open, unpack.
    #[command(alias = "download-model")]
    Get(Get),
    /// Everything about one task in one file that can be checked without a network.
    Receipt(Receipt),
    /// Use an adapter with the base model on this machine.
    Adapter {
        #[command(subcommand)]
        verb: AdapterVerb,
    },
    /// Compare the base model with the tuned one on this machine.
    Eval(Eval),
    /// Completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// This reference, as it stands in docs/ft.md.
    #[command(hide = true)]
    Reference,
}

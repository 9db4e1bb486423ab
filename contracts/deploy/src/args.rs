//! What the command line says. A key is never on it.

use alloy_primitives::Address;
use clap::{Args as Group, Parser, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Parser)]
#[command(name = "sealtune-deploy", version, about)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Put the ledger and the market on a chain, compare them with the build, and write down where they are.
    Deploy(Deploy),
    /// Compare what stands on the chain with this build and with what was written down.
    Verify(Verify),
}

#[derive(Debug, Group)]
pub(crate) struct Deploy {
    /// A JSON-RPC URL of the chain.
    #[arg(long)]
    pub(crate) rpc: String,
    /// The chain it has to be on.
    #[arg(long)]
    pub(crate) chain_id: u64,
    /// The deployer's key: 64 hexadecimal digits or a keystore, readable by its owner only.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: PathBuf,
    /// The keystore's password.
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
    /// Who owns the contracts afterwards; the deployer, unless said.
    #[arg(long)]
    pub(crate) owner: Option<Address>,
    /// How long a refund request waits, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    pub(crate) lock_time: u64,
    /// What a provider may keep of the fee of a result nobody acknowledged, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 30)]
    pub(crate) penalty: u64,
    /// On a local chain, put all where 0G's client looks on chain 31337. It takes an account that has sent nothing.
    #[arg(long)]
    pub(crate) sdk_addresses: bool,
    /// Count a transaction as done when it has so many blocks on top.
    #[arg(long, value_name = "BLOCKS", default_value_t = 0)]
    pub(crate) confirmations: u64,
    /// Where to write what was deployed.
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Group)]
pub(crate) struct Verify {
    /// A JSON-RPC URL of the chain.
    #[arg(long)]
    pub(crate) rpc: String,
    /// What was written when it was deployed.
    #[arg(long, value_name = "FILE", default_value = "deployment.json")]
    pub(crate) deployment: PathBuf,
}

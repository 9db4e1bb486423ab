//! `sealtune-attest measure`: the launch digest a guest will have.

use super::{Exit, Failure};
use crate::measure::{Launch, digest};
use std::io::Write;
use std::path::PathBuf;

/// Calculates the launch digest of a guest, offline.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The guest's firmware.
    #[arg(long)]
    ovmf: PathBuf,
    /// The kernel, for measured direct boot.
    #[arg(long)]
    kernel: Option<PathBuf>,
    #[arg(long, requires = "kernel")]
    initrd: Option<PathBuf>,
    /// The kernel's command line.
    #[arg(long, requires = "kernel", allow_hyphen_values = true)]
    cmdline: Option<String>,
    /// How many virtual processors.
    #[arg(long)]
    vcpus: u32,
    /// Their type as QEMU names it, such as EPYC-v4.
    #[arg(long)]
    vcpu_type: String,
    /// `SEV_FEATURES`, such as 0x1; with `DebugSwap` 0x21.
    #[arg(long, default_value = "0x1", value_parser = number)]
    features: u64,
    /// Also say what was measured.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let launch = Launch {
        ovmf: &args.ovmf,
        kernel: args.kernel.as_deref(),
        initrd: args.initrd.as_deref(),
        cmdline: args.cmdline.as_deref(),
        vcpus: args.vcpus,
        vcpu_type: &args.vcpu_type,
        features: args.features,
    };
    let digest = digest(&launch).map_err(|why| Failure::caused("this launch", &why))?;
    if args.json {
        super::json::write_line(out, &answer(args, &digest))?;
    } else {
        writeln!(out, "{}", hex::encode(digest))?;
    }
    Ok(Exit::Accepted)
}

fn answer(args: &Args, digest: &[u8]) -> serde_json::Value {
    serde_json::json!({
        "launch_digest": hex::encode(digest),
        "vcpus": args.vcpus,
        "vcpu_type": args.vcpu_type,
        "features": format!("{:#x}", args.features),
        "kernel_hashes": args.kernel.is_some(),
    })
}

fn number(text: &str) -> Result<u64, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

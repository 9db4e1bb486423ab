//! `sealtune-attest verify`: a bundle, judged by a policy file.

use super::{Exit, Failure, clock, json, read};
use crate::gpu::{self, AttestedDevices};
use crate::{At, Binding, Bundle, Findings, Policy, TrustRoots, Verdict, explain};
use std::io::Write;
use std::path::{Path, PathBuf};

const POLICY_BYTES_MAX: u64 = 1024 * 1024;
const RIM_BYTES_MAX: u64 = 4 * 1024 * 1024;
const ROOT_BYTES_MAX: u64 = 64 * 1024;

/// Verifies a bundle and says what was proven, by whom, and what was not.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The bundle's folder.
    bundle: PathBuf,
    /// What you demand, as a policy file.
    #[arg(long)]
    policy: PathBuf,
    /// The moment to judge at, such as 2026-06-01T00:00:00Z; the clock's where left out.
    #[arg(long)]
    at: Option<At>,
    /// The nonce you sent, in hex: the report must be over it.
    #[arg(long)]
    nonce: Option<String>,
    /// Believe this simulator's root, and no other. What it vouches for is not hardware.
    #[arg(long, value_name = "PEM")]
    development_root: Option<PathBuf>,
    /// A reference file of NVIDIA's for the GPUs' driver or VBIOS; any number of them.
    #[arg(long = "rim", value_name = "FILE")]
    rims: Vec<PathBuf>,
    /// Refuse a GPU whose driver or VBIOS has no reference file.
    #[arg(long)]
    require_rims: bool,
    /// One line of JSON instead of a report for people.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let policy = with_nonce(policy(&args.policy)?, args.nonce.as_deref())?;
    let roots = roots(args.development_root.as_deref())?;
    let bundle =
        Bundle::read(&args.bundle).map_err(|why| Failure::caused(args.bundle.display(), &why))?;
    let now = args.at.unwrap_or_else(clock::now);
    let mut unread = Findings::default();
    let rims = rims(&args.rims, &mut unread)?;
    let judged = bundle.verify_with_devices(&policy, &roots, &rims, args.devices(), now);
    let (verdict, devices) = match judged {
        Ok((cpu, devices)) => (Verdict::Accepted(cpu), devices),
        Err(rejection) => (Verdict::Rejected(rejection), None),
    };
    let verdict = verdict.with_findings(unread);
    let devices: Vec<_> = devices.iter().flat_map(AttestedDevices::devices).collect();
    if args.json {
        json::write_line(out, &json::verdict_with_devices(&verdict, &devices))?;
    } else {
        explain(out, &verdict, &devices, &policy)?;
    }
    Ok(Exit::of(&verdict))
}

impl Args {
    /// Of many reference files each device takes those for what it runs.
    const fn devices(&self) -> gpu::Policy {
        gpu::Policy {
            rims_required: self.require_rims,
            ignore_other_rims: true,
            rim_dates: gpu::RimDates::SignerMayHaveEnded,
        }
    }
}

fn rims(paths: &[PathBuf], unread: &mut Findings) -> Result<Vec<gpu::Rim>, Failure> {
    let files = paths.iter().map(|path| read(path, RIM_BYTES_MAX));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    Ok(gpu::Rim::parse_all(&files, unread))
}

fn policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = read(path, POLICY_BYTES_MAX)?;
    let text = String::from_utf8(bytes).map_err(|why| Failure::caused(path.display(), &why))?;
    Policy::from_toml(&text).map_err(|why| Failure::caused(path.display(), &why))
}

fn with_nonce(mut policy: Policy, nonce: Option<&str>) -> Result<Policy, Failure> {
    let Some(nonce) = nonce else {
        return Ok(policy);
    };
    let mut bytes = [0; 32];
    hex::decode_to_slice(nonce, &mut bytes).map_err(|why| Failure::caused("--nonce", &why))?;
    match &mut policy.binding {
        Binding::Transcript { nonce, .. } => *nonce = Some(bytes),
        Binding::Unchecked | Binding::Exactly(_) => {
            let why = "the policy does not bind reports to transcripts";
            return Err(Failure::unusable("--nonce", why));
        }
    }
    Ok(policy)
}

fn roots(development: Option<&Path>) -> Result<TrustRoots, Failure> {
    let Some(path) = development else {
        return Ok(TrustRoots::vendors());
    };
    let der = super::pem::der_of(&read(path, ROOT_BYTES_MAX)?);
    TrustRoots::only([der.as_slice()]).map_err(|why| Failure::caused(path.display(), &why))
}

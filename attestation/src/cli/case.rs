//! `sealtune-attest case`: one recorded case, judged by the policy it carries.

use super::{Exit, Failure, json, read};
use crate::snp::{self, Bulletins, Crl, Firmware, KeyKind, Line, TcbFloor};
use crate::tdx;
use crate::{Assurance, At, Binding, Cpu, Evidence, Policy, TrustRoots, verify};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Judges a folder with a case.json, and prints the verdict as one line of JSON.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder.
    dir: PathBuf,
}

/// What a case says about itself; what it expects of us is not read.
#[derive(Debug, Deserialize)]
struct Case {
    trust_anchors: Vec<PathBuf>,
    verify_time: String,
    files: Files,
    policy: CasePolicy,
}

#[derive(Debug, Deserialize)]
struct Files {
    report: PathBuf,
    vek: PathBuf,
    ark: Option<PathBuf>,
    ask_or_asvk: Option<PathBuf>,
    crl: Option<PathBuf>,
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "the form is given by the cases"
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CasePolicy {
    product_lines: BTreeSet<Line>,
    signing_keys: BTreeSet<KeyKind>,
    min_report_version: u32,
    allow_debug: bool,
    allow_migrate: bool,
    allow_smt: bool,
    require_policy_bits: u64,
    vmpl: BTreeSet<u32>,
    min_guest_svn: u32,
    report_data: Option<Hex<64>>,
    host_data: Option<Hex<32>>,
    measurements: Option<BTreeSet<Hex<48>>>,
    id_key_digests: Option<BTreeSet<Hex<48>>>,
    author_key_digests: Option<BTreeSet<Hex<48>>>,
    chip_ids: Option<BTreeSet<String>>,
    csp_ids: Option<BTreeSet<String>>,
    allow_masked_chip_id: bool,
    min_tcb: Option<TcbFloor>,
    min_firmware: Option<[u8; 3]>,
    allow_provisional_firmware: bool,
    platform_require: u64,
    platform_forbid: u64,
    mitigations_require: u64,
    crl: CaseCrl,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum CaseCrl {
    Ignore,
    Require,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct Hex<const N: usize>([u8; N]);

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, hex::FromHexError> {
        let mut bytes = [0; N];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<Exit, Failure> {
    let path = args.dir.join("case.json");
    let case: Case = serde_json::from_slice(&read(&path, FILE_BYTES_MAX)?)
        .map_err(|why| Failure::unusable(path.display(), why))?;
    let now: At = case
        .verify_time
        .parse()
        .map_err(|why| Failure::unusable("verify_time", why))?;
    let roots = roots(&args.dir, &case.trust_anchors)?;
    let files = Bytes::read(&args.dir, &case.files)?;
    let verdict = verify(&files.evidence(), &case.policy.policy()?, &roots, now);
    json::write_line(out, &json::verdict(&verdict))?;
    Ok(Exit::of(&verdict))
}

fn roots(dir: &Path, anchors: &[PathBuf]) -> Result<TrustRoots, Failure> {
    let anchors = anchors.iter().map(|path| certificate(&dir.join(path)));
    let anchors = anchors.collect::<Result<Vec<_>, _>>()?;
    TrustRoots::only(anchors.iter().map(Vec::as_slice))
        .map_err(|why| Failure::unusable("trust_anchors", why))
}

/// The bytes of a case's files.
struct Bytes {
    report: Vec<u8>,
    vek: Vec<u8>,
    issuer: Option<Vec<u8>>,
    ark: Option<Vec<u8>>,
    crl: Option<Vec<u8>>,
}

impl Bytes {
    fn read(dir: &Path, files: &Files) -> Result<Self, Failure> {
        let raw = |path: &PathBuf| read(&dir.join(path), FILE_BYTES_MAX);
        let cert = |path: &PathBuf| certificate(&dir.join(path));
        Ok(Self {
            report: raw(&files.report)?,
            vek: cert(&files.vek)?,
            issuer: files.ask_or_asvk.as_ref().map(cert).transpose()?,
            ark: files.ark.as_ref().map(cert).transpose()?,
            crl: files.crl.as_ref().map(raw).transpose()?,
        })
    }

    fn evidence(&self) -> Evidence<'_> {
        Evidence {
            cpu: Cpu::Snp(snp::Evidence {
                report: &self.report,
                vek: &self.vek,
                issuer: self.issuer.as_deref(),
                ark: self.ark.as_deref(),
                crl: self.crl.as_deref(),
            }),
            transcript: None,
        }
    }
}

/// A certificate file's DER. What cannot be unwrapped is left for the verdict to name.
fn certificate(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path, FILE_BYTES_MAX)?;
    Ok(super::pem::der_of(&bytes))
}

impl CasePolicy {
    fn policy(self) -> Result<Policy, Failure> {
        Ok(Policy {
            binding: match self.report_data {
                Some(Hex(expected)) => Binding::Exactly(expected),
                None => Binding::Unchecked,
            },
            assurance: Assurance::ALL.into(),
            snp: self.snp()?,
            tdx: tdx::Policy::taking_none(),
        })
    }

    fn snp(self) -> Result<snp::Policy, Failure> {
        Ok(snp::Policy {
            chip_ids: self.chips()?,
            bulletins: Bulletins::compiled_in()
                .map_err(|why| Failure::unusable("the list of bulletins", why))?,
            require_bulletins: BTreeSet::new(),
            product_lines: self.product_lines,
            signing_keys: self.signing_keys,
            min_report_version: self.min_report_version,
            allow_debug: self.allow_debug,
            allow_migrate: self.allow_migrate,
            allow_smt: self.allow_smt,
            require_policy_bits: self.require_policy_bits,
            vmpl: self.vmpl,
            min_guest_svn: self.min_guest_svn,
            host_data: self.host_data.map(|Hex(bytes)| bytes),
            measurements: self.measurements.map(plain),
            id_key_digests: self.id_key_digests.map(plain),
            author_key_digests: self.author_key_digests.map(plain),
            csp_ids: self.csp_ids,
            allow_masked_chip_id: self.allow_masked_chip_id,
            min_tcb: on_every_line(self.min_tcb),
            min_firmware: self.min_firmware.map(|[major, minor, build]| Firmware {
                major,
                minor,
                build,
            }),
            allow_provisional_firmware: self.allow_provisional_firmware,
            platform_require: self.platform_require,
            platform_forbid: self.platform_forbid,
            mitigations_require: self.mitigations_require,
            crl: match self.crl {
                CaseCrl::Ignore => Crl::Ignore,
                CaseCrl::Require => Crl::Require { stale_days: 0 },
            },
        })
    }

    fn chips(&self) -> Result<Option<BTreeSet<Vec<u8>>>, Failure> {
        let Some(ids) = &self.chip_ids else {
            return Ok(None);
        };
        let ids = ids.iter().map(hex::decode).collect::<Result<_, _>>();
        ids.map(Some)
            .map_err(|why| Failure::unusable("chip_ids", why))
    }
}

fn plain(digests: BTreeSet<Hex<48>>) -> BTreeSet<[u8; 48]> {
    digests.into_iter().map(|Hex(bytes)| bytes).collect()
}

fn on_every_line(floor: Option<TcbFloor>) -> std::collections::BTreeMap<Line, TcbFloor> {
    let lines = floor.map(|floor| Line::ALL.map(|line| (line, floor)));
    lines.into_iter().flatten().collect()
}

//! The processor a bundle is of, as its files tell.

use super::{BadBundle, Bundle, pem};
use crate::{Cpu, snp, tdx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const REPORT: &str = "report.bin";
const QUOTE: &str = "quote.bin";
const COLLATERAL: &str = "collateral.json";

/// What has to be read before it can be judged.
#[derive(Clone, Debug)]
pub(super) enum Machine {
    Snp { issuer: Vec<u8>, ark: Vec<u8> },
    Tdx { collateral: Option<tdx::Collateral> },
}

/// The kind of machine, as bundle.json says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    #[serde(rename = "amd-sev-snp")]
    Snp,
    #[serde(rename = "intel-tdx")]
    Tdx,
}

impl Kind {
    /// By the one file that only this kind has.
    pub(super) fn of(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BadBundle> {
        match (files.contains_key(REPORT), files.contains_key(QUOTE)) {
            (true, false) => Ok(Self::Snp),
            (false, true) => Ok(Self::Tdx),
            (false, false) => Err(BadBundle::Missing(REPORT)),
            (true, true) => Err(BadBundle::Malformed {
                name: QUOTE,
                why: "a bundle is of one processor, and there is a report.bin too".to_owned(),
            }),
        }
    }
}

impl Machine {
    pub(super) fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BadBundle> {
        match Kind::of(files)? {
            Kind::Snp => Ok(Self::Snp {
                issuer: pem::certificate(files, &["ask.pem", "asvk.pem"])?,
                ark: pem::certificate(files, &["ark.pem"])?,
            }),
            Kind::Tdx => Ok(Self::Tdx {
                collateral: collateral(files)?,
            }),
        }
    }

    pub(super) fn cpu<'a>(&'a self, bundle: &'a Bundle) -> Cpu<'a> {
        match self {
            Self::Snp { issuer, ark } => Cpu::Snp(snp::Evidence {
                report: bundle.file(REPORT),
                vek: bundle.vek(),
                issuer: Some(issuer),
                ark: Some(ark),
                crl: bundle.files.get("crl.der").map(Vec::as_slice),
            }),
            Self::Tdx { collateral } => Cpu::Tdx(tdx::Evidence {
                quote: bundle.file(QUOTE),
                collateral: collateral.as_ref(),
            }),
        }
    }
}

impl Bundle {
    pub(super) fn vek(&self) -> &[u8] {
        let names = ["vcek.der", "vlek.der"];
        let vek = names.iter().find_map(|name| self.files.get(*name));
        vek.map(Vec::as_slice).unwrap_or_default()
    }
}

fn collateral(files: &BTreeMap<String, Vec<u8>>) -> Result<Option<tdx::Collateral>, BadBundle> {
    let read = |bytes: &Vec<u8>| {
        tdx::Collateral::from_json(bytes).map_err(|why| BadBundle::Malformed {
            name: COLLATERAL,
            why: why.to_string(),
        })
    };
    files.get(COLLATERAL).map(read).transpose()
}

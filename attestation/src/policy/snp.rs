//! The part of a policy file for SEV-SNP guests.

use super::file::BadPolicy;
use super::value::{List, checked, digests, wrong};
use crate::snp::{self, Bulletins, Crl, Firmware, KeyKind, Line, TcbFloor};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a setting under its own name"
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnpFile {
    #[serde(default = "current_lines")]
    product_lines: BTreeSet<Line>,
    #[serde(default = "chip_keys")]
    signing_keys: BTreeSet<KeyKind>,
    #[serde(default = "third_version")]
    min_report_version: u32,
    #[serde(default, rename = "dangerously_allow_debug")]
    allow_debug: bool,
    #[serde(default)]
    allow_migrate: bool,
    #[serde(default)]
    allow_smt: bool,
    #[serde(default)]
    require_policy_bits: u64,
    #[serde(default = "highest_privilege")]
    vmpl: BTreeSet<u32>,
    #[serde(default)]
    min_guest_svn: u32,
    measurements: Option<List>,
    host_data: Option<String>,
    id_key_digests: Option<List>,
    author_key_digests: Option<List>,
    chip_ids: Option<List>,
    csp_ids: Option<List>,
    #[serde(default)]
    allow_masked_chip_id: bool,
    #[serde(default)]
    min_tcb: BTreeMap<Line, TcbFloor>,
    min_firmware: Option<String>,
    #[serde(default)]
    allow_provisional_firmware: bool,
    #[serde(default)]
    platform_require: u64,
    #[serde(default)]
    platform_forbid: u64,
    #[serde(default)]
    mitigations_require: u64,
    #[serde(default = "require")]
    crl: String,
    #[serde(default)]
    crl_stale_days: u32,
    /// Ids of bulletins; all that the verifier knows where it is left out.
    require_bulletins: Option<BTreeSet<String>>,
}

impl SnpFile {
    pub(super) fn policy(self) -> Result<snp::Policy, BadPolicy> {
        let bulletins = Bulletins::compiled_in()?;
        Ok(snp::Policy {
            require_bulletins: self.mended(&bulletins)?,
            bulletins,
            measurements: self.measured()?,
            csp_ids: self.providers()?,
            crl: self.revocation()?,
            host_data: checked("host_data", self.host_data.as_deref())?,
            id_key_digests: digests("id_key_digests", self.id_key_digests.as_ref())?,
            author_key_digests: digests("author_key_digests", self.author_key_digests.as_ref())?,
            chip_ids: chips(self.chip_ids.as_ref())?,
            min_firmware: self.min_firmware.as_deref().map(firmware).transpose()?,
            product_lines: self.product_lines,
            signing_keys: self.signing_keys,
            min_report_version: self.min_report_version,
            allow_debug: self.allow_debug,
            allow_migrate: self.allow_migrate,
            allow_smt: self.allow_smt,
            require_policy_bits: self.require_policy_bits,
            vmpl: self.vmpl,
            min_guest_svn: self.min_guest_svn,
            allow_masked_chip_id: self.allow_masked_chip_id,
            min_tcb: self.min_tcb,
            allow_provisional_firmware: self.allow_provisional_firmware,
            platform_require: self.platform_require,
            platform_forbid: self.platform_forbid,
            mitigations_require: self.mitigations_require,
        })
    }

    /// Which images are expected has to be said, one way or the other.
    fn measured(&self) -> Result<Option<BTreeSet<[u8; 48]>>, BadPolicy> {
        let list = self.measurements.as_ref();
        digests(
            "measurements",
            Some(list.ok_or(BadPolicy::Unsaid("snp.measurements"))?),
        )
    }

    /// So has which providers, once keys of providers are taken.
    fn providers(&self) -> Result<Option<BTreeSet<String>>, BadPolicy> {
        match &self.csp_ids {
            Some(list) => list.members("csp_ids"),
            None if self.signing_keys.contains(&KeyKind::Vlek) => {
                Err(BadPolicy::Unsaid("snp.csp_ids"))
            }
            None => Ok(None),
        }
    }

    fn mended(&self, known: &Bulletins) -> Result<BTreeSet<String>, BadPolicy> {
        let known: BTreeSet<_> = known.list.iter().map(|known| known.id.clone()).collect();
        let Some(required) = &self.require_bulletins else {
            return Ok(known);
        };
        match required.difference(&known).next() {
            Some(id) => Err(wrong("require_bulletins", "ids this verifier knows", id)),
            None => Ok(required.clone()),
        }
    }

    fn revocation(&self) -> Result<Crl, BadPolicy> {
        match self.crl.as_str() {
            "require" => Ok(Crl::Require {
                stale_days: self.crl_stale_days,
            }),
            "ignore" => Ok(Crl::Ignore),
            other => Err(wrong("crl", "\"require\" or \"ignore\"", other)),
        }
    }
}

fn chips(list: Option<&List>) -> Result<Option<BTreeSet<Vec<u8>>>, BadPolicy> {
    let Some(members) = list
        .map(|list| list.members("chip_ids"))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    members
        .iter()
        .map(|text| chip(text))
        .collect::<Result<_, _>>()
        .map(Some)
}

fn chip(text: &str) -> Result<Vec<u8>, BadPolicy> {
    let id = hex::decode(text)
        .ok()
        .filter(|id| matches!(id.len(), 8 | 64));
    id.ok_or_else(|| wrong("chip_ids", "64 bytes in hex, for Turin 8", text))
}

fn firmware(text: &str) -> Result<Firmware, BadPolicy> {
    let wrong = || wrong("min_firmware", "a version such as \"1.55.21\"", text);
    let parts: Result<Vec<u8>, _> = text.split('.').map(str::parse).collect();
    match parts.map_err(|_number| wrong())?.as_slice() {
        &[major, minor, build] => Ok(Firmware {
            major,
            minor,
            build,
        }),
        _other => Err(wrong()),
    }
}

fn current_lines() -> BTreeSet<Line> {
    [Line::Genoa, Line::Turin].into()
}

fn chip_keys() -> BTreeSet<KeyKind> {
    [KeyKind::Vcek].into()
}

const fn third_version() -> u32 {
    3
}

fn highest_privilege() -> BTreeSet<u32> {
    [0].into()
}

fn require() -> String {
    "require".to_owned()
}

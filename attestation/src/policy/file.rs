//! Policy files: versioned TOML, closed where they say nothing.

use super::tdx::TdxFile;
use super::{Binding, Policy};
use crate::snp::{self, Bulletins, Crl, Firmware, KeyKind, Line, TcbFloor};
use crate::{Assurance, Purpose, tdx};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

const VERSION: u32 = 1;

/// A file that is no policy.
#[derive(Debug, thiserror::Error)]
pub enum BadPolicy {
    #[error("it is not TOML of a policy's form")]
    Toml(#[from] toml::de::Error),
    #[error("the verifier's own list of bulletins cannot be read")]
    Bulletins(#[from] snp::BadBulletins),
    #[error("it is of version {0}, this verifier knows version 1")]
    Version(u32),
    #[error("{name}: expected {expected}, found {found:?}")]
    Value {
        name: &'static str,
        expected: &'static str,
        found: String,
    },
    #[error("{0} is not set: list what you take, or say \"unchecked\"")]
    Unsaid(&'static str),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    /// "transcript", "unchecked", or 64 bytes in hex.
    #[serde(default = "transcript")]
    binding: String,
    #[serde(default = "every_purpose")]
    purposes: BTreeSet<Purpose>,
    #[serde(default = "one_chip")]
    assurance: BTreeSet<String>,
    snp: SnpFile,
    /// Left out, no TDX guest is taken.
    tdx: Option<TdxFile>,
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a setting under its own name"
)]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SnpFile {
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

/// A list, or the word that says not to look.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum List {
    Members(BTreeSet<String>),
    Word(String),
}

impl Policy {
    /// Reads a policy file.
    pub fn from_toml(text: &str) -> Result<Self, BadPolicy> {
        let file: File = toml::from_str(text)?;
        if file.version != VERSION {
            return Err(BadPolicy::Version(file.version));
        }
        Ok(Self {
            binding: binding(&file.binding, file.purposes)?,
            assurance: file
                .assurance
                .iter()
                .map(|word| class(word))
                .collect::<Result<_, _>>()?,
            snp: file.snp.policy()?,
            tdx: file
                .tdx
                .map_or_else(|| Ok(tdx::Policy::taking_none()), TdxFile::policy)?,
        })
    }
}

impl SnpFile {
    fn policy(self) -> Result<snp::Policy, BadPolicy> {
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

impl List {
    fn members(&self, name: &'static str) -> Result<Option<BTreeSet<String>>, BadPolicy> {
        match self {
            Self::Members(members) => Ok(Some(members.clone())),
            Self::Word(word) if word == UNCHECKED => Ok(None),
            Self::Word(word) => Err(wrong(name, "a list or \"unchecked\"", word)),
        }
    }
}

const UNCHECKED: &str = "unchecked";

fn binding(word: &str, purposes: BTreeSet<Purpose>) -> Result<Binding, BadPolicy> {
    match word {
        "transcript" => Ok(Binding::Transcript {
            purposes,
            nonce: None,
        }),
        UNCHECKED => Ok(Binding::Unchecked),
        exact => Ok(Binding::Exactly(bytes("binding", exact)?)),
    }
}

fn class(word: &str) -> Result<Assurance, BadPolicy> {
    let mut classes = Assurance::ALL.into_iter();
    let class = classes.find(|class| class.word() == word);
    class.ok_or_else(|| {
        wrong(
            "assurance",
            "\"chip\", \"cloud-key\", \"chip-dated\" or \"development\"",
            word,
        )
    })
}

pub(super) fn digests(
    name: &'static str,
    list: Option<&List>,
) -> Result<Option<BTreeSet<[u8; 48]>>, BadPolicy> {
    let Some(members) = list.map(|list| list.members(name)).transpose()?.flatten() else {
        return Ok(None);
    };
    members
        .iter()
        .map(|text| bytes(name, text))
        .collect::<Result<_, _>>()
        .map(Some)
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

pub(super) fn checked<const N: usize>(
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<[u8; N]>, BadPolicy> {
    match text {
        None | Some(UNCHECKED) => Ok(None),
        Some(text) => bytes(name, text).map(Some),
    }
}

fn bytes<const N: usize>(name: &'static str, text: &str) -> Result<[u8; N], BadPolicy> {
    let mut value = [0; N];
    hex::decode_to_slice(text, &mut value)
        .map_err(|_hex| wrong(name, "a value in hex of the field's length", text))?;
    Ok(value)
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

pub(super) fn wrong(name: &'static str, expected: &'static str, found: &str) -> BadPolicy {
    BadPolicy::Value {
        name,
        expected,
        found: found.to_owned(),
    }
}

fn transcript() -> String {
    "transcript".to_owned()
}

fn every_purpose() -> BTreeSet<Purpose> {
    [Purpose::Boot, Purpose::Challenge].into()
}

fn one_chip() -> BTreeSet<String> {
    [Assurance::Chip.word().to_owned()].into()
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

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "version = 1\n[snp]\nmeasurements = []\n";

    #[test]
    fn a_policy_that_says_little_takes_little() {
        let policy = Policy::from_toml(LEAST).unwrap();

        assert_eq!(policy.assurance, [Assurance::Chip].into());
        assert_eq!(policy.snp.crl, Crl::Require { stale_days: 0 });
        assert_eq!(policy.snp.measurements, Some(BTreeSet::new()));
        assert!(!policy.snp.allow_debug);
    }

    #[test]
    fn a_policy_has_to_say_which_images_it_takes() {
        let unsaid = Policy::from_toml("version = 1\n[snp]\n");

        assert!(matches!(unsaid, Err(BadPolicy::Unsaid("snp.measurements"))));
    }

    #[test]
    fn keys_of_cloud_providers_need_the_providers_names() {
        let unsaid = Policy::from_toml(&format!("{LEAST}signing_keys = [\"vlek\"]\n"));

        assert!(matches!(unsaid, Err(BadPolicy::Unsaid("snp.csp_ids"))));
    }

    #[test]
    fn a_setting_that_does_not_exist_is_refused() {
        assert!(Policy::from_toml(&format!("{LEAST}allow_debgu = true\n")).is_err());
    }

    #[test]
    fn a_policy_of_another_version_is_refused() {
        let newer = LEAST.replace("version = 1", "version = 2");

        assert!(matches!(
            Policy::from_toml(&newer),
            Err(BadPolicy::Version(2))
        ));
    }

    #[test]
    fn the_hash_is_of_the_meaning_and_not_of_the_text() {
        let one = Policy::from_toml(&format!("{LEAST}vmpl = [0, 1]\n")).unwrap();
        let same = Policy::from_toml(&format!("{LEAST}# a word\nvmpl = [ 1, 0 ]\n")).unwrap();
        let other = Policy::from_toml(&format!("{LEAST}vmpl = [0]\n")).unwrap();

        assert_eq!(one.hash(), same.hash());
        assert_ne!(one.hash(), other.hash());
    }
}

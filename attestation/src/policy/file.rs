//! Policy files: versioned TOML, closed where they say nothing.

use super::snp::SnpFile;
use super::tdx::TdxFile;
use super::value::{UNCHECKED, bytes, wrong};
use super::{Binding, Policy};
use crate::snp;
use crate::{Assurance, Purpose, tdx};
use serde::Deserialize;
use std::collections::BTreeSet;

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

fn transcript() -> String {
    "transcript".to_owned()
}

fn every_purpose() -> BTreeSet<Purpose> {
    [Purpose::Boot, Purpose::Challenge].into()
}

fn one_chip() -> BTreeSet<String> {
    [Assurance::Chip.word().to_owned()].into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snp::Crl;

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

//! The `[tdx]` part of a policy file.

use super::BadPolicy;
use super::value::{List, checked, digests, wrong};
use crate::tdx::{self, TcbStatus};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TdxFile {
    /// Intel's words, as in its collateral.
    #[serde(default = "up_to_date")]
    tcb_statuses: BTreeSet<String>,
    #[serde(default)]
    refused_advisories: BTreeSet<String>,
    #[serde(default, rename = "dangerously_allow_debug")]
    allow_debug: bool,
    #[serde(default)]
    allow_service_tds: bool,
    mrtd: Option<List>,
    rtmr0: Option<List>,
    rtmr1: Option<List>,
    rtmr2: Option<List>,
    rtmr3: Option<List>,
    mr_config_id: Option<String>,
    mr_owner: Option<String>,
}

impl TdxFile {
    pub(super) fn policy(self) -> Result<tdx::Policy, BadPolicy> {
        let mrtd = self.mrtd.as_ref().ok_or(BadPolicy::Unsaid("tdx.mrtd"))?;
        let statuses = self.tcb_statuses.iter().map(|word| status(word));
        Ok(tdx::Policy {
            tcb_statuses: statuses.collect::<Result<_, _>>()?,
            refused_advisories: self.refused_advisories,
            allow_debug: self.allow_debug,
            allow_service_tds: self.allow_service_tds,
            mrtd: digests("mrtd", Some(mrtd))?,
            rtmr: [
                digests("rtmr0", self.rtmr0.as_ref())?,
                digests("rtmr1", self.rtmr1.as_ref())?,
                digests("rtmr2", self.rtmr2.as_ref())?,
                digests("rtmr3", self.rtmr3.as_ref())?,
            ],
            mr_config_id: checked("mr_config_id", self.mr_config_id.as_deref())?,
            mr_owner: checked("mr_owner", self.mr_owner.as_deref())?,
        })
    }
}

fn status(word: &str) -> Result<TcbStatus, BadPolicy> {
    word.parse()
        .map_err(|_unknown| wrong("tcb_statuses", "a TCB status of Intel's", word))
}

fn up_to_date() -> BTreeSet<String> {
    [TcbStatus::UpToDate.word().to_owned()].into()
}

#[cfg(test)]
mod tests {
    use crate::Policy;
    use crate::tdx::TcbStatus;

    const SNP: &str = "version = 1\n[snp]\nmeasurements = []\n";

    #[test]
    fn a_policy_without_a_word_on_tdx_takes_none() {
        let policy = Policy::from_toml(SNP).unwrap();

        assert!(policy.tdx.tcb_statuses.is_empty());
    }

    #[test]
    fn a_policy_for_tdx_has_to_say_which_images_it_takes() {
        assert!(Policy::from_toml(&format!("{SNP}[tdx]\n")).is_err());
    }

    #[test]
    fn a_policy_for_tdx_that_says_little_takes_what_is_up_to_date() {
        let policy = Policy::from_toml(&format!("{SNP}[tdx]\nmrtd = \"unchecked\"\n")).unwrap();

        assert_eq!(policy.tdx.tcb_statuses, [TcbStatus::UpToDate].into());
        assert!(!policy.tdx.allow_debug);
    }

    #[test]
    fn a_status_intel_does_not_have_is_refused() {
        let text = format!("{SNP}[tdx]\nmrtd = []\ntcb_statuses = [\"Fine\"]\n");

        assert!(Policy::from_toml(&text).is_err());
    }
}

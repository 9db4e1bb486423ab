//! The canonical form of a policy, and its hash.
//!
//! One line per setting, in a fixed order, sets sorted, numbers in decimal, bytes in
//! hex. Two policies that demand the same have the same hash, however their files are
//! written. A nonce belongs to one request and is not part of the policy.

use super::{Binding, Policy};
use crate::snp;
use proto::Digest;
use ring::digest::{SHA256, digest};
use std::fmt::{Display, Write};

const HEAD: &str = "sealtune policy, version 1\n";

impl Policy {
    /// SHA-256 of the canonical form.
    pub fn hash(&self) -> Digest {
        let mut hash = Digest::default();
        let canonical = digest(&SHA256, self.canonical().as_bytes());
        hash.0.copy_from_slice(canonical.as_ref());
        hash
    }

    /// The canonical form, as text.
    pub fn canonical(&self) -> String {
        let mut lines = Lines(HEAD.to_owned());
        lines.set("binding", self.binding.words());
        lines.set("assurance", &self.assurance);
        self.snp.write(&mut lines);
        self.tdx.write(&mut lines);
        lines.0
    }
}

impl Binding {
    fn words(&self) -> Vec<String> {
        match self {
            Self::Unchecked => vec!["unchecked".to_owned()],
            Self::Exactly(bytes) => vec![hex::encode(bytes)],
            Self::Transcript { purposes, nonce: _ } => {
                let words = purposes.iter().map(|purpose| purpose.word().to_owned());
                std::iter::once("transcript".to_owned())
                    .chain(words)
                    .collect()
            }
        }
    }
}

impl snp::Policy {
    fn write(&self, lines: &mut Lines) {
        lines.set("snp.product_lines", &self.product_lines);
        lines.set("snp.signing_keys", &self.signing_keys);
        lines.one("snp.min_report_version", self.min_report_version);
        lines.one("snp.allow_debug", self.allow_debug);
        lines.one("snp.allow_migrate", self.allow_migrate);
        lines.one("snp.allow_smt", self.allow_smt);
        lines.one("snp.require_policy_bits", self.require_policy_bits);
        lines.set("snp.vmpl", &self.vmpl);
        lines.one("snp.min_guest_svn", self.min_guest_svn);
        lines.bytes("snp.host_data", self.host_data.iter());
        lines.sets("snp.measurements", self.measurements.as_ref());
        lines.sets("snp.id_key_digests", self.id_key_digests.as_ref());
        lines.sets("snp.author_key_digests", self.author_key_digests.as_ref());
        lines.sets("snp.chip_ids", self.chip_ids.as_ref());
        match &self.csp_ids {
            Some(ids) => lines.set("snp.csp_ids", ids.iter().map(|id| format!("{id:?}"))),
            None => lines.one("snp.csp_ids", "unchecked"),
        }
        lines.one("snp.allow_masked_chip_id", self.allow_masked_chip_id);
        for (line, floor) in &self.min_tcb {
            lines.one(&format!("snp.min_tcb.{line}"), floor);
        }
        lines.set("snp.min_firmware", self.min_firmware);
        lines.one(
            "snp.allow_provisional_firmware",
            self.allow_provisional_firmware,
        );
        lines.one("snp.platform_require", self.platform_require);
        lines.one("snp.platform_forbid", self.platform_forbid);
        lines.one("snp.mitigations_require", self.mitigations_require);
        lines.set("snp.require_bulletins", &self.require_bulletins);
        match self.crl {
            snp::Crl::Ignore => lines.one("snp.crl", "ignore"),
            snp::Crl::Require { stale_days } => {
                lines.one("snp.crl", format!("require {stale_days}"));
            }
        }
    }
}

impl crate::tdx::Policy {
    fn write(&self, lines: &mut Lines) {
        lines.set("tdx.tcb_statuses", &self.tcb_statuses);
        lines.set("tdx.refused_advisories", &self.refused_advisories);
        lines.one("tdx.allow_debug", self.allow_debug);
        lines.one("tdx.allow_service_tds", self.allow_service_tds);
        lines.sets("tdx.mrtd", self.mrtd.as_ref());
        for (number, allowed) in self.rtmr.iter().enumerate() {
            lines.sets(&format!("tdx.rtmr{number}"), allowed.as_ref());
        }
        lines.bytes("tdx.mr_config_id", self.mr_config_id.iter());
        lines.bytes("tdx.mr_owner", self.mr_owner.iter());
    }
}

/// Lines of `name = value, value`.
struct Lines(String);

impl Lines {
    fn one(&mut self, name: &str, value: impl Display) {
        self.set(name, [value]);
    }

    fn set<T: Display>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let values: Vec<_> = values.into_iter().map(|value| value.to_string()).collect();
        let _infallible = writeln!(self.0, "{name} = {}", values.join(", "));
    }

    fn bytes<T: AsRef<[u8]>>(&mut self, name: &str, values: impl Iterator<Item = T>) {
        self.set(name, values.map(hex::encode));
    }

    fn sets<T: AsRef<[u8]>>(&mut self, name: &str, values: Option<&std::collections::BTreeSet<T>>) {
        match values {
            Some(values) => self.bytes(name, values.iter()),
            None => self.one(name, "unchecked"),
        }
    }
}

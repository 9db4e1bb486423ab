//! What a relying party demands of an SEV-SNP guest.

use super::{Bulletins, Firmware, KeyKind, Line, TcbFloor};
use std::collections::{BTreeMap, BTreeSet};

/// The demands. `None` means: do not look.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a setting of the policy file under its own name"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    pub product_lines: BTreeSet<Line>,
    pub signing_keys: BTreeSet<KeyKind>,
    pub min_report_version: u32,
    pub allow_debug: bool,
    pub allow_migrate: bool,
    pub allow_smt: bool,
    /// Bits of the guest policy that must be set.
    pub require_policy_bits: u64,
    pub vmpl: BTreeSet<u32>,
    pub min_guest_svn: u32,
    pub host_data: Option<[u8; 32]>,
    pub measurements: Option<BTreeSet<[u8; 48]>>,
    pub id_key_digests: Option<BTreeSet<[u8; 48]>>,
    pub author_key_digests: Option<BTreeSet<[u8; 48]>>,
    pub chip_ids: Option<BTreeSet<Vec<u8>>>,
    pub csp_ids: Option<BTreeSet<String>>,
    pub allow_masked_chip_id: bool,
    /// Floors of the reported, current, committed and launch levels alike.
    pub min_tcb: BTreeMap<Line, TcbFloor>,
    /// The floor of the committed firmware.
    pub min_firmware: Option<Firmware>,
    pub allow_provisional_firmware: bool,
    /// Bits of PLATFORM_INFO that must be set, and that must be clear.
    pub platform_require: u64,
    pub platform_forbid: u64,
    /// Bits that both mitigation vectors must have.
    pub mitigations_require: u64,
    pub crl: Crl,
    /// What is known of broken firmware.
    pub bulletins: Bulletins,
    /// The bulletins, by their ids, that the machine must meet.
    pub require_bulletins: BTreeSet<String>,
}

/// What to do about revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crl {
    /// Do not look.
    Ignore,
    /// Demand a list no older than its own next update and these days more.
    Require { stale_days: u32 },
}

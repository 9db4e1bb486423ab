//! `[device]`: the TEE this node runs in, and how its identity is kept.

use super::reader::Section;
use crate::keys::KeyPolicy;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct DeviceConfig {
    pub kind: DeviceKind,
    pub policy: KeyPolicy,
    /// Says that nothing here is protected, and that this is meant.
    pub development: bool,
    /// The root of a simulated machine. No production config has one.
    pub development_root: Option<PathBuf>,
    /// AMD's key server, where the host hands over no certificates.
    pub key_server: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// SEV-SNP: configfs-tsm for reports, `/dev/sev-guest` for derived keys.
    Snp,
    /// No TEE at all.
    None,
    /// A simulator behind this socket.
    Simulated(PathBuf),
}

#[derive(Clone, Copy)]
enum Word {
    Snp,
    None,
    Simulated,
}

pub(super) fn read(section: &mut Section) -> DeviceConfig {
    let config = DeviceConfig {
        kind: kind(section),
        policy: section.choice(
            "keys",
            &[
                ("sealed", KeyPolicy::Sealed),
                ("ephemeral", KeyPolicy::Ephemeral),
            ],
        ),
        development: section.choice("profile", &[("production", false), ("development", true)]),
        development_root: section.optional("development_root", "a path"),
        key_server: section.optional("key_server", "a url"),
    };
    check(section, &config);
    config
}

fn kind(section: &mut Section) -> DeviceKind {
    let words = [
        ("snp", Word::Snp),
        ("none", Word::None),
        ("simulated", Word::Simulated),
    ];
    match section.choice("kind", &words) {
        Word::Snp => DeviceKind::Snp,
        Word::None => DeviceKind::None,
        Word::Simulated => DeviceKind::Simulated(section.path("socket")),
    }
}

/// What protects nothing is never taken for production.
fn check(section: &Section, config: &DeviceConfig) {
    if config.development {
        return;
    }
    let says = |what: &str| format!("{what}; say profile = \"development\" if this is meant");
    if config.kind != DeviceKind::Snp {
        section.complain("kind", says("protects nothing"));
    }
    if config.development_root.is_some() {
        section.complain("development_root", says("is a root anybody can make"));
    }
}

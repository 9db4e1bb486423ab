//! Who vouches for a verdict, and how much that is worth.

use std::fmt;

/// Who made the hardware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    Amd,
    Intel,
}

/// SHA-256 over the subject public key of a root.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

/// The root at the end of the chain. Whoever pays or routes work has to match on it:
/// a development root proves that software works, not that hardware protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrustDomain {
    Hardware(Vendor),
    Development(Fingerprint),
}

/// What kind of promise stands behind an accepted verdict. These are classes, not a
/// scale: a policy names those it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// A root made by software: nothing is protected.
    Development,
    /// A chip whose line has had its key root extracted by software (AMD Milan).
    ChipDated,
    /// Some machine of a cloud provider, it is not said which (AMD VLEK).
    CloudKey,
    /// One chip of a line without a known break of its keys.
    Chip,
}

impl Vendor {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Amd => "AMD",
            Self::Intel => "Intel",
        }
    }
}

impl Assurance {
    pub const ALL: [Self; 4] = [
        Self::Development,
        Self::ChipDated,
        Self::CloudKey,
        Self::Chip,
    ];

    /// The stable word in verdicts and policies.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::ChipDated => "chip-dated",
            Self::CloudKey => "cloud-key",
            Self::Chip => "chip",
        }
    }

    /// What a person reads.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Development => {
                "a simulated machine: its operator can read and change everything in it"
            }
            Self::ChipDated => {
                "one AMD Milan chip; keys of this line have been extracted by software (arXiv 2605.12990), so a forged report cannot be excluded"
            }
            Self::CloudKey => {
                "some machine of the cloud provider named in the certificate; which one is not proven"
            }
            Self::Chip => "one chip of a line without a publicly known break of its keys",
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware(vendor) => write!(f, "hardware({})", vendor.name()),
            Self::Development(root) => write!(f, "development({root})"),
        }
    }
}

impl fmt::Display for Assurance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

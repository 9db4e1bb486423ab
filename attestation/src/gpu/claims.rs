//! What a device said of itself, once it could be believed.

use super::spdm::Report;
use crate::x509::Cert;

/// What the evidence of one device proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    pub kind: Kind,
    /// The leaf certificate's name: chip, stepping, firmware layer.
    pub device: String,
    /// The leaf certificate's serial number, in hex.
    pub certificate: String,
    /// The nonce it answered, in hex.
    pub nonce: String,
    /// The driver that asked; a switch has none.
    pub driver: Option<String>,
    pub vbios: Option<String>,
    /// Project, project SKU and chip SKU: what the VBIOS manifest is named after.
    pub board: Option<String>,
    /// Whether the report repeats the certificate's firmware id. Drivers before 550 do not.
    pub fwid_stated: bool,
    pub measurements: usize,
    /// Each manifest it was compared with. Empty: nothing says what its firmware should be.
    pub compared: Vec<Compared>,
    /// A manifest's signing certificate has ended since it signed.
    pub rim_signer_ended: bool,
}

/// The answer one manifest gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The driver or VBIOS version the manifest is for.
    pub version: String,
    pub matched: u32,
    /// Values of engines the device reports as switched off.
    pub skipped: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gpu,
    Switch,
}

impl Kind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Switch => "switch",
        }
    }

    const fn of(driver: Option<&String>) -> Self {
        match driver {
            Some(_) => Self::Gpu,
            None => Self::Switch,
        }
    }
}

impl Claims {
    pub(super) fn read(report: &Report, leaf: &Cert) -> Self {
        let driver = report.opaque.driver();
        Self {
            kind: Kind::of(driver.as_ref()),
            device: leaf.common_name().unwrap_or_default(),
            certificate: hex::encode(leaf.serial()),
            nonce: hex::encode(report.nonce),
            driver,
            vbios: report.opaque.vbios(),
            board: report.opaque.board(),
            fwid_stated: report.opaque.fwid().is_some(),
            measurements: report.measurements.len(),
            compared: Vec::new(),
            rim_signer_ended: false,
        }
    }
}

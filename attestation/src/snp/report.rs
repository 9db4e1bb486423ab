//! The attestation report: 1184 bytes, read exactly (AMD publication 56860, table 23).

use super::TcbWord;
use super::field::Fields;
use std::fmt;

pub const REPORT_LENGTH: usize = 0x4a0;

/// A report's fields. Parsing says nothing about whether they are true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub version: u32,
    pub guest_svn: u32,
    pub policy: u64,
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    pub vmpl: u32,
    pub signature_algo: u32,
    pub current_tcb: TcbWord,
    pub platform_info: u64,
    pub key_info: u32,
    pub report_data: [u8; 64],
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub id_key_digest: [u8; 48],
    pub author_key_digest: [u8; 48],
    /// Unique per start of a guest.
    pub report_id: [u8; 32],
    pub report_id_ma: [u8; 32],
    pub reported_tcb: TcbWord,
    /// Family, model and stepping; zero in version 2.
    pub cpuid: [u8; 3],
    pub chip_id: [u8; 64],
    pub committed_tcb: TcbWord,
    pub current_firmware: Firmware,
    pub committed_firmware: Firmware,
    pub launch_tcb: TcbWord,
    /// Mitigation vectors; zero before version 5.
    pub launch_mitigations: u64,
    pub current_mitigations: u64,
}

/// A version of the SEV firmware.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firmware {
    pub major: u8,
    pub minor: u8,
    pub build: u8,
}

/// Bytes that are no report this version can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadReport {
    #[error("a report has 1184 bytes, this has {0}")]
    Length(usize),
    #[error("reports of version {0} are not known")]
    Version(u32),
}

impl Report {
    /// The part of the bytes that the signature covers.
    pub const SIGNED: std::ops::Range<usize> = 0..0x2a0;

    pub fn parse(bytes: &[u8]) -> Result<Self, BadReport> {
        if bytes.len() != REPORT_LENGTH {
            return Err(BadReport::Length(bytes.len()));
        }
        let report = Self::read(Fields(bytes)).ok_or(BadReport::Length(bytes.len()))?;
        match report.version {
            2..=5 => Ok(report),
            version => Err(BadReport::Version(version)),
        }
    }

    fn read(at: Fields<'_>) -> Option<Self> {
        Some(Self {
            version: at.u32(0x000)?,
            guest_svn: at.u32(0x004)?,
            policy: at.u64(0x008)?,
            family_id: at.bytes(0x010)?,
            image_id: at.bytes(0x020)?,
            vmpl: at.u32(0x030)?,
            signature_algo: at.u32(0x034)?,
            current_tcb: TcbWord(at.bytes(0x038)?),
            platform_info: at.u64(0x040)?,
            key_info: at.u32(0x048)?,
            report_data: at.bytes(0x050)?,
            measurement: at.bytes(0x090)?,
            host_data: at.bytes(0x0c0)?,
            id_key_digest: at.bytes(0x0e0)?,
            author_key_digest: at.bytes(0x110)?,
            report_id: at.bytes(0x140)?,
            report_id_ma: at.bytes(0x160)?,
            reported_tcb: TcbWord(at.bytes(0x180)?),
            cpuid: at.bytes(0x188)?,
            chip_id: at.bytes(0x1a0)?,
            committed_tcb: TcbWord(at.bytes(0x1e0)?),
            current_firmware: Firmware::read(at.bytes(0x1e8)?),
            committed_firmware: Firmware::read(at.bytes(0x1ec)?),
            launch_tcb: TcbWord(at.bytes(0x1f0)?),
            launch_mitigations: at.u64(0x1f8)?,
            current_mitigations: at.u64(0x200)?,
        })
    }

    /// Whether the author key's digest is part of the report.
    pub const fn author_key_enabled(&self) -> bool {
        self.key_info & 1 != 0
    }

    /// SIGNING_KEY: 0 for a VCEK, 1 for a VLEK, 7 for unsigned.
    pub const fn signing_key(&self) -> u32 {
        (self.key_info >> 2) & 7
    }
}

impl Firmware {
    const fn read([build, minor, major]: [u8; 3]) -> Self {
        Self {
            major,
            minor,
            build,
        }
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.build)
    }
}

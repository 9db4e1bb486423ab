//! One simulated machine: a chip, its firmware, and one guest started on it.

use crate::keys::{ReportKey, random};
use crate::{SimError, SyntheticRoot, layout};
use attestation::snp::{
    Firmware, KeyKind, Line, Report, SIMULATOR_MARKER, TableEntry, Tcb, write_table,
};
use ring::hmac;

/// IMAGE_ID of every simulated guest, beside the marker in FAMILY_ID.
const IMAGE_ID: [u8; 16] = *b"NOT-A-REAL-CHIP!";
/// What every simulated chip's id begins with.
const CHIP_MARKER: &[u8; 3] = b"SIM";
/// Bit 17 must be one; SMT is not allowed.
const GUEST_POLICY: u64 = 1 << 17;
/// ECC and a completed alias check, as a well-kept machine shows.
const PLATFORM_INFO: u64 = 1 << 2 | 1 << 5;
const FIRMWARE: Firmware = Firmware {
    major: 1,
    minor: 55,
    build: 40,
};

/// The layout of the reports it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportVersion {
    V3,
    V5,
}

/// What the guest was started from, as its host says.
#[derive(Clone, Debug)]
pub struct Identity {
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub version: ReportVersion,
    /// A VLEK is issued to a cloud provider of this name; a VCEK to the chip.
    pub csp: Option<String>,
}

/// A machine whose every secret lies in this process.
#[derive(Debug)]
pub struct Machine {
    root: SyntheticRoot,
    identity: Identity,
    key: ReportKey,
    vek: Vec<u8>,
    chip_id: [u8; 64],
    report_id: [u8; 32],
    seed: hmac::Key,
}

impl Machine {
    /// Starts a guest on a new chip below this root.
    pub fn start(root: SyntheticRoot, identity: Identity) -> Result<Self, SimError> {
        let (key, chip_id) = (ReportKey::generate()?, chip_id(root.line())?);
        let tcb = level(root.line());
        let vek = match &identity.csp {
            Some(csp) => root.issue_vlek(&key, tcb, csp)?,
            None => root.issue_vcek(&key, tcb, hwid(&chip_id, root.line()))?,
        };
        Ok(Self {
            root,
            identity,
            key,
            vek,
            chip_id,
            report_id: random()?,
            seed: hmac::Key::new(hmac::HMAC_SHA256, &random::<32>()?),
        })
    }

    pub const fn root(&self) -> &SyntheticRoot {
        &self.root
    }

    pub const fn kind(&self) -> KeyKind {
        match self.identity.csp {
            Some(_) => KeyKind::Vlek,
            None => KeyKind::Vcek,
        }
    }

    /// The certificate of the key that signs its reports, in DER.
    pub fn vek(&self) -> &[u8] {
        &self.vek
    }

    /// The chip's id, as its certificate has it.
    pub fn hwid(&self) -> &[u8] {
        hwid(&self.chip_id, self.root.line())
    }

    /// The firmware level its key was made for.
    pub const fn tcb(&self) -> Tcb {
        level(self.root.line())
    }

    /// A signed report over these bytes.
    pub fn report(&self, report_data: &[u8; 64]) -> Result<Vec<u8>, SimError> {
        let mut bytes = layout::write(&self.fields(report_data));
        layout::sign(&mut bytes, &self.key)?;
        Ok(bytes.to_vec())
    }

    /// The certificate table the host hands over with a report.
    pub fn table(&self) -> Vec<u8> {
        let leaf = match self.kind() {
            KeyKind::Vcek => TableEntry::Vcek,
            KeyKind::Vlek => TableEntry::Vlek,
        };
        write_table(&[
            (leaf, self.vek.as_slice()),
            (TableEntry::Ask, self.root.issuer(self.kind())),
            (TableEntry::Ark, self.root.ark()),
        ])
    }

    /// The key this chip gives to this image under this guest policy.
    pub fn derived_key(&self) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.seed);
        context.update(&self.identity.measurement);
        context.update(&GUEST_POLICY.to_le_bytes());
        context.sign().as_ref().to_vec()
    }

    fn fields(&self, report_data: &[u8; 64]) -> Report {
        let line = self.root.line();
        let word = level(line).word(line);
        let (version, mitigations) = match self.identity.version {
            ReportVersion::V3 => (3, 0),
            ReportVersion::V5 => (5, 1),
        };
        Report {
            version,
            guest_svn: 0,
            policy: GUEST_POLICY,
            family_id: SIMULATOR_MARKER,
            image_id: IMAGE_ID,
            vmpl: 0,
            signature_algo: 1,
            current_tcb: word,
            platform_info: PLATFORM_INFO,
            key_info: match self.kind() {
                KeyKind::Vcek => 0,
                KeyKind::Vlek => 1 << 2,
            },
            report_data: *report_data,
            measurement: self.identity.measurement,
            host_data: self.identity.host_data,
            id_key_digest: [0; 48],
            author_key_digest: [0; 48],
            report_id: self.report_id,
            report_id_ma: [0xff; 32],
            reported_tcb: word,
            cpuid: cpuid(line),
            chip_id: self.chip_id,
            committed_tcb: word,
            current_firmware: FIRMWARE,
            committed_firmware: FIRMWARE,
            launch_tcb: word,
            launch_mitigations: mitigations,
            current_mitigations: mitigations,
        }
    }
}

/// Turin's ids have eight bytes.
fn chip_id(line: Line) -> Result<[u8; 64], SimError> {
    let mut id: [u8; 64] = random()?;
    if line == Line::Turin {
        id[8..].fill(0);
    }
    id[..CHIP_MARKER.len()].copy_from_slice(CHIP_MARKER);
    Ok(id)
}

fn hwid(chip_id: &[u8; 64], line: Line) -> &[u8] {
    match line {
        Line::Turin => &chip_id[..8],
        Line::Milan | Line::Genoa => chip_id,
    }
}

/// A level above every known bulletin's floor.
const fn level(line: Line) -> Tcb {
    let (fmc, bl, snp, ucode) = match line {
        Line::Milan => (None, 4, 0x18, 0xdb),
        Line::Genoa => (None, 10, 0x19, 0x54),
        Line::Turin => (Some(1), 1, 4, 0x4d),
    };
    Tcb {
        fmc,
        bl,
        tee: 0,
        snp,
        ucode,
    }
}

const fn cpuid(line: Line) -> [u8; 3] {
    match line {
        Line::Milan => [0x19, 0x01, 0x01],
        Line::Genoa => [0x19, 0x11, 0x01],
        Line::Turin => [0x1a, 0x02, 0x01],
    }
}

//! The device an operator named, opened: a TEE, a simulator, or none at all.

use super::patient::Patient;
use crate::config::{DeviceConfig, DeviceKind};
use attestation::device::{
    ConfigfsTsm, DerivedKey, RawReport, ReportSource, SevGuest, SourceError,
};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What reports and derived keys come from.
pub type Device = Box<dyn ReportSource>;

#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    #[error("cannot open the tee")]
    Tee(#[source] SourceError),
    #[error("this program holds no client of a simulated tee: it was not built with the feature")]
    NoSimulator,
}

/// Opens the device. `folder` is where a machine without a TEE keeps what stands in for its chip.
pub fn open(config: &DeviceConfig, folder: &Path) -> Result<Device, DeviceError> {
    let device: Device = match &config.kind {
        DeviceKind::Snp => Snp::open()?,
        DeviceKind::None => Box::new(Bare(folder.join("device.key"))),
        DeviceKind::Simulated(socket) => simulated(socket)?,
    };
    Ok(Box::new(Patient::of(device)))
}

#[cfg(feature = "simulator")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "without the feature there is none"
)]
fn simulated(socket: &Path) -> Result<Device, DeviceError> {
    Ok(Box::new(simtee_client::SimulatedTee::at(socket)))
}

#[cfg(not(feature = "simulator"))]
fn simulated(_socket: &Path) -> Result<Device, DeviceError> {
    Err(DeviceError::NoSimulator)
}

/// SEV-SNP has two interfaces: one gives the host's certificates, the other derived keys.
#[derive(Debug)]
struct Snp {
    portable: Option<ConfigfsTsm>,
    guest: SevGuest,
}

impl Snp {
    fn open() -> Result<Device, DeviceError> {
        Ok(Box::new(Self {
            portable: ConfigfsTsm::open().ok(),
            guest: SevGuest::open().map_err(DeviceError::Tee)?,
        }))
    }
}

impl ReportSource for Snp {
    fn name(&self) -> &'static str {
        "sev-snp"
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        match &mut self.portable {
            Some(portable) => portable.report(report_data),
            None => self.guest.report(report_data),
        }
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        self.guest.derived_key()
    }
}

/// A machine that proves and protects nothing. What stands in for the chip's key is a file.
#[derive(Debug)]
struct Bare(PathBuf);

impl ReportSource for Bare {
    fn name(&self) -> &'static str {
        "no tee"
    }

    fn report(&mut self, _report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        Err(SourceError::Refused("this machine has no tee".into()))
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        let at = |source| SourceError::Io {
            what: self.0.display().to_string(),
            source,
        };
        if !self.0.exists() {
            make(&self.0).map_err(at)?;
        }
        let mode = std::fs::metadata(&self.0).map_err(at)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(SourceError::Refused(
                "its key file can be read by others".into(),
            ));
        }
        let bytes = Zeroizing::new(std::fs::read(&self.0).map_err(at)?);
        let key: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_length| SourceError::Malformed("a key of another length".into()))?;
        Ok(DerivedKey(Zeroizing::new(key)))
    }
}

fn make(path: &Path) -> io::Result<()> {
    let mut key = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(&mut *key)
        .map_err(|_unspecified| io::Error::other("the system's random generator failed"))?;
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(&*key)?;
    file.sync_all()
}

//! Launch digests: what a guest's measurement will be, from its files.

use sev::error::MeasurementError;
use sev::measurement::snp::{SnpMeasurementArgs, snp_calc_launch_digest};
use sev::measurement::vcpu_types::CpuType;
use sev::measurement::vmsa::{GuestFeatures, VMMType};
use std::io;
use std::path::{Path, PathBuf};

/// More than any guest has; each one adds a page to what is hashed.
const VCPUS_MAX: u32 = 4096;

const VCPU_TYPES: [CpuType; 17] = [
    CpuType::Epyc,
    CpuType::EpycV1,
    CpuType::EpycV2,
    CpuType::EpycIBPB,
    CpuType::EpycV3,
    CpuType::EpycV4,
    CpuType::EpycRome,
    CpuType::EpycRomeV1,
    CpuType::EpycRomeV2,
    CpuType::EpycRomeV3,
    CpuType::EpycMilan,
    CpuType::EpycMilanV1,
    CpuType::EpycMilanV2,
    CpuType::EpycGenoa,
    CpuType::EpycGenoaV1,
    CpuType::EpycTurin,
    CpuType::EpycTurinV1,
];

/// How a guest is started by QEMU, as far as its launch digest depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    pub ovmf: &'a Path,
    pub kernel: Option<&'a Path>,
    pub initrd: Option<&'a Path>,
    pub cmdline: Option<&'a str>,
    pub vcpus: u32,
    /// As QEMU names it: `EPYC-v4`.
    pub vcpu_type: &'a str,
    /// `SEV_FEATURES`.
    pub features: u64,
}

/// Why a digest cannot be calculated.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{found:?} is no vCPU type this verifier knows; it knows {known}")]
    VcpuType { found: String, known: String },
    #[error("a guest has between 1 and 4096 vCPUs, not {0}")]
    Vcpus(u32),
    #[error(
        "the firmware has no place for the hashes of a kernel (SNP_KERNEL_HASHES): the kernel would not be measured"
    )]
    NoKernelHashes,
    #[error("cannot calculate the digest")]
    Calculate(#[source] MeasurementError),
}

/// The launch digest.
pub fn digest(launch: &Launch<'_>) -> Result<Vec<u8>, MeasureError> {
    if launch.vcpus == 0 || launch.vcpus > VCPUS_MAX {
        return Err(MeasureError::Vcpus(launch.vcpus));
    }
    for path in [Some(launch.ovmf), launch.kernel, launch.initrd] {
        path.map_or(Ok(()), readable)?;
    }
    let digest = snp_calc_launch_digest(launch.arguments()?).map_err(failure)?;
    digest.try_into().map_err(MeasureError::Calculate)
}

impl<'a> Launch<'a> {
    fn arguments(&self) -> Result<SnpMeasurementArgs<'a>, MeasureError> {
        Ok(SnpMeasurementArgs {
            vcpus: self.vcpus,
            vcpu_type: vcpu_type(self.vcpu_type)?,
            ovmf_file: self.ovmf.to_owned(),
            guest_features: GuestFeatures(self.features),
            kernel_file: self.kernel.map(Path::to_owned),
            initrd_file: self.initrd.map(Path::to_owned),
            append: self.cmdline,
            ovmf_hash_str: None,
            vmm_type: Some(VMMType::QEMU),
        })
    }
}

fn vcpu_type(name: &str) -> Result<CpuType, MeasureError> {
    let found = { VCPU_TYPES }
        .into_iter()
        .find(|kind| kind.to_string() == name);
    found.ok_or_else(|| MeasureError::VcpuType {
        found: name.to_owned(),
        known: VCPU_TYPES.map(|kind| kind.to_string()).join(", "),
    })
}

/// The error of a file that cannot be read names the file.
fn readable(path: &Path) -> Result<(), MeasureError> {
    std::fs::File::open(path)
        .map(drop)
        .map_err(|source| MeasureError::Read {
            path: path.to_owned(),
            source,
        })
}

fn failure(error: MeasurementError) -> MeasureError {
    if let MeasurementError::MissingSection(_) = error {
        return MeasureError::NoKernelHashes;
    }
    MeasureError::Calculate(error)
}

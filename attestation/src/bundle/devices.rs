//! A bundle's devices: their files, in the order of enumeration, and their judgement.

use super::{Bundle, DEVICES};
use crate::gpu::{self, AttestedDevices, NotAttested, Presented, Rim, attest_devices};
use crate::{At, Attested, Policy, Rejection, TrustRoots, Verdict};

impl Bundle {
    /// Judges the machine, and then every device its report vouches for. Without devices
    /// the answer is the machine's alone.
    #[allow(
        clippy::result_large_err,
        reason = "a refusal is an answer, not an error"
    )]
    pub fn verify_with_devices(
        &self,
        policy: &Policy,
        roots: &TrustRoots,
        rims: &[Rim],
        devices: gpu::Policy,
        now: At,
    ) -> Result<(Attested, Option<AttestedDevices>), Rejection> {
        let cpu = self.verify(policy, roots, now).attested()?;
        self.with_devices(cpu, |cpu, presented| {
            attest_devices(cpu, presented, rims, devices)
        })
    }

    #[allow(
        clippy::result_large_err,
        reason = "a refusal is an answer, not an error"
    )]
    fn with_devices(
        &self,
        cpu: Attested,
        attest: impl FnOnce(Attested, &[Presented<'_>]) -> Result<AttestedDevices, NotAttested>,
    ) -> Result<(Attested, Option<AttestedDevices>), Rejection> {
        let presented = self.presented();
        if presented.is_empty() {
            return Ok((cpu, None));
        }
        match attest(cpu.clone(), &presented) {
            Ok(attested) => Ok((cpu, Some(attested))),
            // Nothing was bound, so nothing is claimed of the devices.
            Err(NotAttested::NotBound) => Ok((cpu, None)),
            Err(NotAttested::Refused(findings)) => {
                match Verdict::Accepted(cpu).with_findings(findings) {
                    Verdict::Rejected(rejection) => Err(rejection),
                    Verdict::Accepted(cpu) => Ok((cpu, None)),
                }
            }
        }
    }

    /// The devices' evidence, from the first on, until one is missing.
    pub fn presented(&self) -> Vec<Presented<'_>> {
        (0_usize..).map_while(|index| self.device(index)).collect()
    }

    /// Whether the folder holds anything that belongs to no device.
    pub(super) fn has_stray_device_files(&self) -> bool {
        let files = self.files.keys().filter(|name| name.starts_with(DEVICES));
        files.count() != self.presented().len().saturating_mul(2)
    }

    fn device(&self, index: usize) -> Option<Presented<'_>> {
        let [report, chain] = names(index);
        Some(Presented {
            report: self.files.get(&report)?,
            chain: std::str::from_utf8(self.files.get(&chain)?).ok()?,
        })
    }
}

/// The names of a device's report and certificates.
pub(super) fn names(index: usize) -> [String; 2] {
    [
        format!("{DEVICES}{index}.spdm"),
        format!("{DEVICES}{index}.chain.pem"),
    ]
}

#[cfg(test)]
mod tests;

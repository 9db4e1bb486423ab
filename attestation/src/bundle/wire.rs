//! A bundle as it goes over the wire, and back: the same parts, and so the same verdict.

use super::{BadBundle, Bundle, Device, Parts, TdxParts, pem};
use crate::snp::{KeyKind, Report};
use crate::{Purpose, Transcript};
use proto::attestation::{CpuEvidence, Evidence, GpuEvidence, SnpEvidence, TdxEvidence};
use proto::{Blob, ChallengeNonce, List};

impl Bundle {
    /// The evidence as nodes serve it. What only helps other people's tools stays behind.
    pub fn to_wire(&self) -> Result<Evidence, BadBundle> {
        let transcript = self.transcript.as_ref().map(Transcript::to_bytes);
        Ok(Evidence {
            cpu: self.cpu_to_wire()?,
            transcript: blob("transcript.bin", transcript.unwrap_or_default())?,
            gpus: List::new(self.gpus_to_wire()?).map_err(|_fault| BadBundle::TooMany)?,
            rims: List::default(),
        })
    }

    /// Reads what a node served. Nothing of it is believed by that: [`Bundle::verify`] judges.
    pub fn from_wire(evidence: &Evidence) -> Result<Self, BadBundle> {
        let transcript = transcript(&evidence.transcript)?;
        let devices = evidence.gpus.iter().map(device);
        let devices = devices.collect::<Result<Vec<_>, _>>()?;
        match &evidence.cpu {
            CpuEvidence::Snp(snp) => Self::build(&Parts {
                report: snp.report.to_vec(),
                kind: kind(&snp.report),
                vek: snp.vek.to_vec(),
                issuer: snp.ask.to_vec(),
                ark: snp.ark.to_vec(),
                crl: some(&snp.crl),
                transcript,
                devices,
            }),
            CpuEvidence::Tdx(tdx) => Self::build_tdx(&TdxParts {
                quote: tdx.quote.to_vec(),
                collateral: some(&tdx.collateral),
                transcript,
                devices,
            }),
        }
    }

    fn cpu_to_wire(&self) -> Result<CpuEvidence, BadBundle> {
        if self.files.contains_key("quote.bin") {
            return Ok(CpuEvidence::Tdx(TdxEvidence {
                quote: blob("quote.bin", self.file("quote.bin"))?,
                collateral: blob("collateral.json", self.file("collateral.json"))?,
            }));
        }
        let certificate = |names| pem::certificate(&self.files, names);
        Ok(CpuEvidence::Snp(SnpEvidence {
            report: blob("report.bin", self.file("report.bin"))?,
            certificate_table: blob("report.ext.bin", self.table())?,
            vek: blob("vcek.der", self.vek())?,
            ask: blob("ask.pem", certificate(&["ask.pem", "asvk.pem"])?)?,
            ark: blob("ark.pem", certificate(&["ark.pem"])?)?,
            crl: blob("crl.der", self.file("crl.der"))?,
        }))
    }

    /// The host's table: what follows the report in the extended one.
    fn table(&self) -> &[u8] {
        let report = self.file("report.bin");
        let table = self.file("report.ext.bin").strip_prefix(report);
        table.unwrap_or_default()
    }

    fn gpus_to_wire(&self) -> Result<Vec<GpuEvidence>, BadBundle> {
        let presented = self.presented().into_iter();
        let gpus = (0..).zip(presented).map(|(index, device)| {
            Ok(GpuEvidence {
                measurements: blob("gpu/*.spdm", device.report)?,
                certificates: blob("gpu/*.chain.pem", device.chain.as_bytes())?,
                nonce: self.gpu_nonce(index),
            })
        });
        gpus.collect()
    }

    fn gpu_nonce(&self, index: u32) -> ChallengeNonce {
        let of = |transcript: &Transcript| {
            let (purpose, nonce) = (transcript.purpose, &transcript.nonce);
            Transcript::gpu_nonce(purpose, nonce, &transcript.boot_id, index)
        };
        let unbound = || Transcript::gpu_nonce(Purpose::Boot, &[0; 32], &[0; 16], index);
        ChallengeNonce(self.transcript.as_ref().map_or_else(unbound, of))
    }
}

fn blob<const MAX: usize, const MIN: usize>(
    name: &'static str,
    bytes: impl AsRef<[u8]>,
) -> Result<Blob<MAX, MIN>, BadBundle> {
    Blob::new(bytes.as_ref().to_vec()).map_err(|fault| BadBundle::Malformed {
        name,
        why: fault.to_string(),
    })
}

fn transcript(bytes: &[u8]) -> Result<Option<Transcript>, BadBundle> {
    let malformed = |why: crate::BadTranscript| BadBundle::Malformed {
        name: "transcript.bin",
        why: why.to_string(),
    };
    let read = || Transcript::from_bytes(bytes).map_err(malformed);
    (!bytes.is_empty()).then(read).transpose()
}

fn device(gpu: &GpuEvidence) -> Result<Device, BadBundle> {
    let chain = String::from_utf8(gpu.certificates.to_vec());
    Ok(Device {
        report: gpu.measurements.to_vec(),
        chain: chain.map_err(|why| BadBundle::Malformed {
            name: "gpu/*.chain.pem",
            why: why.to_string(),
        })?,
    })
}

/// The key the report says it was signed with; the verifier compares it with the certificate.
fn kind(report: &[u8]) -> KeyKind {
    match Report::parse(report).map(|report| report.signing_key()) {
        Ok(1) => KeyKind::Vlek,
        Ok(_) | Err(_) => KeyKind::Vcek,
    }
}

fn some(bytes: &[u8]) -> Option<Vec<u8>> {
    (!bytes.is_empty()).then(|| bytes.to_vec())
}

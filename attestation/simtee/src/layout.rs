//! A report's bytes, written as firmware writes them.

use crate::keys::{KeyError, ReportKey};
use attestation::snp::{REPORT_LENGTH, Report};

/// Everything but the signature.
pub(crate) fn write(report: &Report) -> [u8; REPORT_LENGTH] {
    let mut bytes = [0; REPORT_LENGTH];
    let mut put = |offset: usize, field: &[u8]| {
        bytes[offset..offset + field.len()].copy_from_slice(field);
    };
    put(0x000, &report.version.to_le_bytes());
    put(0x004, &report.guest_svn.to_le_bytes());
    put(0x008, &report.policy.to_le_bytes());
    put(0x010, &report.family_id);
    put(0x020, &report.image_id);
    put(0x030, &report.vmpl.to_le_bytes());
    put(0x034, &report.signature_algo.to_le_bytes());
    put(0x038, &report.current_tcb.0);
    put(0x040, &report.platform_info.to_le_bytes());
    put(0x048, &report.key_info.to_le_bytes());
    put(0x050, &report.report_data);
    put(0x090, &report.measurement);
    put(0x0c0, &report.host_data);
    put(0x0e0, &report.id_key_digest);
    put(0x110, &report.author_key_digest);
    put(0x140, &report.report_id);
    put(0x160, &report.report_id_ma);
    put(0x180, &report.reported_tcb.0);
    put(0x188, &report.cpuid);
    put(0x1a0, &report.chip_id);
    put(0x1e0, &report.committed_tcb.0);
    let firmware = [report.current_firmware, report.committed_firmware];
    for (offset, version) in [0x1e8, 0x1ec].into_iter().zip(firmware) {
        put(offset, &[version.build, version.minor, version.major]);
    }
    put(0x1f0, &report.launch_tcb.0);
    put(0x1f8, &report.launch_mitigations.to_le_bytes());
    put(0x200, &report.current_mitigations.to_le_bytes());
    bytes
}

/// Puts R and S into their places, little-endian.
pub(crate) fn sign(bytes: &mut [u8; REPORT_LENGTH], key: &ReportKey) -> Result<(), KeyError> {
    let signature = key.sign(&bytes[Report::SIGNED])?;
    let (r, s) = signature.split_at(48);
    for (offset, scalar) in [(0x2a0, r), (0x2e8, s)] {
        let place = &mut bytes[offset..offset + 48];
        place
            .iter_mut()
            .zip(scalar.iter().rev())
            .for_each(|(to, from)| *to = *from);
    }
    Ok(())
}

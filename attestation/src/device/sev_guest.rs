//! /dev/sev-guest: the older interface, SNP alone, and the only one with derived keys.
//!
//! Certificates are not asked for here: the crate behind it follows the host's table
//! without checking its bounds. They come with configfs-tsm or from AMD's key server.

use super::{DerivedKey, RawReport, ReportSource, SourceError, io};
use sev::error::UserApiError;
use sev::firmware::guest::{DerivedKey as Request, Firmware, GuestFieldSelect};
use zeroize::Zeroizing;

const DEVICE: &str = "/dev/sev-guest";
/// Left out, the crate would ask for VMPL 1.
const VMPL: u32 = 0;
/// Guest policy (bit 0) and measurement (bit 3) decide the key, beside the chip.
const POLICY_AND_MEASUREMENT: u64 = 0b1001;
/// The message version every firmware knows.
const MESSAGE_VERSION: u32 = 1;

/// The open device.
#[derive(Debug)]
pub struct SevGuest(Firmware);

impl SevGuest {
    pub fn open() -> Result<Self, SourceError> {
        Firmware::open().map(Self).map_err(io(DEVICE))
    }
}

impl ReportSource for SevGuest {
    fn name(&self) -> &'static str {
        "sev-guest"
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        let report = self.0.get_report(None, Some(*report_data), Some(VMPL));
        Ok(RawReport::Snp {
            report: report.map_err(refusal)?,
            table: Vec::new(),
        })
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        let fields = GuestFieldSelect(POLICY_AND_MEASUREMENT);
        let request = Request::new(false, fields, VMPL, 0, 0, None);
        let key = self.0.get_derived_key(Some(MESSAGE_VERSION), request);
        key.map(|key| DerivedKey(Zeroizing::new(key)))
            .map_err(refusal)
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "it is the last use of an error"
)]
fn refusal(error: UserApiError) -> SourceError {
    SourceError::Refused(error.to_string())
}

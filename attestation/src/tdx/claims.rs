//! What a TDX quote said, once it could be believed.

use super::policy::TcbStatus;
use super::quote::Quote;
use crate::At;
use dcap_qvl::policy::QuoteClaims;

/// What the quote proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The quote's version.
    pub version: u16,
    /// `TD_ATTRIBUTES`.
    pub attributes: [u8; 8],
    pub xfam: [u8; 8],
    pub registers: Registers,
    pub report_data: [u8; 64],
    /// What Intel's collateral says of the platform; `None` where there was none.
    pub tcb: Option<Tcb>,
}

/// The measurements, each 48 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The TDX module.
    pub mr_seam: [u8; 48],
    /// The guest's firmware, as launched.
    pub mrtd: [u8; 48],
    /// Extended by firmware (0, 1), loader and system (2), and programs (3).
    pub rtmr: [[u8; 48]; 4],
    pub mr_config_id: [u8; 48],
    pub mr_owner: [u8; 48],
    pub mr_owner_config: [u8; 48],
    /// Zero, or the service TDs bound to the guest.
    pub service_tds: Option<[u8; 48]>,
}

/// The platform's firmware in Intel's eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tcb {
    pub status: TcbStatus,
    pub advisories: Vec<String>,
    /// The platform family.
    pub fmspc: [u8; 6],
    /// When Intel last moved the bar the platform meets.
    pub level_since: At,
    /// The first moment at which this collateral no longer holds.
    pub collateral_until: At,
}

impl Claims {
    pub(super) fn read(quote: &Quote, tcb: Option<Tcb>) -> Self {
        let report = &quote.report;
        Self {
            version: quote.version(),
            attributes: report.td_attributes,
            xfam: report.xfam,
            registers: quote.registers(),
            report_data: report.report_data,
            tcb,
        }
    }
}

impl Quote {
    /// What was measured, believed or not.
    pub(crate) fn registers(&self) -> Registers {
        let report = &self.report;
        Registers {
            mr_seam: report.mr_seam,
            mrtd: report.mr_td,
            rtmr: [report.rt_mr0, report.rt_mr1, report.rt_mr2, report.rt_mr3],
            mr_config_id: report.mr_config_id,
            mr_owner: report.mr_owner,
            mr_owner_config: report.mr_owner_config,
            service_tds: self.service_tds,
        }
    }
}

impl From<QuoteClaims> for Tcb {
    fn from(claims: QuoteClaims) -> Self {
        Self {
            status: claims.tcb.status.into(),
            advisories: claims.tcb.advisory_ids,
            fmspc: claims.platform.pck.fmspc,
            level_since: At(claims.platform.tcb_date_tag),
            collateral_until: At(claims.earliest_expiration_date),
        }
    }
}

//! AMD SEV-SNP: the report, the certificates that sign it, and what is checked.

mod authentic;
mod bulletin;
mod chain;
#[cfg(feature = "kds")]
mod collateral;
mod consistent;
mod field;
mod judge;
mod layout;
mod platform;
mod policy;
mod product;
mod report;
mod revocation;
mod root;
mod signature;
mod table;
mod tcb;
mod vek;
mod workload;

pub use bulletin::{BadBulletins, Bulletin, Bulletins, Standing};
pub use chain::table_findings;
#[cfg(feature = "kds")]
pub(crate) use collateral::{CheckedVcek, check_vcek, crl_is_current, pem_chain};
pub(crate) use judge::{check_assurance, judge};
pub use policy::{Crl, Policy};
pub use product::{KeyKind, Line};
pub use report::{BadReport, Firmware, REPORT_LENGTH, Report};
pub(crate) use root::Root;
pub use root::SIMULATOR_MARKER;
pub use signature::signature_der;
pub use table::{BadTable, CertTable, TABLE_BYTES_MAX, TableEntry, write_table};
pub use tcb::{Tcb, TcbFloor, TcbWord};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use vek::fuzz_chain;

/// What a guest shows, in bytes as they came.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The report, 1184 bytes.
    pub report: &'a [u8],
    /// The certificate of the key that signed it (VCEK or VLEK), in DER.
    pub vek: &'a [u8],
    /// The certificate above it (ASK or ASVK), in DER; the compiled-in one serves
    /// where it is left out.
    pub issuer: Option<&'a [u8]>,
    /// The root that came along, in DER. It is compared, never believed.
    pub ark: Option<&'a [u8]>,
    /// The revocation list of the product line, in DER.
    pub crl: Option<&'a [u8]>,
}

/// What an accepted report said.
#[derive(Clone, Debug)]
pub struct Claims {
    pub report: Report,
    pub line: Line,
    pub key: KeyKind,
    /// The cloud provider a VLEK was issued to.
    pub csp: Option<String>,
    /// How the machine stands against known bulletins, whatever the policy asks.
    pub standing: Standing,
}

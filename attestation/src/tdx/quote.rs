//! The quote: a TD report and what certifies it, read with bounds.

use dcap_qvl::quote::{AuthDataV3, Header, Quote as Parsed, Report, TDReport10};

/// Genuine quotes have about 5 kB.
pub(crate) const QUOTE_BYTES_MAX: usize = 64 * 1024;
const TDX: u32 = 0x81;
const HEADER_LEN: usize = 48;
const BODY_HEADER_LEN: usize = 6;
const LENGTH_LEN: usize = 4;

/// A quote. Nothing in it is true before its certification held.
#[derive(Clone, Debug)]
pub struct Quote {
    pub(crate) header: Header,
    pub(crate) report: TDReport10,
    /// The service TDs bound to it, for a TD of 1.5.
    pub(crate) service_tds: Option<[u8; 48]>,
    pub(super) signed: Vec<u8>,
    pub(crate) auth: AuthDataV3,
    /// Bytes after the quote. The quoting service pads its buffer with zeros.
    pub(crate) tail: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuote {
    #[error("{0} bytes are more than any quote has")]
    TooLong(usize),
    #[error("quote version {0}")]
    Version(u16),
    #[error("a quote of TEE type {0:#x}, which is not TDX")]
    Tee(u32),
    #[error("a quote that is cut, or whose lengths contradict each other")]
    Shape,
}

impl Quote {
    pub fn parse(bytes: &[u8]) -> Result<Self, BadQuote> {
        if bytes.len() > QUOTE_BYTES_MAX {
            return Err(BadQuote::TooLong(bytes.len()));
        }
        let version = read_kind(bytes)?;
        let parsed = Parsed::parse(bytes).map_err(|_shape| BadQuote::Shape)?;
        let signed_len = parsed.signed_length();
        let end = end_of(bytes, version).ok_or(BadQuote::Shape)?;
        Ok(Self {
            header: parsed.header,
            report: *parsed.report.as_td10().ok_or(BadQuote::Shape)?,
            service_tds: service_tds(&parsed.report),
            signed: bytes.get(..signed_len).ok_or(BadQuote::Shape)?.to_vec(),
            auth: parsed.auth_data.into_v3(),
            tail: bytes.get(end..).ok_or(BadQuote::Shape)?.to_vec(),
        })
    }

    pub(crate) const fn version(&self) -> u16 {
        self.header.version
    }

    /// The bytes of the attestation key, as a point.
    pub(super) fn attestation_key(&self) -> Vec<u8> {
        [&[4][..], &self.auth.ecdsa_attestation_key].concat()
    }
}

/// The version, of a quote that says it is TDX and is not of the v3 that SGX has.
fn read_kind(bytes: &[u8]) -> Result<u16, BadQuote> {
    let (version, rest) = bytes.split_first_chunk().ok_or(BadQuote::Shape)?;
    let version = u16::from_le_bytes(*version);
    if !matches!(version, 4 | 5) {
        return Err(BadQuote::Version(version));
    }
    let (_key_type, rest) = rest.split_first_chunk::<2>().ok_or(BadQuote::Shape)?;
    let (tee, _rest) = rest.split_first_chunk().ok_or(BadQuote::Shape)?;
    let tee = u32::from_le_bytes(*tee);
    if tee == TDX {
        Ok(version)
    } else {
        Err(BadQuote::Tee(tee))
    }
}

/// Where the quote ends: header, in version 5 the body's type and size, body, then
/// the length of the rest.
fn end_of(bytes: &[u8], version: u16) -> Option<usize> {
    let after_header = bytes.get(HEADER_LEN..)?;
    let body_end = if version == 5 {
        let (_type, rest) = after_header.split_first_chunk::<2>()?;
        let size = u32::from_le_bytes(*rest.first_chunk()?);
        let start = HEADER_LEN.checked_add(BODY_HEADER_LEN)?;
        start.checked_add(usize::try_from(size).ok()?)?
    } else {
        HEADER_LEN.checked_add(TD_REPORT_LEN)?
    };
    let auth_len = u32::from_le_bytes(*bytes.get(body_end..)?.first_chunk()?);
    let start = body_end.checked_add(LENGTH_LEN)?;
    start.checked_add(usize::try_from(auth_len).ok()?)
}

const TD_REPORT_LEN: usize = 584;

fn service_tds(report: &Report) -> Option<[u8; 48]> {
    report.as_td15().map(|report| report.mr_service_td)
}

//! The certificate of a key that signs reports, and what AMD writes into it.
//!
//! AMD publication 57230, "VCEK certificate definitions": extensions below
//! 1.3.6.1.4.1.3704.1 carry the product, the firmware level the key was derived for,
//! and the chip or the cloud provider.

use super::{KeyKind, Line, Tcb};
use crate::x509::Cert;
use der::Decode;
use der::asn1::{Ia5StringRef, ObjectIdentifier, OctetStringRef};
use std::collections::BTreeMap;

const PRODUCT: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const BL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
const TEE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
const SNP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
const UCODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
const FMC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
const HWID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const CSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");

/// What a VCEK or VLEK certificate says about its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vek {
    pub(super) kind: KeyKind,
    pub(super) product: String,
    pub(super) tcb: Tcb,
    pub(super) holder: Holder,
}

/// Whose key it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// One chip, by its id: 64 bytes, on Turin 8.
    Chip(Vec<u8>),
    /// A cloud provider.
    Provider(String),
}

/// What a report-signing certificate must be and this one is not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadVek {
    #[error("a subject named {0:?}")]
    Name(String),
    #[error("another key than one on P-384")]
    Key,
    #[error("a certificate authority")]
    Authority,
    #[error("the extension {0} twice")]
    Twice(ObjectIdentifier),
    #[error("the extension {0}, which must be understood")]
    Critical(ObjectIdentifier),
    #[error("no extension {0}")]
    Missing(ObjectIdentifier),
    #[error("an extension {0} that cannot be read")]
    Value(ObjectIdentifier),
}

impl Vek {
    /// Reads the certificate as one of this line, its names beginning with `prefix`.
    pub(super) fn read(cert: &Cert, line: Line, prefix: &str) -> Result<Self, BadVek> {
        let kind = kind_of(cert, prefix)?;
        cert.p384_key().ok_or(BadVek::Key)?;
        if cert.claims_authority() {
            return Err(BadVek::Authority);
        }
        let extensions = Extensions::of(cert)?;
        Ok(Self {
            kind,
            product: extensions.text(PRODUCT)?,
            tcb: extensions.tcb(line)?,
            holder: extensions.holder(kind)?,
        })
    }
}

fn kind_of(cert: &Cert, prefix: &str) -> Result<KeyKind, BadVek> {
    let name = cert.common_name().unwrap_or_default();
    match name.strip_prefix(prefix) {
        Some("SEV-VCEK") => Ok(KeyKind::Vcek),
        Some("SEV-VLEK") => Ok(KeyKind::Vlek),
        Some(_) | None => Err(BadVek::Name(name)),
    }
}

struct Extensions<'a>(BTreeMap<ObjectIdentifier, &'a [u8]>);

impl<'a> Extensions<'a> {
    fn of(cert: &'a Cert) -> Result<Self, BadVek> {
        let mut extensions = BTreeMap::new();
        for (id, critical, value) in cert.extensions() {
            // AMD's are not; one that must be understood is not AMD's.
            if critical {
                return Err(BadVek::Critical(id));
            }
            if extensions.insert(id, value).is_some() {
                return Err(BadVek::Twice(id));
            }
        }
        Ok(Self(extensions))
    }

    fn get(&self, id: ObjectIdentifier) -> Result<&'a [u8], BadVek> {
        self.0.get(&id).copied().ok_or(BadVek::Missing(id))
    }

    fn text(&self, id: ObjectIdentifier) -> Result<String, BadVek> {
        let text = Ia5StringRef::from_der(self.get(id)?).map_err(|_der| BadVek::Value(id))?;
        Ok(text.as_str().to_owned())
    }

    fn tcb(&self, line: Line) -> Result<Tcb, BadVek> {
        Ok(Tcb {
            fmc: match line {
                Line::Turin => Some(self.level(FMC)?),
                Line::Milan | Line::Genoa => None,
            },
            bl: self.level(BL)?,
            tee: self.level(TEE)?,
            snp: self.level(SNP)?,
            ucode: self.level(UCODE)?,
        })
    }

    /// A DER INTEGER that fits a byte; 128 and above take two content bytes.
    fn level(&self, id: ObjectIdentifier) -> Result<u8, BadVek> {
        u8::from_der(self.get(id)?).map_err(|_der| BadVek::Value(id))
    }

    fn holder(&self, kind: KeyKind) -> Result<Holder, BadVek> {
        match kind {
            KeyKind::Vcek => Ok(Holder::Chip(unwrapped(self.get(HWID)?).to_vec())),
            KeyKind::Vlek => Ok(Holder::Provider(self.text(CSP)?)),
        }
    }
}

/// Some old certificates wrap the chip id in an OCTET STRING. A raw id has 64 or 8
/// bytes; a wrapped one has two more, so neither can be taken for the other.
fn unwrapped(value: &[u8]) -> &[u8] {
    match value.len() {
        10 | 66 => OctetStringRef::from_der(value).map_or(value, |inner| inner.as_bytes()),
        _raw => value,
    }
}

/// Takes a certificate for a leaf of every line, as the judgement would.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz_chain(cert: &Cert) {
    for line in Line::ALL {
        let _vek = Vek::read(cert, line, "");
    }
    for root in super::Root::amd() {
        let _link = cert.link_to(&root.ark);
        let _authority = (cert.is_authority(None), cert.fingerprint());
    }
}

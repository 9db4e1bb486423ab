//! The roots of AMD's product lines, compiled in, and roots made for development.

use super::Line;
use crate::x509::Cert;
use crate::{TrustDomain, Vendor};

/// One line's root and the authorities below it.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) line: Line,
    pub(crate) domain: TrustDomain,
    pub(crate) ark: Cert,
    /// The authorities AMD publishes beside the root, for evidence that leaves them out.
    pub(crate) authorities: Vec<Cert>,
}

macro_rules! compiled_in {
    ($line:expr, $folder:literal) => {
        Root::new(
            $line,
            TrustDomain::Hardware(Vendor::Amd),
            include_bytes!(concat!("../../roots/", $folder, "/ark.der")),
            &[
                include_bytes!(concat!("../../roots/", $folder, "/ask.der")),
                include_bytes!(concat!("../../roots/", $folder, "/asvk.der")),
            ],
        )
    };
}

impl Root {
    /// AMD's three roots.
    pub(crate) fn amd() -> Vec<Self> {
        let roots = [
            compiled_in!(Line::Milan, "milan"),
            compiled_in!(Line::Genoa, "genoa"),
            compiled_in!(Line::Turin, "turin"),
        ];
        roots.into_iter().flatten().collect()
    }

    fn new(line: Line, domain: TrustDomain, ark: &[u8], below: &[&[u8]]) -> Option<Self> {
        let authorities = below.iter().map(|der| Cert::parse(der).ok());
        Some(Self {
            line,
            domain,
            ark: Cert::parse(ark).ok()?,
            authorities: authorities.collect::<Option<_>>()?,
        })
    }
}

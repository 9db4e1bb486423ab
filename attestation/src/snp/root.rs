//! The roots of AMD's product lines, compiled in, and roots made for development.

use super::Line;
use crate::x509::Cert;
use crate::{BadRoot, TrustDomain, Vendor};

/// What the simulator writes into FAMILY_ID, under its signature.
pub const SIMULATOR_MARKER: [u8; 16] = *b"SEALTUNE-SIM-DEV";

/// What stands before every name in a certificate of the simulator.
const DEVELOPMENT_PREFIX: &str = "DEV-";

/// One line's root and the authorities below it.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) line: Line,
    pub(crate) domain: TrustDomain,
    pub(crate) ark: Cert,
    /// The authorities AMD publishes beside the root, for evidence that leaves them out.
    pub(crate) authorities: Vec<Cert>,
    /// What names below this root begin with.
    pub(crate) prefix: &'static str,
}

macro_rules! compiled_in {
    ($line:expr, $folder:literal) => {
        Root::compiled_in(
            $line,
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

    /// A root the relying party names: AMD's where it is one of those, else one for
    /// development.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, BadRoot> {
        let ark = Cert::parse(der).map_err(|why| BadRoot(why.to_string()))?;
        let known = Self::amd().into_iter();
        match { known }.find(|root| root.ark.same_key_and_name(&ark)) {
            Some(root) => Ok(root),
            None => Self::development(ark),
        }
    }

    fn development(ark: Cert) -> Result<Self, BadRoot> {
        let name = ark.common_name().unwrap_or_default();
        let (prefix, rest) = match name.strip_prefix(DEVELOPMENT_PREFIX) {
            Some(rest) => (DEVELOPMENT_PREFIX, rest),
            None => ("", name.as_str()),
        };
        let line = rest.strip_prefix("ARK-").and_then(Line::from_name);
        let fingerprint = ark.fingerprint();
        Ok(Self {
            line: line.ok_or_else(|| BadRoot(format!("its name is {name:?}")))?,
            domain: TrustDomain::Development(
                fingerprint.ok_or_else(|| BadRoot("it has no key".to_owned()))?,
            ),
            ark,
            authorities: Vec::new(),
            prefix,
        })
    }

    fn compiled_in(line: Line, ark: &[u8], below: &[&[u8]]) -> Option<Self> {
        let authorities = below.iter().map(|der| Cert::parse(der).ok());
        Some(Self {
            line,
            domain: TrustDomain::Hardware(Vendor::Amd),
            ark: Cert::parse(ark).ok()?,
            authorities: authorities.collect::<Option<_>>()?,
            prefix: "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As AMD's key server and two public libraries give them.
    const KEYS: [(Line, &str); 3] = [
        (
            Line::Milan,
            "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
        ),
        (
            Line::Genoa,
            "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
        ),
        (
            Line::Turin,
            "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
        ),
    ];

    #[test]
    fn the_roots_compiled_in_are_amds() {
        let found: Vec<_> = Root::amd()
            .iter()
            .map(|root| (root.line, root.ark.fingerprint().unwrap().to_string()))
            .collect();

        assert_eq!(found, KEYS.map(|(line, key)| (line, key.to_owned())));
    }

    #[test]
    fn every_authority_compiled_in_hangs_on_its_root() {
        for root in Root::amd() {
            assert_eq!(root.authorities.len(), 2);
            for authority in &root.authorities {
                assert_eq!(authority.link_to(&root.ark), crate::x509::Link::Holds);
            }
        }
    }

    #[test]
    fn an_authority_is_no_root() {
        let ask = include_bytes!("../../roots/genoa/ask.der");

        assert!(Root::from_der(ask).is_err());
    }
}

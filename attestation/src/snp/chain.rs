//! From the certificate that signs reports up to a root the relying party trusts.

use super::{CertTable, Evidence, Root};
use crate::x509::{Cert, Link};
use crate::{At, Checks, Findings, Group, Reason, TrustRoots};

/// The certificates of one judgement, read but not yet believed.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) vek: Cert,
    pub(super) issuer: Cert,
    pub(super) ark: Cert,
}

impl Chain {
    /// Reads what came along and takes the rest from the trusted roots, by name.
    pub(super) fn read(
        evidence: &Evidence<'_>,
        roots: &TrustRoots,
        checks: &mut Checks<'_>,
    ) -> Option<Self> {
        let vek = parse("the report key's certificate", evidence.vek, checks);
        let issuer = evidence
            .issuer
            .map(|der| parse("the intermediate certificate", der, checks));
        let ark = evidence
            .ark
            .map(|der| parse("the root certificate", der, checks));
        let vek = vek?;
        let issuer = match issuer {
            Some(issuer) => issuer?,
            None => known_issuer(&vek, roots, checks)?,
        };
        let ark = match ark {
            Some(ark) => ark?,
            None => known_root(&issuer, roots, checks)?,
        };
        Some(Self { vek, issuer, ark })
    }

    /// The trusted root this chain ends in, if every link holds.
    pub(super) fn anchor<'r>(
        &self,
        roots: &'r TrustRoots,
        checks: &mut Checks<'_>,
    ) -> Option<&'r Root> {
        let links = [(&self.vek, &self.issuer), (&self.issuer, &self.ark)];
        let hold = links.map(|(below, above)| holds(below, above, checks));
        let anchor = roots
            .amd
            .iter()
            .find(|root| root.ark.same_key_and_name(&self.ark));
        checks.demand(anchor.is_some(), Reason::RootUntrusted, || {
            (trusted(roots), fingerprint(&self.ark))
        });
        anchor.filter(|_| hold == [true, true])
    }

    /// Whether the upper certificates are authorities of the right kind for the leaf.
    pub(super) fn check_authorities(&self, root: &Root, checks: &mut Checks<'_>) {
        checks.demand(
            self.issuer.is_authority(Some(0)),
            Reason::CertProfile,
            || ("an authority with path length 0", name(&self.issuer)),
        );
        checks.demand(self.ark.is_authority(None), Reason::CertProfile, || {
            ("an authority at the root", name(&self.ark))
        });
        for above in [&self.issuer, &self.ark] {
            let strange = above.not_understood();
            checks.demand(strange.is_none(), Reason::CertProfile, || {
                let found = strange.map_or_else(String::new, |id| id.to_string());
                (
                    format!("{}: known extensions, each once", name(above)),
                    found,
                )
            });
        }
        let (leaf, issuer) = (name(&self.vek), name(&self.issuer));
        let wanted = match leaf.strip_prefix(root.prefix) {
            Some("SEV-VLEK") => format!("{}SEV-VLEK-{}", root.prefix, root.line),
            Some(_) | None => format!("{}SEV-{}", root.prefix, root.line),
        };
        checks.demand(issuer == wanted, Reason::Chain, || {
            (format!("{leaf} issued by {wanted}"), issuer.clone())
        });
    }

    pub(super) fn check_dates(&self, now: At, checks: &mut Checks<'_>) {
        for cert in [&self.vek, &self.issuer, &self.ark] {
            let (from, until) = (cert.not_before(), cert.not_after());
            checks.demand(from <= now, Reason::CertNotYet, || {
                (
                    format!("{} valid at {now}", name(cert)),
                    format!("valid from {from}"),
                )
            });
            checks.demand(now <= until, Reason::CertExpired, || {
                (
                    format!("{} valid at {now}", name(cert)),
                    format!("valid until {until}"),
                )
            });
        }
    }
}

fn parse(what: &str, der: &[u8], checks: &mut Checks<'_>) -> Option<Cert> {
    Cert::parse(der)
        .map_err(|why| checks.fail(Reason::CertParse, format!("{what} in DER"), why))
        .ok()
}

fn known_issuer(vek: &Cert, roots: &TrustRoots, checks: &mut Checks<'_>) -> Option<Cert> {
    let mut known = roots.amd.iter().flat_map(|root| &root.authorities);
    let issuer = known.find(|authority| authority.subject() == vek.issuer());
    checks.demand(issuer.is_some(), Reason::Chain, || {
        (
            format!("a certificate of {}", vek.issuer()),
            "none, neither in the evidence nor built in",
        )
    });
    issuer.cloned()
}

fn known_root(issuer: &Cert, roots: &TrustRoots, checks: &mut Checks<'_>) -> Option<Cert> {
    let mut known = roots.amd.iter().map(|root| &root.ark);
    let ark = known.find(|ark| ark.subject() == issuer.issuer());
    checks.demand(ark.is_some(), Reason::RootUntrusted, || {
        (trusted(roots), format!("a chain to {}", issuer.issuer()))
    });
    ark.cloned()
}

fn holds(below: &Cert, above: &Cert, checks: &mut Checks<'_>) -> bool {
    let expected = || format!("{} issued by {}", name(below), name(above));
    match below.link_to(above) {
        Link::Holds => return true,
        Link::Names { issuer, subject } => {
            let found = format!("it names {issuer} as issuer, the one above is {subject}");
            checks.fail(Reason::Chain, expected(), found);
        }
        Link::Algorithm => checks.fail(
            Reason::Chain,
            expected(),
            "another algorithm than RSA-PSS with SHA-384",
        ),
        Link::Signature => checks.fail(Reason::Chain, expected(), "a signature by another key"),
    }
    false
}

fn name(cert: &Cert) -> String {
    cert.common_name()
        .unwrap_or_else(|| cert.subject().to_string())
}

fn trusted(roots: &TrustRoots) -> String {
    let roots = roots.amd.iter().map(|root| fingerprint(&root.ark));
    format!("one of {}", roots.collect::<Vec<_>>().join(", "))
}

fn fingerprint(ark: &Cert) -> String {
    match ark.fingerprint() {
        Some(key) => format!("{} with key {key}", name(ark)),
        None => name(ark),
    }
}

/// Whether the certificates of a table belong together and end in one of AMD's roots.
/// A table without a key certificate has nothing to check.
pub fn table_findings(table: &CertTable<'_>) -> Findings {
    let mut findings = Findings::default();
    let Some(vek) = table.vek() else {
        return findings;
    };
    let evidence = Evidence {
        report: &[],
        vek,
        issuer: table.ask,
        ark: table.ark,
        crl: None,
    };
    let roots = TrustRoots::vendors();
    let mut checks = Checks::of(Group::Authenticity, &mut findings);
    if let Some(chain) = Chain::read(&evidence, &roots, &mut checks)
        && let Some(root) = chain.anchor(&roots, &mut checks)
    {
        chain.check_authorities(root, &mut checks);
    }
    findings
}

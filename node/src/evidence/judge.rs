//! The node's own look at its evidence, before anybody else sees it.

use attestation::{
    Assurance, At, BadPolicy, BadRoot, Bundle, Policy, TrustDomain, TrustRoots, Verdict,
};
use proto::Tier;

/// What one's own machine has to be. Which images and machines a customer takes is hers to say.
const OWN: &str = r#"
version = 1
purposes = ["boot"]
assurance = ["chip", "cloud-key", "chip-dated", "development"]
[snp]
product_lines = ["Milan", "Genoa", "Turin"]
signing_keys = ["vcek", "vlek"]
csp_ids = "unchecked"
measurements = "unchecked"
crl = "ignore"
allow_smt = true
require_bulletins = []
"#;

/// What the evidence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub tier: Tier,
    pub domain: TrustDomain,
    pub assurance: Assurance,
}

/// Why the evidence is worth nothing. A node with such evidence must not start.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    #[error("the evidence of this machine is refused by our own verifier: {0}")]
    Refused(String),
    #[error(
        "the evidence ends in the development root {0}; a production node does not start with it"
    )]
    Development(TrustDomain),
    #[error("the development root cannot be used")]
    Root(#[from] BadRoot),
    #[error("our own policy cannot be read")]
    Policy(#[from] BadPolicy),
}

/// Judges a bundle against the vendors' roots, or, for development, against one that is named.
pub fn judge(bundle: &Bundle, development: Option<&[u8]>, now: At) -> Result<Proof, Unproven> {
    let policy = Policy::from_toml(OWN)?;
    let roots = match development {
        Some(root) => TrustRoots::only([root])?,
        None => TrustRoots::vendors(),
    };
    let attested = match bundle.verify(&policy, &roots, now) {
        Verdict::Accepted(attested) => attested,
        Verdict::Rejected(rejection) => {
            let findings = rejection.findings.iter().map(ToString::to_string);
            return Err(Unproven::Refused(findings.collect::<Vec<_>>().join("; ")));
        }
    };
    let proof = Proof {
        tier: attested.tier(),
        domain: attested.domain(),
        assurance: attested.assurance(),
    };
    match (proof.domain, development) {
        (TrustDomain::Development(_), None) => Err(Unproven::Development(proof.domain)),
        (TrustDomain::Development(_) | TrustDomain::Hardware(_), _) => Ok(proof),
    }
}

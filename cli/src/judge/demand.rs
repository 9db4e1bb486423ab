//! The demand: a policy, and the roots that are believed.

use crate::config::Config;
use crate::home::cannot;
use crate::trouble::{Kind, Money, Trouble};
use attestation::{At, Attested, Binding, Bundle, Policy, Purpose, TrustRoots, Verdict, explain};
use std::fs;

/// What a customer demands, and whom she believes.
#[derive(Clone, Debug)]
pub struct Demand {
    pub policy_text: String,
    pub policy: Policy,
    pub roots: TrustRoots,
    pub development_root: Option<String>,
}

impl Demand {
    pub fn of(config: &Config) -> Result<Self, Trouble> {
        let path = config.trust.policy.as_ref().ok_or_else(|| {
            Trouble::new(Kind::Input, "no policy says which machines you trust")
                .next("ft init, or name one as trust.policy in the configuration")
        })?;
        let policy_text =
            fs::read_to_string(path).map_err(|error| cannot("read the policy", path, &error))?;
        let development_root = match &config.trust.development_root {
            None => None,
            Some(path) => Some(
                fs::read_to_string(path).map_err(|error| cannot("read the root", path, &error))?,
            ),
        };
        Self::parse(policy_text, development_root)
    }

    pub fn parse(policy_text: String, development_root: Option<String>) -> Result<Self, Trouble> {
        let policy = Policy::from_toml(&policy_text).map_err(|error| {
            Trouble::because(Kind::Input, "cannot use the policy", &error)
                .next("docs/attestation.md describes policy files")
        })?;
        Ok(Self {
            roots: roots(development_root.as_deref())?,
            policy_text,
            policy,
            development_root,
        })
    }

    /// The same, of evidence made for this purpose.
    fn for_purpose(&self, purpose: Purpose, nonce: Option<[u8; 32]>) -> Result<Policy, Trouble> {
        let mut policy = self.policy.clone();
        if !matches!(policy.binding, Binding::Transcript { .. }) {
            let what = "the policy does not bind the report to the machine's keys";
            return Err(Trouble::new(Kind::Input, what).next("set binding = \"transcript\" in it"));
        }
        let purposes = [purpose].into();
        policy.binding = Binding::Transcript { purposes, nonce };
        Ok(policy)
    }

    /// Judges a bundle that was made at boot.
    pub fn judge(&self, bundle: &Bundle, at: At) -> Result<(Attested, String), Trouble> {
        self.judge_for(bundle, Purpose::Boot, None, at)
    }

    pub(super) fn judge_for(
        &self,
        bundle: &Bundle,
        purpose: Purpose,
        nonce: Option<[u8; 32]>,
        at: At,
    ) -> Result<(Attested, String), Trouble> {
        let policy = self.for_purpose(purpose, nonce)?;
        let verdict = bundle.verify(&policy, &self.roots, at);
        let words = in_words(&verdict, &policy);
        match verdict {
            Verdict::Accepted(attested) => Ok((attested, words)),
            Verdict::Rejected(_) => Err(Trouble::new(Kind::NotTrusted, words)
                .money(Money::NotMoved)
                .next("another provider (ft providers), or another policy if you know why")),
        }
    }
}

fn in_words(verdict: &Verdict, policy: &Policy) -> String {
    let mut words = Vec::new();
    // Memory takes all that is written to it.
    drop(explain(&mut words, verdict, &[], policy));
    String::from_utf8_lossy(&words).trim_end().to_owned()
}

fn roots(development: Option<&str>) -> Result<TrustRoots, Trouble> {
    let Some(pem) = development else {
        return Ok(TrustRoots::vendors());
    };
    let bad = |why: String| Trouble::new(Kind::Input, format!("the development root: {why}"));
    let der = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes());
    let der: rustls::pki_types::CertificateDer<'_> =
        der.map_err(|error: rustls::pki_types::pem::Error| bad(error.to_string()))?;
    TrustRoots::only([der.as_ref()]).map_err(|error| bad(error.to_string()))
}

//! The judge: is this machine what it says, and is this connection with it?

use crate::config::Config;
use crate::desk::Desk;
use crate::home::{Home, Machine, cannot};
use crate::surroundings;
use crate::trouble::{Kind, Money, Trouble};
use attestation::sealing::Recipient;
use attestation::{
    At, Attested, Binding, Bundle, Claims, Policy, Purpose, TrustRoots, Verdict, explain,
};
use proto::attestation::liveness_digest;
use proto::{Address, ChallengeNonce};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs;

/// What a customer demands, and whom she believes.
#[derive(Clone, Debug)]
pub struct Demand {
    pub policy_text: String,
    pub policy: Policy,
    pub roots: TrustRoots,
    pub development_root: Option<String>,
}

/// A machine that passed every check.
#[derive(Debug)]
pub struct Judged {
    pub attested: Attested,
    pub bundle: Bundle,
    pub machine: Machine,
    /// Whether a fresh hardware report was made for us; the attested key answered in any case.
    pub challenged: bool,
    pub words: String,
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

    fn judge_for(
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

/// Asks a node for its evidence and judges it, and the connection with it.
pub async fn judge_node(
    desk: &mut Desk,
    demand: &Demand,
    provider: Address,
) -> Result<Judged, Trouble> {
    let now = surroundings::now();
    let boot = desk.bundle().await?;
    let bundle = Bundle::from_wire(&boot.evidence)
        .map_err(|error| Trouble::because(Kind::NotTrusted, "the evidence is no bundle", &error))?;
    let (attested, words) = demand.judge(&bundle, now)?;
    let machine = machine(desk, &attested, provider)?;
    if machine.tls_key != desk.tls_key() {
        return Err(impostor(
            "this connection is not with the machine that the evidence is about",
        ));
    }
    let fresh = challenge(desk, demand, &attested, now).await?;
    alive(desk, &machine, &attested).await?;
    Ok(Judged {
        attested,
        bundle,
        machine,
        challenged: fresh.is_some(),
        words: fresh.unwrap_or(words),
    })
}

/// A report over our nonce, of the same boot and the same keys; what it proves, in words.
async fn challenge(
    desk: &mut Desk,
    demand: &Demand,
    boot: &Attested,
    now: At,
) -> Result<Option<String>, Trouble> {
    let nonce = nonce()?;
    let Some(reply) = desk.challenge(nonce).await? else {
        return Ok(None);
    };
    let bundle = Bundle::from_wire(&reply.evidence)
        .map_err(|error| Trouble::because(Kind::NotTrusted, "the evidence is no bundle", &error))?;
    let (fresh, words) = demand.judge_for(&bundle, Purpose::Challenge, Some(nonce.0), now)?;
    let keys = |attested: &Attested| {
        let bound = attested.bound();
        bound.map(|bound| (bound.signer, bound.tls_key, bound.boot_id))
    };
    if keys(&fresh) != keys(boot) {
        return Err(impostor(
            "the fresh report is of another boot or other keys",
        ));
    }
    Ok(Some(words))
}

/// The attested key signs our nonce.
async fn alive(desk: &mut Desk, machine: &Machine, attested: &Attested) -> Result<(), Trouble> {
    let nonce = nonce()?;
    let reply = desk.liveness(nonce).await?;
    let signed = liveness_digest(reply.boot_id, nonce);
    let same_boot = attested.bound().map(|bound| bound.boot_id) == Some(reply.boot_id.0);
    match reply.signature.signer(&signed) {
        Ok(who) if who == machine.signer && same_boot => Ok(()),
        Ok(_) | Err(_) => Err(impostor("the attested key is not there now")),
    }
}

fn machine(desk: &Desk, attested: &Attested, provider: Address) -> Result<Machine, Trouble> {
    let bound = attested
        .bound()
        .ok_or_else(|| impostor("the evidence names no key"))?;
    let recipient = Recipient::of_enclave(attested);
    recipient.map_err(|error| Trouble::because(Kind::NotTrusted, "the key is none", &error))?;
    let signer = signer_address(&bound.signer)
        .ok_or_else(|| impostor("the evidence names no secp256k1 key"))?;
    Ok(Machine {
        provider,
        url: desk.url.clone(),
        signer,
        tls_key: bound.tls_key,
        boot: hex::encode(bound.boot_id),
        image: image(attested.claims()),
        domain: attested.domain().to_string(),
        policy: attested.judgement().policy,
        judged_at: attested.judgement().at.0,
    })
}

/// The address of a compressed secp256k1 key.
pub fn signer_address(key: &[u8; 33]) -> Option<Address> {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    Some(Address::from_public_key(&key))
}

fn image(claims: &Claims) -> String {
    match claims {
        Claims::Snp(claims) => hex::encode(claims.report.measurement),
        Claims::Tdx(claims) => hex::encode(claims.registers.mrtd),
    }
}

/// Keeps the evidence and the verdict on it.
pub fn remember(home: &Home, judged: &Judged) -> Result<(), Trouble> {
    let folder = home.evidence(judged.machine.provider);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| cannot("replace", &folder, &error))?;
    }
    let written = judged.bundle.write(&folder);
    written.map_err(|error| cannot("write", &folder, &error))?;
    home.keep_verdict(&judged.machine)
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

fn nonce() -> Result<ChallengeNonce, Trouble> {
    let mut nonce = [0; 32];
    let filled = SystemRandom::new().fill(&mut nonce);
    filled.map_err(|_broken| Trouble::new(Kind::Machine, "the system has no randomness"))?;
    Ok(ChallengeNonce(nonce))
}

fn impostor(what: &str) -> Trouble {
    Trouble::new(Kind::NotTrusted, what)
        .money(Money::NotMoved)
        .next("another provider: ft providers")
}

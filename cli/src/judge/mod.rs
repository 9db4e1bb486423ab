//! The judge: is this machine what it says, and is this connection with it?

mod demand;

pub use demand::Demand;

use crate::desk::Node;
use crate::home::{Home, Machine, cannot};
use crate::surroundings;
use crate::trouble::{Kind, Money, Trouble};
use attestation::sealing::Recipient;
use attestation::{At, Attested, Bundle, Claims, Purpose};
use proto::attestation::liveness_digest;
use proto::{Address, ChallengeNonce};
use ring::rand::{SecureRandom, SystemRandom};
use std::fs;

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

/// Asks a node for its evidence and judges it, and the connection with it.
pub async fn judge_node(
    node: &mut Node,
    demand: &Demand,
    provider: Address,
) -> Result<Judged, Trouble> {
    let now = surroundings::now();
    let boot = node.bundle().await?;
    let bundle = Bundle::from_wire(&boot.evidence)
        .map_err(|error| Trouble::because(Kind::NotTrusted, "the evidence is no bundle", &error))?;
    let (attested, words) = demand.judge(&bundle, now)?;
    let machine = machine(node, &attested, provider)?;
    if machine.tls_key != node.tls_key() {
        return Err(impostor(
            "this connection is not with the machine that the evidence is about",
        ));
    }
    let fresh = challenge(node, demand, &attested, now).await?;
    alive(node, &machine, &attested).await?;
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
    node: &mut Node,
    demand: &Demand,
    boot: &Attested,
    now: At,
) -> Result<Option<String>, Trouble> {
    let nonce = nonce()?;
    let Some(reply) = node.challenge(nonce).await? else {
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
async fn alive(node: &mut Node, machine: &Machine, attested: &Attested) -> Result<(), Trouble> {
    let nonce = nonce()?;
    let reply = node.liveness(nonce).await?;
    let signed = liveness_digest(reply.boot_id, nonce);
    let same_boot = attested.bound().map(|bound| bound.boot_id) == Some(reply.boot_id.0);
    match reply.signature.signer(&signed) {
        Ok(who) if who == machine.signer && same_boot => Ok(()),
        Ok(_) | Err(_) => Err(impostor("the attested key is not there now")),
    }
}

fn machine(node: &Node, attested: &Attested, provider: Address) -> Result<Machine, Trouble> {
    let bound = attested
        .bound()
        .ok_or_else(|| impostor("the evidence names no key"))?;
    let recipient = Recipient::of_enclave(attested);
    recipient.map_err(|error| Trouble::because(Kind::NotTrusted, "the key is none", &error))?;
    let signer = signer_address(&bound.signer)
        .ok_or_else(|| impostor("the evidence names no secp256k1 key"))?;
    Ok(Machine {
        provider,
        url: node.url.clone(),
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

//! Evidence before service: made, and judged by our own verifier first.

use super::Enclosed;
use crate::clock::SystemClock;
use crate::config::{Config, DeviceKind};
use crate::evidence::{self, About, DeviceError, EvidenceError, Proof, Unproven, Witness, judge};
use crate::keys::{Identity, IdentityError, KeyPolicy, TlsKey};
use crate::ports::Clock;
use crate::vault::Vault;
use attestation::bundle::FolderError;
use attestation::device::Desk;
use attestation::{At, Bundle};
use proto::{BootId, Tier};
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::task::{JoinError, spawn_blocking};
use tracing::{info, warn};

/// A node that has proven what it can.
#[derive(Debug)]
pub struct Proved {
    pub identity: Arc<Identity>,
    pub vault: Arc<Vault>,
    pub tls: TlsKey,
    pub evidence: Option<Evidence>,
}

/// The evidence of this boot, and who makes more.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub bundle: Arc<Bundle>,
    pub witness: Witness,
    pub proof: Proof,
}

#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("this node has no identity")]
    Identity(#[from] IdentityError),
    #[error("the system's random generator failed")]
    Random,
    #[error("cannot give the device to a thread of its own")]
    Thread(#[source] io::Error),
    #[error("cannot make the evidence of this boot")]
    Evidence(#[from] EvidenceError),
    #[error("the evidence of this boot is worth nothing")]
    Unproven(#[from] Unproven),
    #[error("cannot read the development root {path}")]
    Root { path: PathBuf, source: io::Error },
    #[error("the development root {0} is no certificate in PEM")]
    Pem(PathBuf),
    #[error("cannot empty the folder of the last boot's evidence")]
    Folder(#[source] io::Error),
    #[error("cannot write the evidence")]
    Write(#[from] FolderError),
    #[error("a worker thread was lost")]
    Lost(#[from] JoinError),
}

impl Proved {
    /// What an order may ask for.
    pub fn tier(&self) -> Tier {
        let proof = self.evidence.as_ref().map(|evidence| evidence.proof.tier);
        proof.unwrap_or(Tier::Development)
    }
}

/// Makes the evidence of this boot; a node that cannot does not go on.
pub async fn prove(config: &Config, enclosed: Enclosed) -> Result<Proved, ProveError> {
    let Enclosed {
        device,
        identity,
        vault,
    } = enclosed;
    let tls = identity.tls();
    let mut proved = Proved {
        identity,
        vault,
        tls,
        evidence: None,
    };
    if config.device.kind == DeviceKind::None {
        warn!(
            "DEVELOPMENT: there is no tee. Nothing is proven, and whoever runs this machine can read everything in it"
        );
        return Ok(proved);
    }
    let witness = witness(config, &proved.identity, device)?;
    let root = development_root(config)?;
    let folder = config.state.evidence().join("boot");
    let evidence = spawn_blocking(move || testify(witness, root.as_deref(), &folder)).await??;
    tell(&evidence.proof);
    proved.evidence = Some(evidence);
    Ok(proved)
}

/// Makes and judges the evidence that a start would, with an identity that ends at once. Blocks.
pub fn rehearse(config: &Config) -> Result<Proof, ProveError> {
    let mut device = evidence::open(&config.device, &config.state.folder)?;
    let nowhere = Path::new("");
    let identity = Identity::take(nowhere, KeyPolicy::Ephemeral, device.as_mut())?;
    let witness = witness(config, &identity, device)?;
    let root = development_root(config)?;
    let proof = judge(&witness.boot()?, root.as_deref(), At(SystemClock.now()))?;
    Ok(proof)
}

fn witness(
    config: &Config,
    identity: &Identity,
    device: evidence::Device,
) -> Result<Witness, ProveError> {
    let mut boot_id = BootId::default();
    SystemRandom::new()
        .fill(&mut boot_id.0)
        .map_err(|_unspecified| ProveError::Random)?;
    let about = About {
        signer: identity.signer().public(),
        tls_key: identity.tls().spki_digest(),
        config: config.digest,
        boot_id,
    };
    // The thread ends when the last handle, which the witness holds, is gone.
    let (_thread, desk) = Desk::open(device).map_err(ProveError::Thread)?;
    let server = config.device.key_server.clone();
    let folder = config.state.evidence();
    Ok(Witness::new(
        desk,
        about,
        server,
        folder,
        Arc::new(SystemClock),
    ))
}

fn testify(
    witness: Witness,
    development: Option<&[u8]>,
    folder: &Path,
) -> Result<Evidence, ProveError> {
    let bundle = witness.boot()?;
    let proof = judge(&bundle, development, At(SystemClock.now()))?;
    keep(&bundle, folder)?;
    let bundle = Arc::new(bundle);
    Ok(Evidence {
        bundle,
        witness,
        proof,
    })
}

/// For whoever has the machine: the same bundle that is served.
fn keep(bundle: &Bundle, folder: &Path) -> Result<(), ProveError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ProveError::Folder(error));
        }
        Ok(()) | Err(_) => {}
    }
    bundle.write(folder)?;
    Ok(())
}

/// The root an operator named, out of PEM.
fn development_root(config: &Config) -> Result<Option<Vec<u8>>, ProveError> {
    let Some(path) = &config.device.development_root else {
        return Ok(None);
    };
    let text = std::fs::read_to_string(path).map_err(|source| ProveError::Root {
        path: path.clone(),
        source,
    })?;
    let root = evidence_pem(&text).ok_or_else(|| ProveError::Pem(path.clone()))?;
    Ok(Some(root))
}

/// The first certificate of a PEM text, in DER.
fn evidence_pem(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let digits: String = body.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD
        .decode(digits)
        .ok()
}

fn tell(proof: &Proof) {
    let (domain, assurance) = (proof.domain, proof.assurance.word());
    if proof.tier == Tier::Development {
        warn!(%domain, assurance, "DEVELOPMENT: the evidence ends in a root that anybody can make. Nothing is protected");
    } else {
        info!(%domain, assurance, "the evidence of this boot holds");
    }
}

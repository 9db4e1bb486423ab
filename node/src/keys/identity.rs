//! Who this enclave is: its secret, and the keys that follow from it.

use super::file::{self, SealedFileError, Secret};
use super::signer::TeeKey;
use super::tls::TlsKey;
use crate::journal::JournalKey;
use attestation::device::{ReportSource, SourceError};
use attestation::sealing::{ArtefactKey, EnclaveSecret, OpeningKey};
use proto::TaskId;
use ring::rand::{SecureRandom, SystemRandom};
use std::path::Path;
use zeroize::Zeroizing;

/// How long an identity lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicy {
    /// As long as image and chip stay the same.
    Sealed,
    /// As long as the process. Work under an earlier one cannot be finished.
    Ephemeral,
}

/// Where this boot's identity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Kept,
    New,
    Ephemeral,
}

/// The enclave's secret and what is derived from it.
pub struct Identity {
    secret: EnclaveSecret,
    signer: TeeKey,
    origin: Origin,
}

/// Why this node has no identity, and so must not start.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error(
        "the device gives no key to seal with; set keys.policy = \"ephemeral\" or use one that does"
    )]
    Device(#[source] SourceError),
    #[error(transparent)]
    File(#[from] SealedFileError),
    #[error("the system's random generator failed")]
    Random,
}

impl Identity {
    /// The identity sealed at `path`; a new one, sealed there, where there is none.
    pub fn take(
        path: &Path,
        policy: KeyPolicy,
        device: &mut dyn ReportSource,
    ) -> Result<Self, IdentityError> {
        match policy {
            KeyPolicy::Ephemeral => Ok(Self::of(random()?, Origin::Ephemeral)),
            KeyPolicy::Sealed => Self::sealed(path, device),
        }
    }

    fn sealed(path: &Path, device: &mut dyn ReportSource) -> Result<Self, IdentityError> {
        let mut machine = || device.derived_key().map_err(IdentityError::Device);
        if let Some(secret) = file::read(path, machine()?)? {
            return Ok(Self::of(secret, Origin::Kept));
        }
        let secret = random()?;
        file::create(path, machine()?, &secret)?;
        Ok(Self::of(secret, Origin::New))
    }

    fn of(mut secret: Secret, origin: Origin) -> Self {
        let secret = EnclaveSecret::take(&mut secret);
        Self {
            signer: TeeKey::derive(&secret),
            secret,
            origin,
        }
    }

    pub const fn origin(&self) -> Origin {
        self.origin
    }

    pub const fn signer(&self) -> &TeeKey {
        &self.signer
    }

    pub fn tls(&self) -> TlsKey {
        TlsKey::of(&self.secret.derive("tls"))
    }

    pub fn journal_key(&self) -> JournalKey {
        JournalKey::new(*self.secret.derive("journal"))
    }

    /// What files at rest are sealed under.
    pub fn vault_secret(&self) -> Zeroizing<[u8; 32]> {
        self.secret.derive("vault")
    }

    /// The key of a task's result: the same after any restart and on any disk.
    pub fn artefact_key(&self, task: TaskId) -> ArtefactKey {
        ArtefactKey::derive(&self.secret, &task)
    }

    /// What opens datasets that were sealed to this node's evidence.
    pub fn opener(&self) -> OpeningKey {
        self.signer.opener()
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("signer", &self.signer)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

fn random() -> Result<Secret, IdentityError> {
    let mut secret = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(&mut *secret)
        .map_err(|_unspecified| IdentityError::Random)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use attestation::device::{DerivedKey, RawReport};

    /// A machine that derives this key.
    #[derive(Debug)]
    struct Machine(u8);

    impl ReportSource for Machine {
        fn name(&self) -> &'static str {
            "a test's"
        }

        fn report(&mut self, _report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
            Err(SourceError::Refused("not asked for here".into()))
        }

        fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
            Ok(DerivedKey(Zeroizing::new([self.0; 32])))
        }
    }

    fn boot(folder: &Path, policy: KeyPolicy, chip: u8) -> Result<Identity, IdentityError> {
        Identity::take(&folder.join("identity.key"), policy, &mut Machine(chip))
    }

    #[test]
    fn a_restart_of_the_same_image_keeps_every_key() {
        let folder = tempfile::tempdir().unwrap();

        let first = boot(folder.path(), KeyPolicy::Sealed, 1).unwrap();
        let second = boot(folder.path(), KeyPolicy::Sealed, 1).unwrap();

        assert_eq!(
            (first.origin(), second.origin()),
            (Origin::New, Origin::Kept)
        );
        assert_eq!(first.signer().address(), second.signer().address());
        assert_eq!(first.vault_secret(), second.vault_secret());
        assert_eq!(first.tls().spki_digest(), second.tls().spki_digest());
    }

    #[test]
    fn another_image_is_refused_and_the_old_identity_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = boot(folder.path(), KeyPolicy::Sealed, 1).unwrap();

        let other = boot(folder.path(), KeyPolicy::Sealed, 2);
        let again = boot(folder.path(), KeyPolicy::Sealed, 1).unwrap();

        assert!(matches!(
            other,
            Err(IdentityError::File(SealedFileError::Sealed(_)))
        ));
        assert_eq!(first.signer().address(), again.signer().address());
    }

    #[test]
    fn an_ephemeral_identity_is_new_at_every_boot_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();

        let first = boot(folder.path(), KeyPolicy::Ephemeral, 1).unwrap();
        let second = boot(folder.path(), KeyPolicy::Ephemeral, 1).unwrap();

        assert_ne!(first.signer().address(), second.signer().address());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn no_two_keys_are_the_same_and_none_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let identity = boot(folder.path(), KeyPolicy::Sealed, 1).unwrap();

        assert_ne!(identity.vault_secret(), identity.secret.derive("journal"));
        assert_ne!(identity.vault_secret(), identity.secret.derive("tls"));
        let shown = format!("{identity:?}");
        assert!(shown.starts_with("Identity { signer: TeeKey(0x"), "{shown}");
    }
}

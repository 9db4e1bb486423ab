//! The enclave's keys at work: datasets opened, adapters sealed.
//!
//! Plaintext goes from one cipher to the other through a pipe; no file ever holds it.

use super::pipe::Flow;
use crate::keys::Identity;
use crate::orders::{Book, BookError, Work};
use crate::ports::Enclave;
use crate::vault::{Kind, Name, Vault, VaultError};
use async_trait::async_trait;
use attestation::sealing::{ArtefactError, Label, OpenError, TagSignature, open, seal_artefact};
use proto::{Address, Digest, Order, Reason, Root, TaskId};
use ring::digest::{Context, SHA256};
use ring::rand::SystemRandom;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;
use std::thread::scope;
use storage::{LocalFolder, StoreError};
use tasks::Failure;
use tokio::task::spawn_blocking;
use tracing::warn;

#[derive(Clone, Debug)]
pub struct EnclavePort {
    identity: Arc<Identity>,
    vault: Arc<Vault>,
    folder: LocalFolder,
    book: Book,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("cannot read the sealed dataset")]
    Sealed(#[source] io::Error),
    #[error("the dataset does not open")]
    Dataset(#[source] OpenError),
    #[error("cannot use the vault")]
    Vault(#[from] VaultError),
    #[error("cannot start a pipe")]
    Pipe(#[source] io::Error),
    #[error("cannot seal the adapter")]
    Artefact(#[from] ArtefactError),
    #[error("cannot keep the sealed adapter")]
    Store(#[from] StoreError),
    #[error("cannot write the sealed adapter")]
    Draft(#[source] io::Error),
    #[error(transparent)]
    Book(#[from] BookError),
    #[error("the order is not in the book")]
    Unknown,
    #[error("the dataset is more than the order pays for")]
    TooMuch,
}

impl EnclavePort {
    pub fn new(
        identity: Arc<Identity>,
        vault: Arc<Vault>,
        folder: LocalFolder,
        book: Book,
    ) -> Self {
        Self {
            identity,
            vault,
            folder,
            book,
        }
    }

    /// Twice through the cipher: the first time names the content, the second keeps it under
    /// that name. Nothing in the clear is left between.
    fn open_now(&self, task: TaskId, customer: Address, dataset: Root) -> Result<Digest, Trouble> {
        let label = Label::dataset(customer);
        let mut named = Hashed(Context::new(&SHA256));
        self.unseal(&label, dataset, &mut named)?;
        let digest = named.finish();
        let name = Name::from(digest);
        // First who needs it, then the thing itself: what is needed is never forgotten.
        self.book.staged(task, digest)?;
        if self.vault.has(Kind::Dataset, &name) {
            return Ok(digest);
        }
        scope(|scope| {
            let write = |to: &mut dyn Write| self.unseal(&label, dataset, to);
            let mut flow = Flow::of(scope, write).map_err(Trouble::Pipe)?;
            let kept = self.vault.put(Kind::Dataset, &name, &mut flow);
            match flow.failed.take() {
                Some(failed) => Err(failed),
                None => kept.map(|_count| digest).map_err(Trouble::Vault),
            }
        })
    }

    fn unseal(&self, label: &Label, dataset: Root, to: &mut dyn Write) -> Result<(), Trouble> {
        let sealed = File::open(self.folder.path(dataset)).map_err(Trouble::Sealed)?;
        let sealed = BufReader::with_capacity(128 << 10, sealed);
        open(&self.identity.opener(), label, sealed, to)
            .map(|_count| ())
            .map_err(Trouble::Dataset)
    }

    fn seal_now(&self, task: TaskId, adapter: Digest) -> Result<Root, Trouble> {
        let name = Name::from(adapter);
        let mut draft = tempfile::tempfile_in(self.folder.dir()).map_err(Trouble::Draft)?;
        scope(|scope| {
            let write = |to: &mut dyn Write| self.vault.get(Kind::Adapter, &name, to).map(drop);
            let mut flow = Flow::of(scope, write).map_err(Trouble::Pipe)?;
            let sealed = self.seal_artefact(task, &mut flow, &mut draft);
            match flow.failed.take() {
                Some(failed) => Err(Trouble::Vault(failed)),
                None => sealed,
            }
        })?;
        io::Seek::rewind(&mut draft).map_err(Trouble::Draft)?;
        Ok(self.folder.put_reader(draft)?.content.root)
    }

    fn seal_artefact(
        &self,
        task: TaskId,
        plain: &mut impl Read,
        out: &mut File,
    ) -> Result<(), Trouble> {
        let key = self.identity.artefact_key(task);
        let signer = self.identity.signer();
        seal_artefact(&key, plain, out, &SystemRandom::new(), |tags| {
            Ok::<TagSignature, Signing>(signer.sign_tags(tags))
        })?;
        Ok(())
    }

    fn charge_now(&self, task: TaskId, work: Work) -> Result<(), Trouble> {
        let taken = self.book.find(task)?.ok_or(Trouble::Unknown)?;
        taken.fee(work).ok_or(Trouble::TooMuch)?;
        Ok(self.book.measured(task, work)?)
    }

    /// The dataset goes with the last task that needs it.
    fn forget_now(&self, task: TaskId) -> Result<(), Trouble> {
        let dataset = self.book.dataset(task)?;
        self.book.forget(task)?;
        if let Some(dataset) = dataset
            && !self.book.needs(dataset)?
        {
            self.vault.remove(Kind::Dataset, &dataset.into())?;
        }
        Ok(())
    }

    async fn off_the_runtime<T: Send + 'static>(
        &self,
        task: TaskId,
        work: impl FnOnce(&Self) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        let port = self.clone();
        match spawn_blocking(move || work(&port)).await {
            Ok(done) => done.map_err(|trouble| trouble.told(task)),
            Err(_lost) => Err(Failure::Transient),
        }
    }
}

#[async_trait]
impl Enclave for EnclavePort {
    async fn open(&self, order: &Order, dataset: Root) -> Result<Digest, Failure> {
        let (task, customer) = (order.id(), order.customer);
        self.off_the_runtime(task, move |port| port.open_now(task, customer, dataset))
            .await
    }

    async fn holds(&self, dataset: Digest) -> Result<bool, Failure> {
        Ok(self.vault.has(Kind::Dataset, &dataset.into()))
    }

    async fn forget(&self, task: TaskId) {
        // Told in the log; the next start tries again.
        self.off_the_runtime(task, move |port| port.forget_now(task))
            .await
            .ok();
    }

    async fn charge(&self, order: &Order, work: Work) -> Result<(), Failure> {
        let task = order.id();
        self.off_the_runtime(task, move |port| port.charge_now(task, work))
            .await
    }

    async fn is_charged(&self, order: &Order) -> Result<bool, Failure> {
        let task = order.id();
        let known = move |port: &Self| Ok(port.book.work(task)?.is_some());
        self.off_the_runtime(task, known).await
    }

    async fn seal(&self, order: &Order, adapter: Digest) -> Result<Root, Failure> {
        let task = order.id();
        self.off_the_runtime(task, move |port| port.seal_now(task, adapter))
            .await
    }
}

impl Trouble {
    /// What the customer can be told; anything else is the node's and may pass.
    fn told(&self, task: TaskId) -> Failure {
        warn!(%task, trouble = %self, cause = self.cause(), "the enclave could not do it");
        match self {
            Self::Dataset(_) => Failure::Hopeless(Reason::DatasetUnreadable),
            Self::TooMuch => Failure::Hopeless(Reason::DatasetOverLimit),
            Self::Sealed(_)
            | Self::Vault(_)
            | Self::Pipe(_)
            | Self::Artefact(_)
            | Self::Store(_)
            | Self::Draft(_)
            | Self::Book(_)
            | Self::Unknown => Failure::Transient,
        }
    }

    fn cause(&self) -> String {
        let source = std::error::Error::source(self);
        source.map(ToString::to_string).unwrap_or_default()
    }
}

/// Signing tags cannot fail.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Signing(Infallible);

struct Hashed(Context);

impl Hashed {
    fn finish(self) -> Digest {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Digest(bytes)
    }
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

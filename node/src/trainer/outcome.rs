//! The result of one task: packed, sealed into the vault, remembered.

use super::Cause;
use crate::vault::{Kind, Name, Vault, VaultError};
use proto::{Digest, TaskId};
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use storage::{Links, Packing};

const TRAINED: &str = "trained.";

/// What PEFT calls the weights.
const WEIGHTS: &str = "adapter_model.safetensors";

pub(super) struct Results {
    vault: Arc<Vault>,
    task: TaskId,
}

impl Results {
    pub(super) fn of(vault: &Arc<Vault>, task: TaskId) -> Self {
        Self {
            vault: vault.clone(),
            task,
        }
    }

    /// What an earlier attempt brought to its end.
    pub(super) fn adapter(&self) -> Option<Digest> {
        let adapter = self.read(&self.name())?;
        self.vault
            .has(Kind::Adapter, &adapter.into())
            .then_some(adapter)
    }

    /// Keeps the result folder as one package, under the digest of its weights, which
    /// must be what the trainer said.
    pub(super) fn keep(&self, out: &Path, said: Digest) -> Result<Digest, Cause> {
        let packing = Packing::of(out, Links::Refuse)
            .map_err(|_error| Cause::BadResult("the result folder cannot be packed"))?;
        let weights = digest(&out.join(WEIGHTS))
            .map_err(|_error| Cause::BadResult("there are no weights"))?;
        if weights != said {
            return Err(Cause::BadResult(
                "the weights are not what the trainer said",
            ));
        }
        self.seal(&packing, weights)
            .map_err(|error| Cause::NotKept(error.to_string()))?;
        Ok(weights)
    }

    /// The adapter goes with the last task that came to it: the same order twice has one.
    pub(super) fn clear(&self) -> Result<(), VaultError> {
        let adapter = self.adapter();
        self.vault.remove(Kind::Record, &self.name())?;
        match adapter {
            Some(adapter) if !self.is_anybodys(adapter)? => {
                self.vault.remove(Kind::Adapter, &adapter.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    fn is_anybodys(&self, adapter: Digest) -> Result<bool, VaultError> {
        let names = self.vault.list(Kind::Record)?;
        let mut records = names
            .iter()
            .filter(|name| name.as_str().starts_with(TRAINED));
        Ok(records.any(|name| self.read(name) == Some(adapter)))
    }

    fn read(&self, name: &Name) -> Option<Digest> {
        let mut bytes = Vec::new();
        self.vault.get(Kind::Record, name, &mut bytes).ok()?;
        Some(Digest(bytes.try_into().ok()?))
    }

    /// First the adapter, then the word that it is there.
    fn seal(&self, packing: &Packing, weights: Digest) -> Result<(), VaultError> {
        self.vault
            .put(Kind::Adapter, &weights.into(), packing.reader())?;
        self.vault
            .put(Kind::Record, &self.name(), &weights.0[..])
            .map(drop)
    }

    fn name(&self) -> Name {
        let name = format!("{TRAINED}{}", Name::from(self.task));
        name.parse()
            .expect("a word and hexadecimal digits are a name")
    }
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hash = Context::new(&SHA256);
    let mut buffer = vec![0; 128 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        match buffer.get(..count) {
            Some([]) | None => break,
            Some(bytes) => hash.update(bytes),
        }
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(hash.finish().as_ref());
    Ok(Digest(digest))
}

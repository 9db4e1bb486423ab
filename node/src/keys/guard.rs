//! The double-signing guard: one statement per task, across restarts.
//!
//! Two settlements of one task with different results forfeit the bond on chain. So what is
//! to be signed is made durable first, and anything else for that task is refused from then on.
//! A host that puts back an older disk gains nothing: results are signed only as final blocks
//! show them delivered, and there is one delivery per task.

use crate::vault::{Kind, Name, Vault, VaultError};
use proto::{Digest, Root, Wei};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};

/// What a signature would say about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statement {
    /// This result is due this fee.
    Result { root: Root, fee: Wei },
    /// The customer's own data is why there is no result.
    Release { reason: u16 },
}

#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    #[error("another statement about this task was signed before")]
    Contradicts,
    #[error("cannot remember what is signed")]
    Vault(#[from] VaultError),
    #[error("what was signed before cannot be read")]
    Unreadable(#[source] postcard::Error),
}

/// Remembers every statement, for good.
#[derive(Clone, Debug)]
pub struct Guard {
    vault: Arc<Vault>,
    /// One at a time, so that two callers do not both find nothing.
    turn: Arc<Mutex<()>>,
}

impl Guard {
    pub fn new(vault: Arc<Vault>) -> Self {
        Self {
            vault,
            turn: Arc::default(),
        }
    }

    /// Remembers the statement about the task of this name, which is chain, contract,
    /// customer and id; refuses one that differs from an earlier one. Blocks on the disk.
    pub fn allow(&self, about: &[&[u8]], statement: Statement) -> Result<(), GuardError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let name = name(about);
        match self.known(&name)? {
            Some(known) if known == statement => Ok(()),
            Some(_) => Err(GuardError::Contradicts),
            None => self.remember(&name, statement),
        }
    }

    fn known(&self, name: &Name) -> Result<Option<Statement>, GuardError> {
        let mut bytes = Vec::new();
        match self.vault.get(Kind::Record, name, &mut bytes) {
            Ok(_count) => postcard::from_bytes(&bytes)
                .map(Some)
                .map_err(GuardError::Unreadable),
            Err(VaultError::NotThere) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn remember(&self, name: &Name, statement: Statement) -> Result<(), GuardError> {
        let bytes = postcard::to_stdvec(&statement).map_err(GuardError::Unreadable)?;
        self.vault.put(Kind::Record, name, bytes.as_slice())?;
        Ok(())
    }
}

fn name(about: &[&[u8]]) -> Name {
    let mut hash = Context::new(&SHA256);
    for part in about {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        hash.update(&length.to_be_bytes());
        hash.update(part);
    }
    let mut digest = Digest::default();
    digest.0.copy_from_slice(hash.finish().as_ref());
    format!("signed-{digest}")
        .parse()
        .expect("hexadecimal digits are a name")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::VaultKey;
    use std::path::Path;

    const ABOUT: &[&[u8]] = &[b"chain", b"task"];

    fn guard(folder: &Path) -> Guard {
        let key = VaultKey::take(&mut [5; 32]);
        Guard::new(Arc::new(Vault::open(folder, &key).unwrap()))
    }

    fn result(root: u8, fee: u64) -> Statement {
        Statement::Result {
            root: Root([root; 32]),
            fee: Wei::from(fee),
        }
    }

    #[test]
    fn the_same_statement_may_be_signed_again_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();

        for _restart in 0..2 {
            let guard = guard(folder.path());
            guard.allow(ABOUT, result(1, 10)).unwrap();
            guard.allow(ABOUT, result(1, 10)).unwrap();
        }
    }

    #[test]
    fn another_result_fee_or_a_release_is_refused_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        guard(folder.path()).allow(ABOUT, result(1, 10)).unwrap();

        let others = [
            result(2, 10),
            result(1, 11),
            Statement::Release { reason: 403 },
        ];
        for other in others {
            let refused = guard(folder.path()).allow(ABOUT, other);
            assert!(matches!(refused, Err(GuardError::Contradicts)), "{other:?}");
        }
    }

    #[test]
    fn tasks_do_not_stand_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let guard = guard(folder.path());
        guard.allow(&[b"ab", b"c"], result(1, 1)).unwrap();

        assert!(guard.allow(&[b"a", b"bc"], result(2, 2)).is_ok());
    }
}

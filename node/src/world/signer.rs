//! The TEE signer for the chain: signs what the guard allows.

use crate::keys::{Guard, Identity, Statement};
use async_trait::async_trait;
use chain::{Release, Settlement, TeeSigner};
use proto::{Address, Signature};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tracing::error;

#[derive(Clone, Debug)]
pub struct Signer {
    identity: Arc<Identity>,
    guard: Guard,
}

impl Signer {
    pub fn new(identity: Arc<Identity>, guard: Guard) -> Self {
        Self { identity, guard }
    }

    /// Remembers what is to be signed, then signs it.
    async fn sign(
        &self,
        about: Vec<Vec<u8>>,
        statement: Statement,
        digest: [u8; 32],
    ) -> Option<Signature> {
        let guard = self.guard.clone();
        let allow = move || {
            let about: Vec<&[u8]> = about.iter().map(Vec::as_slice).collect();
            guard.allow(&about, statement)
        };
        let allowed = match spawn_blocking(allow).await {
            Ok(allowed) => allowed.map_err(|refused| refused.to_string()),
            Err(lost) => Err(lost.to_string()),
        };
        if let Err(why) = allowed {
            error!(why, "nothing is signed");
            return None;
        }
        Some(self.identity.signer().sign(&digest))
    }
}

#[async_trait]
impl TeeSigner for Signer {
    fn address(&self) -> Address {
        self.identity.signer().address()
    }

    async fn sign_settlement(&self, settlement: &Settlement) -> Option<Signature> {
        let about = about(settlement.chain_id, settlement.contract, &settlement.id);
        let statement = Statement::Result {
            root: settlement.root,
            fee: settlement.fee,
        };
        self.sign(about, statement, settlement.digest()).await
    }

    async fn sign_release(&self, release: &Release) -> Option<Signature> {
        let id = release.task.to_string();
        let about = about(release.chain_id, release.contract, &id);
        let statement = Statement::Release {
            reason: release.reason,
        };
        self.sign(about, statement, release.digest()).await
    }
}

/// A task at one contract of one chain.
fn about(chain_id: u64, contract: Address, id: &str) -> Vec<Vec<u8>> {
    vec![
        chain_id.to_be_bytes().to_vec(),
        contract.to_vec(),
        id.as_bytes().to_vec(),
    ]
}

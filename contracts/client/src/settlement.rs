//! What the TEE signs for the chain: settlements in 0G's form, releases in ours.

use crate::bindings::IFineTuningTypes::VerifierInput;
use crate::event::Place;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain};
use async_trait::async_trait;
use proto::{Root, Signature, TaskId, Wei};

/// Holds the signing key, somewhere else. Guards it too: a signer that is asked to sign two
/// different results for one id refuses the second.
#[async_trait]
pub trait TeeSigner: Send + Sync {
    fn address(&self) -> Address;

    /// Nothing, when the signer refuses.
    async fn sign_settlement(&self, settlement: &Settlement) -> Option<Signature>;

    /// Nothing, when the signer refuses.
    async fn sign_release(&self, release: &Release) -> Option<Signature>;
}

/// The statement that makes the contract pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub chain_id: u64,
    pub contract: Address,
    /// The task as the contract names it.
    pub id: String,
    /// The data key, wrapped for the customer; empty when she did not acknowledge.
    pub encrypted_secret: Bytes,
    pub root: Root,
    pub nonce: U256,
    pub fee: Wei,
    pub customer: Address,
}

/// The statement that the customer's own data is why an order is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    pub chain_id: u64,
    pub contract: Address,
    pub task: TaskId,
    pub reason: u16,
}

mod eip712 {
    alloy_sol_types::sol! {
        #[derive(Debug)]
        struct VerifierMessage {
            string id;
            bytes encryptedSecret;
            bytes modelRootHash;
            uint256 nonce;
            uint256 taskFee;
            address user;
        }

        #[derive(Debug)]
        struct Release {
            bytes32 orderId;
            uint16 reason;
        }
    }
}

impl Settlement {
    pub fn digest(&self) -> [u8; 32] {
        let message = eip712::VerifierMessage {
            id: self.id.clone(),
            encryptedSecret: self.encrypted_secret.clone(),
            modelRootHash: Bytes::copy_from_slice(&self.root.0),
            nonce: self.nonce,
            taskFee: self.fee.0,
            user: self.customer,
        };
        let domain = settlement_domain(self.chain_id, self.contract);
        message.eip712_signing_hash(&domain).0
    }

    pub(crate) fn signed(&self, signature: Signature) -> VerifierInput {
        VerifierInput {
            id: self.id.clone(),
            encryptedSecret: self.encrypted_secret.clone(),
            modelRootHash: Bytes::copy_from_slice(&self.root.0),
            nonce: self.nonce,
            signature: signature.to_bytes().into(),
            taskFee: self.fee.0,
            user: self.customer,
        }
    }
}

impl Release {
    pub(crate) fn new(place: Place, task: TaskId, reason: u16) -> Self {
        Self {
            chain_id: place.chain_id,
            contract: place.contract,
            task,
            reason,
        }
    }

    pub fn digest(&self) -> [u8; 32] {
        let message = eip712::Release {
            orderId: self.task.0.into(),
            reason: self.reason,
        };
        let domain = eip712_domain! {
            name: "sealtune",
            version: "1",
            chain_id: self.chain_id,
            verifying_contract: self.contract,
        };
        message.eip712_signing_hash(&domain).0
    }
}

fn settlement_domain(chain_id: u64, contract: Address) -> Eip712Domain {
    eip712_domain! {
        name: "0G Fine-Tuning Serving",
        version: "1",
        chain_id: chain_id,
        verifying_contract: contract,
    }
}

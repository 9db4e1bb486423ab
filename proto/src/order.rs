//! The order: what a customer asks for and signs.
//!
//! Its EIP-712 digest covers everything that decides the cost or the result, so
//! nobody between the customer and the node can change either.

use crate::hexed::hexed;
use crate::{RecipeDigest, Root, Seconds, TaskId, Wei};
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{Eip712Domain, SolStruct, eip712_domain};
use serde::{Deserialize, Serialize};

/// What a customer asks for. The chain id and the contract are part of it: an
/// order is good at one contract of one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub chain_id: u64,
    pub contract: Address,
    pub customer: Address,
    pub provider: Provider,
    pub base_model: Root,
    pub dataset: Root,
    pub recipe: RecipeDigest,
    /// The most the customer pays; reserved when the order opens.
    pub fee_max: Wei,
    /// Chain time after which an undelivered order gives the money back.
    pub deadline: Seconds,
    pub nonce: U256,
    pub encryption_key: EncryptionKey,
    pub tier: Tier,
    /// How long after delivery the customer may acknowledge before the provider
    /// may settle without her.
    pub ack_window_secs: u64,
    /// The share of the fee due without an acknowledgement, in basis points.
    pub penalty_bps: u16,
    /// What the provider's bond owes the customer for a delivery promised and missed.
    pub compensation: Wei,
    /// Whether another node may go on from a sealed checkpoint.
    pub resumable: bool,
}

/// Who may serve an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provider {
    Any,
    Only(Address),
}

/// The least assurance the customer accepts of the machine that sees the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tier {
    /// Nothing is proven: a machine without a TEE, or a simulated one.
    Development = 0,
    /// A confidential VM proven by its CPU vendor.
    Cpu = 1,
    /// A confidential VM and a GPU in confidential mode, both proven.
    CpuAndGpu = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no attestation tier this version knows")]
pub struct UnknownTier(pub u8);

/// The key the adapter is sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptionKey {
    /// A compressed point: 0x02 or 0x03, then 32 bytes.
    Secp256k1 {
        parity: u8,
        x: [u8; 32],
    },
    X25519([u8; 32]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encryption key is 33 bytes (secp256k1, compressed) or 32 bytes (x25519)")]
pub struct BadKey;

hexed!([] EncryptionKey);

mod eip712 {
    alloy_sol_types::sol! {
        #[derive(Debug)]
        struct Order {
            address customer;
            address provider;
            bytes32 baseModel;
            bytes32 dataset;
            bytes32 recipe;
            uint256 feeMax;
            uint64 deadline;
            uint256 nonce;
            bytes encryptionKey;
            uint8 tier;
            uint64 ackWindow;
            uint16 penaltyBps;
            uint256 compensation;
            bool resumable;
        }
    }
}

impl Order {
    /// The EIP-712 digest: what the customer signs, and the id of the task.
    pub fn id(&self) -> TaskId {
        let domain = domain(self.chain_id, self.contract);
        TaskId(self.typed().eip712_signing_hash(&domain).0)
    }

    fn typed(&self) -> eip712::Order {
        eip712::Order {
            customer: self.customer,
            provider: self.provider.address(),
            baseModel: self.base_model.0.into(),
            dataset: self.dataset.0.into(),
            recipe: self.recipe.0.into(),
            feeMax: self.fee_max.0,
            deadline: self.deadline,
            nonce: self.nonce,
            encryptionKey: Bytes::from(self.encryption_key.to_bytes()),
            tier: self.tier.code(),
            ackWindow: self.ack_window_secs,
            penaltyBps: self.penalty_bps,
            compensation: self.compensation.0,
            resumable: self.resumable,
        }
    }
}

/// What everything a customer signs is bound to: this protocol, one chain, one contract.
pub(crate) fn domain(chain_id: u64, contract: Address) -> Eip712Domain {
    eip712_domain! {
        name: "sealtune",
        version: "1",
        chain_id: chain_id,
        verifying_contract: contract,
    }
}

impl Provider {
    /// The address that stands for this choice on chain; zero is "any".
    pub fn address(self) -> Address {
        match self {
            Self::Any => Address::ZERO,
            Self::Only(address) => address,
        }
    }
}

impl From<Address> for Provider {
    fn from(address: Address) -> Self {
        if address.is_zero() {
            Self::Any
        } else {
            Self::Only(address)
        }
    }
}

impl Tier {
    pub const fn code(self) -> u8 {
        match self {
            Self::Development => 0,
            Self::Cpu => 1,
            Self::CpuAndGpu => 2,
        }
    }
}

impl TryFrom<u8> for Tier {
    type Error = UnknownTier;

    fn try_from(code: u8) -> Result<Self, UnknownTier> {
        match code {
            0 => Ok(Self::Development),
            1 => Ok(Self::Cpu),
            2 => Ok(Self::CpuAndGpu),
            _ => Err(UnknownTier(code)),
        }
    }
}

impl EncryptionKey {
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Secp256k1 { parity, x } => [std::slice::from_ref(parity), x].concat(),
            Self::X25519(point) => point.to_vec(),
        }
    }
}

impl TryFrom<&[u8]> for EncryptionKey {
    type Error = BadKey;

    fn try_from(bytes: &[u8]) -> Result<Self, BadKey> {
        if let Ok(point) = bytes.try_into() {
            return Ok(Self::X25519(point));
        }
        match bytes.split_first() {
            Some((&parity @ (2 | 3), x)) => {
                let x = x.try_into().map_err(|_length| BadKey)?;
                Ok(Self::Secp256k1 { parity, x })
            }
            Some(_) | None => Err(BadKey),
        }
    }
}

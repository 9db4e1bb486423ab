//! A customer: signs orders and permits.

use k256::ecdsa::SigningKey;
use proto::{
    Action, Address, Blob, EncryptionKey, Order, Permit, Provider, RecipeDigest, Root, Scope,
    Signature, SignedOrder, SignedPermit, Submission, TaskId, Tier, U256, Wei,
};

pub(crate) const RECIPE: &[u8] = br#"{"gradient_accumulation_steps":4,"lora_r":16,"max_steps":10,"micro_batch_size":1,"num_epochs":1,"sequence_len":128}"#;
pub(crate) const CHAIN_ID: u64 = 31_337;
pub(crate) const CONTRACT: Address = Address::repeat_byte(0xcc);
pub(crate) const MODEL: Root = Root([1; 32]);

#[derive(Clone)]
pub(crate) struct Customer(SigningKey);

impl Customer {
    pub(crate) fn number(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    /// One of many.
    pub(crate) fn of(number: u64) -> Self {
        let mut secret = [2; 32];
        secret[24..].copy_from_slice(&number.to_be_bytes());
        Self(SigningKey::from_slice(&secret).unwrap())
    }

    pub(crate) fn address(&self) -> Address {
        Address::from_private_key(&self.0)
    }

    pub(crate) fn order(&self, nonce: u64, deadline: u64) -> Order {
        Order {
            chain_id: CHAIN_ID,
            contract: CONTRACT,
            customer: self.address(),
            provider: Provider::Any,
            base_model: MODEL,
            dataset: Root([2; 32]),
            recipe: digest(RECIPE),
            fee_max: Wei::from(1_000_000),
            deadline,
            nonce: U256::from(nonce),
            encryption_key: EncryptionKey::X25519([4; 32]),
            tier: Tier::Cpu,
            ack_window_secs: 3_600,
            penalty_bps: 2_000,
            compensation: Wei::ZERO,
            resumable: false,
        }
    }

    pub(crate) fn signed(&self, order: Order) -> Submission {
        let signature = sign(&self.0, order.id().as_bytes());
        let order = SignedOrder { order, signature };
        let recipe = Blob::new(RECIPE.to_vec()).unwrap();
        Submission { order, recipe }
    }

    pub(crate) fn permit(&self, action: Action, scope: Scope, expires: u64) -> SignedPermit {
        let permit = Permit {
            chain_id: CHAIN_ID,
            contract: CONTRACT,
            customer: self.address(),
            action,
            scope,
            expires,
        };
        let signature = sign(&self.0, &permit.digest());
        SignedPermit { permit, signature }
    }

    #[allow(clippy::unnecessary_wraps, reason = "as most messages have it")]
    pub(crate) fn may(&self, action: Action, task: TaskId) -> Option<SignedPermit> {
        Some(self.permit(action, Scope::Task(task), u64::MAX))
    }
}

pub(crate) fn sign(key: &SigningKey, digest: &[u8; 32]) -> Signature {
    let (signature, recovery) = key.sign_prehash_recoverable(digest).unwrap();
    let mut bytes = [recovery.to_byte(); 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    Signature::try_from(bytes.as_slice()).unwrap()
}

pub(crate) fn digest(recipe: &[u8]) -> RecipeDigest {
    admission::recipe_digest(recipe)
}

//! Orders and permits with the signatures that make them binding.

use crate::order::domain;
use crate::{Order, Seconds, Signature, TaskId};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolStruct;
use serde::{Deserialize, Serialize};

/// An order and what should be its customer's signature; [`SignedOrder::verify`] tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOrder {
    pub order: Order,
    pub signature: Signature,
}

/// A customer's word that whoever shows it may do one thing in her name until
/// it expires. So a broker can pass her wishes on, and cannot invent any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permit {
    pub chain_id: u64,
    pub contract: Address,
    pub customer: Address,
    pub action: Action,
    pub scope: Scope,
    pub expires: Seconds,
}

/// What a permit allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    Read = 1,
    Cancel = 2,
    Upload = 3,
}

/// Which tasks a permit is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    AllTasks,
    Task(TaskId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedPermit {
    pub permit: Permit,
    pub signature: Signature,
}

mod eip712 {
    alloy_sol_types::sol! {
        #[derive(Debug)]
        struct Permit {
            address customer;
            uint8 action;
            bytes32 task;
            uint64 expires;
        }
    }
}

impl Permit {
    /// The EIP-712 digest, in the same domain as the order's.
    pub fn digest(&self) -> [u8; 32] {
        let typed = eip712::Permit {
            customer: self.customer,
            action: self.action.code(),
            task: B256::from(self.scope.word().0),
            expires: self.expires,
        };
        typed
            .eip712_signing_hash(&domain(self.chain_id, self.contract))
            .0
    }

    /// Whether this permit, once verified, allows the action on the task at this time.
    pub fn allows(&self, action: Action, task: TaskId, now: Seconds) -> bool {
        let covered = match self.scope {
            Scope::AllTasks => true,
            Scope::Task(one) => one == task,
        };
        self.action == action && covered && now < self.expires
    }
}

impl Action {
    pub const fn code(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Cancel => 2,
            Self::Upload => 3,
        }
    }
}

impl Scope {
    /// The task, or the zero word for all.
    pub fn word(self) -> TaskId {
        match self {
            Self::AllTasks => TaskId::default(),
            Self::Task(task) => task,
        }
    }
}

#[cfg(feature = "signature")]
mod verified {
    use super::{Permit, SignedOrder, SignedPermit};
    use crate::{NoSigner, TaskId};
    use alloy_primitives::Address;

    /// Why a signature does not bind the customer.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum NotBinding {
        #[error(transparent)]
        NoSigner(#[from] NoSigner),
        #[error("signed by {signer}, not by the customer {customer}")]
        SomebodyElse { signer: Address, customer: Address },
    }

    impl SignedOrder {
        /// Who signed. It need not be the customer: see [`Self::verify`].
        pub fn signer(&self) -> Result<Address, NoSigner> {
            self.signature.signer(self.order.id().as_bytes())
        }

        /// The order's id, if its customer signed it.
        pub fn verify(&self) -> Result<TaskId, NotBinding> {
            let id = self.order.id();
            let signer = self.signature.signer(id.as_bytes())?;
            same(signer, self.order.customer)?;
            Ok(id)
        }
    }

    impl SignedPermit {
        pub fn signer(&self) -> Result<Address, NoSigner> {
            self.signature.signer(&self.permit.digest())
        }

        /// The permit, if its customer signed it. What it allows and until when is
        /// for [`Permit::allows`].
        pub fn verify(&self) -> Result<&Permit, NotBinding> {
            same(self.signer()?, self.permit.customer)?;
            Ok(&self.permit)
        }
    }

    fn same(signer: Address, customer: Address) -> Result<(), NotBinding> {
        if signer == customer {
            return Ok(());
        }
        Err(NotBinding::SomebodyElse { signer, customer })
    }
}

#[cfg(feature = "signature")]
pub use verified::NotBinding;

//! What a provider offers, and the bond behind it.

use super::Market;
use crate::bindings::{IFineTuningTypes::Quota, Market as Abi};
use crate::failure::Failure;
use crate::refusal::Refusal;
use crate::sender::{Act, Outcome};
use alloy_primitives::{Address, U256};
use alloy_sol_types::SolCall;
use proto::Wei;

/// The entry in the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub url: String,
    pub cpu_count: u64,
    pub memory_gib: u64,
    pub gpu_count: u64,
    pub storage_gib: u64,
    pub gpu_type: String,
    pub price_per_token: Wei,
    pub occupied: bool,
    pub models: Vec<String>,
    pub signer: Address,
}

impl Market {
    /// Registers the offer, with the bond if it is the first, or changes it. An offer that
    /// stands already as it should is left alone.
    pub async fn register(&self, offer: &Offer, bond: Wei) -> Result<(), Failure> {
        let known = match self.reader.service(self.provider()).await {
            Ok(service) => Some(service),
            Err(crate::rpc::RpcError::Reverted(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if known.as_ref().is_some_and(|service| offer.is(service)) {
            return Ok(());
        }
        let value = if known.is_some() { Wei::ZERO } else { bond };
        self.act(offer.call(), value).await
    }

    pub async fn unregister(&self) -> Result<(), Failure> {
        self.act(Abi::removeServiceCall {}, Wei::ZERO).await
    }

    pub async fn add_bond(&self, amount: Wei) -> Result<(), Failure> {
        self.act(Abi::addBondCall {}, amount).await
    }

    /// After `unregister` and the delay.
    pub async fn withdraw_bond(&self) -> Result<(), Failure> {
        self.act(Abi::withdrawBondCall {}, Wei::ZERO).await
    }

    pub async fn claim(&self) -> Result<(), Failure> {
        self.act(Abi::claimCall {}, Wei::ZERO).await
    }

    async fn act(&self, call: impl SolCall, value: Wei) -> Result<(), Failure> {
        let act = Act {
            to: Some(self.reader.config().market),
            data: call.abi_encode().into(),
            value: value.0,
        };
        match self.sender.send(act).await? {
            Outcome::Included { .. } => Ok(()),
            Outcome::Refused(data) => Err(Refusal::from_revert(&data).into()),
            Outcome::Displaced => Err(Failure::Unsettled),
        }
    }
}

impl Offer {
    fn call(&self) -> Abi::addOrUpdateServiceCall {
        Abi::addOrUpdateServiceCall {
            url: self.url.clone(),
            quota: self.quota(),
            pricePerToken: self.price_per_token.0,
            occupied: self.occupied,
            models: self.models.clone(),
            teeSignerAddress: self.signer,
        }
    }

    fn quota(&self) -> Quota {
        Quota {
            cpuCount: U256::from(self.cpu_count),
            nodeMemory: U256::from(self.memory_gib),
            gpuCount: U256::from(self.gpu_count),
            nodeStorage: U256::from(self.storage_gib),
            gpuType: self.gpu_type.clone(),
        }
    }

    fn is(&self, service: &crate::bindings::IFineTuningTypes::Service) -> bool {
        service.url == self.url
            && service.quota == self.quota()
            && service.pricePerToken == self.price_per_token.0
            && service.occupied == self.occupied
            && service.models == self.models
            && service.teeSignerAddress == self.signer
    }
}

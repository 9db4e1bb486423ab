//! Which contract it is: ours says so by ERC-165.

use super::Mode;
use super::shared::Core;
use crate::bindings::Market;
use crate::preflight::Problem;
use crate::rpc::RpcError;
use alloy_primitives::FixedBytes;
use alloy_sol_types::SolCall;

impl Core {
    pub(super) async fn check_code(&self) -> Result<(), Problem> {
        let contract = self.config.market;
        let code = self
            .pool
            .with(|line| async move { line.code(contract).await })
            .await?;
        if code.is_empty() {
            let chain_id = self.config.chain_id;
            return Err(Problem::NoCode { contract, chain_id });
        }
        Ok(())
    }

    /// By ERC-165: a contract that claims everything is not believed.
    pub(super) async fn detect(&self) -> Result<Mode, RpcError> {
        let full = self.supports(interface_id()).await? && !self.supports([0xff; 4].into()).await?;
        Ok(if full { Mode::Full } else { Mode::Base })
    }

    async fn supports(&self, id: FixedBytes<4>) -> Result<bool, RpcError> {
        let call = Market::supportsInterfaceCall { interfaceId: id };
        let asked = self
            .now(|snap| {
                let call = call.clone();
                async move { snap.view(&call).await }
            })
            .await;
        match asked {
            Err(RpcError::Reverted(_)) => Ok(false),
            other => other,
        }
    }
}

/// `type(ISealtune).interfaceId`: all its selectors, combined (ERC-165).
fn interface_id() -> FixedBytes<4> {
    macro_rules! combined {
        ($($call:ident)*) => { [$(Market::$call::SELECTOR),*] };
    }
    let selectors = combined! {
        openOrderCall acceptOrderCall withdrawOrderCall cancelOrderNonceCall releaseOrderCall
        reclaimOrderCall addBondCall withdrawBondCall slashEquivocationCall claimCall
        acceptSignerCall trustSignerCall revokeSignerCall setVerifierCall orderDigestCall
        getOrderCall reclaimableAtCall orderNonceUsedCall reservedFeeCall
        acknowledgementDeadlineCall deliverableSignerCall getBondCall claimableCall
        isVerifierCall signerAcceptedUntilCall trustedSignerCall SETTLEMENT_WINDOWCall
        UNBONDING_DELAYCall
    };
    let id = selectors.into_iter().fold([0; 4], |id: [u8; 4], selector| {
        std::array::from_fn(|i| id[i] ^ selector[i])
    });
    id.into()
}

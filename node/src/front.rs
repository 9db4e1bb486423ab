//! What the node shows before its world is there, and after: one value that both sides hold.

use crate::api::{Attestor, Intake, Storefront, Unavailable, Verdict};
use async_trait::async_trait;
use proto::attestation::{BootBundle, Evidence};
use proto::node::Offer;
use proto::{BootId, ChallengeNonce, Seconds, Signature, Submission};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Each place is taken once. Until then nobody is there, and the node says so.
#[derive(Clone, Default)]
pub struct Front(Arc<Places>);

#[derive(Default)]
struct Places {
    attestor: OnceLock<Arc<dyn Attestor>>,
    intake: OnceLock<Arc<dyn Intake>>,
    storefront: OnceLock<Arc<dyn Storefront>>,
}

impl Front {
    pub fn attests(&self, attestor: Arc<dyn Attestor>) {
        drop(self.0.attestor.set(attestor));
    }

    pub fn takes(&self, intake: Arc<dyn Intake>) {
        drop(self.0.intake.set(intake));
    }

    pub fn offers(&self, storefront: Arc<dyn Storefront>) {
        drop(self.0.storefront.set(storefront));
    }
}

#[async_trait]
impl Attestor for Front {
    fn bundle(&self) -> Option<BootBundle> {
        self.0.attestor.get()?.bundle()
    }

    fn archive(&self) -> Option<Vec<u8>> {
        self.0.attestor.get()?.archive()
    }

    async fn challenge(&self, nonce: ChallengeNonce) -> Result<Evidence, Unavailable> {
        let attestor = self.0.attestor.get().ok_or(Unavailable::NotReady)?;
        attestor.challenge(nonce).await
    }

    fn liveness(&self, nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable> {
        let attestor = self.0.attestor.get().ok_or(Unavailable::NotReady)?;
        attestor.liveness(nonce)
    }
}

#[async_trait]
impl Intake for Front {
    async fn take(&self, submission: Submission) -> Result<Verdict, Unavailable> {
        let intake = self.0.intake.get().ok_or(Unavailable::NotReady)?;
        intake.take(submission).await
    }
}

impl Storefront for Front {
    fn offer(&self, queue_free: u32) -> Option<Offer> {
        self.0.storefront.get()?.offer(queue_free)
    }

    fn chain_time(&self) -> Seconds {
        let storefront = self.0.storefront.get();
        storefront.map_or(0, |storefront| storefront.chain_time())
    }
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").finish_non_exhaustive()
    }
}

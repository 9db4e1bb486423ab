//! From an announcement to a welcome: who is this, and does the evidence say so?

use super::{End, Inbound, Reception};
use crate::judge::{Disbelieved, address_of};
use crate::peers::Seated;
use crate::store::Enrolment;
use futures_util::stream::StreamExt;
use proto::attestation::{BootBundle, LivenessReply, LivenessRequest, liveness_digest};
use proto::broker::{
    Announcement, Answer, AnswerKind, BrokerMessage, Judgement, NodeMessage, Request, RequestKind,
    Welcome,
};
use proto::{Address, CallError, ChallengeNonce, Fence};
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::Arc;
use tokio::sync::mpsc;
use tracing::info;

/// A node that proved itself.
#[derive(Debug)]
pub(super) struct Greeted {
    pub(super) provider: Address,
    pub(super) signer: Address,
    pub(super) bundle: Arc<BootBundle>,
    pub(super) judgement: Judgement,
    pub(super) fence: Fence,
    pub(super) seated: Seated,
}

impl Reception {
    /// Nothing, if the node went away before.
    pub(super) async fn greet(
        &self,
        inbound: &mut Inbound,
        out: &mpsc::Sender<BrokerMessage>,
    ) -> Result<Option<Greeted>, End> {
        let greeting = self.introduce(inbound, out);
        let too_slow = |_elapsed| End::of(CallError::NotReady, "the greeting took too long");
        let greeting = tokio::time::timeout(self.settings.greeting, greeting);
        let Some((announced, judgement)) = greeting.await.map_err(too_slow)?? else {
            return Ok(None);
        };
        self.welcome(announced, judgement, out).await.map(Some)
    }

    async fn introduce(
        &self,
        inbound: &mut Inbound,
        out: &mpsc::Sender<BrokerMessage>,
    ) -> Result<Option<(Announcement, Judgement)>, End> {
        let announced = match inbound.next().await.transpose()? {
            Some(NodeMessage::Announcement(announced)) => announced,
            Some(_other) => return Err(End::of(CallError::Unexpected, "announce yourself first")),
            None => return Ok(None),
        };
        let offer = &announced.offer;
        if address_of(announced.bundle.signer) != Some(offer.signer) {
            let detail = "the offer's signer is not the evidence's";
            return Err(End::of(CallError::EvidenceRejected, detail));
        }
        let judgement = self.judged(announced.bundle.clone()).await?;
        self.refuse_impostor(&announced).await?;
        if !self.is_alive(&announced, inbound, out).await? {
            return Ok(None);
        }
        Ok(Some((announced, judgement)))
    }

    /// Certificates and signatures take milliseconds, off the runtime.
    async fn judged(&self, bundle: BootBundle) -> Result<Judgement, End> {
        let (judge, now) = (self.judge.clone(), self.now());
        let judged = tokio::task::spawn_blocking(move || judge.boot(&bundle, now));
        let judged = judged.await;
        let judged = judged.map_err(|_panic| End::of(CallError::Internal, ""))?;
        judged.map_err(|why| disbelieved(&why))
    }

    /// Two machines that say they serve one provider: the one that is here stays.
    async fn refuse_impostor(&self, announced: &Announcement) -> Result<(), End> {
        let offer = &announced.offer;
        let Some(known) = self.books.store.node(offer.provider).await? else {
            return Ok(());
        };
        let silence = u64::from(self.settings.silence_secs_max);
        let here = known.seen.saturating_add(silence) > self.now() && known.quarantined.is_none();
        if here && known.offer.signer != offer.signer {
            let detail = "another machine of this provider is here";
            return Err(End::of(CallError::CallerUnknown, detail));
        }
        Ok(())
    }

    /// The evidence may be a copy; its key signs a nonce of ours.
    async fn is_alive(
        &self,
        announced: &Announcement,
        inbound: &mut Inbound,
        out: &mpsc::Sender<BrokerMessage>,
    ) -> Result<bool, End> {
        let nonce = fresh_nonce()?;
        let kind = RequestKind::Liveness(LivenessRequest { nonce });
        let request = BrokerMessage::Request(Request { id: 0, kind });
        if out.send(request).await.is_err() {
            return Ok(false);
        }
        let reply = match inbound.next().await.transpose()? {
            Some(NodeMessage::Answer(Answer {
                id: 0,
                kind: AnswerKind::Liveness(reply),
            })) => reply,
            Some(_other) => return Err(End::of(CallError::Unexpected, "sign the nonce first")),
            None => return Ok(false),
        };
        if is_signed(&reply, announced, nonce) {
            return Ok(true);
        }
        let detail = "the nonce is not signed by the attested key";
        Err(End::of(CallError::EvidenceRejected, detail))
    }

    async fn welcome(
        &self,
        announced: Announcement,
        judgement: Judgement,
        out: &mpsc::Sender<BrokerMessage>,
    ) -> Result<Greeted, End> {
        let (provider, signer) = (announced.offer.provider, announced.offer.signer);
        let enrolment = Enrolment {
            offer: announced.offer,
            judgement: judgement.clone(),
            endpoint: announced.endpoint.map(proto::Text::into_string),
            at: self.now(),
            fence_seen: announced.fence_seen,
        };
        let fence = self.books.store.enrol(&enrolment).await?;
        let seated = self.peers.seat(provider, fence);
        let seated = seated.ok_or_else(|| End::of(CallError::FenceStale, ""))?;
        let welcome = Welcome {
            fence,
            heartbeat_secs: self.settings.heartbeat_secs,
            silence_secs_max: self.settings.silence_secs_max,
            judgement: judgement.clone(),
        };
        // A node that went in between is noticed when it is heard next.
        drop(out.send(BrokerMessage::Welcome(welcome)).await);
        self.fleet.forget();
        self.books.feed.stir();
        info!(code = "B-SESSION-003", %provider, fence = fence.0, tier = judgement.tier.code(), "welcome");
        Ok(Greeted {
            provider,
            signer,
            bundle: Arc::new(announced.bundle),
            judgement,
            fence,
            seated,
        })
    }
}

pub(super) fn disbelieved(why: &Disbelieved) -> End {
    End::of(CallError::EvidenceRejected, why)
}

pub(super) fn fresh_nonce() -> Result<ChallengeNonce, End> {
    let mut nonce = [0; 32];
    let filled = SystemRandom::new().fill(&mut nonce);
    filled.map_err(|_unspecified| End::of(CallError::Internal, ""))?;
    Ok(ChallengeNonce(nonce))
}

fn is_signed(reply: &LivenessReply, announced: &Announcement, nonce: ChallengeNonce) -> bool {
    let digest = liveness_digest(reply.boot_id, nonce);
    let signer = reply.signature.signer(&digest).ok();
    reply.boot_id == announced.bundle.boot_id && signer == Some(announced.offer.signer)
}

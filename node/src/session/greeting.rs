//! From dialling to a welcome: the node says who it is, and proves what it is asked to.

use super::answer::{failure, fenced};
use super::{Broker, Left};
use crate::api::Unanswered;
use broker_client::{CallFailed, Session};
use proto::broker::{
    Announcement, Answer, AnswerKind, BrokerMessage, NodeMessage, Request, RequestKind, Welcome,
};
use proto::{CallError, List, TaskId};
use std::time::Duration;
use tracing::{debug, info};

/// How long a broker may take for it all: it judges evidence on the way.
const PATIENCE: Duration = Duration::from_mins(1);

const LOST: Left = Left::Lost { was_welcome: false };

pub(super) async fn greet(broker: &Broker) -> Result<(Session, Welcome), Left> {
    let greeted = tokio::time::timeout(PATIENCE, Box::pin(announce(broker))).await;
    let (session, welcome) = greeted.map_err(|_elapsed| LOST)??;
    let admitted = broker.fences.admit(broker.id(), welcome.fence);
    if let Err(error) = admitted {
        let is_stale = fenced(&error) == CallError::FenceStale;
        return Err(if is_stale { Left::Stale } else { LOST });
    }
    let (url, tier) = (&broker.url, welcome.judgement.tier.code());
    info!(code = "N-BROKER-001", broker = %url, fence = welcome.fence.0, tier, "the broker has welcomed this node");
    Ok((session, welcome))
}

async fn announce(broker: &Broker) -> Result<(Session, Welcome), Left> {
    let announcement = announcement(broker).await.map_err(|_starting| LOST)?;
    let opened = Session::open(&broker.url, announcement).await;
    let mut session = opened.map_err(|error| lost(broker, &error))?;
    loop {
        let heard = session.hear().await.map_err(|error| lost(broker, &error))?;
        match heard.ok_or(LOST)? {
            BrokerMessage::Welcome(welcome) => return Ok((session, welcome)),
            BrokerMessage::Dismissal(dismissal) => return Err(Left::Dismissed(dismissal)),
            BrokerMessage::Request(request) => {
                let answer = prove(broker, request).await;
                let said = session.voice().say(NodeMessage::Answer(answer)).await;
                said.map_err(|_gone| LOST)?;
            }
        }
    }
}

async fn announcement(broker: &Broker) -> Result<Announcement, Unanswered> {
    Ok(Announcement {
        offer: broker.clerk.offer().await?,
        bundle: broker.clerk.bundle()?,
        endpoint: broker.endpoint.clone(),
        version: crate::status::version(),
        fence_seen: broker.fences.seen(broker.id()),
        open_tasks: open_tasks(broker).await?,
    })
}

/// Of this broker's tasks, those that are open here. What is no longer known is forgotten.
async fn open_tasks<const MAX: usize>(broker: &Broker) -> Result<List<TaskId, MAX>, Unanswered> {
    let dealt = broker.dealt.of(broker.id());
    let known = broker.clerk.known_among(dealt).await?;
    let open = known.iter().filter(|(_, is_open)| *is_open);
    let open = open.map(|&(task, _)| task).take(MAX).collect();
    let all = known.into_iter().map(|(task, _)| task).collect();
    broker.dealt.keep_only(broker.id(), all);
    Ok(List::new(open).unwrap_or_default())
}

/// Nothing but proofs is given to who has not said welcome.
async fn prove(broker: &Broker, request: Request) -> Answer {
    let proof = match request.kind {
        RequestKind::Liveness(asked) => {
            let signed = broker.clerk.liveness(asked.nonce);
            signed.map(AnswerKind::Liveness)
        }
        RequestKind::Challenge(asked) => {
            let shown = broker.clerk.challenge(asked.nonce).await;
            shown.map(AnswerKind::Challenge)
        }
        RequestKind::Dispatch(_)
        | RequestKind::Cancel(_)
        | RequestKind::Logs(_)
        | RequestKind::Get(_) => Err(CallError::Unexpected.into()),
    };
    let kind = proof.unwrap_or_else(failure);
    Answer {
        id: request.id,
        kind,
    }
}

fn lost(broker: &Broker, error: &CallFailed) -> Left {
    debug!(broker = %broker.url, %error, "no session");
    LOST
}

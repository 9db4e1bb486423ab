//! The node as others meet it: whoever verifies, its broker, its customer, its operator.

use crate::caller::{Caller, Wire};
use crate::collector::Collector;
use crate::customer::judged_as;
use crate::node::{Callers, Tuning};
use crate::story::{Expected, Play, until};
use attestation::{Attested, Bundle, Purpose};
use proto::attestation::{BootBundle, ChallengeReply, ChallengeRequest, LivenessReply};
use proto::attestation::{LivenessRequest, liveness_digest};
use proto::grpc::call_error;
use proto::grpc::node_client::NodeClient;
use proto::node::{DispatchReply, DispatchRequest, NodeState, NodeStatus};
use proto::task::{LogLines, Phase, TaskEvent, TaskEventKind};
use proto::training::Progress;
use proto::{
    Action, Blob, CallError, ChallengeNonce, Digest, Fence, Reason, SignedOrder, Submission, wire,
};
use std::time::Duration;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

type Client = NodeClient<Wire>;

const NONCE: ChallengeNonce = ChallengeNonce([9; 32]);

/// Everybody who calls, and the play.
struct Scene {
    play: Play,
    broker: Caller,
    operator: Caller,
    collector: Collector,
}

impl Scene {
    async fn set() -> Self {
        let (broker, operator) = (Caller::with_key(), Caller::with_key());
        let collector = Collector::open().await;
        let callers = Callers {
            broker: Some(broker.key()),
            operator: Some(operator.key()),
        };
        let tuning = Tuning {
            callers,
            collector: Some(collector.address),
            ..Tuning::default()
        };
        Self {
            play: Play::begin_with(tuning).await,
            broker,
            operator,
            collector,
        }
    }

    async fn call(&self, caller: &Caller) -> (Client, Digest) {
        caller.call(self.play.node.api().await).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_over_the_wire_from_a_verified_key_to_its_last_event() {
    let mut scene = Scene::set().await;
    let (mut stranger, shown) = scene.call(&Caller::stranger()).await;

    let boot = verified(&mut stranger, &scene.play, shown).await;
    challenged(&mut stranger, &scene.play, &boot).await;
    alive(&mut stranger, &boot).await;
    let expected = scene.play.order(1, 60).await;
    refused(&scene, &mut stranger, &expected).await;
    dispatched(&scene, &expected).await;
    watched(&mut stranger, &scene, &expected).await;
    scene.play.finish(&expected).await;
    traced(&mut scene.collector, &expected).await;
    drained(&scene, &expected).await;
}

/// The key of the connection is the one that the machine vouches for.
async fn verified(node: &mut Client, play: &Play, shown: Digest) -> Attested {
    let bundle = node.attest(wire::AttestRequest {}).await.unwrap();
    let bundle = BootBundle::try_from(bundle.into_inner()).unwrap();

    let attested = judge(&bundle.evidence, play, "boot");

    let bound = attested.bound().unwrap();
    assert_eq!(bound.tls_key, shown);
    assert_eq!(bundle.tls_spki, shown);
    assert_eq!(bound.boot_id, bundle.boot_id.0);
    attested
}

fn judge(evidence: &proto::attestation::Evidence, play: &Play, purpose: &str) -> Attested {
    let bundle = Bundle::from_wire(evidence).unwrap();
    judged_as(&bundle, &play.machine, purpose)
}

/// A report over our nonce, of the same boot and the same key.
async fn challenged(node: &mut Client, play: &Play, boot: &Attested) {
    let asked = ChallengeRequest { nonce: NONCE };
    let reply = node.challenge(wire::ChallengeRequest::from(asked)).await;
    let reply = ChallengeReply::try_from(reply.unwrap().into_inner()).unwrap();

    let fresh = judge(&reply.evidence, play, "challenge");

    let (boot, fresh) = (boot.bound().unwrap(), fresh.bound().unwrap());
    assert_eq!((fresh.purpose, fresh.nonce), (Purpose::Challenge, NONCE.0));
    assert_eq!(fresh.tls_key, boot.tls_key);
    assert_eq!(fresh.boot_id, boot.boot_id);
}

/// The attested signer signs our nonce.
async fn alive(node: &mut Client, boot: &Attested) {
    let asked = LivenessRequest { nonce: NONCE };
    let reply = node.liveness(wire::LivenessRequest::from(asked)).await;
    let reply = LivenessReply::try_from(reply.unwrap().into_inner()).unwrap();

    let signed = liveness_digest(reply.boot_id, NONCE);
    let who = reply.signature.signer(&signed).unwrap();

    let attested = boot.bound().unwrap();
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&attested.signer).unwrap();
    assert_eq!(who, proto::Address::from_public_key(&key));
}

pub(crate) fn submission(signed: &SignedOrder, recipe: &str) -> wire::DispatchRequest {
    let submission = Submission {
        order: signed.clone(),
        recipe: Blob::new(recipe.as_bytes().to_vec()).unwrap(),
    };
    let fence = Fence(1);
    DispatchRequest { submission, fence }.into()
}

/// Nobody but its broker dispatches, nobody but her sees her task, and a "no" has its number.
async fn refused(scene: &Scene, stranger: &mut Client, expected: &Expected) {
    let asked = submission(&expected.signed, &expected.recipe);
    let no = stranger.dispatch(asked).await.unwrap_err();
    assert_eq!(call_error(&no), Some(CallError::CallerUnknown));
    assert_eq!(no.code(), Code::PermissionDenied);

    let (mut broker, _) = scene.call(&scene.broker).await;
    let mut forged = expected.signed.clone();
    forged.order.fee_max = proto::Wei::from(1_u64);
    let no = hand_in(&mut broker, submission(&forged, &expected.recipe)).await;
    assert_eq!(no, Some(Reason::SignatureInvalid));
    let no = hand_in(&mut broker, submission(&expected.signed, "{}")).await;
    assert_eq!(no, Some(Reason::RecipeInvalid));
}

/// The reason of a "no"; a node that is not ready yet is asked again.
pub(crate) async fn hand_in(broker: &mut Client, asked: wire::DispatchRequest) -> Option<Reason> {
    let answered = until("an answer", Duration::from_mins(2), async || {
        match broker.dispatch(asked.clone()).await {
            Ok(reply) => Some(reply.into_inner()),
            Err(error) if call_error(&error) == Some(CallError::NotReady) => None,
            Err(error) => panic!("{error}"),
        }
    });
    reason(answered.await)
}

fn reason(reply: wire::DispatchReply) -> Option<Reason> {
    match DispatchReply::try_from(reply).unwrap() {
        DispatchReply::Taken(_) => None,
        DispatchReply::Refused(refusal) => Some(refusal.reason),
    }
}

async fn dispatched(scene: &Scene, expected: &Expected) {
    let (mut broker, _) = scene.call(&scene.broker).await;
    for _again in 0..2 {
        let asked = submission(&expected.signed, &expected.recipe);
        assert_eq!(hand_in(&mut broker, asked).await, None);
    }
}

/// She sees every step of the way, until her adapter is delivered; nobody else does.
async fn watched(node: &mut Client, scene: &Scene, expected: &Expected) {
    let task = expected.task();
    let watch = |permit| wire::WatchRequest {
        task: bytes::Bytes::copy_from_slice(task.as_bytes()),
        permit,
        after_sequence: 0,
    };
    let no = node.watch(watch(None)).await.unwrap_err();
    assert_eq!(call_error(&no), Some(CallError::PermitMissing));

    let permit: wire::Permit = scene.play.buyer.permit(Action::Read, task).into();
    let mut events = node
        .watch(watch(Some(permit.clone())))
        .await
        .unwrap()
        .into_inner();
    let (mut steps, mut phases) = (0, Vec::new());
    let news = async {
        while let Some(event) = events.message().await.unwrap() {
            match TaskEvent::try_from(event).unwrap().kind {
                TaskEventKind::Progress(Progress::Step(step)) => {
                    assert!(step.loss.get() > 0.0 && step.tokens_per_sec.get() > 0.0);
                    steps += 1;
                }
                TaskEventKind::Phase(phase @ Phase::Delivered(_)) => {
                    phases.push(phase);
                    break;
                }
                TaskEventKind::Phase(phase) => phases.push(phase),
                TaskEventKind::Progress(_) | TaskEventKind::Queued(_) => {}
            }
        }
    };
    let delivered = tokio::time::timeout(Duration::from_mins(3), news).await;
    assert!(delivered.is_ok(), "{phases:?}: {}", scene.play.node.log());
    assert!(steps > 0, "no step was told");
    assert!(phases.contains(&Phase::Staged) && phases.contains(&Phase::Trained));
    logged(node, permit, expected).await;
}

/// What is logged of her task has none of her data in it.
async fn logged(node: &mut Client, permit: wire::Permit, expected: &Expected) {
    let asked = wire::LogsRequest {
        task: bytes::Bytes::copy_from_slice(expected.task().as_bytes()),
        permit: Some(permit),
        after_sequence: 0,
        follow: false,
    };
    let mut lines = node.logs(asked).await.unwrap().into_inner();
    let mut text = String::new();
    while let Some(batch) = lines.message().await.unwrap() {
        for line in &LogLines::try_from(batch).unwrap().lines {
            text.push_str(&line.text);
            text.push('\n');
        }
    }
    assert!(text.contains("staged"), "{text}");
    assert!(!text.contains("what is"), "{text}");
}

/// One trace, from its first stage to the root that closes it.
async fn traced(collector: &mut Collector, expected: &Expected) {
    let spans = collector.until_root(expected.task()).await;
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    for stage in ["stage", "train", "seal", "deliver", "settle", "task"] {
        assert!(names.contains(&stage), "{stage} in {names:?}");
    }
    let trace = &expected.task().0[..16];
    assert!(spans.iter().all(|span| span.trace_id == trace));
}

/// Drained by its operator, it says so everywhere and takes nothing.
async fn drained(scene: &Scene, expected: &Expected) {
    let (mut broker, _) = scene.call(&scene.broker).await;
    let no = broker.drain(wire::DrainRequest { drain: true }).await;
    assert_eq!(call_error(&no.unwrap_err()), Some(CallError::CallerUnknown));
    let (mut operator, _) = scene.call(&scene.operator).await;

    let status = operator.drain(wire::DrainRequest { drain: true }).await;

    let status = NodeStatus::try_from(status.unwrap().into_inner()).unwrap();
    assert_eq!(status.state, NodeState::Draining);
    assert!(status.chain_time > 0);
    let mut another = expected.signed.clone();
    another.order.nonce += proto::U256::from(1);
    let asked = submission(&another, &expected.recipe);
    assert_eq!(hand_in(&mut broker, asked).await, Some(Reason::Draining));
    let address = scene.play.node.api().await;
    let (wire, _) = Caller::stranger().connect(address).await;
    let mut health = HealthClient::new(wire);
    until("health says so", Duration::from_mins(1), async || {
        let service = "sealtune.v1.Node".to_owned();
        let asked = health.check(HealthCheckRequest { service }).await;
        let status = asked.unwrap().into_inner().status();
        (status == ServingStatus::NotServing).then_some(())
    })
    .await;
}

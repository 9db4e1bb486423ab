//! The gRPC service as its callers meet it: over TLS, with permits, within limits.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails; it spawns what it drives"
)]

mod caller;
mod house;

use caller::Caller;
use house::{Customer, House, NONCE};
use node::api::Limits;
use node::breaker::Cause;
use proto::grpc::call_error;
use proto::wire;
use proto::{Action, CallError, Fence, Reason, TaskId};
use tokio_stream::StreamExt;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

fn bytes(task: TaskId) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(task.as_bytes())
}

#[tokio::test]
async fn the_servers_key_is_the_one_the_evidence_names() {
    let house = House::open(Limits::default()).await;
    let (mut node, shown) = Caller::stranger().call(house.address).await;

    let bundle = node
        .attest(wire::AttestRequest {})
        .await
        .unwrap()
        .into_inner();

    assert_eq!(
        bundle.tls_spki,
        bytes::Bytes::copy_from_slice(shown.as_bytes())
    );
}

#[tokio::test]
async fn only_a_known_broker_dispatches() {
    let house = House::open(Limits::default()).await;
    let order = Customer::new(1).order(1);
    let (mut stranger, _) = Caller::stranger().call(house.address).await;
    let (mut other, _) = Caller::with_key().call(house.address).await;

    for node in [&mut stranger, &mut other] {
        let refused = node.dispatch(order.dispatch(Fence(1))).await.unwrap_err();
        assert_eq!(call_error(&refused), Some(CallError::CallerUnknown));
    }

    let (mut broker, _) = house.broker.call(house.address).await;
    let reply = broker
        .dispatch(order.dispatch(Fence(1)))
        .await
        .unwrap()
        .into_inner();
    assert!(matches!(
        reply.kind,
        Some(wire::dispatch_reply::Kind::Taken(_))
    ));
}

#[tokio::test]
async fn a_dispatch_again_is_the_same_task_and_a_stale_session_is_refused() {
    let house = House::open(Limits::default()).await;
    let order = Customer::new(1).order(1);
    let (mut broker, _) = house.broker.call(house.address).await;
    broker.dispatch(order.dispatch(Fence(5))).await.unwrap();

    let again = broker
        .dispatch(order.dispatch(Fence(6)))
        .await
        .unwrap()
        .into_inner();
    let stale = broker.dispatch(order.dispatch(Fence(5))).await.unwrap_err();

    let Some(wire::dispatch_reply::Kind::Taken(status)) = again.kind else {
        panic!("it was taken before");
    };
    assert_eq!(status.task, bytes(order.id()));
    assert_eq!(call_error(&stale), Some(CallError::FenceStale));
}

#[tokio::test]
async fn an_open_breaker_refuses_orders_with_its_number_and_heals() {
    let house = House::open(Limits::default()).await;
    let order = Customer::new(1).order(1);
    let (mut broker, _) = house.broker.call(house.address).await;
    // Nothing in this house looks at the disk: the cause stays as it is set.
    house.gate.trouble(Cause::LowDisk);

    let refused = broker
        .dispatch(order.dispatch(Fence(1)))
        .await
        .unwrap()
        .into_inner();
    house.gate.well(Cause::LowDisk);
    let taken = broker
        .dispatch(order.dispatch(Fence(1)))
        .await
        .unwrap()
        .into_inner();

    let Some(wire::dispatch_reply::Kind::Refused(refusal)) = refused.kind else {
        panic!("the breaker is open");
    };
    assert_eq!(refusal.reason, u32::from(Reason::BreakerOpen.code()));
    assert!(matches!(
        taken.kind,
        Some(wire::dispatch_reply::Kind::Taken(_))
    ));
}

#[tokio::test]
async fn a_task_is_told_only_to_who_has_its_customers_permit() {
    let house = House::open(Limits::default()).await;
    let (customer, thief) = (Customer::new(1), Customer::new(2));
    let task = house.take(&customer.order(1)).await;
    let (mut node, _) = Caller::stranger().call(house.address).await;
    let mut refusal = async |permit| {
        let get = wire::GetRequest {
            task: bytes(task),
            permit,
        };
        node.get(get)
            .await
            .err()
            .and_then(|error| call_error(&error))
    };

    assert_eq!(refusal(None).await, Some(CallError::PermitMissing));
    assert_eq!(
        refusal(Some(thief.permit(Action::Read, task))).await,
        Some(CallError::PermitInsufficient)
    );
    assert_eq!(
        refusal(Some(thief.forged(&customer, task))).await,
        Some(CallError::PermitInvalid)
    );
    assert_eq!(
        refusal(Some(customer.permit(Action::Cancel, task))).await,
        Some(CallError::PermitInsufficient)
    );
    assert_eq!(
        refusal(Some(customer.expired(task))).await,
        Some(CallError::PermitExpired)
    );
    assert_eq!(
        refusal(Some(customer.permit(Action::Read, task))).await,
        None
    );
}

#[tokio::test]
async fn a_watcher_sees_a_task_from_its_start_to_a_cancel() {
    let house = House::open(Limits::default()).await;
    let customer = Customer::new(1);
    let task = house.take(&customer.order(1)).await;
    let (mut node, _) = Caller::stranger().call(house.address).await;
    let watch = wire::WatchRequest {
        task: bytes(task),
        permit: Some(customer.permit(Action::Read, task)),
        after_sequence: 0,
    };
    let mut events = node.watch(watch).await.unwrap().into_inner();

    let cancel = wire::CancelRequest {
        task: bytes(task),
        permit: Some(customer.permit(Action::Cancel, task)),
    };
    node.cancel(cancel.clone()).await.unwrap();
    node.cancel(cancel).await.unwrap();

    let mut last = None;
    while let Some(event) = events.next().await {
        last = Some(event.unwrap());
    }
    let Some(wire::task_event::Kind::Phase(phase)) = last.unwrap().kind else {
        panic!("a task ends with a phase");
    };
    assert!(matches!(phase.kind, Some(wire::phase::Kind::Closed(_))));
}

#[tokio::test]
async fn the_same_challenge_is_asked_of_the_device_once() {
    let house = House::open(Limits::default()).await;
    let (mut node, _) = Caller::stranger().call(house.address).await;
    let mut other = node.clone();
    let challenge = || wire::ChallengeRequest {
        nonce: bytes::Bytes::copy_from_slice(NONCE.as_bytes()),
    };

    let (a, b) = tokio::join!(node.challenge(challenge()), other.challenge(challenge()));

    assert_eq!(a.unwrap().into_inner(), b.unwrap().into_inner());
    assert_eq!(house.challenges(), 1);
}

#[tokio::test]
async fn challenges_are_rate_limited_while_other_calls_go_on() {
    let limits = Limits {
        challenges_per_min: 1,
        ..Limits::default()
    };
    let house = House::open(limits).await;
    let (mut node, _) = Caller::stranger().call(house.address).await;
    let mut refused = None;
    for byte in 0..10 {
        let nonce = bytes::Bytes::from(vec![byte; 32]);
        if let Err(error) = node.challenge(wire::ChallengeRequest { nonce }).await {
            refused = call_error(&error);
        }
    }

    assert_eq!(refused, Some(CallError::RateLimited));
    assert!(house.challenges() < 10);
    assert!(node.attest(wire::AttestRequest {}).await.is_ok());
}

#[tokio::test]
async fn calls_without_pause_are_refused() {
    let limits = Limits {
        calls_per_sec: 1,
        ..Limits::default()
    };
    let house = House::open(limits).await;
    let (mut node, _) = Caller::stranger().call(house.address).await;
    let mut refused = None;
    for _call in 0..20 {
        refused = node.attest(wire::AttestRequest {}).await.err();
    }

    assert_eq!(call_error(&refused.unwrap()), Some(CallError::RateLimited));
}

#[tokio::test]
async fn streams_of_one_peer_have_a_bound() {
    let limits = Limits {
        streams_per_peer: 2,
        ..Limits::default()
    };
    let house = House::open(limits).await;
    let customer = Customer::new(1);
    let task = house.take(&customer.order(1)).await;
    let watch = || wire::WatchRequest {
        task: bytes(task),
        permit: Some(customer.permit(Action::Read, task)),
        after_sequence: 0,
    };
    let (mut first, _) = Caller::stranger().call(house.address).await;
    let (mut second, _) = Caller::stranger().call(house.address).await;
    let _one = first.watch(watch()).await.unwrap();
    let _two = first.watch(watch()).await.unwrap();

    let refused = second.watch(watch()).await.unwrap_err();

    assert_eq!(call_error(&refused), Some(CallError::TooManyStreams));
}

#[tokio::test]
async fn only_a_known_operator_drains() {
    let house = House::open(Limits::default()).await;
    let drain = wire::DrainRequest { drain: true };
    let (mut broker, _) = house.broker.call(house.address).await;
    let (mut operator, _) = house.operator.call(house.address).await;

    let refused = broker.drain(drain).await.unwrap_err();
    let status = operator.drain(drain).await.unwrap().into_inner();

    assert_eq!(call_error(&refused), Some(CallError::CallerUnknown));
    let state = status.state.unwrap().kind;
    assert!(matches!(state, Some(wire::node_state::Kind::Draining(()))));
}

#[tokio::test]
async fn a_thousand_idle_watchers_cost_little() {
    const WATCHERS: usize = 1_000;
    let house = House::open(Limits {
        streams_per_peer: WATCHERS,
        connections_per_peer: WATCHERS,
        calls_per_sec: 100_000,
        ..Limits::default()
    })
    .await;
    let customer = Customer::new(1);
    let task = house.take(&customer.order(1)).await;
    let permit = customer.permit(Action::Read, task);
    let before = house::resident_bytes();

    let mut watchers = Vec::new();
    for _watcher in 0..WATCHERS {
        let (mut node, _) = Caller::stranger().call(house.address).await;
        let watch = wire::WatchRequest {
            task: bytes(task),
            permit: Some(permit.clone()),
            after_sequence: 0,
        };
        let mut events = node.watch(watch).await.unwrap().into_inner();
        events.next().await.unwrap().unwrap();
        watchers.push((node, events));
    }

    let both_ends = house::resident_bytes().saturating_sub(before);
    println!(
        "{WATCHERS} watchers, each on a TLS connection of its own: {} KiB for both ends",
        both_ends >> 10
    );
    assert!(both_ends < 100 << 20, "{both_ends} bytes");
}

#[tokio::test]
async fn health_and_reflection_are_answered_on_the_same_connection() {
    let house = House::open(Limits::default()).await;
    let (wire, _) = Caller::stranger().connect(house.address).await;
    let mut health = HealthClient::new(wire.clone());
    let mut reflection = ServerReflectionClient::new(wire);

    let service = String::new();
    let healthy = health.check(HealthCheckRequest { service }).await.unwrap();
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = reflection
        .server_reflection_info(tokio_stream::once(list))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();

    assert_eq!(healthy.into_inner().status(), ServingStatus::Serving);
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("a list was asked for");
    };
    let mut names = list.service.iter().map(|service| service.name.as_str());
    assert!(names.any(|name| name == "sealtune.v1.Node"));
}

//! Nodes' sessions: who is believed, which of two holds, what is caught up with.

use crate::customer::Customer;
use crate::house::{DEADLINE, House, SILENCE, until};
use crate::node::Node;
use crate::orders::{joined, taken};
use broker::job::Stage;
use proto::broker::{BrokerMessage, RequestKind};
use proto::task::Phase;
use proto::{CallError, Fence};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn evidence_that_is_refused_is_no_node() {
    let house = House::open().await;
    house.believing.doubts.store(true, Ordering::SeqCst);

    let dismissed = Node::number(7).join(house.client()).await.err().unwrap();

    assert_eq!(dismissed.cause.error, CallError::EvidenceRejected);
    assert!(
        house
            .books
            .store
            .nodes(0, proto::Address::ZERO, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn evidence_that_was_copied_is_no_node() {
    let house = House::open().await;
    let mut node = Node::number(7);
    node.lies = true;

    let dismissed = node.join(house.client()).await.err().unwrap();

    assert_eq!(dismissed.cause.error, CallError::EvidenceRejected);
}

#[tokio::test]
async fn a_later_session_takes_over() {
    let house = House::open().await;
    let mut first = joined(&house, 7).await;
    let second = joined(&house, 7).await;

    assert!(second.welcome.fence > first.welcome.fence);
    assert_eq!(first.dismissed().await, CallError::FenceStale);
}

#[tokio::test]
async fn a_fence_is_above_what_the_node_has_seen_from_books_that_were_lost() {
    let house = House::open().await;

    let line = Node::number(7)
        .join_having_seen(house.client(), Fence(40))
        .await;

    assert!(line.ok().unwrap().welcome.fence > Fence(40));
}

#[tokio::test]
async fn another_machine_of_a_provider_that_is_here_is_sent_away() {
    let house = House::open().await;
    let here = joined(&house, 7).await;
    let mut other = Node::number(8);
    other.provider = here.node.provider;

    let dismissed = other.join(house.client()).await.err().unwrap();

    assert_eq!(dismissed.cause.error, CallError::CallerUnknown);
    assert!(dismissed.retry_after_secs > 0, "the other may go");
}

#[tokio::test]
async fn a_node_that_no_longer_proves_itself_is_quarantined_until_it_does() {
    let house = House::open().await;
    let mut line = joined(&house, 7).await;
    house.believing.doubts.store(true, Ordering::SeqCst);
    // The judgement is good for an hour; the node is heard in between.
    house.pass(3_590);
    line.beat().await;

    assert_eq!(line.dismissed().await, CallError::EvidenceRejected);
    let provider = line.node.provider;
    let member = house.books.store.node(provider).await.unwrap().unwrap();
    assert!(member.quarantined.is_some());
    assert!(house.service.desk.fleet.nodes().await.unwrap().is_empty());

    house.believing.doubts.store(false, Ordering::SeqCst);
    let _again = joined(&house, 7).await;
    assert_eq!(house.service.desk.fleet.nodes().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_that_proves_itself_anew_goes_on() {
    let house = House::open().await;
    let mut line = joined(&house, 7).await;
    house.pass(3_590);
    line.beat().await;

    until("the judgement is renewed", async || {
        let member = house
            .books
            .store
            .node(line.node.provider)
            .await
            .unwrap()
            .unwrap();
        member.judgement.judged_at > crate::house::BEGIN
    })
    .await;
}

#[tokio::test]
async fn a_node_that_is_not_heard_of_is_given_nothing() {
    let house = House::open().await;
    let mut line = joined(&house, 7).await;

    house.pass(u64::from(SILENCE) + 1);

    assert!(house.service.desk.fleet.nodes().await.unwrap().is_empty());
    assert_eq!(line.dismissed().await, CallError::NodeUnreachable);
}

#[tokio::test]
async fn a_heartbeat_under_another_fence_ends_the_session() {
    let house = House::open().await;
    let mut line = joined(&house, 7).await;
    line.welcome.fence = Fence(line.welcome.fence.0 - 1);

    line.beat().await;

    assert_eq!(line.dismissed().await, CallError::FenceStale);
}

#[tokio::test]
async fn a_node_that_comes_back_is_handed_what_it_was_given() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    line.asked().await;
    drop(line);

    let mut back = joined(&house, 7).await;

    assert_eq!(back.take().await, task);
}

#[tokio::test]
async fn what_was_missed_of_a_task_is_asked_for() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut line = joined(&house, 7).await;
    let task = taken(&house, customer.signed(customer.order(1, DEADLINE))).await;
    house.round().await;
    line.take().await;
    let stage = async || {
        house
            .books
            .store
            .job(task)
            .await
            .unwrap()
            .unwrap()
            .job
            .stage
    };
    until("the node has it", async || {
        matches!(stage().await, Stage::Taken { .. })
    })
    .await;
    drop(line);

    let mut back = joined(&house, 7).await;
    let request = back.asked().await;
    assert!(matches!(request.kind, RequestKind::Get(_)));
    back.answer_status(request.id, task, Phase::Accepted).await;

    until("it has started", async || {
        matches!(stage().await, Stage::Started { .. })
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_drains_sends_its_nodes_elsewhere() {
    let house = House::open().await;
    let mut line = joined(&house, 7).await;

    house.stop.drain();

    let message = line.hear().await;
    let Some(BrokerMessage::Dismissal(dismissal)) = message else {
        panic!("no dismissal, but {message:?}");
    };
    assert_eq!(dismissal.cause.error, CallError::NotReady);
    assert!(dismissal.retry_after_secs > 0);
}

//! Orders as fast as they are taken.

use crate::customer::Customer;
use crate::host::{Host, processor_secs};
use proto::broker::SubmitRequest;
use proto::grpc::broker_client::BrokerClient;
use proto::wire;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Calls in flight.
const CALLERS: usize = 128;
const CONNECTIONS: usize = 8;
/// Of one customer, below what one may have open.
const ORDERS_EACH: u64 = 60;
/// More than can be taken in the time.
const PER_SEC_MOST: u64 = 6_000;

type Orders = Arc<Mutex<VecDeque<wire::SubmitRequest>>>;

pub(crate) async fn run(host: &Host, secs: u64) {
    let orders = signed(secs * PER_SEC_MOST);
    let served = host.serve().await;
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(served.channel().await);
    }
    let (begun, used) = (Instant::now(), processor_secs());
    let until = begun + Duration::from_secs(secs);
    let mut callers = JoinSet::new();
    for index in 0..CALLERS {
        let client = BrokerClient::new(channels[index % CONNECTIONS].clone());
        callers.spawn(submit(client, orders.clone(), until));
    }
    let mut took: Vec<Duration> = callers.join_all().await.into_iter().flatten().collect();
    let lasted = begun.elapsed().as_secs_f64();
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    println!(
        "{} orders in {lasted:.1} s: {:.0} a second; p50 {:?}, p99 {:?}; {:.2} processors used by broker and callers together",
        took.len(),
        took.len() as f64 / lasted,
        at(50),
        at(99),
        (processor_secs() - used) / lasted,
    );
}

fn signed(count: u64) -> Orders {
    let orders = (0..count).map(|number| {
        let customer = Customer::of(number / ORDERS_EACH);
        let mut order = customer.order(number, u64::from(u32::MAX));
        order.tier = proto::Tier::Development;
        let submission = customer.signed(order);
        wire::SubmitRequest::from(SubmitRequest { submission })
    });
    Arc::new(Mutex::new(orders.collect()))
}

async fn submit(
    mut client: BrokerClient<tonic::transport::Channel>,
    orders: Orders,
    until: Instant,
) -> Vec<Duration> {
    let mut took = Vec::new();
    while Instant::now() < until {
        let Some(order) = orders.lock().unwrap().pop_front() else {
            panic!("there were too few orders to last");
        };
        let asked = Instant::now();
        let reply = client.submit(order).await.unwrap().into_inner();
        took.push(asked.elapsed());
        let taken = matches!(reply.kind, Some(wire::submit_reply::Kind::Taken(_)));
        assert!(taken, "refused: {reply:?}");
    }
    took
}

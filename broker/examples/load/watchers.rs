//! Many who watch one task, and how soon all have heard.

use crate::customer::Customer;
use crate::host::Host;
use crate::node::Node;
use crate::proof::prove;
use proto::broker::SubmitRequest;
use proto::grpc::broker_client::BrokerClient;
use proto::node::WatchRequest;
use proto::task::Phase;
use proto::{Action, Fence, Tier, wire};
use std::time::Instant;
use tokio::task::JoinSet;

/// Watchers over one connection.
const EACH: u64 = 250;

pub(crate) async fn run(host: &Host, count: u64) {
    let served = host.serve().await;
    let mut node = Node::number(7);
    node.prove = prove;
    let mut client = BrokerClient::new(served.channel().await);
    let (out, messages) = node.announced(Fence(0)).await;
    let heard = client.session(messages).await.unwrap().into_inner();
    let line = node.settle(out, heard).await;
    let mut line = line.unwrap_or_else(|dismissal| panic!("dismissed: {dismissal:?}"));
    let customer = Customer::of(1);
    let mut order = customer.order(1, u64::from(u32::MAX));
    order.tier = Tier::Development;
    let task = order.id();
    let submission = customer.signed(order);
    let asked = wire::SubmitRequest::from(SubmitRequest { submission });
    client.submit(asked).await.unwrap();
    assert_eq!(line.take().await, task);

    let (mut streams, begun) = (Vec::new(), Instant::now());
    for number in 0..count {
        if number % EACH == 0 {
            client = BrokerClient::new(served.channel().await);
        }
        let watch = WatchRequest {
            task,
            permit: customer.may(Action::Read, task),
            after_sequence: 1,
        };
        let watched = client.watch(wire::WatchRequest::from(watch)).await;
        streams.push(watched.unwrap().into_inner());
    }
    println!("{count} watchers in {:.1} s", begun.elapsed().as_secs_f64());

    let mut hearing = JoinSet::new();
    let told = Instant::now();
    line.tell(task, Phase::Accepted).await;
    for mut stream in streams {
        hearing.spawn(async move {
            stream.message().await.unwrap().expect("an event");
            told.elapsed()
        });
    }
    let mut heard = hearing.join_all().await;
    heard.sort();
    println!(
        "all heard of an event within {:?}, half of them within {:?}",
        heard[heard.len() - 1],
        heard[heard.len() / 2],
    );
}

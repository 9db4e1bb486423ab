//! Nodes that announce themselves and beat.

use crate::host::{Host, machine_secs, processor_secs};
use crate::node::{Line, Node};
use crate::proof::prove;
use k256::ecdsa::SigningKey;
use proto::grpc::broker_client::BrokerClient;
use proto::{Address, Fence};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::transport::Channel;

/// Sessions over one connection.
const EACH: u64 = 100;
/// Announcing at once.
const AT_ONCE: usize = 64;
const BEAT: Duration = Duration::from_secs(10);

pub(crate) async fn run(host: &Host, count: u64, secs: u64) {
    let served = host.serve().await;
    let mut channels = Vec::new();
    for _ in 0..count.div_ceil(EACH) {
        channels.push(served.channel().await);
    }
    let begun = Instant::now();
    let (mut joining, mut lines) = (JoinSet::new(), Vec::new());
    for number in 0..count {
        if joining.len() >= AT_ONCE {
            lines.push(joining.join_next().await.unwrap().unwrap());
        }
        let channel = channels[usize::try_from(number / EACH).unwrap()].clone();
        joining.spawn(join(number, channel));
    }
    lines.extend(joining.join_all().await);
    println!(
        "{count} nodes announced, evidence judged, in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let mut beating = JoinSet::new();
    let (begun, used, machine) = (Instant::now(), processor_secs(), machine_secs());
    let until = begun + Duration::from_secs(secs);
    for (index, line) in lines.into_iter().enumerate() {
        beating.spawn(beat(line, index, count, until));
    }
    let beats: u64 = beating.join_all().await.into_iter().sum();
    let lasted = begun.elapsed().as_secs_f64();
    let processors = std::thread::available_parallelism().unwrap().get() as f64;
    println!(
        "{beats} beats in {lasted:.1} s: {:.0} a second; {:.1} % of the machine in all, {:.1} % by broker and nodes together",
        beats as f64 / lasted,
        (machine_secs() - machine) / lasted / processors * 100.0,
        (processor_secs() - used) / lasted / processors * 100.0,
    );
}

async fn join(number: u64, channel: Channel) -> Line {
    let mut secret = [1; 32];
    secret[24..].copy_from_slice(&(number + 1).to_be_bytes());
    let mut node = Node::of(SigningKey::from_slice(&secret).unwrap());
    let mut provider = [7; 20];
    provider[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    node.provider = Address::from(provider);
    node.prove = prove;
    let mut client = BrokerClient::new(channel);
    let (out, messages) = node.announced(Fence(0)).await;
    let heard = client.session(messages).await.unwrap().into_inner();
    let line = node.settle(out, heard).await;
    line.unwrap_or_else(|dismissal| panic!("dismissed: {dismissal:?}"))
}

/// Spread over the time between two beats.
async fn beat(mut line: Line, index: usize, count: u64, until: Instant) -> u64 {
    let place = index as f64 / count as f64;
    tokio::time::sleep(BEAT.mul_f64(place)).await;
    let mut beats = 0;
    while Instant::now() < until {
        line.beat().await;
        beats += 1;
        tokio::time::sleep(BEAT).await;
    }
    beats
}

//! Following: every final event once, in order, whatever the chain and the nodes do.

use super::cast::{Stage, config, offer};
use super::proxy::{Deed, Proxy};
use alloy_primitives::{Address, U64, U256};
use alloy_sol_types::SolCall;
use chain::bindings::Market as Abi;
use chain::{Event, Finality, FollowError, Follower, Reader, Seen};
use serde_json::json;
use testchain::Anvil;

const DEPTH: u64 = 12;

/// Something is said in every block: the provider's url counts up.
async fn speak(stage: &Stage, provider: Address, from: u32, to: u32) {
    for number in from..to {
        let mut said = offer(provider);
        said.url = number.to_string();
        let call = update(&said);
        let first = if number == 0 {
            U256::from(100) * U256::from(10).pow(U256::from(18))
        } else {
            U256::ZERO
        };
        stage
            .anvil
            .send(provider, Some(stage.market), call, first)
            .await;
    }
}

fn update(offer: &chain::Offer) -> alloy_primitives::Bytes {
    let quota = chain::bindings::IFineTuningTypes::Quota {
        cpuCount: U256::ONE,
        nodeMemory: U256::ONE,
        gpuCount: U256::ONE,
        nodeStorage: U256::ONE,
        gpuType: String::new(),
    };
    let call = Abi::addOrUpdateServiceCall {
        url: offer.url.clone(),
        quota,
        pricePerToken: U256::ONE,
        occupied: false,
        models: Vec::new(),
        teeSignerAddress: offer.signer,
    };
    call.abi_encode().into()
}

const SPEAKER: Address = alloy_primitives::address!("70997970C51812dc3A010C7d01b50e0d17dc79C8");

async fn read_all(follower: &mut Follower, into: &mut Vec<Seen>) {
    while let Some(page) = follower.next_page().await.unwrap() {
        into.extend(page.events);
    }
}

/// The urls in the order they were said.
fn said(events: &[Seen]) -> Vec<u32> {
    let url = |seen: &Seen| match &seen.event {
        Event::ServiceUpdated { url, .. } => url.parse().ok(),
        _ => None,
    };
    events.iter().filter_map(url).collect()
}

async fn deep_reader(stage: &Stage, urls: Vec<String>) -> Reader {
    let mut config = config(urls, stage.market);
    config.finality = Finality::Depth(DEPTH);
    config.page_blocks = 7;
    Reader::connect(config).await.unwrap()
}

#[tokio::test]
async fn a_reorg_of_ten_blocks_mid_follow_changes_nothing_that_was_read() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let reader = deep_reader(&stage, vec![stage.anvil.url.clone()]).await;
    let mut follower = reader.follow_all();
    let mut events = Vec::new();
    speak(&stage, SPEAKER, 0, 30).await;
    read_all(&mut follower, &mut events).await;
    let read_before = said(&events);
    let lost = block_hash(&stage, stage.anvil.height().await - 5).await;

    stage.anvil.rpc("anvil_reorg", json!([10, []])).await;
    read_all(&mut follower, &mut events).await;
    speak(&stage, SPEAKER, 1000, 1020).await;
    read_all(&mut follower, &mut events).await;
    stage.anvil.mine(DEPTH).await;
    read_all(&mut follower, &mut events).await;

    assert_ne!(
        block_hash(&stage, stage.anvil.height().await - 5).await,
        lost
    );
    assert!(read_before.len() >= 15 && said(&events).starts_with(&read_before));
    let mut afresh = Vec::new();
    read_all(&mut reader.follow_all(), &mut afresh).await;
    assert_eq!(events, afresh);
    let expected: Vec<u32> = (0..20).chain(1000..1020).collect();
    assert_eq!(said(&events), expected);
}

async fn block_hash(stage: &Stage, number: u64) -> String {
    let block = stage
        .anvil
        .rpc("eth_getBlockByNumber", json!([U64::from(number), false]))
        .await;
    block["hash"].to_string()
}

#[tokio::test]
async fn a_reorg_of_what_was_called_final_is_said_and_not_glossed_over() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let mut config = stage.config();
    config.finality = Finality::Depth(2);
    let reader = Reader::connect(config).await.unwrap();
    let mut follower = reader.follow_all();
    speak(&stage, SPEAKER, 0, 20).await;
    read_all(&mut follower, &mut Vec::new()).await;

    stage.anvil.rpc("anvil_reorg", json!([10, []])).await;
    stage.anvil.mine(5).await;

    let told = follower.next_page().await;
    assert!(matches!(told, Err(FollowError::Rewritten(_))), "{told:?}");
}

#[tokio::test]
async fn a_follower_goes_on_from_any_height_and_any_cursor() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let reader = deep_reader(&stage, vec![stage.anvil.url.clone()]).await;
    speak(&stage, SPEAKER, 0, 40).await;
    stage.anvil.mine(DEPTH).await;
    let mut all = Vec::new();
    read_all(&mut reader.follow_all(), &mut all).await;
    let mut first = reader.follow_all();

    let page = first.next_page().await.unwrap().unwrap();
    let mut rest = page.events;
    read_all(&mut reader.follow(first.cursor()), &mut rest).await;

    assert_eq!(rest, all);
    assert_eq!(said(&all), (0..40).collect::<Vec<_>>());
    let middle = all[20].block;
    let mut late = Vec::new();
    let cursor = chain::Cursor {
        next: middle,
        last_hash: None,
    };
    read_all(&mut reader.follow(cursor), &mut late).await;
    assert_eq!(late, all[20..]);
}

#[tokio::test]
async fn pages_are_bounded() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let reader = deep_reader(&stage, vec![stage.anvil.url.clone()]).await;
    stage.anvil.mine(100).await;
    let mut follower = reader.follow_all();

    while let Some(page) = follower.next_page().await.unwrap() {
        assert!(page.to.number - page.from < 7);
    }

    assert_eq!(
        follower.cursor().next,
        stage.anvil.height().await - DEPTH + 1
    );
}

/// One url has gaps: blocks it does not know, ranges it does not answer. The other is whole.
#[tokio::test]
async fn gaps_of_one_url_are_filled_by_another() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    speak(&stage, SPEAKER, 0, 30).await;
    stage.anvil.mine(DEPTH).await;
    let gaps = Proxy::new(&stage.anvil.url, |asked| match asked.method.as_str() {
        "eth_getBlockReceipts" | "eth_getLogs" if asked.number % 3 == 0 => {
            Deed::Answer(json!(null))
        }
        "eth_getBlockByNumber" if asked.number % 5 == 0 => Deed::Answer(json!(null)),
        _ => Deed::Forward,
    })
    .await;
    let reader = deep_reader(&stage, vec![gaps.url.clone(), stage.anvil.url.clone()]).await;

    let mut events = Vec::new();
    read_all(&mut reader.follow_all(), &mut events).await;
    for number in 30..50 {
        speak(&stage, SPEAKER, number, number + 1).await;
        read_all(&mut reader.follow_all(), &mut Vec::new()).await;
    }
    stage.anvil.mine(DEPTH).await;
    events.clear();
    read_all(&mut reader.follow_all(), &mut events).await;

    assert_eq!(said(&events), (0..50).collect::<Vec<_>>());
    assert!(gaps.total() > 5 && reader.health()[0].faults > 0);
}

/// One url knows every block and answers every range, but with no logs in it: an index that was
/// never built. Another url shows it up, whichever of the two is asked first.
#[tokio::test]
async fn logs_that_one_url_leaves_out_are_found_at_another() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    speak(&stage, SPEAKER, 0, 30).await;
    stage.anvil.mine(DEPTH).await;
    let unindexed = Proxy::new(&stage.anvil.url, |asked| match asked.method.as_str() {
        "eth_getLogs" => Deed::Answer(json!([])),
        "eth_getBlockReceipts" => Deed::Error(-32601),
        _ => Deed::Forward,
    })
    .await;
    let whole = stage.anvil.url.clone();

    for urls in [
        [unindexed.url.clone(), whole.clone()],
        [whole, unindexed.url.clone()],
    ] {
        let reader = deep_reader(&stage, urls.into()).await;
        let mut events = Vec::new();
        read_all(&mut reader.follow_all(), &mut events).await;
        assert_eq!(said(&events), (0..30).collect::<Vec<_>>());
    }
    assert!(unindexed.count("eth_getLogs") > 30);
}

#[tokio::test]
async fn at_the_head_a_silent_block_takes_no_request_for_logs() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let watched = Proxy::new(&stage.anvil.url, |_| Deed::Forward).await;
    let reader = deep_reader(&stage, vec![watched.url.clone()]).await;
    stage.anvil.mine(DEPTH).await;
    let mut follower = reader.follow_all();
    read_all(&mut follower, &mut Vec::new()).await;
    let logs_before = watched.count("eth_getLogs");

    for _ in 0..10 {
        stage.anvil.mine(1).await;
        read_all(&mut follower, &mut Vec::new()).await;
    }
    assert_eq!(watched.count("eth_getLogs"), logs_before);
    assert_eq!(watched.count("eth_getBlockReceipts"), 0);

    let mut events = Vec::new();
    speak(&stage, SPEAKER, 0, 1).await;
    for _ in 0..DEPTH {
        stage.anvil.mine(1).await;
        read_all(&mut follower, &mut events).await;
    }
    assert_eq!(said(&events), [0]);
    assert_eq!(watched.count("eth_getBlockReceipts"), 1);
}

#[tokio::test]
async fn a_node_without_block_receipts_is_asked_for_logs_instead() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let old = Proxy::new(&stage.anvil.url, |asked| match asked.method.as_str() {
        "eth_getBlockReceipts" => Deed::Error(-32601),
        _ => Deed::Forward,
    })
    .await;
    let reader = deep_reader(&stage, vec![old.url.clone()]).await;
    let mut follower = reader.follow_all();
    stage.anvil.mine(DEPTH).await;
    read_all(&mut follower, &mut Vec::new()).await;

    let mut events = Vec::new();
    for number in 0..20 {
        speak(&stage, SPEAKER, number, number + 1).await;
        read_all(&mut follower, &mut events).await;
    }
    stage.anvil.mine(1).await;
    read_all(&mut follower, &mut events).await;

    assert_eq!(said(&events), (0..9).collect::<Vec<_>>());
    assert_eq!(old.count("eth_getBlockReceipts"), 1);
}

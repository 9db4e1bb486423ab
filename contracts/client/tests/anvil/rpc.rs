//! Several URLs as one node: drops, delays, late answers, wrong chains.

use super::cast::{Stage, config};
use super::proxy::{Deed, Proxy};
use chain::{Fault, Reader, RpcError};
use serde_json::json;
use std::time::{Duration, Instant};
use testchain::Anvil;

#[tokio::test]
async fn a_url_that_drops_is_left_for_one_that_answers() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let bad = Proxy::new(&stage.anvil.url, |_| Deed::Drop).await;
    let urls = vec![bad.url.clone(), stage.anvil.url.clone()];

    let reader = Reader::connect(config(urls, stage.market)).await.unwrap();
    for _ in 0..10 {
        reader.final_head().await.unwrap();
    }

    let [ill, well] = reader.health().try_into().unwrap();
    assert!(!ill.usable && ill.faults >= 1);
    assert_eq!(ill.last_fault, Some(Fault::Unreachable));
    assert!(well.usable && well.faults == 0);
    // It rests after a fault, instead of being asked first each time.
    assert!(bad.total() <= 3, "asked {} times", bad.total());
}

#[tokio::test]
async fn a_late_answer_is_no_answer() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let late = Proxy::new(&stage.anvil.url, |_| Deed::Late(Duration::from_secs(30))).await;
    let mut config = config(
        vec![late.url.clone(), stage.anvil.url.clone()],
        stage.market,
    );
    config.timing.request = Duration::from_millis(200);

    #[allow(clippy::disallowed_methods, reason = "the time a person would wait")]
    let begun = Instant::now();
    let reader = Reader::connect(config).await.unwrap();

    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(reader.health()[0].last_fault, Some(Fault::Late));
}

#[tokio::test]
async fn a_url_on_another_chain_is_never_asked_about_ours() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let other = Anvil::on_chain("5").await;
    let watched = Proxy::new(&other.url, |_| Deed::Forward).await;
    let urls = vec![watched.url.clone(), stage.anvil.url.clone()];

    let reader = Reader::connect(config(urls, stage.market)).await.unwrap();
    reader.final_head().await.unwrap();

    assert_eq!(watched.total(), watched.count("eth_chainId"));
    let fault = reader.health()[0].last_fault.clone().unwrap();
    assert_eq!(fault.to_string(), "is on chain 5, not on chain 31337");
}

/// A load balancer that sometimes answers from somewhere else: after any fault the url has
/// to say again which chain it is on.
#[tokio::test]
async fn a_url_that_changes_its_chain_after_a_fault_is_refused() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let turning = Proxy::new(&stage.anvil.url, |asked| match asked.number {
        0..8 => Deed::Forward,
        8 => Deed::Drop,
        _ if asked.method == "eth_chainId" => Deed::Answer(json!("0x5")),
        _ => Deed::Forward,
    })
    .await;
    let mut config = config(vec![turning.url.clone()], stage.market);
    config.finality = chain::Finality::Depth(0);
    let reader = Reader::connect(config).await.unwrap();

    let refused = async {
        loop {
            if let Err(RpcError::Nobody { fault, .. }) = reader.final_head().await
                && fault
                    == (Fault::WrongChain {
                        expected: 31337,
                        found: 5,
                    })
            {
                return;
            }
        }
    };

    tokio::time::timeout(Duration::from_secs(20), refused)
        .await
        .expect("the other chain is noticed");
}

#[tokio::test]
async fn when_nobody_answers_the_words_name_the_url_without_its_path() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let busy = Proxy::new(&stage.anvil.url, |_| Deed::Status(429)).await;
    let url = format!("{}/v3/an-api-key?secret=1", busy.url);

    let refused = Reader::connect(config(vec![url], stage.market))
        .await
        .unwrap_err();

    let words = refused.to_string();
    assert!(words.ends_with("answers with http status 429"), "{words}");
    assert!(words.contains(&busy.url) && !words.contains("secret") && !words.contains("api-key"));
}

#[tokio::test]
async fn the_budget_spreads_requests_over_time() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let watched = Proxy::new(&stage.anvil.url, |_| Deed::Forward).await;
    let mut config = config(vec![watched.url.clone()], stage.market);
    config.budget = chain::Budget {
        per_second: 20,
        burst: 5,
    };
    let reader = Reader::connect(config).await.unwrap();
    let spent = watched.total();

    #[allow(clippy::disallowed_methods, reason = "the budget is about real time")]
    let begun = Instant::now();
    for _ in 0..20 {
        reader.final_head().await.unwrap();
    }

    let asked = watched.total() - spent;
    let least = Duration::from_millis(50 * (u64::try_from(asked).unwrap() - 5));
    assert!(
        asked >= 20 && begun.elapsed() >= least,
        "{asked} in {:?}",
        begun.elapsed()
    );
}

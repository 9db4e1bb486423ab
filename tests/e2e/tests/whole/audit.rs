//! The ledger after a play: every wei is where it belongs.

use crate::stage::{START, ether};
use crate::story::Play;
use alloy_primitives::U256;
use chain::Event;
use proto::Wei;
use std::collections::BTreeMap;

/// The provider has what it began with, less bond and gas, and these fees; the customer's
/// sub-account is less by as much; nothing was paid twice.
pub(crate) async fn audit(play: &mut Play, fees: &[Wei]) {
    let earned: U256 = fees.iter().map(|fee| fee.0).sum();
    play.node.kill();
    let anvil = &play.stage.anvil;
    let provider = play.provider;
    let gas = anvil.gas_spent(provider).await;
    let bond = ether("100").0;
    assert_eq!(
        anvil.balance(provider).await,
        ether(START).0 - bond - gas + earned,
        "the provider's money"
    );
    let customer = play.buyer.it.address();
    let account = play.reader.account(customer, provider).await.unwrap();
    assert_eq!(
        account.balance,
        ether("10").0 - earned,
        "the customer's money"
    );
    let settled = settlements(play).await;
    assert_eq!(settled.len(), fees.len(), "paid tasks");
    assert!(settled.values().all(|&times| times == 1), "{settled:?}");
}

/// How often each task was settled.
async fn settlements(play: &Play) -> BTreeMap<String, u32> {
    let mut times = BTreeMap::new();
    let mut follower = play.reader.follow_all();
    while let Some(page) = follower.next_page().await.unwrap() {
        for seen in page.events {
            if let Event::FeesSettled { id, .. } = seen.event {
                *times.entry(id).or_default() += 1;
            }
        }
    }
    times
}

//! What keeps a client from working, in one clear line each.

use super::cast::{Stage, Tee, config, ether, offer, wallet};
use alloy_primitives::{Address, U256};
use chain::{Failure, Market, Problem, Reader, SendError, TeeSigner};
use std::sync::Arc;
use testchain::{Anvil, OWNER};

fn one_line(problem: &impl ToString) -> String {
    let line = problem.to_string();
    assert!(!line.contains('\n') && line.len() < 200, "{line}");
    line
}

#[tokio::test]
async fn another_chain() {
    let other = Anvil::on_chain("5").await;

    let refused = Reader::connect(config(vec![other.url.clone()], OWNER))
        .await
        .unwrap_err();

    let expected = format!("{} is on chain 5, but chain 31337 is configured", other.url);
    assert_eq!(one_line(&refused), expected);
}

#[tokio::test]
async fn an_address_without_a_contract() {
    let anvil = Anvil::on_demand().await;

    let refused = Reader::connect(config(vec![anvil.url.clone()], OWNER))
        .await
        .unwrap_err();

    let expected = format!("there is no contract at {OWNER} on chain 31337");
    assert_eq!(one_line(&refused), expected);
}

#[tokio::test]
async fn an_empty_wallet() {
    let stage = Stage::ours(Anvil::on_demand().await).await;
    let poor = wallet("a beggar");
    let address = poor.address();

    let refused = Market::connect(stage.config(), poor, Arc::new(()))
        .await
        .unwrap_err();

    let expected = format!("the wallet {address} is empty; send it money for gas");
    assert_eq!(one_line(&refused), expected);
}

#[tokio::test]
async fn a_wallet_that_cannot_pay_for_what_is_asked() {
    let stage = Stage::ours(Anvil::ticking("0.05").await).await;
    let nearly = wallet("nearly a beggar");
    stage.anvil.endow(nearly.address(), ether("1").0).await;
    let market = stage.market("nearly a beggar").await;

    let refused = market.it.register(&offer(OWNER), ether("100")).await;

    let Err(Failure::Send(SendError::WalletEmpty { has, needs, .. })) = &refused else {
        panic!("{refused:?}");
    };
    assert!(*has <= ether("1").0 && *needs > ether("100").0);
    one_line(&refused.unwrap_err());
}

#[tokio::test]
async fn a_provider_without_service_signer_or_bond() {
    let stage = Stage::ours(Anvil::ticking("0.05").await).await;
    let wallet = stage.wallet("provider").await;
    let provider = wallet.address();
    let market = stage.market("provider").await;
    let tee = Tee::new("provider");

    let missing = market.it.check(tee.address(), U256::ZERO).await;
    assert!(
        matches!(missing, Err(Problem::NoService(who)) if who == provider),
        "{missing:?}"
    );
    market
        .it
        .register(&offer(tee.address()), ether("100"))
        .await
        .unwrap();
    market.it.sender().settle_past().await.unwrap();
    let missing = market.it.check(tee.address(), U256::ZERO).await;
    assert!(
        matches!(missing, Err(Problem::SignerNotAccepted { .. })),
        "{missing:?}"
    );
    stage.accept_signer_of(provider).await;
    stage.anvil.mine(3).await;
    let missing = market
        .it
        .check(tee.address(), ether("51").0)
        .await
        .unwrap_err();

    let expected = format!(
        "the bond of {provider} has {} wei free, but {} are needed; add to the bond",
        ether("100").0,
        ether("102").0
    );
    assert_eq!(one_line(&missing), expected);
    market.it.check(tee.address(), ether("50").0).await.unwrap();
}

#[tokio::test]
async fn a_stake_below_the_least() {
    let stage = Stage::ours(Anvil::ticking("0.05").await).await;
    stage.wallet("provider").await;
    let market = stage.market("provider").await;

    let refused = market
        .it
        .register(&offer(Address::ZERO), ether("99"))
        .await
        .unwrap_err();

    let expected = format!(
        "registering takes a bond of {} wei, not {}",
        ether("100").0,
        ether("99").0
    );
    assert_eq!(one_line(&refused), expected);
}

#[tokio::test]
async fn no_url_and_no_url_at_all() {
    let none = Reader::connect(config(Vec::new(), OWNER))
        .await
        .unwrap_err();
    assert_eq!(one_line(&none), "no rpc url is configured");

    let prose = Reader::connect(config(vec!["my node".into()], OWNER))
        .await
        .unwrap_err();
    assert_eq!(one_line(&prose), "an rpc url is not a valid url");
}

//! An order at 0G's original contracts.

use crate::stage::Stage;
use crate::story::Play;
use testchain::Anvil;

/// No order is on chain here: she signs one, and her account stands for it.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_originals_too_an_order_goes_from_her_signature_to_money() {
    let stage = Stage::originals(Anvil::of_today("0.2").await).await;
    let mut play = Play::begin_at(stage).await;
    let expected = play.order(1, 20).await;

    play.through_base(&expected).await;
}

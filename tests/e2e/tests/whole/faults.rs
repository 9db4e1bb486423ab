//! What a node meets: a chain that does not answer, storage that is gone, a disk that is full.

use crate::story::{Play, until};
use std::fs;
use std::time::Duration;
use tokio::time::sleep;

/// As an hour is to an operator, so are these to a test that polls twenty times a second.
const DARK: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn while_the_chain_is_silent_the_node_says_so_and_then_goes_on() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 120).await;
    play.node.submit(&expected.signed, &expected.recipe).await;

    let before = play.node.log().len();
    play.wire.cut();
    play.node.says("the chain cannot be followed", before).await;
    play.node.is_said_to_be("503", "chain_unreachable").await;
    assert!(!play.node.has_ended(), "{}", play.node.log());
    play.wire.mend();

    play.node.is_said_to_be("200 OK", "\"ready\":true").await;
    play.finish(&expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_starts_without_a_chain_waits_for_it() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 20).await;
    play.node.kill();
    play.wire.cut();
    let before = play.node.log().len();

    play.node.start();
    play.node.says("cannot be used yet", before).await;
    sleep(DARK).await;
    assert!(!play.node.has_ended(), "{}", play.node.log());
    play.wire.mend();

    play.through(&expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_storage_is_gone_nothing_is_given_up() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 60).await;
    let (store, away) = (
        play.folder.path().join("store"),
        play.folder.path().join("away"),
    );
    let before = play.node.log().len();

    fs::rename(&store, &away).unwrap();
    play.node.submit(&expected.signed, &expected.recipe).await;
    play.node.says("content cannot be fetched", before).await;
    play.node.is_said_to_be("503", "storage_unreachable").await;
    fs::rename(&away, &store).unwrap();
    play.node.says("the trainer runs", before).await;
    fs::rename(&store, &away).unwrap();
    play.node.says("content cannot be stored", before).await;
    sleep(DARK).await;
    fs::rename(&away, &store).unwrap();

    play.finish(&expected).await;
}

/// The journal cannot be written: the node ends with its own number, and loses nothing.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_the_node_ends_by_its_own_number_and_later_goes_on() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 120).await;
    play.node.submit(&expected.signed, &expected.recipe).await;
    let before = play.node.log().len();

    play.node.files_may_grow_to(Some(4_096));
    let node = &mut play.node;
    let ended = until("the node ends", Duration::from_mins(5), async || {
        node.end_code()
    });
    let code = ended.await;
    assert_eq!(code, 7, "{}", play.node.log());
    play.node.says("full", before).await;
    play.node.start();

    play.finish(&expected).await;
}

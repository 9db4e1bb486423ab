//! A paid task to look at: `make demo STEP=paid` tells what happens and what the operator sees.

use crate::caller::Caller;
use crate::node::{Callers, Tuning};
use crate::story::Play;
use crate::wire::{hand_in, submission};
use std::process::Command;

/// One line of the story.
fn tell(words: &str) {
    eprintln!("\n== {words}");
}

/// What this command of the operator's says.
fn operate(play: &Play, verbs: &[&str]) {
    let config = play.node.folder.join("node.toml");
    let mut command = Command::new(crate::node::NODE);
    let output = command.args(verbs).arg("--config").arg(config).output();
    let output = output.unwrap();
    eprintln!("$ sealtune-node {}", verbs.join(" "));
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "for people: make demo STEP=paid"]
async fn a_task_from_its_order_to_the_last_wei() {
    tell("a chain with our contracts, a simulated TEE, a folder for storage, a tiny model, a node");
    let broker = Caller::with_key();
    let callers = Callers {
        broker: Some(broker.key()),
        ..Callers::default()
    };
    let mut play = Play::begin_with(Tuning {
        callers,
        ..Tuning::default()
    })
    .await;
    let address = play.node.api().await;
    let (mut node, key) = broker.call(address).await;
    eprintln!("customers are answered at {address} with the TLS key {key}");
    operate(&play, &["doctor", "--trainer", crate::dataset::TRAINER]);
    operate(&play, &["status"]);

    tell(
        "a customer checks the evidence, seals her data to it, reserves the fee and signs an order",
    );
    let expected = play.order(1, 200).await;
    eprintln!("order {} over {} wei", expected.task(), expected.fee.0);

    tell("her broker hands it in");
    let asked = submission(&expected.signed, &expected.recipe);
    let refused = hand_in(&mut node, asked).await;
    eprintln!(
        "{}",
        refused.map_or("taken".into(), |reason| format!("refused: {reason}"))
    );
    operate(&play, &["jobs"]);

    tell(
        "trained, delivered, acknowledged, paid; the adapter is the one an uninterrupted training makes",
    );
    play.finish(&expected).await;
    operate(&play, &["jobs", "--all"]);
    operate(&play, &["journal", "show"]);
    operate(&play, &["earnings", "--csv"]);
    operate(&play, &["drain", "--wait"]);
}

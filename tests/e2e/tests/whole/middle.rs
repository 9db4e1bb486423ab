//! A broker between a customer and the nodes: the program as it ships.

use crate::broker::{BrokerProcess, free_port};
use crate::journey::{order, set, work};
use crate::stage::ether;

/// The broker takes the order and keeps it for a node; she may take it back, to the wei.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_at_a_broker_until_she_takes_it_back() {
    let (session, play) = set(false).await;
    let work = work(&play, 5);
    session.done(&["account", "add", "5", "--yes"]);
    let mut broker = BrokerProcess::install(&play, free_port());
    broker.start();
    let url = broker.listens().await;
    let files = (work.recipe.as_path(), work.data.as_path());

    let nowhere = order(&session, &play, files, &["--broker", "http://127.0.0.1:1"]);
    let listed = session.done(&["list", "--json"]).json();
    let task = listed[0]["task"].as_str().unwrap();
    let taken = session.done(&["resend", task, "--broker", &url]);
    let again = session.done(&["resend", task, "--broker", &url]);

    assert_eq!(nowhere.code, 5, "{nowhere:?}");
    assert!(nowhere.err.contains("none spent; up to"), "{nowhere:?}");
    assert!(
        nowhere.err.contains(&format!("ft resend {task}")),
        "{nowhere:?}"
    );
    assert!(
        taken.out.contains("the broker has taken the order"),
        "{taken:?}"
    );
    assert!(
        again.out.contains(task),
        "the same order is one order: {again:?}"
    );
    session.done(&["cancel", task, "--broker", &url]);
    let account = session.ft(&["account", "show", "--json"]).json();
    assert_eq!(account["total_wei"], ether("5").0.to_string());
    assert_eq!(account["providers"][0]["reserved_wei"], "0");
}

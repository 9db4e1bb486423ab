//! What an operator is told: payments, and why no orders are taken.

use crate::node::Node;
use crate::story::{Play, until};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// One question to the operator's port, and the whole answer.
pub(crate) fn page(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut page = String::new();
    stream.read_to_string(&mut page)?;
    Ok(page)
}

impl Node {
    /// Waits until `/readyz` answers with this status and names this reason.
    pub(crate) async fn is_said_to_be(&self, status: &str, reason: &str) {
        let asked = async || {
            // A node that starts answers at another port than the one before.
            let answer = page(self.operator().await, "/readyz").ok()?;
            (answer.contains(status) && answer.contains(reason)).then_some(())
        };
        until(reason, Duration::from_mins(3), asked).await;
    }
}

fn earnings(play: &Play) -> Vec<String> {
    let mut command = Command::new(crate::node::NODE);
    let config = play.node.folder.join("node.toml");
    let output = command.args(["earnings", "--csv", "--config"]).arg(config);
    let output = output.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// The list is an old one, as after a crash or on yesterday's disk: the chain has the rest.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_listed_with_its_fee_even_if_the_list_had_missed_it() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 20).await;
    play.through(&expected).await;
    let line = format!(
        "{},{},{},true,",
        expected.task(),
        play.buyer.it.address(),
        expected.fee.0
    );
    let told = async || {
        earnings(&play)
            .into_iter()
            .find(|paid| paid.starts_with(&line))
    };
    let paid = until("the payment is listed", Duration::from_mins(1), told).await;
    play.node.kill();
    let list = play.node.folder.join("state/payments.jsonl");
    fs::write(&list, "{\"read_to\":1}\n").unwrap();

    play.node.start();
    play.node.is_said_to_be("200 OK", "\"ready\":true").await;
    let told = async || earnings(&play).into_iter().next();
    let again = until("the payment is found", Duration::from_mins(1), told).await;

    assert_eq!(again, paid);
    let metrics = page(play.node.operator().await, "/metrics").unwrap();
    let earned = metrics
        .lines()
        .find(|line| line.starts_with("sealtune_earnings_total "));
    let coins: f64 = earned.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    let fee: f64 = expected.fee.0.to_string().parse().unwrap();
    assert!((coins * 1e18 - fee).abs() < fee / 1e9, "{coins} of {fee}");
}

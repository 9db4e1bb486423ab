//! What an operator is told: payments, and why no orders are taken.

use crate::audit::audit;
use crate::node::Node;
use crate::story::{PRICE_WEI, Play, until};
use alloy_primitives::U256;
use rustix::process::{Pid, Signal, kill_process};
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

/// Tells the node to read its configuration again, with this in place of that.
fn reconfigure(play: &Play, this: &str, that: &str) {
    let config = play.node.folder.join("node.toml");
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains(this));
    fs::write(&config, text.replace(this, that)).unwrap();
    let pid = i32::try_from(play.node.pid()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::HUP).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_new_price_reaches_the_chain_and_leaves_what_was_taken_alone() {
    let mut play = Play::begin().await;
    let expected = play.order(1, 60).await;
    play.node.submit(&expected.signed, &expected.recipe).await;

    let price = format!("'{PRICE_WEI} wei'");
    reconfigure(&play, &price, "'2000006 wei'");
    let entry = async || {
        let service = play.reader.service(play.provider).await.ok()?;
        (service.pricePerToken == U256::from(2_000_006)).then_some(())
    };
    until("the price is on chain", Duration::from_mins(1), entry).await;
    play.finish(&expected).await;

    audit(&mut play, &[expected.fee]).await;
}

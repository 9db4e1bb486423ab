//! Brokers as processes, over the network: two at one `PostgreSQL`, and one is killed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::large_futures,
    dead_code,
    unused_imports,
    reason = "a test that panics is a test that fails, and one that is left out says so; nodes and customers are shared with others"
)]

#[path = "../services/customer.rs"]
mod customer;
#[path = "../services/node.rs"]
mod node;
mod observed;
#[path = "../books/postgres.rs"]
mod postgres;
mod process;
mod proof;

use customer::Customer;
use node::{Line, Node};
use postgres::Postgres;
use process::{Process, Surroundings};
use proto::broker::{SubmitReply, SubmitRequest};
use proto::grpc::broker_client::BrokerClient;
use proto::node::GetRequest;
use proto::task::{Outcome, Phase, TaskStatus};
use proto::{Action, Fence, TaskId, Tier, wire};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_mins(1);

async fn joined(process: &Process, number: u8) -> Line {
    let mut node = Node::number(number);
    node.queue_free = 10;
    node.prove = proof::prove;
    let mut client = BrokerClient::new(process.channel().await);
    let (out, messages) = node.announced(Fence(0)).await;
    let heard = client.session(messages).await.unwrap().into_inner();
    let line = node.settle(out, heard).await;
    line.unwrap_or_else(|dismissal| panic!("dismissed: {dismissal:?}"))
}

async fn submitted(process: &Process, customer: &Customer, nonce: u64) -> TaskId {
    let mut order = customer.order(nonce, u64::from(u32::MAX));
    order.tier = Tier::Development;
    let submission = customer.signed(order);
    let asked = wire::SubmitRequest::from(SubmitRequest { submission });
    let reply = BrokerClient::new(process.channel().await)
        .submit(asked)
        .await;
    let reply = SubmitReply::try_from(reply.unwrap().into_inner()).unwrap();
    match reply {
        SubmitReply::Taken(status) => status.task,
        SubmitReply::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

async fn phase(process: &Process, customer: &Customer, task: TaskId) -> Phase {
    let permit = customer.may(Action::Read, task);
    let asked = wire::GetRequest::from(GetRequest { task, permit });
    let told = BrokerClient::new(process.channel().await).get(asked).await;
    TaskStatus::try_from(told.unwrap().into_inner())
        .unwrap()
        .phase
}

async fn paid(process: &Process, customer: &Customer, task: TaskId) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while phase(process, customer, task).await != Phase::Closed(Outcome::Paid) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert!(waited.await.is_ok(), "{task} is not paid");
}

#[test]
fn a_broker_killed_between_question_and_answer_is_replaced_by_the_other() {
    let Some(server) = Postgres::start() else {
        return;
    };
    let around = Surroundings::new(&server.database(), &proof::root());
    Runtime::new().unwrap().block_on(async {
        let (first, second) = (around.start("first"), around.start("second"));
        let customer = Customer::number(1);
        let mut line = joined(&first, 7).await;
        let task = submitted(&second, &customer, 1).await;
        // The order came to the second; the node is at the first, which hands it over.
        line.asked().await;
        first.kill();
        drop(line);

        let mut line = joined(&second, 7).await;
        assert_eq!(line.take().await, task);
        line.tell(task, Phase::Accepted).await;
        line.tell(task, Phase::Closed(Outcome::Paid)).await;
        paid(&second, &customer, task).await;

        let ledger = around.folder.path().join("ledger");
        std::fs::write(&ledger, second.ledger().await).unwrap();
        let verified = Command::new(env!("CARGO_BIN_EXE_sealtune-broker"))
            .args(["ledger", "verify", "--json"])
            .arg(&ledger)
            .output()
            .unwrap();
        assert!(verified.status.success(), "{verified:?}");
        let told: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
        assert_eq!(told["unsigned"], 0);
        assert_eq!(told["nodes"][0]["assigned"], 1);
        assert_eq!(told["nodes"][0]["paid"], 1);
    });
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite:{}?mode=rwc", folder.path().join("books").display());
    let around = Surroundings::new(&address, &proof::root());
    Runtime::new().unwrap().block_on(async {
        let first = around.start("first");
        let customer = Customer::number(1);
        let task = submitted(&first, &customer, 1).await;
        first.kill();

        let again = around.start("again");

        assert_eq!(phase(&again, &customer, task).await, Phase::Offered);
    });
}

#[test]
fn a_broker_told_to_stop_says_so_and_ends_well() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite:{}?mode=rwc", folder.path().join("books").display());
    let around = Surroundings::new(&address, &proof::root());
    Runtime::new().unwrap().block_on(async {
        let broker = around.start("only");
        let line = joined(&broker, 7).await;
        assert!(broker.get("/readyz").await.contains(" 200 OK"));
        let figures = broker.get("/metrics").await;
        assert!(figures.contains("sealtune_broker_sessions 1\n"));
        // Each figure is on the dashboard, and nothing there or in an alert is without one.
        assert_eq!(observed::asked_for(), observed::exported(&figures));

        assert!(broker.stopped().await.success());
        drop(line);
    });
}

#[test]
fn a_configuration_that_is_wrong_is_told_and_not_started() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("broker.toml");
    std::fs::write(&file, "[books]\n").unwrap();

    for command in ["check", "run"] {
        let told = Command::new(env!("CARGO_BIN_EXE_sealtune-broker"))
            .arg(command)
            .arg("--config")
            .arg(&file)
            .output()
            .unwrap();

        assert_eq!(told.status.code(), Some(3));
        let said = String::from_utf8_lossy(&told.stderr);
        assert!(said.contains("missing field"), "{said}");
    }
}

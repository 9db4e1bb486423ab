//! No secret and no customer's text reaches a log at any level: marked ones pass through
//! everything that has them, all that is logged is kept, and no mark is in it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    dead_code,
    reason = "a test that panics is a test that fails; it shares its house with the API's tests"
)]

#[path = "api/caller.rs"]
mod caller;
#[path = "api/house.rs"]
mod house;

use house::{Customer, House, NONCE};
use node::api::Limits;
use node::feed::{Note, Value};
use proto::{Action, Fence, wire};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// As it stands in a recipe or a dataset.
const TEXT: &str = "MARKED-CUSTOMER-TEXT";
/// The customers' keys of this test are this byte over and over, and so is the journal's.
const KEY_BYTE: u8 = 0x4d;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_mark_is_in_any_line_at_trace_level() {
    let kept = Kept::default();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .init();
    let house = House::open(Limits::default()).await;
    let customer = Customer::new(KEY_BYTE);
    let order = customer.order_with(1, format!("{{\"{TEXT}\":1}}").as_bytes());
    let permit = customer.permit(Action::Read, order.id());

    let (mut broker, _) = house.broker.call(house.address).await;
    broker.dispatch(order.dispatch(Fence(1))).await.unwrap();
    let task = bytes::Bytes::copy_from_slice(order.id().as_bytes());
    let get = wire::GetRequest {
        task: task.clone(),
        permit: Some(permit.clone()),
    };
    broker.get(get).await.unwrap();
    let nonce = bytes::Bytes::copy_from_slice(NONCE.as_bytes());
    broker
        .challenge(wire::ChallengeRequest { nonce })
        .await
        .unwrap();
    let mistake = Note::error("a row has no text").with("line", Value::Count(7));
    house.feed.explain(order.id(), &mistake);
    house.feed.note(order.id(), mistake);
    let cancel = wire::CancelRequest {
        task,
        permit: Some(customer.permit(Action::Cancel, order.id())),
    };
    broker.cancel(cancel).await.unwrap();

    let lines = kept.0.lock().unwrap().clone();
    let text = String::from_utf8_lossy(&lines);
    assert!(
        text.contains(&order.id().to_string()),
        "the log tells of the task: {text}"
    );
    let bytes_as_list = vec![KEY_BYTE.to_string(); 4].join(", ");
    let signature = hex::encode(&permit.signature[..16]);
    for mark in [
        TEXT,
        &"M".repeat(8),
        &"4d".repeat(8),
        &"4D".repeat(8),
        &bytes_as_list,
        &signature,
    ] {
        assert!(!text.contains(mark), "{mark} was logged");
    }
}

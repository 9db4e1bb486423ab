//! The broker's load tool: a real door on loopback, callers beside it in the same process.
//!
//! `load submissions BOOKS SECS` hands in signed orders as fast as they are taken, each answered
//! when it is durable; `load nodes BOOKS COUNT SECS` announces nodes with evidence and lets them
//! beat every ten seconds; `load watchers BOOKS COUNT` lets so many watch one task and tells them
//! an event. BOOKS is `sqlite`, `postgres` (a server of one's own, from Debian's package) or an
//! address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::large_futures,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::wildcard_enum_match_arm,
    dead_code,
    unused_imports,
    reason = "a tool that measures, and stops at the first surprise"
)]

#[path = "../../tests/services/customer.rs"]
mod customer;
mod host;
#[path = "../../tests/services/node.rs"]
mod node;
mod nodes;
#[path = "../../tests/books/postgres.rs"]
mod postgres;
#[path = "../../tests/processes/proof.rs"]
mod proof;
mod submissions;
mod watchers;

use host::Host;
use std::env::args;

fn main() {
    let words: Vec<String> = args().skip(1).collect();
    let number = |index: usize| -> u64 {
        let word = words.get(index).expect("a number is missing");
        word.parse().expect("this is no number")
    };
    let books = words.get(1).map_or("sqlite", String::as_str);
    let host = Host::new(books);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match words.first().map(String::as_str) {
        Some("submissions") => runtime.block_on(submissions::run(&host, number(2))),
        Some("nodes") => runtime.block_on(nodes::run(&host, number(2), number(3))),
        Some("watchers") => runtime.block_on(watchers::run(&host, number(2))),
        _ => panic!("say submissions, nodes or watchers; see the head of this file"),
    }
}

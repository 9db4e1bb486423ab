//! What the two processes say to each other: one line of JSON for a question, one for its answer.

use node::orders::Work;
use proto::{Digest, Order, Reason, Root, TaskId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use std::path::Path;
use tasks::Failure;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    Orders,
    Accept(TaskId),
    Deliver(TaskId, Root),
    Settle(TaskId),
    Release(TaskId, Reason),
    Fetch(Root),
    Store(Root),
    Open(Box<Order>, Root),
    Seal(Box<Order>, Digest),
    Count(Box<Order>, Digest),
    Charge(Box<Order>, Work),
    IsCharged(Box<Order>),
    Train(Box<Order>, Digest),
}

/// The answer, as JSON of whatever type the question is about.
pub(crate) type Reply = Result<Value, Failure>;

/// Asks once. A world that has gone is a world in the way.
pub(crate) async fn ask<T: DeserializeOwned>(
    socket: &Path,
    question: &Question,
) -> Result<T, Failure> {
    let reply: io::Result<Result<T, Failure>> = exchange(socket, question).await;
    reply.unwrap_or(Err(Failure::Transient))
}

async fn exchange<T: DeserializeOwned>(socket: &Path, question: &Question) -> io::Result<T> {
    let mut stream = UnixStream::connect(socket).await?;
    say(&mut stream, question).await?;
    hear(&mut stream).await
}

pub(crate) async fn say(stream: &mut UnixStream, words: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(words)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

pub(crate) async fn hear<T: DeserializeOwned>(stream: &mut UnixStream) -> io::Result<T> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).await?;
    Ok(serde_json::from_str(&line)?)
}

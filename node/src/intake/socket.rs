//! A door for development: one JSON line an order, over a socket in the state folder.
//!
//! It exists in builds with the simulator alone. What comes through it is judged as at any
//! other door.

use super::{Denied, Door};
use crate::stop::Stop;
use proto::SignedOrder;
use proto::Submission;
use serde::Deserialize;
use std::io;
use std::path::Path;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tracing::debug;

/// A recipe has up to 64 KiB, as text in text.
const LINE_BYTES_MAX: u64 = 512 << 10;

#[derive(Deserialize)]
struct Letter {
    order: SignedOrder,
    recipe: String,
}

/// Serves one connection after another.
pub async fn serve(path: &Path, door: Door, stop: Stop) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    loop {
        let stream = tokio::select! {
            () = stop.draining() => return Ok(()),
            accepted = listener.accept() => accepted?.0,
        };
        tokio::select! {
            () = stop.draining() => return Ok(()),
            served = converse(stream, &door) => {
                if let Err(error) = served {
                    debug!(%error, "a connection ended early");
                }
            }
        }
    }
}

async fn converse(stream: UnixStream, door: &Door) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_BYTES_MAX))
        .read_line(&mut line)
        .await?;
    let answer = match read_letter(&line) {
        Some(submission) => told(door.admit(submission).await),
        None => "malformed".to_owned(),
    };
    write.write_all(format!("{answer}\n").as_bytes()).await
}

fn read_letter(line: &str) -> Option<Submission> {
    let letter: Letter = serde_json::from_str(line).ok()?;
    Some(Submission {
        order: letter.order,
        recipe: proto::Blob::new(letter.recipe.into_bytes()).ok()?,
    })
}

/// `taken`, the number of the reason, or `not ready`.
fn told(answer: Result<proto::TaskId, Denied>) -> String {
    match answer {
        Ok(_task) => "taken".to_owned(),
        Err(Denied::Refused(reason)) => reason.code().to_string(),
        Err(Denied::NotReady) => "not ready".to_owned(),
    }
}

//! The header of a sealed blob: all that can be said without its key.

use super::row::{Row, Section, fact, row};
use super::{Failure, Path};
use crate::sealing::{Agreement, Outline, Purpose};
use std::fs::File;

pub(super) fn section(path: &Path) -> Result<Section, Failure> {
    let unreadable = |source| Failure::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let outline = Outline::read(&mut file).map_err(|why| Failure::caused(path.display(), &why))?;
    Ok(Section {
        title: "A sealed blob".to_owned(),
        rows: rows(&outline, length),
    })
}

fn rows(outline: &Outline, length: u64) -> Vec<Row> {
    let ephemeral = hex::encode(&outline.ephemeral);
    vec![
        row(8, "VERSION", outline.version, "of the format"),
        row(
            9,
            "PURPOSE",
            purpose(outline.purpose),
            "opens as nothing else",
        ),
        row(
            10,
            "CHUNK",
            outline.chunk_len,
            "bytes of content in each chunk",
        ),
        row(
            12,
            "CONTEXT",
            hex::encode(outline.context),
            "what it belongs to, such as a task",
        ),
        row(
            44,
            "STREAM",
            hex::encode(outline.stream),
            "random: no two blobs share it",
        ),
        row(
            76,
            "AGREEMENT",
            agreement(outline.agreement),
            "how the key was agreed on",
        ),
        row(
            77,
            "RECIPIENT",
            hex::encode(outline.recipient),
            "names the one key that opens it",
        ),
        row(
            109,
            "EPHEMERAL",
            ephemeral,
            "the sender's key, made for this blob alone",
        ),
        fact("HEADER", outline.header_len, "bytes before the first chunk"),
        fact(
            "CONTENT",
            content(outline, length),
            "bytes, if nothing is missing: only opening tells",
        ),
    ]
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Dataset => "dataset",
        Purpose::Checkpoint => "checkpoint",
        Purpose::Staged => "staged data",
        Purpose::Record => "record",
        Purpose::ResultKey => "the key of a result",
    }
}

const fn agreement(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::X25519 => "X25519",
        Agreement::Secp256k1 => "secp256k1",
    }
}

fn content(outline: &Outline, length: u64) -> String {
    outline
        .content_len(length)
        .map_or_else(|| "cut".to_owned(), |bytes| bytes.to_string())
}

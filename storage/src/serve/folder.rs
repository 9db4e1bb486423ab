//! One file below a root: of a package, or of a folder as 0G's client uploads it.
//!
//! 0G's form is a file of its own: 32 bytes of magic, a version, and JSON that names the
//! root of every file in the folder.

use super::files::{self, Piece};
use super::node::Node;
use crate::error::{StoreError, blocking, disk};
use crate::package::{Limits, find_in_package};
use alloy_sol_types::private::keccak256;
use proto::Root;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;

/// What a folder's description may take: some 30 000 files.
const DESCRIPTION_BYTES_MAX: u64 = 8 << 20;
const MAGIC_OF: &str = "0g-storage-client-dir-codec";
const VERSION: [u8; 2] = [0, 1];

/// An entry of 0G's description.
#[derive(Debug, Deserialize)]
struct FsNode {
    #[serde(default)]
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    root: String,
    #[serde(default)]
    entries: Option<Vec<FsNode>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Directory,
    File,
    #[serde(other)]
    Other,
}

/// What lies at `path` below `root`; nothing, if that is no folder or has no such file.
pub(super) async fn look_up(
    node: &Node,
    root: Root,
    path: String,
) -> Result<Option<Piece>, StoreError> {
    let at = node.folder.path(root);
    let found = blocking(move || {
        let mut file = File::open(&at).map_err(disk("open", &at))?;
        let mut head = Vec::new();
        file.by_ref()
            .take(DESCRIPTION_BYTES_MAX)
            .read_to_end(&mut head)
            .map_err(disk("read", &at))?;
        if let Some(description) = description(&head) {
            return Ok(below(&description, &path).map(Found::Elsewhere));
        }
        drop(head);
        // Bytes that are no package have no files in them.
        let file = File::open(&at).map_err(disk("open", &at))?;
        let within = find_in_package(file, Limits::default(), &path);
        Ok(within.ok().flatten().map(Found::Within))
    })
    .await?;
    match found {
        None => Ok(None),
        Some(Found::Within(bytes)) => Ok(Some(Piece { root, bytes })),
        Some(Found::Elsewhere(other)) => files::whole(node, other),
    }
}

enum Found {
    Within(std::ops::Range<u64>),
    Elsewhere(Root),
}

fn description(bytes: &[u8]) -> Option<FsNode> {
    let rest = bytes.strip_prefix(keccak256(MAGIC_OF).as_slice())?;
    let rest = rest.strip_prefix(&VERSION)?;
    // Some versions of the client write the length of the JSON before it.
    let json = if rest.first() == Some(&b'{') {
        rest
    } else {
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        rest.get(..length)?
    };
    // Zeros fill the last chunk.
    serde_json::Deserializer::from_slice(json)
        .into_iter()
        .next()?
        .ok()
}

fn below(folder: &FsNode, path: &str) -> Option<Root> {
    let mut node = folder;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let entries = node.entries.as_deref().unwrap_or_default();
        node = entries.iter().find(|entry| entry.name == part)?;
    }
    (node.kind == Kind::File).then(|| node.root.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(json: &str, length: bool) -> Vec<u8> {
        let mut bytes = keccak256(MAGIC_OF).to_vec();
        bytes.extend(VERSION);
        if length {
            bytes.extend(u32::try_from(json.len()).expect("small").to_be_bytes());
        }
        bytes.extend(json.as_bytes());
        bytes
    }

    #[test]
    fn a_file_is_found_by_its_path() {
        let root = format!("0x{}", "ab".repeat(32));
        let json = format!(
            r#"{{"name":"","type":"directory","entries":[
                {{"name":"a","type":"directory","entries":[{{"name":"b","type":"file","root":"{root}","size":3}}]}},
                {{"name":"l","type":"symbolic","link":"a/b"}}]}}"#
        );

        for length in [false, true] {
            let folder = description(&described(&json, length)).expect("a folder");
            assert_eq!(below(&folder, "a/b"), root.parse().ok());
            for none in ["a", "b", "a/c", "l", "a/b/c", "", ".."] {
                assert_eq!(below(&folder, none), None, "{none}");
            }
        }
    }

    #[test]
    fn what_is_no_description_is_none() {
        let good = described(r#"{"type":"directory"}"#, true);

        for cut in 0..good.len() {
            assert!(description(&good[..cut]).is_none(), "{cut}");
        }
        assert!(description(&described("{]", false)).is_none());
    }
}

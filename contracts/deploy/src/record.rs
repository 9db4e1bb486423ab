//! What was deployed, written down.

use crate::trouble::Trouble;
use alloy_primitives::{Address, B256};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;

/// The file `deployment.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub(crate) chain_id: u64,
    /// Nothing of the contracts is older than this block.
    pub(crate) block: u64,
    pub(crate) owner: Address,
    pub(crate) lock_time: u64,
    pub(crate) penalty_percentage: u64,
    pub(crate) ledger: Address,
    pub(crate) fine_tuning: Address,
    pub(crate) views: Address,
    /// The empty market that 0G's client wants to find on a local chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inference: Option<Address>,
    pub(crate) code_hashes: CodeHashes,
}

/// Keccak-256 of the code at each address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CodeHashes {
    pub(crate) ledger: B256,
    pub(crate) fine_tuning: B256,
    pub(crate) views: B256,
}

impl Deployment {
    pub(crate) fn read(path: &Path) -> Result<Self, Trouble> {
        let unreadable = |why: String| Trouble::Unreadable {
            path: path.into(),
            why,
        };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
    }

    /// All of it or nothing: a crash leaves no half a file.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Trouble> {
        let unwritable = |why: std::io::Error| Trouble::Unwritable {
            path: path.into(),
            why,
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| unwritable(error.into()))?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .map_err(unwritable)?;
        writeln!(file, "{text}").map_err(unwritable)?;
        file.as_file().sync_all().map_err(unwritable)?;
        file.persist(path)
            .map_err(|error| unwritable(error.error))?;
        Ok(())
    }
}

//! `[storage]`: where content comes from and goes to.

use super::offer::Amount;
use super::reader::Section;
use proto::{Address, Wei};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct StorageConfig {
    /// The node's own folder; state.folder/content unless said.
    pub folder: Option<PathBuf>,
    pub quota_gib: Option<u64>,
    /// Folders of others on this machine, read and written.
    pub folders: Vec<String>,
    /// Web servers over such folders, read only.
    pub http: Vec<String>,
    /// 0G indexers. What is on chain already can be put there too; anything else, if there is
    /// a flow contract.
    pub indexers: Vec<String>,
    /// 0G's flow contract on the market's chain, where the wallet pays for uploads.
    pub flow: Option<Address>,
    /// The most that one upload may cost.
    pub upload_fee_max: Wei,
    /// A file with a bucket and its keys, readable by its owner alone.
    pub s3: Option<PathBuf>,
}

pub(super) fn read(section: &mut Section) -> StorageConfig {
    StorageConfig {
        folder: section.optional("folder", "a path"),
        quota_gib: section.optional_number("quota_gib", 1..=1_000_000),
        folders: section.texts("folders"),
        http: section.texts("http"),
        indexers: section.texts("indexers"),
        flow: section.optional("flow", "the address of 0G's flow contract"),
        upload_fee_max: section
            .parsed::<Amount>("upload_fee_max", "0.01 ether", Amount::WANTED)
            .0,
        s3: section.optional("s3", "a path"),
    }
}

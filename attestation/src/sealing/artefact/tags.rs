//! The tags of all chunks: what the signature is over.

use super::{ArtefactError, ArtefactSummary, ArtefactTagsDigest, SIGNATURE_LEN};
use crate::sealing::witness::recover;
use alloy_primitives::{Address, Keccak256};

#[derive(Default)]
pub(super) struct Tags {
    hash: Keccak256,
    pub(super) chunks: u64,
    pub(super) plain_bytes: u64,
}

impl Tags {
    pub(super) fn push(&mut self, tag: &[u8]) {
        self.hash.update(tag);
        self.chunks = self.chunks.saturating_add(1);
    }

    pub(super) fn finish(self) -> Result<ArtefactSummary, ArtefactError> {
        if self.chunks == 0 {
            return Err(ArtefactError::Empty);
        }
        Ok(ArtefactSummary {
            plain_bytes: self.plain_bytes,
            tags: ArtefactTagsDigest(self.hash.finalize().0),
        })
    }
}

pub(super) fn expect_signer(
    expected: Address,
    tags: &ArtefactTagsDigest,
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), ArtefactError> {
    let found = recover(&tags.0, signature).map(|key| Address::from_public_key(&key));
    if found == Some(expected) {
        Ok(())
    } else {
        Err(ArtefactError::Signer(found))
    }
}

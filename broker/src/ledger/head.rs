//! The broker's signature over how far its ledger has come.

use super::Links;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;

const DOMAIN: &[u8] = b"sealtune broker ledger head v1\0";

/// How far a ledger had come at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub links: Links,
    pub at: proto::Seconds,
}

/// A head with the broker's public key and signature, as it stands in a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    count: u64,
    hash: String,
    at: proto::Seconds,
    key: String,
    signature: String,
}

/// The key that signs heads.
pub struct HeadKey(Ed25519KeyPair);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHead {
    #[error("the head's hash, key or signature is not hexadecimal of the right length")]
    Encoding,
    #[error("the head is not signed by the key it names")]
    Signature,
}

impl Head {
    fn to_bytes(self) -> Vec<u8> {
        let count = self.links.count.to_be_bytes();
        [DOMAIN, &count, &self.links.hash, &self.at.to_be_bytes()].concat()
    }
}

impl HeadKey {
    /// A key from its 32 secret bytes; any will do.
    pub fn new(seed: &[u8; 32]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self)
    }

    pub fn public(&self) -> [u8; 32] {
        let mut public = [0; 32];
        public.copy_from_slice(self.0.public_key().as_ref());
        public
    }

    pub fn sign(&self, head: Head) -> SignedHead {
        SignedHead {
            count: head.links.count,
            hash: hex::encode(head.links.hash),
            at: head.at,
            key: hex::encode(self.public()),
            signature: hex::encode(self.0.sign(&head.to_bytes())),
        }
    }
}

impl SignedHead {
    /// What is signed is its meaning: it is written in one way only, so that no byte is free.
    pub(super) fn is_written(&self, text: &str) -> bool {
        let digits = [&self.hash, &self.key, &self.signature];
        let upper = |text: &&String| text.bytes().any(|byte| byte.is_ascii_uppercase());
        serde_json::to_string(self).is_ok_and(|ours| ours == text) && !digits.iter().any(upper)
    }

    /// The head and its signer, if she signed it.
    pub fn open(&self) -> Result<(Head, [u8; 32]), BadHead> {
        let key = bytes::<32>(&self.key)?;
        let links = Links {
            count: self.count,
            hash: bytes(&self.hash)?,
        };
        let head = Head { links, at: self.at };
        UnparsedPublicKey::new(&ED25519, key)
            .verify(&head.to_bytes(), &bytes::<64>(&self.signature)?)
            .map_err(|_unspecified| BadHead::Signature)?;
        Ok((head, key))
    }
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], BadHead> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_digits| BadHead::Encoding)?;
    Ok(bytes)
}

impl fmt::Debug for HeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadKey").finish_non_exhaustive()
    }
}

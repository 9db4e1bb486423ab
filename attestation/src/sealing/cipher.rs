//! The two primitives everything here is made of: HKDF-SHA256 and AES-256-GCM.

use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::error::Unspecified;
use ring::hmac::{Context, HMAC_SHA256, Key};
use zeroize::Zeroizing;

pub(super) const TAG_LEN: usize = 16;

/// Thirty-two secret bytes.
pub(super) type Bytes32 = Zeroizing<[u8; 32]>;

/// HKDF-SHA256 (RFC 5869) for exactly one block of output: extract, then the
/// first and only step of expand.
pub(super) fn hkdf(salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> Bytes32 {
    let prk = Bytes32::new(hmac(salt, &[ikm]));
    let blocks: Vec<&[u8]> = info.iter().copied().chain([&[1_u8][..]]).collect();
    Bytes32::new(hmac(prk.as_ref(), &blocks))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    out
}

/// `ring` refuses only keys of another length, which the type excludes.
pub(super) fn aes256gcm(key: &Bytes32) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&AES_256_GCM, key.as_ref()).map(LessSafeKey::new)
}

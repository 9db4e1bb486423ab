//! The secret the vault is sealed under.

use attestation::sealing::EnclaveSecret;

/// 32 secret bytes; zeroed when dropped, never shown.
pub struct VaultKey(EnclaveSecret);

impl VaultKey {
    /// Takes the bytes and zeroes the caller's copy.
    pub fn take(bytes: &mut [u8; 32]) -> Self {
        Self(EnclaveSecret::take(bytes))
    }

    pub(super) fn secret(&self) -> &EnclaveSecret {
        &self.0
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VaultKey")
    }
}

//! The device, the identity it seals, and what is sealed under that.

use crate::boot::{self, BootError, JournalSecret};
use crate::config::Config;
use crate::evidence::{self, Device, DeviceError};
use crate::keys::{Identity, IdentityError, KeyPolicy, Origin};
use crate::vault::{Vault, VaultError, VaultKey};
use std::sync::Arc;
use tracing::{info, warn};

/// A node that knows who it is.
#[derive(Debug)]
pub struct Enclosed {
    pub(super) device: Device,
    pub identity: Arc<Identity>,
    pub vault: Arc<Vault>,
}

#[derive(Debug, thiserror::Error)]
pub enum EncloseError {
    #[error(transparent)]
    State(#[from] BootError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("this node has no identity")]
    Identity(#[from] IdentityError),
    #[error("cannot open the vault")]
    Vault(#[from] VaultError),
}

/// Opens the device and takes the identity; makes one at first boot. Blocks.
pub fn enclose(config: &Config) -> Result<Enclosed, EncloseError> {
    boot::check_state(&config.state)?;
    let mut device = evidence::open(&config.device, &config.state.folder)?;
    let identity = Identity::take(
        &config.state.identity(),
        config.device.policy,
        device.as_mut(),
    )?;
    tell(&identity, device.name());
    let mut secret = identity.vault_secret();
    let vault = Vault::open(&config.state.vault(), &VaultKey::take(&mut secret))?;
    Ok(Enclosed {
        device,
        identity: Arc::new(identity),
        vault: Arc::new(vault),
    })
}

impl Enclosed {
    pub fn journal_secret(&self) -> JournalSecret {
        match self.identity.origin() {
            Origin::Kept | Origin::New => JournalSecret::Enclave(self.identity.journal_key()),
            Origin::Ephemeral => JournalSecret::File,
        }
    }
}

fn tell(identity: &Identity, device: &str) {
    let signer = identity.signer().address();
    match identity.origin() {
        Origin::Kept => info!(%signer, device, "the identity is the one of the last boot"),
        Origin::New => info!(%signer, device, "a new identity was made and sealed"),
        Origin::Ephemeral => {
            let policy = KeyPolicy::Ephemeral;
            warn!(%signer, device, ?policy, "the identity ends with this process");
        }
    }
}

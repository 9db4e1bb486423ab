//! How the process ends, in numbers that scripts may rely on.

use crate::boot::FolderError;
use crate::conductor::ConductorError;
use crate::config::ConfigError;
use crate::journal::{JournalError, KeyError};
use crate::keys::IdentityError;
use crate::live::{EncloseError, JoinError, ProveError};
use crate::operator::ClientError;
use crate::vault::VaultError;
use std::error::Error;
use std::process::ExitCode;

/// Every way to end. The numbers never change; 2 is a wrong command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Failed = 1,
    Config = 3,
    Folder = 4,
    Locked = 5,
    Corrupt = 6,
    Full = 7,
    Key = 8,
    NotRunning = 9,
    Device = 10,
    Identity = 11,
    Evidence = 12,
    Wallet = 13,
    Chain = 14,
    Storage = 15,
    Trainer = 16,
}

impl Exit {
    pub const ALL: &[(Self, &str)] = &[
        (Self::Failed, "something else failed"),
        (Self::Config, "the configuration has problems"),
        (
            Self::Folder,
            "the state folder is missing or cannot be used",
        ),
        (Self::Locked, "another process uses the journal"),
        (Self::Corrupt, "the journal was changed or damaged"),
        (Self::Full, "the disk is full"),
        (
            Self::Key,
            "the journal key is missing, exposed or another one",
        ),
        (Self::NotRunning, "the command needs a running node"),
        (Self::Device, "the tee cannot be opened"),
        (Self::Identity, "the identity cannot be made or opened"),
        (
            Self::Evidence,
            "there is no evidence of this boot, or it is worth nothing",
        ),
        (Self::Wallet, "the wallet's file cannot be used"),
        (Self::Chain, "this chain or contract cannot be used"),
        (Self::Storage, "a place of [storage] cannot be used"),
        (Self::Trainer, "the trainer cannot be used"),
    ];

    pub const fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Config => 3,
            Self::Folder => 4,
            Self::Locked => 5,
            Self::Corrupt => 6,
            Self::Full => 7,
            Self::Key => 8,
            Self::NotRunning => 9,
            Self::Device => 10,
            Self::Identity => 11,
            Self::Evidence => 12,
            Self::Wallet => 13,
            Self::Chain => 14,
            Self::Storage => 15,
            Self::Trainer => 16,
        }
    }

    /// The way to end for this error, wherever in its chain the cause lies.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(exit) = Self::by_type(error) {
                return exit;
            }
            next = error.source();
        }
        Self::Failed
    }

    fn by_type(error: &(dyn Error + 'static)) -> Option<Self> {
        if error.is::<ConfigError>() {
            return Some(Self::Config);
        }
        if error.is::<FolderError>() {
            return Some(Self::Folder);
        }
        if let Some(ClientError::NotRunning { .. }) = error.downcast_ref() {
            return Some(Self::NotRunning);
        }
        if let Some(key) = error.downcast_ref() {
            return Some(Self::of_key(key));
        }
        if let Some(ConductorError::Journal(journal)) = error.downcast_ref() {
            return Self::of_journal(journal);
        }
        if error.is::<ConductorError>() {
            return Some(Self::Corrupt);
        }
        if let Some(step) = error.downcast_ref() {
            return Self::of_enclosing(step);
        }
        if error.is::<ProveError>() {
            return Some(Self::Evidence);
        }
        if let Some(step) = error.downcast_ref() {
            return Some(Self::of_joining(step));
        }
        error.downcast_ref().and_then(Self::of_journal)
    }

    fn of_enclosing(error: &EncloseError) -> Option<Self> {
        match error {
            // The cause says more.
            EncloseError::State(_) => None,
            EncloseError::Device(_) | EncloseError::Identity(IdentityError::Device(_)) => {
                Some(Self::Device)
            }
            EncloseError::Identity(_) => Some(Self::Identity),
            EncloseError::Vault(VaultError::Full(_)) => Some(Self::Full),
            EncloseError::Vault(_) => Some(Self::Folder),
        }
    }

    const fn of_joining(error: &JoinError) -> Self {
        match error {
            JoinError::Wallet(_) => Self::Wallet,
            JoinError::Chain(_) => Self::Chain,
            JoinError::Places(_) => Self::Storage,
            JoinError::Trainer(_) => Self::Trainer,
        }
    }

    fn of_key(error: &KeyError) -> Self {
        match error {
            KeyError::Full(_) => Self::Full,
            KeyError::Missing
            | KeyError::Read(_)
            | KeyError::Write(_)
            | KeyError::Exposed { .. }
            | KeyError::Length
            | KeyError::Random => Self::Key,
        }
    }

    fn of_journal(error: &JournalError) -> Option<Self> {
        match error {
            JournalError::Locked => Some(Self::Locked),
            JournalError::Full(_) => Some(Self::Full),
            JournalError::Io(_) => Some(Self::Folder),
            JournalError::WrongKey => Some(Self::Key),
            JournalError::NoHead
            | JournalError::Changed { .. }
            | JournalError::Unreadable { .. }
            | JournalError::Version { .. }
            | JournalError::Damaged(_) => Some(Self::Corrupt),
            JournalError::Random => None,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

//! `keys rotate`: a new identity at the next start, while nothing depends on the old one.

use super::print::say;
use super::{Common, Done};
use crate::boot;
use crate::config::{Config, State};
use crate::keys::KeyPolicy;
use crate::live::{self, Enclosed};
use crate::operator;
use clap::Args;
use serde::Serialize;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Rotate {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, thiserror::Error)]
enum RotateError {
    #[error("the node runs: drain it with --wait, stop it, and try again")]
    Runs,
    #[error("there is no identity yet: the first start makes one")]
    None,
    #[error("keys = \"ephemeral\" makes a new identity at every start")]
    Ephemeral,
    #[error("{0} tasks are open; they can only be finished under this identity: drain first")]
    Open(usize),
    #[error("cannot move {path}")]
    Move {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What was done.
#[derive(Debug, Serialize)]
struct Rotated {
    retired_signer: String,
    kept_in: PathBuf,
}

impl Rotate {
    pub(super) fn run(&self) -> Done {
        let config = self.common.load()?;
        check(&config)?;
        let enclosed = live::enclose(&config)?;
        let memory = boot::recall(&config.state, enclosed.journal_secret())?;
        let open = memory.open_count();
        drop(memory);
        if open > 0 {
            return Err(RotateError::Open(open).into());
        }
        let rotated = retire(&config.state, &enclosed)?;
        say(self.common.style(), &rotated, || lines(&rotated));
        Ok(ExitCode::SUCCESS)
    }
}

fn check(config: &Config) -> Result<(), RotateError> {
    if UnixStream::connect(operator::path(&config.state.folder)).is_ok() {
        return Err(RotateError::Runs);
    }
    if config.device.policy == KeyPolicy::Ephemeral {
        return Err(RotateError::Ephemeral);
    }
    if !config.state.identity().exists() {
        return Err(RotateError::None);
    }
    Ok(())
}

/// Moves what only the old identity opens into a folder of its own. The identity goes last: who
/// is cut off before that starts under the old one, with a journal that holds nothing open.
fn retire(state: &State, enclosed: &Enclosed) -> Result<Rotated, RotateError> {
    let signer = enclosed.identity.signer().address().to_string();
    let kept_in = state.folder.join("retired").join(&signer);
    let at = |path: &Path| {
        let path = path.to_owned();
        |source| RotateError::Move { path, source }
    };
    std::fs::create_dir_all(&kept_in).map_err(at(&kept_in))?;
    for path in [state.journal(), state.vault(), state.identity()] {
        let name = path.file_name().unwrap_or_default();
        if path.exists() {
            std::fs::rename(&path, kept_in.join(name)).map_err(at(&path))?;
        }
    }
    Ok(Rotated {
        retired_signer: signer,
        kept_in,
    })
}

fn lines(rotated: &Rotated) -> Vec<String> {
    vec![
        format!("signer {} is retired", rotated.retired_signer),
        format!("its identity, journal and vault are in {}", rotated.kept_in.display()),
        "the next start makes a new identity; the contract's owner, a verifier or each customer has to accept it".to_owned(),
    ]
}

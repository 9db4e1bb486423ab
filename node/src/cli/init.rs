//! `init`: from nothing to a configuration and a state folder.

use super::Done;
use super::print::{Style, say};
use crate::config;
use clap::Args;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Init {
    /// Where the configuration goes; one that is there is never overwritten.
    #[arg(long, default_value = "/etc/sealtune/node.toml")]
    config: PathBuf,
    /// Where the node keeps what must survive a restart.
    #[arg(long, default_value = "/var/lib/sealtune")]
    state: PathBuf,
    /// Answers in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("{path} is there already; it is not overwritten")]
    There { path: PathBuf },
    #[error("cannot write {path}")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot make the folder {path}")]
    Folder {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Init {
    pub(crate) fn run(&self) -> Done {
        if let Some(folder) = self.config.parent() {
            make(folder)?;
        }
        write(&self.config, &config::template(&self.state))?;
        make(&self.state)?;
        let style = if self.json { Style::Json } else { Style::Text };
        let answer = serde_json::json!({ "config": self.config, "state": self.state });
        say(style, &answer, || self.lines());
        Ok(ExitCode::SUCCESS)
    }

    fn lines(&self) -> Vec<String> {
        let (config, state) = (self.config.display(), self.state.display());
        vec![
            format!("wrote {config}"),
            format!("the state folder is {state}"),
            format!("next: edit the file, then sealtune-node doctor --config {config}"),
        ]
    }
}

/// A folder for its owner alone; one that is there stays as it is.
fn make(folder: &Path) -> Result<(), InitError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| InitError::Folder {
        path: folder.into(),
        source,
    })
}

fn write(path: &Path, text: &str) -> Result<(), InitError> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|source| {
        let path = path.into();
        if source.kind() == io::ErrorKind::AlreadyExists {
            InitError::There { path }
        } else {
            InitError::Write { path, source }
        }
    })
}

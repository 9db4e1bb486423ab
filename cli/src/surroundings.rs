//! What the process finds around it: folders, variables, the clock. Read here and nowhere else.

use attestation::At;
use std::env;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The name of the password among systemd's credentials.
const CREDENTIAL: &str = "sealtune-password";

#[derive(Clone, Debug)]
pub struct Surroundings {
    /// `~/.config/sealtune`
    pub config: PathBuf,
    /// `~/.local/share/sealtune`
    pub state: PathBuf,
    /// Where systemd laid the credentials of this unit.
    credentials: Option<PathBuf>,
    /// Whether somebody can be asked.
    pub terminal: bool,
    pub colour: bool,
}

impl Surroundings {
    pub fn read() -> Self {
        let home = env::home_dir().unwrap_or_else(|| PathBuf::from("."));
        let folder = |variable: &str, otherwise: &str| {
            let named = env::var_os(variable).map(PathBuf::from);
            let named = named.filter(|path| path.is_absolute());
            named
                .unwrap_or_else(|| home.join(otherwise))
                .join("sealtune")
        };
        let terminal = std::io::stderr().is_terminal() && std::io::stdin().is_terminal();
        Self {
            config: folder("XDG_CONFIG_HOME", ".config"),
            state: folder("XDG_DATA_HOME", ".local/share"),
            credentials: env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from),
            terminal,
            colour: terminal && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// The password that systemd passed in, if it did.
    pub fn credential(&self) -> Option<PathBuf> {
        let path = self.credentials.as_ref()?.join(CREDENTIAL);
        path.is_file().then_some(path)
    }

    /// `~` at the beginning is the home folder; what is relative stands beside the configuration.
    pub fn resolve(&self, base: &Path, path: &Path) -> PathBuf {
        match (path.strip_prefix("~"), env::home_dir()) {
            (Ok(rest), Some(home)) => home.join(rest),
            (Ok(_) | Err(_), _) => base.join(path),
        }
    }
}

/// The time by this machine's clock: for evidence. Money keeps the chain's time.
#[allow(
    clippy::disallowed_methods,
    reason = "the one clock of a command line; what is tested takes the time as an argument"
)]
pub fn now() -> At {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    At(since.map_or(0, |since| since.as_secs()))
}

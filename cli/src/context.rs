//! What every command begins with.

use crate::config::Config;
use crate::home::Home;
use crate::surroundings::Surroundings;
use crate::trouble::Trouble;
use crate::voice::Voice;
use std::path::PathBuf;

/// The configuration is read by whoever needs it: `ft init` does not.
#[derive(Clone, Debug)]
pub struct Context {
    pub around: Surroundings,
    pub voice: Voice,
    pub config_file: PathBuf,
    pub password_file: Option<PathBuf>,
    pub node_url: Option<String>,
    pub broker_url: Option<String>,
}

impl Context {
    pub fn config(&self) -> Result<Config, Trouble> {
        let mut config = Config::read(&self.config_file, &self.around)?;
        if let Some(url) = &self.node_url {
            config.node.url = Some(url.clone());
        }
        if let Some(url) = &self.broker_url {
            config.broker.url = Some(url.clone());
        }
        if let Some(file) = &self.password_file {
            config.account.password_file = Some(file.clone());
        }
        Ok(config)
    }

    pub fn home(&self, config: &Config) -> Result<Home, Trouble> {
        let folder = config.state.as_ref().unwrap_or(&self.around.state);
        Home::open(folder)
    }
}

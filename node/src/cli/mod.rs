//! What an operator types. Commands that need a running node ask it over its socket.

mod doctor;
mod init;
mod print;
mod rotate;
mod running;

use crate::config::{self, Config, ConfigError, Origin, Problems};
use crate::exit::Exit;
use clap::{Args, Subcommand};
use print::{Style, say};
use running::Asked;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

/// What a command ends with: what it found, or why it could not look.
pub(crate) type Done = Result<ExitCode, Box<dyn Error>>;

/// Every command but `run`.
#[derive(Debug, Subcommand)]
pub enum Operate {
    /// Writes a commented configuration and makes the state folder.
    Init(init::Init),
    /// Checks the configuration and says what is wrong with it.
    Check(Common),
    /// Tries the machine: 0 all is well, 1 there are warnings, 2 something fails.
    Doctor(doctor::Doctor),
    /// How the node stands.
    Status(Common),
    /// Open tasks, or all.
    Jobs(running::Jobs),
    /// The journal.
    #[command(subcommand)]
    Journal(running::JournalCommand),
    /// Takes no new orders, and finishes those it has.
    Drain(running::Drain),
    /// Takes orders again.
    Undrain(Common),
    /// The circuit breaker.
    #[command(subcommand)]
    Breaker(running::BreakerCommand),
    /// The node's keys.
    #[command(subcommand)]
    Keys(running::KeysCommand),
    /// Attestation evidence.
    #[command(subcommand)]
    Attest(running::AttestCommand),
    /// Tasks that were paid for.
    Earnings(running::Earnings),
    /// Reads the configuration again, as SIGHUP does.
    Reload(Common),
    /// The configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Debug, Args)]
pub struct Common {
    #[arg(long, default_value = "/etc/sealtune/node.toml")]
    pub(crate) config: PathBuf,
    /// Answers in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Every key with its value.
    Show(Show),
}

#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    common: Common,
    /// Also where each value comes from.
    #[arg(long)]
    origin: bool,
}

pub fn run(command: Operate) -> Done {
    match command {
        Operate::Init(init) => init.run(),
        Operate::Check(common) => common.check(),
        Operate::Doctor(doctor) => Ok(doctor.run()),
        Operate::Config(ConfigCommand::Show(show)) => show.run(),
        Operate::Status(common) => Asked::of(&common)?.status(),
        Operate::Jobs(jobs) => jobs.run(),
        Operate::Journal(command) => command.run(),
        Operate::Drain(drain) => drain.run(),
        Operate::Undrain(common) => Asked::of(&common)?.act("/v1/undrain"),
        Operate::Breaker(command) => command.run(),
        Operate::Keys(command) => command.run(),
        Operate::Attest(command) => command.run(),
        Operate::Earnings(earnings) => earnings.run(),
        Operate::Reload(common) => Asked::of(&common)?.reload(),
    }
}

impl Common {
    pub(crate) fn style(&self) -> Style {
        if self.json { Style::Json } else { Style::Text }
    }

    pub(crate) fn load(&self) -> Result<Config, Box<dyn Error>> {
        Ok(Config::load(&self.config)?)
    }

    /// In JSON the problems are the answer, otherwise they are the last word.
    fn check(&self) -> Done {
        let problems = match Config::load(&self.config) {
            Ok(_fine) => Vec::new(),
            Err(ConfigError::Problems(Problems(found))) if self.json => found,
            Err(error) => return Err(error.into()),
        };
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        let fine = problems.is_empty();
        let answer = serde_json::json!({ "fine": fine, "problems": problems });
        let config = self.config.display();
        say(self.style(), &answer, || vec![format!("{config} is fine")]);
        Ok(if fine {
            ExitCode::SUCCESS
        } else {
            Exit::Config.into()
        })
    }
}

impl Show {
    fn run(&self) -> Done {
        let (keys, problems) = config::keys(&self.common.config)?;
        say(self.common.style(), &keys, || {
            let lines = keys.iter().map(|key| {
                let origin = match (self.origin, key.origin) {
                    (false, _) => "",
                    (true, Origin::Default) => "    # default",
                    (true, Origin::File) => "    # file",
                    (true, Origin::Absent) => "    # not set",
                };
                format!("{} = {}{origin}", key.path, key.value)
            });
            lines.collect()
        });
        problems.map_or(Ok(ExitCode::SUCCESS), |problems: Problems| {
            Err(ConfigError::Problems(problems).into())
        })
    }
}

//! A customer at her command line: every step through the program `ft`, as she types it.

use crate::node::{Callers, Tuning};
use crate::stage::ether;
use crate::story::Play;
use alloy_primitives::Address;
use ft::desk::CallerKey;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use testchain::CHAIN_ID;

const FT: &str = env!("CARGO_BIN_EXE_e2e-ft");

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The object on standard output.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(self.out.lines().last().unwrap_or_default())
            .unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Everything it said.
    pub(crate) fn words(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Her machine: a home folder, and nothing else.
pub(crate) struct Session {
    home: TempDir,
    loud: bool,
}

impl Session {
    /// A new machine, and how a node has to be tuned so that it knows her.
    pub(crate) fn begin(loud: bool) -> (Self, Tuning) {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("data/sealtune")).unwrap();
        let key = CallerKey::open(&home.path().join("data/sealtune/caller.key")).unwrap();
        let callers = Callers {
            broker: Some(key.digest()),
            ..Callers::default()
        };
        let tuning = Tuning {
            callers,
            ..Tuning::default()
        };
        (Self { home, loud }, tuning)
    }

    /// The same person on a machine that no node knows.
    pub(crate) fn elsewhere(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        let copied = home.path().join("config/sealtune");
        fs::create_dir_all(&copied).unwrap();
        for name in ["config.toml", "policy.toml", "wallet.json"] {
            let from = self.home.path().join("config/sealtune").join(name);
            fs::copy(from, copied.join(name)).unwrap();
        }
        secret(home.path(), "password", "correct horse");
        Self { home, loud: false }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Types one command.
    pub(crate) fn ft(&self, words: &[&str]) -> Said {
        let mut command = Command::new(FT);
        command.args(words).current_dir(self.home.path());
        command.env("HOME", self.home.path());
        command.env("XDG_CONFIG_HOME", self.home.path().join("config"));
        command.env("XDG_DATA_HOME", self.home.path().join("data"));
        command.arg("--password-file").arg(self.path("password"));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        if self.loud {
            eprintln!(
                "\n$ ft {}\n{}{}",
                words.join(" "),
                said.err,
                said.out.trim_end()
            );
        }
        said
    }

    /// Types one command that has to do what it says.
    pub(crate) fn done(&self, words: &[&str]) -> Said {
        let said = self.ft(words);
        assert_eq!(said.code, 0, "ft {}: {said:?}", words.join(" "));
        said
    }

    /// A configuration, a wallet with money in it, an account.
    pub(crate) async fn settle(&self, play: &Play, address: &str) -> Address {
        let (market, url) = (play.stage.market.to_string(), play.stage.anvil.url.clone());
        let (store, root) = (play.folder.path().join("store"), &play.machine.root_file);
        let image = "51".repeat(48);
        let chain_id = CHAIN_ID.to_string();
        self.done(&[
            "init",
            "--rpc",
            &url,
            "--chain-id",
            &chain_id,
            "--market",
            &market,
            "--confirmations",
            "2",
            "--folder",
            text(&store),
            "--image",
            &image,
            "--development-root",
            text(root),
            "--trainer",
            crate::dataset::TRAINER,
        ]);
        self.hurry(address);
        secret(self.home.path(), "password", "correct horse");
        let made = self.done(&["account", "new", "--json"]).json();
        let customer: Address = made["address"].as_str().unwrap().parse().unwrap();
        play.stage.anvil.endow(customer, ether("10").0).await;
        customer
    }

    /// Blocks come five a second here, and the node is where it is.
    fn hurry(&self, address: &str) {
        let path = self.path("config/sealtune/config.toml");
        let text = fs::read_to_string(&path).unwrap();
        let faster = "deployed_at = 0\npoll_ms = 100\nrequests_per_sec = 1000\n";
        let text = text.replace("deployed_at = 0\n", faster);
        fs::write(
            &path,
            format!("{text}\n[node]\nurl = \"https://{address}\"\n"),
        )
        .unwrap();
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn secret(folder: &Path, name: &str, content: &str) {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

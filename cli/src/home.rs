//! Home: what is remembered between two commands. Nothing in it is secret.
//!
//! ```text
//! tasks/<task>.json           an order as it was signed, and what it rests on
//! results/<task>.json         what came of it
//! evidence/<provider>/        the bundle of the last verdict
//! verdicts/<provider>.json    the last verdict itself
//! blobs/                      sealed datasets and results
//! caller.key                  the key this machine shows to nodes, mode 0600
//! ```

use crate::receipt::Delivered;
use crate::trouble::{Kind, Trouble};
use chain::Standing;
use proto::{Address, Digest, SignedOrder, TaskId, Wei};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct Home(PathBuf);

/// An order of hers. Written before it is sent, so that no order is lost.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Record {
    pub signed: SignedOrder,
    /// The recipe's canonical JSON.
    pub recipe: String,
    /// The machine the data was sealed to.
    pub machine: Machine,
    /// Its evidence: an archive, in base64.
    pub evidence: String,
    /// What was demanded of it.
    pub policy: String,
    pub name: String,
    pub made_at: u64,
    /// Nothing on chain about it is older.
    pub first_block: u64,
    /// Hashes of transactions by what they did.
    #[serde(default)]
    pub transactions: Vec<(String, String)>,
}

/// What a verdict found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub provider: Address,
    pub url: String,
    pub signer: Address,
    pub tls_key: Digest,
    pub boot: String,
    pub image: String,
    /// Who vouches for it.
    pub domain: String,
    pub policy: Digest,
    pub judged_at: u64,
}

impl Home {
    pub fn open(folder: &Path) -> Result<Self, Trouble> {
        let home = Self(folder.to_owned());
        for room in ["tasks", "results", "evidence", "verdicts"] {
            let room = folder.join(room);
            fs::create_dir_all(&room).map_err(|error| cannot("make", &room, &error))?;
        }
        Ok(home)
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    pub fn caller_key(&self) -> PathBuf {
        self.0.join("caller.key")
    }

    pub fn evidence(&self, provider: Address) -> PathBuf {
        self.0.join("evidence").join(provider.to_string())
    }

    pub fn keep_verdict(&self, machine: &Machine) -> Result<(), Trouble> {
        write_whole(&self.verdict(machine.provider), machine)
    }

    /// The last verdict on this provider's machine, if it was good.
    pub fn last_verdict(&self, provider: Address) -> Option<Machine> {
        read(&self.verdict(provider)).ok()
    }

    pub fn keep(&self, record: &Record) -> Result<(), Trouble> {
        write_whole(&self.task(record.signed.order.id()), record)
    }

    pub fn keep_result(&self, task: TaskId, result: &Delivered) -> Result<(), Trouble> {
        write_whole(&self.result_file(task), result)
    }

    pub fn result(&self, task: TaskId) -> Option<Delivered> {
        read(&self.result_file(task)).ok()
    }

    fn result_file(&self, task: TaskId) -> PathBuf {
        self.0.join("results").join(format!("{task}.json"))
    }

    /// An order by its id, or by the beginning of it.
    pub fn record(&self, named: &str) -> Result<Record, Trouble> {
        let all = self.records()?;
        let is_it = |record: &&Record| record.task().to_string().starts_with(named);
        let found: Vec<&Record> = all.iter().filter(is_it).collect();
        let unknown = |what: String| Trouble::new(Kind::Input, what).next("ft list --all");
        match found.as_slice() {
            [one] if named.len() >= 4 => Ok((*one).clone()),
            [_, _, ..] => Err(unknown(format!(
                "{named} is the beginning of several tasks"
            ))),
            [] | [_] => Err(unknown(format!("no task of yours is called {named}"))),
        }
    }

    /// All orders, the newest first.
    pub fn records(&self) -> Result<Vec<Record>, Trouble> {
        let folder = self.0.join("tasks");
        let entries = fs::read_dir(&folder).map_err(|error| cannot("list", &folder, &error))?;
        let mut all: Vec<Record> = entries
            .flatten()
            .filter_map(|entry| read(&entry.path()).ok())
            .collect();
        all.sort_by_key(|record| (std::cmp::Reverse(record.made_at), record.task()));
        Ok(all)
    }

    fn task(&self, task: TaskId) -> PathBuf {
        self.0.join("tasks").join(format!("{task}.json"))
    }

    fn verdict(&self, provider: Address) -> PathBuf {
        self.0.join("verdicts").join(format!("{provider}.json"))
    }
}

impl Record {
    pub fn task(&self) -> TaskId {
        self.signed.order.id()
    }

    pub fn fee_max(&self) -> Wei {
        self.signed.order.fee_max
    }

    /// Whose sub-account pays, and whose result it is.
    pub fn provider(&self) -> Address {
        self.machine.provider
    }

    pub fn note(&mut self, what: &str, transaction: String) {
        self.transactions.push((what.to_owned(), transaction));
    }
}

/// How an order stands, in a word or a few.
pub fn standing_words(standing: Option<Standing>) -> String {
    match standing {
        None => "not on chain".into(),
        Some(Standing::Open) => "open".into(),
        Some(Standing::Accepted) => "accepted".into(),
        Some(Standing::Delivered { .. }) => "delivered".into(),
        Some(Standing::Acknowledged { .. }) => "acknowledged".into(),
        Some(Standing::Settled) => "paid".into(),
        Some(Standing::Released(reason)) => match proto::Reason::try_from(reason) {
            Ok(reason) => format!("released: {reason}"),
            Err(_unknown) => format!("released ({reason})"),
        },
        Some(Standing::Withdrawn) => "withdrawn".into(),
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Trouble> {
    let text = fs::read(path).map_err(|error| cannot("read", path, &error))?;
    serde_json::from_slice(&text).map_err(|error| {
        Trouble::because(
            Kind::Machine,
            &format!("cannot read {}", path.display()),
            &error,
        )
    })
}

/// Whole or not at all, and there after a power cut.
pub fn write_whole<T: Serialize>(path: &Path, value: &T) -> Result<(), Trouble> {
    let parent = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(parent)?;
        serde_json::to_writer_pretty(&mut file, value)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|lost| lost.error)?;
        Ok(())
    };
    write().map_err(|error| cannot("write", path, &error))
}

pub fn cannot(doing: &str, path: &Path, error: &dyn std::error::Error) -> Trouble {
    let what = format!("cannot {doing} {}", path.display());
    Trouble::because(Kind::Machine, &what, error)
}

//! The program as an operator meets it: what it says when something is wrong, and how it ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use node::fakes::Disk;
use node::journal::{Journal, JournalKey};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redb::{Database, ReadableTable, TableDefinition};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::panic::catch_unwind;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const NODE: &str = env!("CARGO_BIN_EXE_sealtune-node");
const ROWS: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("rows");
const HEADS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("heads");

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(TempDir::new().unwrap());
        home.configure(&format!(
            "[state]\nfolder = '{}'\n[operator]\nlisten = '127.0.0.1:0'\n[log]\nformat = 'text'\n",
            home.0.path().display()
        ));
        home
    }

    fn configure(&self, text: &str) {
        fs::write(self.0.path().join("node.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(NODE);
        command
            .arg(verb)
            .arg("--config")
            .arg(self.path("node.toml"));
        command
    }

    /// Runs until the journal is read, then stops as an operator would.
    fn run_once(&self) {
        let mut node = Running::start(self);
        node.wait_for("the journal is read");
        assert_eq!(node.stop(), Some(0));
    }

    /// Expects the node to give up by itself.
    fn fails(&self) -> (i32, String) {
        ended(self.command("run"))
    }
}

fn ended(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    (
        output
            .status
            .code()
            .unwrap_or_else(|| panic!("killed: {text}")),
        text,
    )
}

struct Running {
    child: Child,
    said: String,
}

impl Running {
    fn start(home: &Home) -> Self {
        let child = home.command("run").stderr(Stdio::piped()).spawn().unwrap();
        Self {
            child,
            said: String::new(),
        }
    }

    /// Reads what it says until these words; ends with the pipe if they never come.
    fn wait_for(&mut self, words: &str) {
        let pipe = self.child.stderr.as_mut().unwrap();
        let mut byte = [0];
        while !self.said.contains(words) {
            assert_eq!(
                pipe.read(&mut byte).unwrap(),
                1,
                "it said only: {}",
                self.said
            );
            self.said.push(char::from(byte[0]));
        }
    }

    fn signal(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    fn stop(&mut self) -> Option<i32> {
        self.signal();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn line(text: &str) -> &str {
    text.lines()
        .find(|line| line.starts_with("sealtune-node: "))
        .unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn it_starts_keeps_its_journal_and_stops_when_told() {
    let home = Home::new();

    home.run_once();
    home.run_once();

    let mode = fs::metadata(home.path("journal.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_bad_configuration_is_told_whole() {
    let home = Home::new();
    home.configure("[state]\n[limits]\ntasks_max = -1\n");

    let (code, text) = home.fails();

    assert_eq!(code, 3);
    assert!(
        text.contains("2 problems") && text.contains("state.folder: is required"),
        "{text}"
    );
    assert!(
        text.contains("limits.tasks_max: must be between 1 and 100000, found -1"),
        "{text}"
    );
    assert_eq!(ended(home.command("check")).0, 3);
}

#[test]
fn a_missing_configuration_is_named() {
    let home = Home::new();
    fs::remove_file(home.path("node.toml")).unwrap();

    let (code, text) = home.fails();

    assert_eq!(code, 3);
    assert!(line(&text).contains("node.toml"), "{text}");
}

#[test]
fn a_missing_folder_is_named_with_what_to_do() {
    let home = Home::new();
    home.configure("[state]\nfolder = '/nowhere/at/all'\n");

    let (code, text) = home.fails();

    assert_eq!(code, 4);
    assert!(
        line(&text).contains("/nowhere/at/all cannot be used: it does not exist"),
        "{text}"
    );
}

#[test]
fn a_second_node_on_the_same_journal_refuses_to_start() {
    let home = Home::new();
    let mut first = Running::start(&home);
    first.wait_for("the journal is read");

    let (code, text) = home.fails();

    assert_eq!(code, 5);
    assert!(line(&text).contains("in use by another process"), "{text}");
    assert_eq!(first.stop(), Some(0));
}

#[test]
fn a_second_signal_ends_at_once() {
    let home = Home::new();
    let mut node = Running::start(&home);
    node.wait_for("the journal is read");
    node.signal();

    assert_eq!(node.stop(), Some(0));
}

#[test]
fn a_killed_node_starts_again() {
    let home = Home::new();
    let mut node = Running::start(&home);
    node.wait_for("the journal is read");
    node.child.kill().unwrap();
    assert_eq!(node.child.wait().unwrap().signal(), Some(9));

    home.run_once();
}

#[test]
fn another_key_is_refused() {
    let home = Home::new();
    home.run_once();
    fs::write(home.path("journal.key"), [1; 32]).unwrap();

    let (code, text) = home.fails();

    assert_eq!(code, 8);
    assert!(line(&text).contains("written under another key"), "{text}");
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = Home::new();
    home.run_once();
    fs::set_permissions(home.path("journal.key"), fs::Permissions::from_mode(0o644)).unwrap();

    let (code, text) = home.fails();

    assert_eq!(code, 8);
    assert!(line(&text).contains("chmod 600"), "{text}");
}

#[test]
fn a_journal_without_its_key_is_never_begun_anew() {
    let home = Home::new();
    home.run_once();
    fs::remove_file(home.path("journal.key")).unwrap();

    let (code, _) = home.fails();

    assert_eq!(code, 8);
    assert!(!home.path("journal.key").exists());
}

#[test]
fn a_damaged_head_is_refused() {
    let home = Home::new();
    home.run_once();
    edit(&home.path("journal.redb"), |head| head[40] ^= 1);

    let (code, text) = home.fails();

    assert_eq!(code, 8, "{text}");
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_kept() {
    let home = Home::new();
    home.run_once();
    let garbage = vec![0xa5; 70_000];
    fs::write(home.path("journal.redb"), &garbage).unwrap();

    let (code, text) = home.fails();

    assert_eq!(code, 6, "{text}");
    assert_eq!(fs::read(home.path("journal.redb")).unwrap(), garbage);
}

#[test]
fn damage_that_breaks_the_storage_engine_is_told_too() {
    let home = Home::new();
    home.run_once();
    let journal = home.path("journal.redb");
    let good = fs::read(&journal).unwrap();
    let key = JournalKey::read(&home.path("journal.key")).unwrap();
    let mut rng = StdRng::seed_from_u64(3);
    let breaks = |bytes: &Vec<u8>| {
        let disk = Disk::default();
        disk.put_back(bytes);
        catch_unwind(|| Journal::open_on(disk.handle(), &key, |_, _| ()).map(drop)).is_err()
    };

    let worst = std::iter::repeat_with(|| flipped(&good, &mut rng))
        .take(20_000)
        .find(breaks);

    fs::write(
        &journal,
        worst.expect("some damage panics; if none does any more, damage.rs can go"),
    )
    .unwrap();
    let (code, text) = home.fails();
    assert_eq!(code, 6, "{text}");
    assert!(
        line(&text).contains("the journal file is damaged"),
        "{text}"
    );
}

fn flipped(good: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _flip in 0..3 {
        let at = rng.random_range(0..bytes.len());
        bytes[at] ^= 1 << rng.random_range(0..8);
    }
    bytes
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let home = Home::new();
    let script = format!(
        "trap '' XFSZ; ulimit -f 8; exec {NODE} run --config {}",
        home.path("node.toml").display()
    );

    let mut full = Command::new("sh");
    full.arg("-c").arg(script);
    let (code, text) = ended(full);

    assert_eq!(code, 7, "{text}");
    assert!(line(&text).contains("the disk is full"), "{text}");
    home.run_once();
}

/// A configuration with a chain, on a machine of this kind.
fn with_chain(home: &Home, device: &str) {
    home.configure(&format!(
        "[state]\nfolder = '{state}'\n[log]\nformat = 'text'\n[device]\n{device}\n\
         [chain]\nurls = ['http://127.0.0.1:1']\nchain_id = 1\nwallet = '{state}/wallet'\n\
         market = '0x0000000000000000000000000000000000000001'\n\
         [offer]\nurl = 'http://127.0.0.1:1'\nprice_per_token = '1 wei'\n",
        state = home.0.path().display()
    ));
}

const NO_TEE: &str = "profile = 'development'\nkind = 'none'";

#[test]
fn a_machine_without_the_tee_it_names_is_told_by_its_own_number() {
    let home = Home::new();
    with_chain(&home, "kind = 'snp'");

    let (code, text) = home.fails();

    assert_eq!(code, 10, "{text}");
    assert!(line(&text).contains("the tee"), "{text}");
}

#[test]
fn an_identity_that_does_not_open_is_told_by_its_own_number() {
    let home = Home::new();
    with_chain(&home, NO_TEE);
    fs::write(home.path("identity.key"), [7; 69]).unwrap();
    fs::set_permissions(home.path("identity.key"), fs::Permissions::from_mode(0o600)).unwrap();

    let (code, text) = home.fails();

    assert_eq!(code, 11, "{text}");
}

#[test]
fn a_wallet_that_is_not_there_is_told_by_its_own_number() {
    let home = Home::new();
    with_chain(&home, NO_TEE);

    let (code, text) = home.fails();

    assert_eq!(code, 13, "{text}");
    assert!(line(&text).contains("the wallet"), "{text}");
}

/// Changes the journal's head as a host with the file in hand could.
fn edit(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let db = Database::create(path).unwrap();
    let txn = db.begin_write().unwrap();
    {
        let mut heads = txn.open_table(HEADS).unwrap();
        let mut head = heads.get("head").unwrap().unwrap().value().to_vec();
        change(&mut head);
        heads.insert("head", head.as_slice()).unwrap();
        assert_eq!(txn.open_table(ROWS).unwrap().iter().unwrap().count(), 0);
    }
    txn.commit().unwrap();
}

//! A `PostgreSQL` of one's own, from Debian's package, gone with the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const WHERE: &str = "/usr/lib/postgresql";
/// The server refuses to run as root; Debian's package brings this user.
const USER: &str = "postgres";
/// How long a new server may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    server: Child,
    databases: AtomicU32,
}

impl Postgres {
    /// A server on a socket in a folder of its own; says so, if there is none on this machine.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            println!("LEFT OUT: no PostgreSQL in {WHERE}; on Debian: apt-get install postgresql");
            return None;
        };
        let folder = TempDir::new().unwrap();
        give_away(folder.path());
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"))
            .args(["-A", "trust", "-U", USER, "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let server = as_user(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses="])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = Self {
            folder,
            programs,
            server,
            databases: AtomicU32::new(0),
        };
        started.wait();
        Some(started)
    }

    /// A new database's address.
    pub(crate) fn database(&self) -> String {
        let name = format!("books{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = self.client("createdb").arg(&name).status().unwrap();
        assert!(made.success(), "no database {name}");
        format!(
            "postgres://{USER}@localhost/{name}?host={}",
            self.folder.path().display()
        )
    }

    /// `pg_isready` has no wait of its own; `psql` fails until the server answers.
    #[allow(
        clippy::disallowed_methods,
        reason = "a busy machine takes its time, and tries are no measure of it"
    )]
    fn wait(&self) {
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "PostgreSQL does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        let done = self
            .client("psql")
            .args(["-qc", "SELECT 1", "postgres"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status();
        done.unwrap().success()
    }

    fn client(&self, program: &str) -> Command {
        let mut client = Command::new(self.programs.join(program));
        client.arg("-h").arg(self.folder.path()).args(["-U", USER]);
        client
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        let stopped = as_user(&self.programs.join("pg_ctl"))
            .args(["stop", "-s", "-m", "immediate", "-D"])
            .arg(data)
            .status();
        if !stopped.is_ok_and(|status| status.success()) {
            self.server.kill().ok();
        }
        self.server.wait().ok();
    }
}

/// The newest there is.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(WHERE).ok()?;
    let programs = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    programs
        .filter(|programs| programs.join("postgres").exists())
        .max()
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.starts_with(b"0\n")
}

fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command
        .args(["-u", USER, "--"])
        .arg(program)
        .current_dir("/");
    command
}

fn give_away(folder: &Path) {
    if is_root() {
        let given = Command::new("chown")
            .arg(USER)
            .arg(folder)
            .status()
            .unwrap();
        assert!(given.success());
    }
}

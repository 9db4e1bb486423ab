//! The node's process: started, killed, and started again on the same folder.

use crate::machine::SimulatedMachine;
use alloy_primitives::Address;
use proto::{Digest, Root, SignedOrder};
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::json;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testchain::CHAIN_ID;

pub(crate) const NODE: &str = env!("CARGO_BIN_EXE_e2e-node");

pub(crate) struct Node {
    pub(crate) folder: PathBuf,
    process: Option<Child>,
}

/// What a node is configured with.
pub(crate) struct Settings<'a> {
    pub(crate) machine: &'a SimulatedMachine,
    pub(crate) rpc: &'a str,
    pub(crate) market: Address,
    pub(crate) wallet: &'a Path,
    pub(crate) store: &'a Path,
    pub(crate) model: Root,
    pub(crate) price_wei: u64,
    pub(crate) tuning: Tuning,
}

/// What a test turns.
#[derive(Clone, Copy)]
pub(crate) struct Tuning {
    pub(crate) tasks_max: u64,
    pub(crate) poll_ms: u64,
    pub(crate) log_format: &'static str,
    pub(crate) log_filter: &'static str,
    /// Where customers are answered; port 0 is any.
    pub(crate) api: SocketAddr,
    pub(crate) callers: Callers,
    /// Who collects traces.
    pub(crate) collector: Option<SocketAddr>,
}

/// Keys of who may do what others may not.
#[derive(Clone, Copy, Default)]
pub(crate) struct Callers {
    pub(crate) broker: Option<Digest>,
    pub(crate) operator: Option<Digest>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            tasks_max: 64,
            poll_ms: 50,
            log_format: "text",
            log_filter: "info,node=debug",
            api: SocketAddr::from(([127, 0, 0, 1], 0)),
            callers: Callers::default(),
            collector: None,
        }
    }
}

impl Node {
    pub(crate) fn install(folder: PathBuf, settings: &Settings<'_>) -> Self {
        let state = folder.join("state");
        fs::create_dir_all(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        let trainer = crate::dataset::TRAINER;
        let text = settings.text(&folder.join("state"), trainer);
        fs::write(folder.join("node.toml"), text).unwrap();
        Self {
            folder,
            process: None,
        }
    }

    pub(crate) fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("node.log"))
            .unwrap();
        // A limit on the size of files stands for a full disk; its signal is for programs
        // that do not look at errors.
        let mut process = Command::new("sh")
            .arg("-c")
            .arg("trap '' XFSZ; exec \"$0\" run --config \"$1\"")
            .arg(NODE)
            .arg(self.folder.join("node.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = process.stderr.take().unwrap();
        // The log's file is not the node's, so that a full disk does not silence it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut &log));
        self.process = Some(process);
    }

    /// From here on no file of the node's grows beyond this.
    pub(crate) fn files_may_grow_to(&self, bytes: Option<u64>) {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        prlimit(pid, Resource::Fsize, limit).unwrap();
    }

    /// Where customers are answered, once they are.
    pub(crate) async fn api(&self) -> SocketAddr {
        self.told("N-API-001").await
    }

    /// Where its operator is answered.
    pub(crate) async fn operator(&self) -> SocketAddr {
        self.told("N-OPER-003").await
    }

    /// The address in the last line with this code.
    async fn told(&self, code: &str) -> SocketAddr {
        crate::story::until(code, Duration::from_mins(1), async || {
            let log = self.log();
            let line = log.lines().rfind(|line| line.contains(code))?;
            let mut words = line.split(|c: char| !(c.is_ascii_digit() || ".:".contains(c)));
            words.find_map(|word| word.parse().ok())
        })
        .await
    }

    /// The code it ended with, once it has.
    pub(crate) fn end_code(&mut self) -> Option<i32> {
        let process = self.process.as_mut()?;
        process.try_wait().unwrap()?.code()
    }

    /// By SIGKILL, wherever it is.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Kills the trainer, if one runs now.
    pub(crate) fn kill_trainer(&self) -> bool {
        let Some(node) = self.process.as_ref().map(Child::id) else {
            return false;
        };
        let trainers = descendants(node).into_iter().filter(|&pid| is_trainer(pid));
        let killed = trainers.map(|pid| {
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            pid.is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok())
        });
        killed.filter(|&hit| hit).count() > 0
    }

    /// Whether its process is gone, by what the system says.
    pub(crate) fn has_gone(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid()));
        let is_there = stat.is_ok_and(|stat| !stat.contains(") Z "));
        !is_there
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        let ended = self
            .process
            .as_mut()
            .map(|process| process.try_wait().unwrap());
        ended.flatten().is_some()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().map(Child::id).unwrap()
    }

    /// Waits until the log has these words after so many bytes.
    pub(crate) async fn says(&self, words: &str, after: usize) {
        let what = format!("the log says {words:?}");
        crate::story::until(&what, Duration::from_mins(5), async || {
            let log = self.log();
            log.get(after..)?.contains(words).then_some(())
        })
        .await;
    }

    /// The lines of the log with these words, each with its time in seconds of the day.
    pub(crate) fn moments(&self, words: &str) -> Vec<f64> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains(words));
        lines.filter_map(time_of_day).collect()
    }

    /// Hands an order in until it is taken.
    pub(crate) async fn submit(&self, signed: &SignedOrder, recipe: &str) {
        let line = letter(signed, recipe);
        let answer =
            crate::story::until("the order is taken", Duration::from_mins(5), async || {
                let answer = self.ask(&line).unwrap_or_default();
                (!answer.is_empty() && answer != "not ready").then_some(answer)
            });
        assert_eq!(answer.await, "taken", "{}", self.log());
    }

    pub(crate) fn ask(&self, line: &str) -> std::io::Result<String> {
        ask_at(&self.door(), line)
    }

    pub(crate) fn door(&self) -> PathBuf {
        self.folder.join("state/door.sock")
    }
}

/// One question at the door, and its answer.
pub(crate) fn ask_at(door: &Path, line: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(door)?;
    stream.set_read_timeout(Some(Duration::from_mins(5)))?;
    writeln!(stream, "{line}")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    Ok(answer.trim().to_owned())
}

/// One line of an order for the door.
pub(crate) fn letter(signed: &SignedOrder, recipe: &str) -> String {
    json!({ "order": signed, "recipe": recipe }).to_string()
}

impl Node {
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("node.log")).unwrap_or_default()
    }

    pub(crate) fn evidence(&self) -> PathBuf {
        self.folder.join("state/evidence/boot")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Settings<'_> {
    fn text(&self, state: &Path, trainer: &str) -> String {
        let Self {
            machine,
            rpc,
            market,
            wallet,
            store,
            model,
            price_wei,
            tuning,
        } = self;
        let Tuning {
            tasks_max,
            poll_ms,
            log_format,
            log_filter,
            api,
            callers,
            collector,
        } = tuning;
        let list = |key: Option<Digest>| key.map(|key| format!("'{key}'")).unwrap_or_default();
        let (brokers, operators) = (list(callers.broker), list(callers.operator));
        let traces = collector.map(|at| format!("[traces]\nendpoint = 'http://{at}/v1/traces'\n"));
        let traces = traces.unwrap_or_default();
        format!(
            "[state]\nfolder = '{state}'\n\
             [limits]\nbackoff_base_secs = 1\nbackoff_max_secs = 2\nstumbles_max = 1000\n\
             tasks_max = {tasks_max}\n\
             [breaker]\ndisk_free_bytes_min = 0\n\
             [log]\nformat = '{log_format}'\nfilter = '{log_filter}'\n\
             [api]\nlisten = '{api}'\nbrokers = [{brokers}]\noperators = [{operators}]\n\
             [operator]\nlisten = '127.0.0.1:0'\n{traces}\
             [device]\nprofile = 'development'\nkind = 'simulated'\nsocket = '{socket}'\n\
             development_root = '{root}'\n\
             [storage]\nfolders = ['{store}']\n\
             [chain]\nurls = ['{rpc}']\nchain_id = {CHAIN_ID}\nmarket = '{market}'\n\
             wallet = '{wallet}'\nconfirmations = 2\npoll_ms = {poll_ms}\nrequests_per_sec = 10000\npatience_ms = 20000\n\
             bump_after_ms = 2000\nbond = '100 ether'\n\
             [trainer]\nprogram = '{trainer}'\nscratch = '{scratch}'\nplain_disk = 'allow'\n\
             sandbox = 'best-effort'\nthreads = 1\ncheckpoint_secs = 1\n\
             [offer]\nurl = 'http://127.0.0.1:1'\nprice_per_token = '{price_wei} wei'\n\
             compensation_max = '1 ether'\noverhead_secs = 10\ntokens_per_sec = 1000\n\
             customer_tasks_max = 1000\n\
             [offer.models]\ntiny = '{model}'\n",
            state = state.display(),
            scratch = state.with_file_name("scratch").display(),
            socket = machine.socket.display(),
            root = machine.root_file.display(),
            store = store.display(),
            wallet = wallet.display(),
        )
    }
}

/// How many processes below this node train now; those that only count do not.
pub(crate) fn trainings(node: u32) -> usize {
    let trains = |&pid: &u32| {
        let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        is_trainer(pid) && command.split(|&byte| byte == 0).any(|word| word == b"run")
    };
    descendants(node).iter().filter(|pid| trains(pid)).count()
}

fn descendants(of: u32) -> Vec<u32> {
    let children = fs::read_dir(format!("/proc/{of}/task"))
        .into_iter()
        .flatten();
    let children = children.flatten().flat_map(|task| {
        let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        list.split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect::<Vec<u32>>()
    });
    let children: Vec<u32> = children.collect();
    let below: Vec<u32> = children
        .iter()
        .flat_map(|&child| descendants(child))
        .collect();
    [children, below].concat()
}

fn is_trainer(pid: u32) -> bool {
    fs::read_link(format!("/proc/{pid}/exe"))
        .is_ok_and(|program| program.to_string_lossy().contains("e2e-trainer"))
}

/// Of a line that begins with a date and a time to the microsecond.
fn time_of_day(line: &str) -> Option<f64> {
    let (_date, rest) = line.split_once('T')?;
    let (time, _) = rest.split_once('Z')?;
    let mut parts = time.split(':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    Some(hours * 3_600.0 + minutes * 60.0 + seconds)
}

//! The program's commands, as an operator types them, against a node that runs.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that panics is a test that fails; it waits for a process with a deadline"
)]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NODE: &str = env!("CARGO_BIN_EXE_sealtune-node");
const PATIENCE: Duration = Duration::from_mins(1);

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(TempDir::new().unwrap());
        home.configure("");
        home
    }

    fn configure(&self, more: &str) {
        let folder = self.path("state");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let folder = folder.display();
        let text =
            format!("[state]\nfolder = '{folder}'\n[operator]\nlisten = '127.0.0.1:0'\n{more}");
        fs::write(self.path("node.toml"), text).unwrap();
    }

    /// On a machine that proves nothing, with a chain that cannot be reached; says where
    /// customers would be answered.
    fn configure_without_tee(&self) -> SocketAddr {
        let wallet = self.path("wallet");
        fs::write(&wallet, "11".repeat(32)).unwrap();
        fs::set_permissions(&wallet, fs::Permissions::from_mode(0o600)).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = free.local_addr().unwrap();
        self.configure(&format!(
            "[api]\nlisten = '{api}'\n[device]\nprofile = 'development'\nkind = 'none'\n\
             [chain]\nurls = ['http://127.0.0.1:9/key']\nchain_id = 1\nmarket = '0x{}'\n\
             wallet = '{}'\n",
            "22".repeat(20),
            wallet.display()
        ));
        api
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, verbs: &[&str]) -> Command {
        let mut command = Command::new(NODE);
        command
            .args(verbs)
            .arg("--config")
            .arg(self.path("node.toml"));
        command
    }

    fn run(&self, verbs: &[&str]) -> Output {
        self.command(verbs).output().unwrap()
    }

    /// The JSON a command prints when it succeeds.
    fn json(&self, verbs: &[&str]) -> Value {
        let output = self.command(verbs).arg("--json").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{verbs:?}: {said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn start(&self) -> Running {
        Self::start_with(&mut self.command(&["run"]))
    }

    fn start_with(command: &mut Command) -> Running {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Running {
            child,
            log,
            operator: String::new(),
        };
        let line = running.line_with("N-OPER-003");
        running.operator = line["fields"]["operator"].as_str().unwrap().into();
        running
    }
}

/// A node that runs, and what it logs.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
    operator: String,
}

impl Running {
    /// The next line with this code; the log's end is a failure.
    fn line_with(&mut self, code: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(
                self.log.read_line(&mut line).unwrap(),
                0,
                "{code} was never logged"
            );
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["fields"]["code"] == code {
                return line;
            }
        }
    }

    /// What the operator's port says: the status and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.operator).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.into())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    fn stop(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn init_writes_a_configuration_that_check_accepts_and_never_overwrites_it() {
    let folder = TempDir::new().unwrap();
    let (config, state) = (
        folder.path().join("etc/node.toml"),
        folder.path().join("state"),
    );
    let init = || {
        let mut init = Command::new(NODE);
        init.arg("init")
            .arg("--config")
            .arg(&config)
            .arg("--state")
            .arg(&state);
        init.output().unwrap().status.success()
    };

    assert!(init());

    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&config), mode(&state)), (0o600, 0o700));
    let check = Command::new(NODE)
        .arg("check")
        .arg("--config")
        .arg(&config)
        .status();
    assert!(check.unwrap().success());
    assert!(!init());
}

#[test]
fn check_answers_in_json_what_it_says_in_words() {
    let home = Home::new();
    assert_eq!(home.json(&["check"])["fine"], true);
    home.configure("[stop]\ngrace_secs = 'long'\n");

    let output = home.command(&["check"]).arg("--json").output().unwrap();

    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["fine"], false);
    assert!(
        answer["problems"][0]
            .as_str()
            .unwrap()
            .starts_with("stop.grace_secs")
    );
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn a_command_for_a_running_node_says_that_none_runs() {
    let home = Home::new();

    let output = home.run(&["status"]);

    assert_eq!(output.status.code(), Some(9));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no node runs here"));
}

#[test]
fn the_socket_is_for_the_nodes_user_alone_and_answers() {
    let home = Home::new();
    let node = home.start();

    let mode = fs::metadata(home.path("state/operator.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let status = home.json(&["status"]);
    assert_eq!(status["tasks_open"], 0);
    assert_eq!(home.json(&["jobs"]), Value::Array(Vec::new()));
    assert_eq!(home.json(&["journal", "show"]), Value::Array(Vec::new()));
    assert_eq!(node.stop(), Some(0));
    assert_eq!(home.json(&["journal", "show"]), Value::Array(Vec::new()));
}

#[test]
fn drain_undrain_and_readiness_tell_the_same() {
    let home = Home::new();
    let node = home.start();
    let reasons = |ready: &Value| -> Vec<String> {
        let reasons = ready["reasons"].as_array().unwrap().iter();
        reasons
            .map(|reason| reason["cause"].as_str().unwrap().to_owned())
            .collect()
    };

    let drained = home.json(&["drain", "--wait"]);
    let (code, body) = node.get("/readyz");
    let undrained = home.json(&["undrain"]);

    assert!(reasons(&drained["ready"]).contains(&"draining".to_owned()));
    assert_eq!(code, 503);
    assert!(reasons(&serde_json::from_str(&body).unwrap()).contains(&"draining".to_owned()));
    assert!(!reasons(&undrained["ready"]).contains(&"draining".to_owned()));
}

#[test]
fn the_port_is_alive_counts_and_lets_nobody_act() {
    let home = Home::new();
    let node = home.start();

    assert_eq!(node.get("/livez").0, 200);
    let (code, metrics) = node.get("/metrics");
    assert_eq!(code, 200);
    for name in [
        "sealtune_build_info",
        "sealtune_circuit_breaker",
        "sealtune_tasks_open 0",
        "# EOF",
    ] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }
    assert_eq!(node.get("/v1/status").0, 404);
    assert_eq!(node.get("/v1/attestation").0, 503);
    assert_eq!(node.get("/v1/attestation.tar").0, 503);
}

#[test]
fn a_hangup_changes_the_filter_and_names_what_waits_for_a_restart() {
    let home = Home::new();
    let mut node = home.start();
    home.configure("[log]\nfilter = 'debug'\n[stop]\ngrace_secs = 7\n");

    node.signal(rustix::process::Signal::HUP);

    let line = node.line_with("N-CONF-002");
    assert!(
        line["fields"]["needs_restart"]
            .as_str()
            .unwrap()
            .contains("stop.grace_secs")
    );
    let again = home.json(&["reload"]);
    assert_eq!(
        again["needs_restart"],
        serde_json::json!(["stop.grace_secs"])
    );
    assert_eq!(node.stop(), Some(0));
}

#[test]
fn a_node_that_proves_nothing_answers_nobody_but_its_operator() {
    let home = Home::new();
    let api = home.configure_without_tee();
    let mut node = home.start();

    node.line_with("N-API-006");

    let (code, body) = node.get("/readyz");
    assert_eq!(code, 503);
    assert!(body.contains("no_evidence"), "{body}");
    assert!(TcpStream::connect(api).is_err());
    // A chain that cannot be reached is waited for, and that is life.
    assert_eq!(node.get("/livez").0, 200);
    assert!(home.json(&["status"]).to_string().contains("connecting"));
    assert_eq!(node.stop(), Some(0));
}

#[test]
fn a_breaker_that_an_operator_must_reset_survives_a_restart() {
    let home = Home::new();
    fs::write(
        home.path("state/breaker.json"),
        r#"{"gpu_error":1700000000}"#,
    )
    .unwrap();
    let node = home.start();

    assert!(node.get("/readyz").1.contains("gpu_error"));
    let after = home.json(&["breaker", "reset"]);

    assert!(!after.to_string().contains("gpu_error"));
    assert!(
        !fs::read_to_string(home.path("state/breaker.json"))
            .unwrap()
            .contains("gpu_error")
    );
}

#[test]
fn every_key_is_shown_with_its_origin() {
    let home = Home::new();

    let keys = home.json(&["config", "show", "--origin"]);

    let origin = |path: &str| {
        let mut keys = keys.as_array().unwrap().iter();
        keys.find(|key| key["path"] == path).unwrap()["origin"].clone()
    };
    assert_eq!(origin("operator.listen"), "file");
    assert_eq!(origin("stop.grace_secs"), "default");
}

#[test]
fn systemd_is_told_when_the_node_is_ready_and_that_it_lives() {
    let home = Home::new();
    let path = home.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = home.command(&["run"]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "3000000");

    let _node = Home::start_with(&mut command);

    let begun = Instant::now();
    let (mut heard, mut buffer) = (String::new(), [0; 4096]);
    while heard.matches("WATCHDOG=1").count() < 2 {
        let count = systemd.recv(&mut buffer).unwrap();
        heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
        heard.push('\n');
        assert!(begun.elapsed() < PATIENCE, "{heard}");
    }
    assert!(heard.starts_with("READY=1"), "{heard}");
    assert!(
        heard.contains("STATUS=not ready: ") && heard.contains("standing_by"),
        "{heard}"
    );
}

#[test]
fn an_idle_node_is_small_and_still() {
    const WATCHED: Duration = Duration::from_secs(20);
    let home = Home::new();
    let node = home.start();
    let proc =
        |name: &str| fs::read_to_string(format!("/proc/{}/{name}", node.child.id())).unwrap();
    let ticks = || {
        let stat = proc("stat");
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };

    let (before, begun) = (ticks(), Instant::now());
    while begun.elapsed() < WATCHED {
        std::thread::park_timeout(WATCHED.saturating_sub(begun.elapsed()));
    }
    let ticks = ticks() - before;
    let rss = proc("status")
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:").map(str::to_owned));
    let rss: u64 = rss.unwrap().trim().trim_end_matches(" kB").parse().unwrap();

    // The kernel counts a hundred ticks a second: 0.5 % of 20 s is ten of them.
    println!(
        "idle: {rss} KiB resident, {ticks} ticks of CPU in {} s",
        WATCHED.as_secs()
    );
    assert!(rss < 60 << 10, "{rss} KiB");
    assert!(ticks <= 10, "{ticks} ticks");
}

#[test]
fn a_rotation_waits_for_a_stopped_node_and_gives_the_next_start_a_new_identity() {
    let home = Home::new();
    home.configure_without_tee();
    let mut node = home.start();
    node.line_with("N-API-006");
    let rotate = || home.run(&["keys", "rotate"]);
    let while_it_runs = rotate();
    assert_eq!(node.stop(), Some(0));
    let before = fs::read(home.path("state/identity.key")).unwrap();

    let rotated = home.json(&["keys", "rotate"]);

    let said = String::from_utf8_lossy(&while_it_runs.stderr).into_owned();
    assert!(
        !while_it_runs.status.success() && said.contains("the node runs"),
        "{said}"
    );
    let kept = PathBuf::from(rotated["kept_in"].as_str().unwrap());
    assert_eq!(fs::read(kept.join("identity.key")).unwrap(), before);
    assert!(kept.join("journal.redb").exists());
    let mut node = home.start();
    node.line_with("N-API-006");
    assert_eq!(node.stop(), Some(0));
    assert_ne!(fs::read(home.path("state/identity.key")).unwrap(), before);
}

#[test]
fn doctor_asks_every_endpoint_and_shows_no_key_of_its_url() {
    let home = Home::new();
    home.configure_without_tee();

    let output = home
        .command(&["doctor", "--trainer", "/nowhere/trainer"])
        .arg("--json")
        .output()
        .unwrap();

    let said = String::from_utf8(output.stdout).unwrap();
    let findings: Vec<Value> = serde_json::from_str(&said).unwrap();
    let grade = |check: &str| {
        let mut found = findings.iter();
        found.find(|finding| finding["check"] == check).unwrap()["grade"].clone()
    };
    assert_eq!(
        (grade("rpc"), grade("wallet")),
        ("failed".into(), "failed".into())
    );
    assert_eq!(
        (grade("quote"), grade("storage")),
        ("skipped".into(), "warning".into())
    );
    assert!(
        said.contains("127.0.0.1:9: ") && !said.contains("/key"),
        "{said}"
    );
}

#[test]
fn doctor_says_in_json_and_by_its_exit_code_what_fails() {
    let home = Home::new();

    let output = home
        .command(&["doctor", "--trainer", "/nowhere/trainer"])
        .arg("--json")
        .output()
        .unwrap();

    let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let grade = |check: &str| {
        let mut found = findings.iter();
        found.find(|finding| finding["check"] == check).unwrap()["grade"].clone()
    };
    assert_eq!(grade("config"), "ok");
    assert!(grade("fsync").is_string());
    assert_eq!(grade("trainer"), "failed");
    assert_eq!(output.status.code(), Some(2));
}

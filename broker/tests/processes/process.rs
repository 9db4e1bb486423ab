//! One broker's process, its configuration and its ports.

use crate::PATIENCE;
use crate::customer::{CHAIN_ID, CONTRACT};
use crate::proof::POLICY;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::transport::{Channel, Endpoint};

/// What several brokers share.
pub(crate) struct Surroundings {
    pub(crate) folder: TempDir,
    address: String,
}

pub(crate) struct Process {
    child: Child,
    api: SocketAddr,
    operator: SocketAddr,
}

impl Surroundings {
    pub(crate) fn new(address: &str, root: &str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("policy.toml"), POLICY).unwrap();
        std::fs::write(folder.path().join("root.pem"), root).unwrap();
        let address = address.to_owned();
        Self { folder, address }
    }

    pub(crate) fn start(&self, name: &str) -> Process {
        let file = self.folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, self.config()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealtune-broker"))
            .args(["run", "--config"])
            .arg(&file)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        let (api, operator) = addresses(said);
        Process {
            child,
            api,
            operator,
        }
    }

    fn config(&self) -> String {
        let folder = self.folder.path().display();
        let address = &self.address;
        format!(
            r#"
            [books]
            address = "{address}"
            [market]
            chain_id = {CHAIN_ID}
            contract = "{CONTRACT}"
            [nodes]
            policy = "{folder}/policy.toml"
            development_root = "{folder}/root.pem"
            [api]
            listen = "127.0.0.1:0"
            [operator]
            listen = "127.0.0.1:0"
            [relay]
            folder = "{folder}/blobs"
            [ledger]
            key = "{folder}/ledger.key"
            [log]
            format = "json"
            "#
        )
    }
}

impl Process {
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.api)).unwrap();
        endpoint.connect().await.unwrap()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stopped(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
        let child = &mut self.child;
        let ended = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(status) = child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        });
        ended.await.expect("it stops")
    }

    /// A whole answer of the operator's port, with its head.
    pub(crate) async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.operator).await.unwrap();
        let asked = format!("GET {path} HTTP/1.0\r\nhost: broker\r\n\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    pub(crate) async fn ledger(&self) -> String {
        let answer = self.get("/ledger").await;
        let (_head, body) = answer.split_once("\r\n\r\n").unwrap();
        body.to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The log says where it listens; the rest of it goes on into the test's own.
#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test's log"
)]
fn addresses(mut said: impl BufRead + Send + 'static) -> (SocketAddr, SocketAddr) {
    let mut line = String::new();
    loop {
        line.clear();
        let read = said.read_line(&mut line).unwrap();
        assert!(read > 0, "the broker ended before it listened");
        print!("{line}");
        let told: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        let field = |name: &str| told["fields"][name].as_str()?.parse().ok();
        if let Some(addresses) = field("api").zip(field("operator")) {
            std::thread::spawn(move || {
                for line in said.lines().map_while(Result::ok) {
                    println!("{line}");
                }
            });
            return addresses;
        }
    }
}

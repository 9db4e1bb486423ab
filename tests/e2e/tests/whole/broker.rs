//! A broker's process, with books in a file: started, killed, and started again on the same ones.

use crate::story::{Play, until};
use broker_client::Broker;
use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testchain::CHAIN_ID;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) const BROKER: &str = env!("CARGO_BIN_EXE_e2e-broker");

const POLICY: &str = r#"
version = 1
assurance = ["development"]
[snp]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
crl = "ignore"
"#;

pub(crate) struct BrokerProcess {
    folder: PathBuf,
    at: SocketAddr,
    process: Option<Child>,
}

/// A port that nobody has now, and that the system gives to nobody who asks for any: a broker comes
/// back at the same one.
pub(crate) fn free_port() -> SocketAddr {
    let mut ports = (0..10_000).map(|next| 20_000 + (std::process::id() + next) % 10_000);
    let free = ports.find_map(|port| {
        let at = SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap()));
        TcpListener::bind(at).ok()?.local_addr().ok()
    });
    free.expect("one of ten thousand ports is free")
}

impl BrokerProcess {
    pub(crate) fn install(play: &Play, at: SocketAddr) -> Self {
        let folder = play.folder.path().join("broker");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("policy.toml"), POLICY).unwrap();
        let text = format!(
            "[books]\naddress = 'sqlite:{folder}/books.db?mode=rwc'\n\
             [market]\nchain_id = {CHAIN_ID}\ncontract = '{market}'\n\
             [nodes]\npolicy = '{folder}/policy.toml'\ndevelopment_root = '{root}'\nheartbeat_secs = 1\n\
             [api]\nlisten = '{at}'\n\
             [operator]\nlisten = '127.0.0.1:0'\n\
             [relay]\nfolder = '{folder}/blobs'\n\
             [ledger]\nkey = '{folder}/ledger.key'\n\
             [log]\nformat = 'text'\nfilter = 'info,broker=debug'\n",
            folder = folder.display(),
            market = play.stage.market,
            root = play.machine.root_file.display(),
        );
        fs::write(folder.join("broker.toml"), text).unwrap();
        Self {
            folder,
            at,
            process: None,
        }
    }

    pub(crate) fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("broker.log"));
        let process = Command::new(BROKER)
            .args(["run", "--config"])
            .arg(self.folder.join("broker.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn();
        self.process = Some(process.unwrap());
    }

    /// Where customers call it, once it answers.
    pub(crate) async fn listens(&self) -> String {
        self.operator().await;
        format!("http://{}", self.at)
    }

    /// By SIGKILL, wherever it is.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(crate) fn door(&self) -> Broker {
        Broker::at(&format!("http://{}", self.at).parse().unwrap())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("broker.log")).unwrap_or_default()
    }

    /// The public ledger as it is now, in a file that anyone can check.
    pub(crate) async fn ledger(&self) -> PathBuf {
        let answer = get(self.operator().await, "/ledger").await;
        let (_head, ledger) = answer.split_once("\r\n\r\n").unwrap();
        let file = self.folder.join("ledger.txt");
        fs::write(&file, ledger).unwrap();
        file
    }

    /// Where its operator is answered, by the last start's own word.
    async fn operator(&self) -> SocketAddr {
        until("the broker listens", Duration::from_mins(1), async || {
            let log = self.log();
            let line = log.lines().rfind(|line| line.contains("operator="))?;
            let (_, told) = line.rsplit_once("operator=")?;
            told.split_whitespace().next()?.parse().ok()
        })
        .await
    }
}

impl Drop for BrokerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn get(at: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let asked = format!("GET {path} HTTP/1.0\r\nhost: broker\r\n\r\n");
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

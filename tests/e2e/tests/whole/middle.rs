//! A broker between a customer and the nodes: the program as it ships.

use crate::journey::{order, set, work};
use crate::stage::ether;
use crate::story::Play;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testchain::CHAIN_ID;

const BROKER: &str = env!("CARGO_BIN_EXE_e2e-broker");

struct Middle {
    process: Child,
    url: String,
}

impl Middle {
    /// For the market of this play.
    fn start(play: &Play, policy: &Path) -> Self {
        let folder = play.folder.path().join("broker");
        fs::create_dir_all(&folder).unwrap();
        let (at, root) = (folder.display(), play.machine.root_file.display());
        let (market, policy) = (play.stage.market, policy.display());
        let config = format!(
            "[books]\naddress = 'sqlite:{at}/books.db?mode=rwc'\n\
             [market]\nchain_id = {CHAIN_ID}\ncontract = '{market}'\n\
             [nodes]\npolicy = '{policy}'\ndevelopment_root = '{root}'\n\
             [api]\nlisten = '127.0.0.1:0'\n[operator]\nlisten = '127.0.0.1:0'\n\
             [relay]\nfolder = '{at}/blobs'\n[ledger]\nkey = '{at}/ledger.key'\n\
             [log]\nformat = 'json'\n"
        );
        fs::write(folder.join("broker.toml"), config).unwrap();
        let mut process = Command::new(BROKER)
            .args(["run", "--config"])
            .arg(folder.join("broker.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let url = listening(BufReader::new(process.stderr.take().unwrap()));
        Self { process, url }
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Its log says where; the rest of it is read and forgotten, so that it never waits.
fn listening(mut log: impl BufRead + Send + 'static) -> String {
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        let told: Value = serde_json::from_str(&line).unwrap_or_default();
        if let Some(api) = told["fields"]["api"].as_str() {
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return format!("http://{api}");
        }
        line.clear();
    }
    panic!("the broker ended before it listened");
}

/// The broker takes the order and keeps it for a node; she may take it back, to the wei.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_waits_at_a_broker_until_she_takes_it_back() {
    let (session, play) = set(false).await;
    let work = work(&play, 5);
    session.done(&["account", "add", "5", "--yes"]);
    let broker = Middle::start(&play, &session.path("config/sealtune/policy.toml"));
    let files = (work.recipe.as_path(), work.data.as_path());

    let nowhere = order(&session, &play, files, &["--broker", "http://127.0.0.1:1"]);
    let listed = session.done(&["list", "--json"]).json();
    let task = listed[0]["task"].as_str().unwrap();
    let taken = session.done(&["resend", task, "--broker", &broker.url]);
    let again = session.done(&["resend", task, "--broker", &broker.url]);

    assert_eq!(nowhere.code, 5, "{nowhere:?}");
    assert!(nowhere.err.contains("none spent; up to"), "{nowhere:?}");
    assert!(
        nowhere.err.contains(&format!("ft resend {task}")),
        "{nowhere:?}"
    );
    assert!(
        taken.out.contains("the broker has taken the order"),
        "{taken:?}"
    );
    assert!(
        again.out.contains(task),
        "the same order is one order: {again:?}"
    );
    session.done(&["cancel", task, "--broker", &broker.url]);
    let account = session.ft(&["account", "show", "--json"]).json();
    assert_eq!(account["total_wei"], ether("5").0.to_string());
    assert_eq!(account["providers"][0]["reserved_wei"], "0");
}

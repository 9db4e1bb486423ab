//! A broker on loopback, with books that go when it goes.

use crate::customer::{CHAIN_ID, CONTRACT};
use crate::postgres::Postgres;
use crate::proof::{POLICY, root};
use broker::boot::{Addresses, begin};
use broker::config::Config;
use broker::crew::Crew;
use broker::stop::Stop;
use std::time::Duration;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

pub(crate) struct Host {
    folder: TempDir,
    address: String,
    server: Option<Postgres>,
}

pub(crate) struct Served {
    pub(crate) addresses: Addresses,
    pub(crate) crew: Crew,
    pub(crate) stop: Stop,
}

impl Host {
    pub(crate) fn new(books: &str) -> Self {
        let folder = TempDir::new_in(".").unwrap();
        let server = (books == "postgres")
            .then(|| Postgres::start().expect("PostgreSQL is needed for this"));
        let address = match (&server, books) {
            (Some(server), _) => server.database(),
            (None, "sqlite") => {
                format!("sqlite:{}?mode=rwc", folder.path().join("books").display())
            }
            (None, address) => address.to_owned(),
        };
        Self {
            folder,
            address,
            server,
        }
    }

    pub(crate) async fn serve(&self) -> Served {
        let stop = Stop::default();
        let mut crew = Crew::new(stop.clone());
        let config = Config::parse(&self.config()).unwrap();
        let addresses = begin(&config, &mut crew, &stop).await.unwrap();
        Served {
            addresses,
            crew,
            stop,
        }
    }

    fn config(&self) -> String {
        let (folder, address) = (self.folder.path().display(), &self.address);
        std::fs::write(self.folder.path().join("policy.toml"), POLICY).unwrap();
        std::fs::write(self.folder.path().join("root.pem"), root()).unwrap();
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
            connections_per_peer_max = 16384
            calls_per_sec = 1000000
            streams_per_connection_max = 1024
            [operator]
            listen = "127.0.0.1:0"
            [relay]
            folder = "{folder}/blobs"
            [ledger]
            key = "{folder}/ledger.key"
            "#
        )
    }
}

impl Served {
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.addresses.api)).unwrap();
        endpoint
            .timeout(Duration::from_mins(10))
            .connect()
            .await
            .unwrap()
    }
}

/// What this process has used of its processors, in seconds; the server of `PostgreSQL` not counted.
pub(crate) fn processor_secs() -> f64 {
    let told = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_name, fields) = told.rsplit_once(") ").unwrap();
    let fields: Vec<f64> = fields
        .split(' ')
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    // utime and stime, in ticks of a hundredth (proc(5), fields 14 and 15).
    (fields[11] + fields[12]) / 100.0
}

/// What the whole machine has used, in seconds of all its processors together.
pub(crate) fn machine_secs() -> f64 {
    let told = std::fs::read_to_string("/proc/stat").unwrap();
    let line = told.lines().next().unwrap();
    let fields: Vec<f64> = line
        .split_whitespace()
        .skip(1)
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    // All but idle and iowait (proc(5)).
    let busy: f64 = [0, 1, 2, 5, 6, 7].iter().map(|&index| fields[index]).sum();
    busy / 100.0
}

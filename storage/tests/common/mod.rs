//! What the integration tests share: content, nodes on loopback, and faults on order.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part")]
#![allow(
    clippy::disallowed_methods,
    reason = "a test's servers live and die with it"
)]

pub mod faults;

use axum::Router;
use faults::Faults;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use storage::serve::{Chain, Config, Node, Watching, router};
use storage::{Pace, Upload};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const SEGMENT: usize = 262_144;

/// Bytes that repeat nowhere soon.
pub fn bytes(size: usize, seed: u32) -> Vec<u8> {
    let mut x = seed | 1;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x.to_le_bytes()
    };
    (0..size.div_ceil(4))
        .flat_map(|_| next())
        .take(size)
        .collect()
}

/// A file of such bytes, named.
pub async fn upload(dir: &TempDir, size: usize, seed: u32) -> (Vec<u8>, Upload) {
    let data = bytes(size, seed);
    let path = dir.path().join(format!("file-{size}-{seed}"));
    std::fs::write(&path, &data).expect("written");
    (data, Upload::of(&path).await.expect("named"))
}

/// Tries quickly: these servers are near.
pub fn pace() -> Pace {
    Pace {
        parallel: 4,
        tries: 6,
        pause: Duration::from_millis(5),
        pause_max: Duration::from_millis(50),
        segment_timeout: Duration::from_secs(2),
    }
}

/// A server on loopback that ends with the test.
#[derive(Debug)]
pub struct Background {
    pub addr: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Background {
    pub async fn serve(app: impl FnOnce(SocketAddr) -> Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("an address");
        let app = app(addr);
        let served = async move { axum::serve(listener, app).await.expect("served") };
        Self {
            addr,
            tasks: vec![tokio::spawn(served)],
        }
    }

    pub fn and(mut self, work: impl Future<Output = ()> + Send + 'static) -> Self {
        self.tasks.push(tokio::spawn(work));
        self
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A storage node of ours, with faults on order.
#[derive(Debug)]
pub struct Served {
    pub background: Background,
    pub node: Arc<Node>,
    pub faults: Arc<Faults>,
    pub dir: TempDir,
}

impl Served {
    pub async fn start() -> Self {
        Self::with_chain(None).await
    }

    pub async fn with_chain(chain: Option<Chain>) -> Self {
        let dir = TempDir::new().expect("a folder");
        let faults = Arc::new(Faults::default());
        let mut opened = None;
        let background = Background::serve(|addr| {
            let public_url = format!("http://{addr}");
            let config = Config {
                dir: dir.path().to_owned(),
                quota: None,
                public_url,
                chain,
            };
            let node = Arc::new(Node::open(config).expect("opened"));
            opened = Some(Arc::clone(&node));
            faults::inject(router(node), &faults)
        })
        .await;
        let node = opened.expect("the router was made");
        let followed = Arc::clone(&node);
        let follow = async move {
            match (Watching {
                poll: Duration::from_millis(50),
            })
            .follow(&followed)
            .await {}
        };
        Self {
            background: background.and(follow),
            node,
            faults,
            dir,
        }
    }

    /// Puts content into the folder before anybody asks.
    pub fn keep(&self, data: &[u8]) -> storage::id::Content {
        self.node.folder().put_reader(data).expect("kept").content
    }

    pub fn url(&self) -> String {
        self.background.url()
    }

    pub fn content_url(&self) -> String {
        format!("{}/content", self.url())
    }
}

/// A folder of content whose node is started anew, so that what is in it is numbered.
pub async fn served_with(contents: &[&[u8]]) -> Served {
    let served = Served::start().await;
    let dir = served.dir;
    let folder = storage::LocalFolder::open(dir.path(), None).expect("opened");
    for data in contents {
        folder.put_reader(*data).expect("kept");
    }
    drop(served.background);
    reopen(dir).await
}

async fn reopen(dir: TempDir) -> Served {
    let faults = Arc::new(Faults::default());
    let mut opened = None;
    let background = Background::serve(|addr| {
        let public_url = format!("http://{addr}");
        let config = Config {
            dir: dir.path().to_owned(),
            quota: None,
            public_url,
            chain: None,
        };
        let node = Arc::new(Node::open(config).expect("opened"));
        opened = Some(Arc::clone(&node));
        faults::inject(router(node), &faults)
    })
    .await;
    Served {
        background,
        node: opened.expect("made"),
        faults,
        dir,
    }
}

/// The command, as cargo built it.
pub fn command() -> std::process::Command {
    std::process::Command::new(env!("CARGO_BIN_EXE_sealtune-store"))
}

/// The status and the body that a URL gives.
pub async fn get(url: &str) -> (u16, Vec<u8>) {
    get_range(url, None).await
}

pub async fn get_range(url: &str, range: Option<&str>) -> (u16, Vec<u8>) {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let mut request = client.get(url);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.bytes().await.expect("a body").to_vec())
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).expect("the file")
}

pub fn here(relative: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(relative)
}

//! An RPC URL that misbehaves as told.

use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testchain::{http, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What to do with one request.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Forward,
    /// The connection ends without an answer; the node never hears of it.
    Drop,
    /// The node hears of it and answers; nobody hears the answer.
    Swallow,
    /// The answer comes, but late.
    Late(Duration),
    Answer(Value),
    Error(i64),
    Status(u16),
}

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) params: Value,
    /// How many requests of this proxy came before it.
    pub(crate) number: u64,
}

type Script = dyn Fn(&Asked) -> Deed + Send + Sync;

pub(crate) struct Proxy {
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
    _server: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn new(
        behind: &str,
        script: impl Fn(&Asked) -> Deed + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let server = Server {
            client: http(),
            behind: behind.into(),
            script: Arc::new(script),
            asked: Arc::new(AtomicU64::new(0)),
            log: log.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(server.run(listener));
        Self {
            url,
            log,
            _server: tasks,
        }
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.log
            .lock()
            .unwrap()
            .iter()
            .filter(|asked| *asked == method)
            .count()
    }

    pub(crate) fn total(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

#[derive(Clone)]
struct Server {
    client: reqwest::Client,
    behind: String,
    script: Arc<Script>,
    asked: Arc<AtomicU64>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn run(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _peer)) = listener.accept().await {
            connections.spawn(self.clone().serve(stream));
            while connections.try_join_next().is_some() {}
        }
    }

    async fn serve(self, mut stream: TcpStream) {
        let Some(body) = request(&mut stream).await else {
            return;
        };
        let asked = Asked {
            method: body["method"].as_str().unwrap().into(),
            params: body["params"].clone(),
            number: self.asked.fetch_add(1, Ordering::SeqCst),
        };
        self.log.lock().unwrap().push(asked.method.clone());
        let deed = (self.script)(&asked);
        if let Some((status, mut answer)) = self.answer(deed, asked).await {
            answer["id"] = body["id"].clone();
            respond(&mut stream, status, &answer).await;
        }
    }

    async fn answer(&self, deed: Deed, asked: Asked) -> Option<(u16, Value)> {
        let forward = || {
            post(
                &self.client,
                &self.behind,
                &asked.method,
                asked.params.clone(),
            )
        };
        match deed {
            Deed::Forward => Some((200, forward().await)),
            Deed::Drop => None,
            Deed::Swallow => {
                forward().await;
                None
            }
            Deed::Late(late) => {
                let answer = forward().await;
                tokio::time::sleep(late).await;
                Some((200, answer))
            }
            Deed::Answer(result) => Some((200, json!({ "jsonrpc": "2.0", "result": result }))),
            Deed::Error(code) => {
                let error = json!({ "code": code, "message": "told to" });
                Some((200, json!({ "jsonrpc": "2.0", "error": error })))
            }
            Deed::Status(status) => Some((status, json!({}))),
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 16 << 10];
        let length = stream
            .read(&mut chunk)
            .await
            .ok()
            .filter(|&length| length > 0)?;
        bytes.extend_from_slice(&chunk[..length]);
        let Some(head_ends) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..head_ends]).to_lowercase();
        let (_, rest) = head.split_once("content-length:")?;
        let body_length: usize = rest.lines().next()?.trim().parse().ok()?;
        let body = &bytes[head_ends + 4..];
        if body.len() >= body_length {
            return serde_json::from_slice(&body[..body_length]).ok();
        }
    }
}

async fn respond(stream: &mut TcpStream, status: u16, answer: &Value) {
    let body = answer.to_string();
    let head = format!(
        "HTTP/1.1 {status} Told\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may be gone.
    let _gone = stream
        .write_all(&[head.as_bytes(), body.as_bytes()].concat())
        .await;
}

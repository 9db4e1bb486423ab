//! The command line's way to a running node.

use super::socket;
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// Ten thousand rows of the journal are about two million bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no node runs here: nobody listens at {path}")]
    NotRunning { path: PathBuf },
    #[error("cannot open {path}; run this as the node's user")]
    Connect {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the node broke off")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the node says: {0}")]
    Refused(String),
    #[error("the node's answer is of another version")]
    Foreign(#[source] serde_json::Error),
}

impl Client {
    pub fn of(state_folder: &Path) -> Self {
        let path = socket::path(state_folder);
        Self { path }
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let (status, body) = self.call(Method::GET, path).await?;
        read(status, &body)
    }

    pub async fn post<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let (status, body) = self.call(Method::POST, path).await?;
        read(status, &body)
    }

    async fn call(&self, method: Method, path: &str) -> Result<(StatusCode, Bytes), ClientError> {
        let stream = UnixStream::connect(&self.path).await;
        let stream = stream.map_err(|source| self.unreachable(source))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ClientError::Broken(error.into()))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "node")
            .header(header::CONNECTION, "close")
            .body(Empty::<Bytes>::new())
            .expect("paths of commands are valid");
        let answer = async {
            let reply = sender.send_request(request).await;
            let reply = reply.map_err(|error| ClientError::Broken(error.into()))?;
            let status = reply.status();
            let body = Limited::new(reply.into_body(), ANSWER_BYTES_MAX)
                .collect()
                .await;
            Ok((status, body.map_err(ClientError::Broken)?.to_bytes()))
        };
        // The connection carries the answer; its own end is told by it.
        let (answer, _connection) = tokio::join!(answer, connection);
        answer
    }

    fn unreachable(&self, source: io::Error) -> ClientError {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        let path = self.path.clone();
        if matches!(source.kind(), NotFound | ConnectionRefused) {
            return ClientError::NotRunning { path };
        }
        ClientError::Connect { path, source }
    }
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ClientError> {
    if !status.is_success() {
        let words = String::from_utf8_lossy(body);
        return Err(ClientError::Refused(words.trim().into()));
    }
    serde_json::from_slice(body).map_err(ClientError::Foreign)
}

//! JSON-RPC over HTTP, with a bound on every answer.

use super::wire::parse_answer;
use crate::error::StoreError;
use crate::http::{body, client, unreachable};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// A segment is 342 KiB in base64; its proof and the envelope are small.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    url: Arc<str>,
    client: Client,
}

#[derive(Serialize)]
struct Request<'a, P> {
    jsonrpc: &'static str,
    id: u32,
    method: &'a str,
    params: P,
}

impl Rpc {
    pub(crate) fn new(url: &str, timeout: Duration) -> Result<Self, StoreError> {
        Ok(Self {
            url: url.trim_end_matches('/').into(),
            client: client(timeout)?,
        })
    }

    /// Another end point over the same connections.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self {
            url: url.trim_end_matches('/').into(),
            client: self.client.clone(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// One call, tried once.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
    ) -> Result<T, StoreError> {
        let request = Request {
            jsonrpc: "2.0",
            id: 1,
            method,
            params,
        };
        let json = serde_json::to_vec(&request).map_err(|error| StoreError::Malformed {
            place: "a request of ours".into(),
            what: error.to_string(),
        })?;
        let sent = self
            .client
            .post(&*self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(json);
        let response = sent.send().await.map_err(unreachable(&self.url))?;
        let status = response.status();
        if !status.is_success() {
            return Err(StoreError::Status {
                place: self.url.to_string(),
                status: status.as_u16(),
            });
        }
        parse_answer(
            &self.url,
            &body(&self.url, response, ANSWER_BYTES_MAX).await?,
        )
    }
}

//! One question to a chain, past the client that is under test.

use reqwest::Client;
use serde_json::{Value, json};

/// One for many requests: making one reads all root certificates.
pub fn http() -> Client {
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

/// The whole answer, an error too.
pub async fn post(client: &Client, url: &str, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let sent = client
        .post(url)
        .header("content-type", "application/json")
        .body(body.to_string())
        .send()
        .await;
    let bytes = sent.unwrap().bytes().await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

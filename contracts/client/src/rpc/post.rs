//! One JSON-RPC question over HTTP, with every answer bounded in time and size.

use super::fault::Fault;
use alloy_primitives::Bytes;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// More than any page of logs or receipts we ask for.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// The code with which nodes mark a revert (EIP-1474 left it open; geth set it).
const REVERTED: i64 = 3;

#[derive(Deserialize)]
struct Answer {
    id: u64,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<Failed>,
}

#[derive(Deserialize)]
struct Failed {
    code: i64,
    #[serde(default)]
    data: Option<Value>,
}

/// A client with TLS 1.2 and 1.3 by rustls over ring.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    // Somebody else of the process may have chosen already; it is ring for all of us.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .no_proxy()
        .build()
}

/// Asks once.
pub(crate) async fn ask(
    client: &Client,
    url: &Url,
    id: u64,
    question: (&str, &Value),
    patience: Duration,
) -> Result<Value, Fault> {
    let (method, params) = question;
    let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let exchange = exchange(client, url, body.to_string());
    let bytes = tokio::time::timeout(patience, exchange)
        .await
        .map_err(|_elapsed| Fault::Late)??;
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|_syntax| Fault::Malformed)?;
    if answer.id != id {
        return Err(Fault::Malformed);
    }
    outcome(answer)
}

async fn exchange(client: &Client, url: &Url, body: String) -> Result<Vec<u8>, Fault> {
    let response = client
        .post(url.clone())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .map_err(|_transport| Fault::Unreachable)?;
    let status = response.status();
    if !status.is_success() {
        return Err(Fault::Status(status.as_u16()));
    }
    bounded(response).await
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_transport| Fault::Unreachable)?
    {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn outcome(answer: Answer) -> Result<Value, Fault> {
    let Some(failed) = answer.error else {
        return Ok(answer.result.unwrap_or(Value::Null));
    };
    match (failed.code, revert_data(failed.data.as_ref())) {
        (_, Some(data)) => Err(Fault::Reverted(data)),
        (REVERTED, None) => Err(Fault::Reverted(Bytes::new())),
        (code, None) => Err(Fault::Refused(code)),
    }
}

/// The data of a revert: plain, or one level down as some nodes have it.
fn revert_data(data: Option<&Value>) -> Option<Bytes> {
    let data = data?;
    let text = data.as_str().or_else(|| data.get("data")?.as_str())?;
    // Some nodes put prose here; that is no revert.
    text.starts_with("0x").then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(answer: &str) -> Result<Value, Fault> {
        outcome(serde_json::from_str(answer).unwrap())
    }

    #[test]
    fn a_revert_is_told_by_its_data_wherever_the_node_puts_it() {
        let plain = r#"{"id":1,"error":{"code":-32000,"message":"x","data":"0x0102"}}"#;
        let nested = r#"{"id":1,"error":{"code":-32000,"message":"x","data":{"data":"0x0102"}}}"#;

        let expected = Err(Fault::Reverted(Bytes::from_static(&[1, 2])));

        assert_eq!(judged(plain), expected);
        assert_eq!(judged(nested), expected);
    }

    #[test]
    fn a_revert_without_data_is_told_by_its_code() {
        let answer = r#"{"id":1,"error":{"code":3,"message":"execution reverted"}}"#;

        assert_eq!(judged(answer), Err(Fault::Reverted(Bytes::new())));
    }

    #[test]
    fn any_other_error_is_the_nodes_own() {
        let answer = r#"{"id":1,"error":{"code":-32601,"message":"reverted","data":"prose"}}"#;

        assert_eq!(judged(answer), Err(Fault::Refused(-32601)));
    }
}

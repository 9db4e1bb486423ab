//! A server's faults: on order, counted, and with every byte it sends counted too.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a fault is told apart from all others"
)]

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{StreamExt, stream};
use serde_json::Value;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The segment is shorter than it should be.
    Truncated,
    /// A byte of the segment is another.
    WrongBytes,
    /// The proof is another's.
    WrongProof,
    /// A few bytes, then silence.
    SlowLoris,
    /// Status 500.
    ServerError,
    /// The connection is cut at 30 % of the answer.
    Cut,
    /// Not JSON at all.
    Garbage,
}

pub const ALL: [Fault; 7] = [
    Fault::Truncated,
    Fault::WrongBytes,
    Fault::WrongProof,
    Fault::SlowLoris,
    Fault::ServerError,
    Fault::Cut,
    Fault::Garbage,
];

/// The faults to come. Only answers that carry content are touched.
#[derive(Debug, Default)]
pub struct Faults {
    /// How many of the next answers go wrong, and how.
    coming: Mutex<Option<(Fault, u64)>>,
    /// Bytes of content answers that were sent.
    pub sent: AtomicU64,
    /// Answers that carried content.
    pub answers: AtomicU64,
    /// Segments that were sent to this server, and the bytes of those requests.
    pub uploads: AtomicU64,
    pub received: AtomicU64,
}

impl Faults {
    pub fn next(&self, fault: Fault, times: u64) {
        *self.coming.lock().expect("not poisoned") = Some((fault, times));
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    fn take(&self) -> Option<Fault> {
        let mut coming = self.coming.lock().expect("not poisoned");
        let (fault, left) = (*coming)?;
        *coming = (left > 1).then_some((fault, left - 1));
        Some(fault)
    }
}

pub fn inject(app: Router, faults: &Arc<Faults>) -> Router {
    app.layer(from_fn_with_state(Arc::clone(faults), fault))
}

async fn fault(State(faults): State<Arc<Faults>>, request: Request, next: Next) -> Response {
    let request = counted(&faults, request).await;
    let ranged = request.headers().contains_key("range");
    let (parts, body) = next.run(request).await.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("our own answer");
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let carries = ranged
        || json
            .as_ref()
            .is_some_and(|json| json["result"]["data"].is_string());
    if !carries {
        return Response::from_parts(parts, Body::from(body));
    }
    faults.answers.fetch_add(1, Ordering::SeqCst);
    let (mut parts, mut body) = (parts, body);
    match faults.take() {
        None => {}
        Some(Fault::ServerError) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(fault @ (Fault::SlowLoris | Fault::Cut)) => {
            return broken(fault, parts, &body, &faults);
        }
        Some(fault) => body = spoilt(fault, json, &body),
    }
    parts.headers.insert(CONTENT_LENGTH, body.len().into());
    faults
        .sent
        .fetch_add(u64::try_from(body.len()).expect("small"), Ordering::SeqCst);
    Response::from_parts(parts, Body::from(body))
}

async fn counted(faults: &Faults, request: Request) -> Request {
    let (parts, body) = request.into_parts();
    // One that was cut off by a kill counts with what arrived: nothing of it was taken.
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    if body.windows(17).any(|word| word == b"zgs_uploadSegment") {
        let bytes = u64::try_from(body.len()).expect("small");
        faults.uploads.fetch_add(1, Ordering::SeqCst);
        faults.received.fetch_add(bytes, Ordering::SeqCst);
    }
    Request::from_parts(parts, Body::from(body))
}

/// An answer that begins well: the length it promises never comes.
fn broken(
    fault: Fault,
    parts: axum::http::response::Parts,
    body: &Bytes,
    faults: &Faults,
) -> Response {
    let cut = body.slice(..body.len() * 3 / 10);
    faults
        .sent
        .fetch_add(u64::try_from(cut.len()).expect("small"), Ordering::SeqCst);
    let begun = stream::once(async move { Ok(cut) });
    let rest = match fault {
        Fault::SlowLoris => stream::pending::<io::Result<Bytes>>().left_stream(),
        _ => stream::once(async { Err(io::Error::other("cut")) }).right_stream(),
    };
    let mut response = Response::from_parts(parts, Body::from_stream(begun.chain(rest)));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, body.len().into());
    response
}

fn spoilt(fault: Fault, json: Option<Value>, body: &Bytes) -> Bytes {
    let Some(mut json) = json.filter(|_| fault != Fault::Garbage) else {
        return match fault {
            Fault::Truncated => body.slice(..body.len() / 2),
            _ => body.iter().map(|byte| byte ^ 0x20).collect(),
        };
    };
    let result = &mut json["result"];
    let mut data = STANDARD
        .decode(result["data"].as_str().expect("text"))
        .expect("base64");
    match fault {
        Fault::Truncated => data.truncate(data.len() / 2),
        Fault::WrongBytes => data[7] ^= 1,
        _ => result["proof"]["lemma"][0] = Value::String(format!("0x{}", "ab".repeat(32))),
    }
    json["result"]["data"] = Value::String(STANDARD.encode(data));
    json.to_string().into()
}

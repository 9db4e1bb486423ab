//! A bucket in memory: as much of S3 as the client speaks.

#![allow(dead_code, reason = "each test looks at its own part")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_RANGE, ETAG, LAST_MODIFIED, RANGE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

#[derive(Default)]
pub(crate) struct Objects {
    pub(crate) whole: BTreeMap<String, Bytes>,
    /// Uploads that were begun, by their id.
    pub(crate) uploads: BTreeMap<u64, BTreeMap<u32, Bytes>>,
    begun: u64,
    /// Parts that were taken, and the bytes in them.
    pub(crate) parts: u64,
    pub(crate) bytes: u64,
}

pub(crate) type Shared = Arc<Mutex<Objects>>;

pub(crate) fn router(objects: Shared) -> Router {
    Router::new()
        .route("/{*key}", any(object))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(objects)
}

async fn object(
    State(objects): State<Shared>,
    method: Method,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert!(headers.contains_key("authorization"), "requests are signed");
    let query = query.unwrap_or_default();
    let mut objects = objects.lock().expect("not poisoned");
    let upload = number(&query, "uploadId=");
    match (method.as_str(), number(&query, "partNumber=")) {
        ("POST", _) if query.contains("uploads") => begin(&mut objects),
        ("POST", _) => complete(&mut objects, key, upload.expect("an upload")),
        ("PUT", Some(part)) => take(&mut objects, upload.expect("an upload"), part, body),
        ("PUT", None) => {
            objects.whole.insert(key, body);
            etag()
        }
        ("HEAD" | "GET", _) => get(objects.whole.get(&key), &method, &headers),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn number(query: &str, name: &str) -> Option<u64> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name))?
        .parse()
        .ok()
}

fn begin(objects: &mut Objects) -> Response {
    objects.begun += 1;
    let id = objects.begun;
    objects.uploads.insert(id, BTreeMap::new());
    format!("<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>").into_response()
}

fn take(objects: &mut Objects, upload: u64, part: u64, body: Bytes) -> Response {
    let Some(parts) = objects.uploads.get_mut(&upload) else {
        return no_such_upload();
    };
    let bytes = u64::try_from(body.len()).expect("small");
    parts.insert(u32::try_from(part).expect("small"), body);
    objects.parts += 1;
    objects.bytes += bytes;
    etag()
}

fn no_such_upload() -> Response {
    let said = "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>";
    (StatusCode::NOT_FOUND, said).into_response()
}

fn complete(objects: &mut Objects, key: String, upload: u64) -> Response {
    let Some(parts) = objects.uploads.remove(&upload) else {
        return no_such_upload();
    };
    let whole: Vec<u8> = parts.into_values().flatten().collect();
    objects.whole.insert(key, whole.into());
    "<CompleteMultipartUploadResult><Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"1\"</ETag></CompleteMultipartUploadResult>".into_response()
}

fn etag() -> Response {
    [(ETAG, "\"1\"")].into_response()
}

fn get(object: Option<&Bytes>, method: &Method, headers: &HeaderMap) -> Response {
    let Some(object) = object else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let common = [
        (ETAG, "\"1\"".to_owned()),
        (LAST_MODIFIED, "Wed, 21 Oct 2026 07:28:00 GMT".to_owned()),
    ];
    if *method == Method::HEAD {
        return (common, [(CONTENT_LENGTH, object.len().to_string())]).into_response();
    }
    let range = headers
        .get(RANGE)
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
    let Some((first, last)) = range else {
        return (common, object.clone()).into_response();
    };
    let first: usize = first.parse().expect("a number");
    let last: usize = last
        .parse::<usize>()
        .expect("a number")
        .min(object.len() - 1);
    let said = format!("bytes {first}-{last}/{}", object.len());
    (
        StatusCode::PARTIAL_CONTENT,
        common,
        [(CONTENT_RANGE, said)],
        object.slice(first..=last),
    )
        .into_response()
}

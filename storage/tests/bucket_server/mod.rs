//! A bucket in memory: as much of S3 as the client speaks.

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
struct Objects {
    whole: BTreeMap<String, Bytes>,
    parts: BTreeMap<String, BTreeMap<u32, Bytes>>,
}

type Shared = Arc<Mutex<Objects>>;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/{*key}", any(object))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Shared::default())
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
    match (method.as_str(), part_number(&query)) {
        ("POST", _) if query.contains("uploads") => begin(&mut objects, key),
        ("POST", _) => complete(&mut objects, key),
        ("PUT", Some(number)) => {
            objects.parts.entry(key).or_default().insert(number, body);
            etag()
        }
        ("PUT", None) => {
            objects.whole.insert(key, body);
            etag()
        }
        ("HEAD" | "GET", _) => get(objects.whole.get(&key), &method, &headers),
        _ => StatusCode::NO_CONTENT.into_response(),
    }
}

fn part_number(query: &str) -> Option<u32> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("partNumber="))?
        .parse()
        .ok()
}

fn begin(objects: &mut Objects, key: String) -> Response {
    objects.parts.insert(key, BTreeMap::new());
    "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>k</Key><UploadId>1</UploadId></InitiateMultipartUploadResult>".into_response()
}

fn complete(objects: &mut Objects, key: String) -> Response {
    let parts = objects.parts.remove(&key).expect("begun");
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

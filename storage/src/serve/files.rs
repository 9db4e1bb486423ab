//! The folder over HTTP with ranges: `/content/<root>` and `/content/<root>.outline`.

use super::node::Node;
use crate::error::{StoreError, blocking};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, RANGE,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proto::Root;
use std::ops::Range;
use std::sync::Arc;

/// How much of a file is in memory at once.
const PIECE_BYTES: u64 = 256 * 1024;

pub(super) async fn content(
    State(node): State<Arc<Node>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(root) = name
        .strip_suffix(".outline")
        .and_then(|root| root.parse().ok())
    {
        return outline(node, root).await;
    }
    match name.parse() {
        Ok(root) => file(
            &node,
            root,
            headers.get(RANGE).and_then(|range| range.to_str().ok()),
            None,
        ),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn outline(node: Arc<Node>, root: Root) -> Response {
    let made = blocking(move || match node.folder.has(root)? {
        Some(_) => node
            .folder
            .outline(root)
            .map(|outline| Some(outline.to_bytes())),
        None => Ok(None),
    });
    match made.await {
        Ok(Some(bytes)) => bytes.into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Bytes of content that are a file of their own.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) root: Root,
    pub(super) bytes: Range<u64>,
}

/// All of some content, if it is here.
pub(super) fn whole(node: &Node, root: Root) -> Result<Option<Piece>, StoreError> {
    let here = node.folder.has(root)?;
    Ok(here.map(|content| Piece {
        root,
        bytes: 0..content.size,
    }))
}

/// The bytes of content, or some of them, piece by piece.
pub(super) fn file(node: &Node, root: Root, range: Option<&str>, name: Option<&str>) -> Response {
    match whole(node, root) {
        Ok(Some(all)) => piece(node, all, range, name),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(super) fn piece(
    node: &Node,
    Piece { root, bytes: all }: Piece,
    range: Option<&str>,
    name: Option<&str>,
) -> Response {
    let size = all.end - all.start;
    let (status, bytes) = match range.map(|range| parse_range(range, size)) {
        None => (StatusCode::OK, 0..size),
        Some(Some(bytes)) => (StatusCode::PARTIAL_CONTENT, bytes),
        Some(None) => return StatusCode::RANGE_NOT_SATISFIABLE.into_response(),
    };
    let mut response = Response::builder()
        .status(status)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_LENGTH, bytes.end - bytes.start);
    if status == StatusCode::PARTIAL_CONTENT {
        let said = format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1);
        response = response.header(CONTENT_RANGE, said);
    }
    if let Some(name) = name {
        response = response.header(
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        );
    }
    let bytes = all.start + bytes.start..all.start + bytes.end;
    let body = Body::from_stream(pieces(node, root, bytes));
    response
        .body(body)
        .unwrap_or_else(|_bad| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn pieces(
    node: &Node,
    root: Root,
    bytes: Range<u64>,
) -> impl stream::Stream<Item = Result<Bytes, StoreError>> + use<> {
    let folder = node.folder.clone();
    stream::try_unfold((folder, bytes), move |(folder, mut bytes)| async move {
        if bytes.is_empty() {
            return Ok(None);
        }
        let len = usize::try_from((bytes.end - bytes.start).min(PIECE_BYTES)).unwrap_or(1);
        let (reader, at) = (folder.clone(), bytes.start);
        let piece = blocking(move || reader.read_at(root, at, len)).await?;
        bytes.start += u64::try_from(len).unwrap_or(u64::MAX);
        Ok(Some((piece, (folder, bytes))))
    })
}

/// A single range of RFC 9110 section 14.1.2 within `size` bytes.
fn parse_range(range: &str, size: u64) -> Option<Range<u64>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let bytes = match (first, last) {
        ("", suffix) => size.saturating_sub(suffix.parse().ok()?)..size,
        (first, "") => first.parse().ok()?..size,
        (first, last) => first.parse().ok()?..last.parse::<u64>().ok()?.saturating_add(1).min(size),
    };
    (bytes.start < bytes.end).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_are_those_of_the_standard() {
        assert_eq!(parse_range("bytes=0-0", 10), Some(0..1));
        assert_eq!(parse_range("bytes=3-", 10), Some(3..10));
        assert_eq!(parse_range("bytes=-4", 10), Some(6..10));
        assert_eq!(parse_range("bytes=8-99", 10), Some(8..10));
        for bad in [
            "bytes=10-",
            "bytes=5-4",
            "bytes=-0",
            "items=0-1",
            "bytes=a-b",
            "bytes=0-18446744073709551615-",
        ] {
            assert_eq!(parse_range(bad, 10), None, "{bad}");
        }
    }
}

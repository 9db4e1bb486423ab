//! One request to the collector, over HTTP/1.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use std::time::Duration;
use tokio::net::TcpStream;

/// Collectors answer with next to nothing.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug)]
pub(super) struct Post;

#[derive(Debug, thiserror::Error)]
enum PostError {
    #[error("the endpoint is no http:// url with a host")]
    Endpoint,
    #[error("the collector did not answer in time")]
    Patience,
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = tokio::time::timeout(PATIENCE, post(request)).await;
        answered.map_err(|_elapsed| PostError::Patience)?
    }
}

async fn post(request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (host, request) = relative(request)?;
    let stream = TcpStream::connect(&host).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    // The connection carries the answer; its own end is told by it.
    let (answer, _connection) = tokio::join!(answer, connection);
    answer
}

/// Host and port, and the request as it goes over a connection to them.
fn relative(request: Request<Bytes>) -> Result<(String, Request<Full<Bytes>>), PostError> {
    let (mut head, body) = request.into_parts();
    let uri = std::mem::take(&mut head.uri);
    let authority = uri.authority().ok_or(PostError::Endpoint)?;
    if uri.scheme_str() != Some("http") {
        return Err(PostError::Endpoint);
    }
    let host = format!(
        "{}:{}",
        authority.host(),
        authority.port_u16().unwrap_or(80)
    );
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|_invalid| PostError::Endpoint)?;
    let named = HeaderValue::from_str(authority.as_str());
    head.headers
        .insert(header::HOST, named.map_err(|_invalid| PostError::Endpoint)?);
    head.headers
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok((host, Request::from_parts(head, Full::new(body))))
}

//! HTTP: one client for all, bounded answers, and a read-only folder behind any web server.

use crate::error::StoreError;
use crate::id::{Content, Outline, Shape};
use crate::progress::Progress;
use crate::store::{Found, Receipt, Replica, Segment, Store, Upload};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use proto::Root;
use reqwest::header::{CONTENT_LENGTH, RANGE};
use reqwest::{Client, Method, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client with TLS 1.2 and 1.3 by rustls over ring, and a limit on every request.
pub(crate) fn client(timeout: Duration) -> Result<Client, StoreError> {
    // Someone else in this process may have chosen already; then theirs is used.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::limited(3))
        .build()
        .map_err(|source| StoreError::Unreachable {
            place: "the HTTP client".into(),
            source,
        })
}

/// The whole body, if it is no longer than `max`.
pub(crate) async fn body(
    place: &str,
    mut response: Response,
    max: u64,
) -> Result<Bytes, StoreError> {
    let long = || StoreError::Malformed {
        place: place.to_owned(),
        what: format!("more than {max} bytes"),
    };
    if response.content_length().is_some_and(|length| length > max) {
        return Err(long());
    }
    let max = usize::try_from(max).map_err(|_large| long())?;
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable(place))? {
        if body.len() + chunk.len() > max {
            return Err(long());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

pub(crate) fn unreachable(place: &str) -> impl FnOnce(reqwest::Error) -> StoreError {
    let place = place.to_owned();
    // The URL is in the place's name already, without what may be secret in a query.
    move |source| StoreError::Unreachable {
        place,
        source: source.without_url(),
    }
}

/// A web server's folder of content: `<base>/<root>`, and `<base>/<root>.outline` beside it.
#[derive(Clone, Debug)]
pub struct HttpFolder {
    name: Arc<str>,
    base: Arc<str>,
    client: Client,
}

impl HttpFolder {
    /// `base` is an http or https URL; one request may take as long as `timeout`.
    pub fn new(base: &str, timeout: Duration) -> Result<Self, StoreError> {
        let base = base.trim_end_matches('/');
        Ok(Self {
            name: base.into(),
            base: base.into(),
            client: client(timeout)?,
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        range: Option<String>,
    ) -> Result<Option<Response>, StoreError> {
        let mut request = self.client.request(method, format!("{}/{path}", self.base));
        if let Some(range) = range {
            request = request.header(RANGE, range);
        }
        let response = request.send().await.map_err(unreachable(&self.name))?;
        match response.status() {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_success() => Ok(Some(response)),
            status => Err(StoreError::Status {
                place: self.name.to_string(),
                status: status.as_u16(),
            }),
        }
    }
}

#[async_trait]
impl Store for HttpFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn find(&self, root: Root) -> Result<Vec<Found>, StoreError> {
        let Some(response) = self.ask(Method::HEAD, &root.to_string(), None).await? else {
            return Ok(Vec::new());
        };
        let length = response
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        let found = length.filter(|size| *size > 0).map(|size| Found {
            content: Content { root, size },
            replica: Arc::new(self.clone()),
        });
        Ok(found.into_iter().collect())
    }

    async fn put(&self, _upload: &Upload, _progress: &dyn Progress) -> Result<Receipt, StoreError> {
        Err(StoreError::ReadOnly {
            place: self.name.to_string(),
        })
    }
}

#[async_trait]
impl Replica for HttpFolder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn outline(&self, content: Content) -> Result<Option<Bytes>, StoreError> {
        let Some(shape) = Shape::of(content.size) else {
            return Ok(None);
        };
        let path = format!("{}.outline", content.root);
        let Some(response) = self.ask(Method::GET, &path, None).await? else {
            return Ok(None);
        };
        body(&self.name, response, Outline::bytes_len(shape))
            .await
            .map(Some)
    }

    async fn segment(&self, content: Content, index: u64) -> Result<Segment, StoreError> {
        let missing = || StoreError::Missing(content.root);
        let shape = Shape::of(content.size).ok_or_else(missing)?;
        let bytes = shape.segment_bytes(index).ok_or_else(missing)?;
        let range = format!("bytes={}-{}", bytes.start, bytes.end - 1);
        let response = self
            .ask(Method::GET, &content.root.to_string(), Some(range))
            .await?
            .ok_or_else(missing)?;
        let whole = bytes.start == 0 && bytes.end == content.size;
        if response.status() != StatusCode::PARTIAL_CONTENT && !whole {
            let status = response.status().as_u16();
            return Err(StoreError::Status {
                place: self.name.to_string(),
                status,
            });
        }
        let data = body(&self.name, response, bytes.end - bytes.start).await?;
        Ok(Segment { data, proof: None })
    }
}

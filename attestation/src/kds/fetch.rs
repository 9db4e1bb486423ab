//! HTTP, as far as the key server needs it.

use std::time::Duration;
use ureq::Agent;

/// A certificate chain has five KiB; a revocation list may grow.
const BODY_BYTES_MAX: u64 = 1024 * 1024;

/// A server's answer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {url}")]
pub struct FetchError {
    pub url: String,
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Something that gets a URL. It tries once.
pub trait Fetch: Send + Sync {
    fn get(&self, url: &str) -> Result<Reply, FetchError>;
}

/// The network.
#[derive(Clone, Debug)]
pub struct Http(Agent);

impl Http {
    /// Requests that take no longer than this, all in all.
    pub fn with_timeout(timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .build();
        Self(config.into())
    }

    fn try_get(&self, url: &str) -> Result<Reply, ureq::Error> {
        let mut response = self.0.get(url).call()?;
        let retry_after = response.headers().get("retry-after");
        let retry_after = retry_after.and_then(|after| after.to_str().ok()?.parse().ok());
        Ok(Reply {
            status: response.status().as_u16(),
            retry_after: retry_after.map(Duration::from_secs),
            body: response
                .body_mut()
                .with_config()
                .limit(BODY_BYTES_MAX)
                .read_to_vec()?,
        })
    }
}

impl Fetch for Http {
    fn get(&self, url: &str) -> Result<Reply, FetchError> {
        self.try_get(url).map_err(|source| FetchError {
            url: url.to_owned(),
            source: Box::new(source),
        })
    }
}

//! `[traces]`: who collects them.

use super::reader::Section;
use std::str::FromStr;

/// A url of a collector; traces hold nothing that TLS would have to hide.
struct Endpoint(String);

#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("an endpoint is an http:// url")]
struct BadEndpoint;

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let url: http::Uri = text.parse().map_err(|_invalid| BadEndpoint)?;
        let is_http = url.scheme_str() == Some("http") && url.authority().is_some();
        is_http.then(|| Self(text.to_owned())).ok_or(BadEndpoint)
    }
}

pub(super) fn read(section: &mut Section) -> Option<String> {
    let endpoint = section.optional(
        "endpoint",
        "an http:// url like http://127.0.0.1:4318/v1/traces",
    );
    endpoint.map(|Endpoint(url)| url)
}

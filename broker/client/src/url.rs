//! Where a broker is, and the connection to it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint, Uri};

const CONNECT_SECS_MAX: u64 = 10;
/// A connection that died without a word is noticed after this and as much again; it also keeps
/// the place that a NAT on the way has for it.
const ALIVE_SECS: u64 = 20;

/// An `http://` url, or an `https://` one of whoever speaks TLS for the broker. A name in the
/// latter is proven by the usual authorities of the web.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerUrl(Uri);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a broker is an http:// or https:// url of a host, without a path")]
pub struct BadUrl;

impl BrokerUrl {
    /// A connection that is made with the first call, and anew when it was lost.
    pub fn channel(&self) -> Channel {
        self.endpoint().connect_lazy()
    }

    fn endpoint(&self) -> Endpoint {
        let alive = Duration::from_secs(ALIVE_SECS);
        let endpoint = Endpoint::from(self.0.clone())
            .connect_timeout(Duration::from_secs(CONNECT_SECS_MAX))
            .http2_keep_alive_interval(alive)
            .keep_alive_timeout(alive)
            .keep_alive_while_idle(true);
        if self.0.scheme_str() != Some("https") {
            return endpoint;
        }
        let tls = ClientTlsConfig::new().with_webpki_roots();
        endpoint
            .tls_config(tls)
            .expect("roots that are compiled in are a configuration")
    }
}

impl FromStr for BrokerUrl {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        let url: Uri = text.parse().map_err(|_invalid| BadUrl)?;
        let scheme = matches!(url.scheme_str(), Some("http" | "https"));
        let has_host = url.host().is_some_and(|host| !host.is_empty());
        let bare = matches!(url.path(), "" | "/") && url.query().is_none();
        (scheme && has_host && bare)
            .then_some(Self(url))
            .ok_or(BadUrl)
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_nothing_below_it() {
        for good in [
            "http://127.0.0.1:7710",
            "https://broker.example/",
            "http://[::1]:1",
        ] {
            assert!(good.parse::<BrokerUrl>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "broker.example",
            "ftp://broker.example",
            "http://b/path",
            "http://b?q",
        ] {
            assert_eq!(bad.parse::<BrokerUrl>(), Err(BadUrl), "{bad}");
        }
    }
}

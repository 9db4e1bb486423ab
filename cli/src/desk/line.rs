//! One connection to a node: any certificate is taken, and its key is told.
//!
//! Which key is the right one is not for a certificate authority to say: the machine's evidence
//! names it, and [`crate::judge`] compares.

use super::wire::{AnyServer, Wire};
use crate::trouble::{Kind, Trouble};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::Digest;
use proto::grpc::node_client::NodeClient;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use rustls::version::TLS13;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

const CONNECT: Duration = Duration::from_secs(20);

/// The key this machine shows: a provider may know it.
pub struct CallerKey(KeyPair);

/// A client, and the key the server showed.
#[derive(Debug)]
pub struct Line {
    pub client: NodeClient<Wire>,
    pub shown: Digest,
    _driver: JoinSet<()>,
}

impl CallerKey {
    /// Reads the key, making one where there is none.
    pub fn open(path: &Path) -> Result<Self, Trouble> {
        let cannot = |error: std::io::Error| crate::home::cannot("use the key", path, &error);
        if !path.exists() {
            let pair = KeyPair::generate().map_err(|error| unfit(path, &error))?;
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .map_err(cannot)?;
            file.write_all(&Zeroizing::new(pair.serialize_der()))
                .map_err(cannot)?;
            return Ok(Self(pair));
        }
        let der = Zeroizing::new(fs::read(path).map_err(cannot)?);
        let pair = KeyPair::try_from(der.as_slice()).map_err(|error| unfit(path, &error))?;
        Ok(Self(pair))
    }

    /// SHA-256 of its `SubjectPublicKeyInfo`: what a provider lists.
    pub fn digest(&self) -> Digest {
        sha256(&self.0.subject_public_key_info())
    }
}

impl std::fmt::Debug for CallerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallerKey({})", self.digest())
    }
}

impl Line {
    pub async fn open(url: &str, key: &CallerKey) -> Result<Self, Trouble> {
        let address = address(url)?;
        let opened = tokio::time::timeout(CONNECT, connect(&address, key)).await;
        let cannot = |why: String| {
            let what = format!("cannot reach the node at {address}: {why}");
            Trouble::new(Kind::Unreachable, what).next("ft providers")
        };
        match opened {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(why)) => Err(cannot(why)),
            Err(_late) => Err(cannot("no answer in time".into())),
        }
    }
}

async fn connect(address: &str, key: &CallerKey) -> Result<Line, String> {
    let text = |error: &dyn std::error::Error| crate::trouble::chained(error);
    let stream = TcpStream::connect(address).await.map_err(|e| text(&e))?;
    let connector = TlsConnector::from(Arc::new(config(key)?));
    let name = ServerName::try_from("node.invalid").map_err(|e| text(&e))?;
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|e| text(&e))?;
    let certificates = stream.get_ref().1.peer_certificates();
    let shown = certificates.and_then(|all| all.first()).cloned();
    let shown = shown.ok_or("it shows no certificate")?;
    let shown = webpki::EndEntityCert::try_from(&shown).map_err(|e| text(&e))?;
    let shown = sha256(&shown.subject_public_key_info());
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|e| text(&e))?;
    let mut driver = JoinSet::new();
    driver.spawn(async { drop(connection.await) });
    Ok(Line {
        client: NodeClient::new(Wire(sender)),
        shown,
        _driver: driver,
    })
}

/// Host and port of a URL; the scheme does not matter, for TLS is always spoken.
fn address(url: &str) -> Result<String, Trouble> {
    let bad = || {
        let what = format!("{url:?} is no address of a node");
        Trouble::new(Kind::Input, what).next("the same command again with --node https://HOST:PORT")
    };
    let full = if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    };
    let uri: http::Uri = full.parse().map_err(|_bad| bad())?;
    let host = uri.host().ok_or_else(bad)?;
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(443)))
}

fn config(key: &CallerKey) -> Result<ClientConfig, String> {
    let provider = Arc::new(default_provider());
    let certificate = CertificateParams::new(Vec::new())
        .and_then(|params| params.self_signed(&key.0))
        .map_err(|error| error.to_string())?;
    let secret = PrivatePkcs8KeyDer::from(key.0.serialize_der());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider)))
        .with_client_auth_cert(vec![certificate.into()], secret.into())
        .map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn unfit(path: &Path, error: &rcgen::Error) -> Trouble {
    crate::home::cannot("use the key", path, error)
}

fn sha256(bytes: &[u8]) -> Digest {
    recipe::digest::sha256(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        assert_eq!(address("https://node.example:7").unwrap(), "node.example:7");
        assert_eq!(address("node.example").unwrap(), "node.example:443");
        assert_eq!(address("[::1]:9000").unwrap(), "[::1]:9000");
        assert!(address("https://").is_err());
    }

    #[test]
    fn a_callers_key_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("caller.key");

        let first = CallerKey::open(&path).unwrap().digest();

        assert_eq!(CallerKey::open(&path).unwrap().digest(), first);
    }
}

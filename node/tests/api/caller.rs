//! A gRPC client that takes any certificate and says which key it was shown.

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use proto::Digest;
use proto::grpc::node_client::NodeClient;
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring::default_provider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::version::TLS13;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::body::Body;
use tonic::codegen::Service;

/// Who calls: with a key of its own, or without.
pub(crate) struct Caller(Option<KeyPair>);

impl Caller {
    pub(crate) fn stranger() -> Self {
        Self(None)
    }

    pub(crate) fn with_key() -> Self {
        Self(Some(KeyPair::generate().unwrap()))
    }

    pub(crate) fn key(&self) -> Digest {
        sha256(&self.0.as_ref().unwrap().subject_public_key_info())
    }

    /// A client on a connection of its own, and the key the server showed.
    pub(crate) async fn call(&self, address: SocketAddr) -> (NodeClient<Wire>, Digest) {
        let (wire, key) = self.connect(address).await;
        (NodeClient::new(wire), key)
    }

    /// The connection itself, for any service on it.
    pub(crate) async fn connect(&self, address: SocketAddr) -> (Wire, Digest) {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(self.config()));
        let name = ServerName::try_from("node.invalid").unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        let shown = webpki::EndEntityCert::try_from(&shown).unwrap();
        let key = sha256(&shown.subject_public_key_info());
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(async { drop(connection.await) });
        (Wire(sender), key)
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(default_provider());
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(provider)));
        let mut config = match &self.0 {
            None => config.with_no_client_auth(),
            Some(key) => {
                let certificate = CertificateParams::new(Vec::new())
                    .unwrap()
                    .self_signed(key)
                    .unwrap();
                let key = PrivatePkcs8KeyDer::from(key.serialize_der());
                config
                    .with_client_auth_cert(vec![certificate.into()], key.into())
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        config
    }
}

fn sha256(bytes: &[u8]) -> Digest {
    let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
    Digest(hash.as_ref().try_into().unwrap())
}

/// One HTTP/2 connection as the generated client wants it.
#[derive(Clone)]
pub(crate) struct Wire(http2::SendRequest<Body>);

impl Service<http::Request<Body>> for Wire {
    type Response = http::Response<Body>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().unwrap().clone();
        parts.uri = format!("https://node.invalid{path}").parse().unwrap();
        let reply = self.0.send_request(http::Request::from_parts(parts, body));
        Box::pin(async move { Ok(reply.await?.map(Body::new)) })
    }
}

#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 only".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

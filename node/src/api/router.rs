//! From a request's path to its service, within rate, number and time.

use super::rates::Rates;
use super::{Desk, Limits, NodeService, Peer};
use crate::ports::Clock;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::body::Incoming;
use proto::grpc::node_server::NodeServer;
use proto::grpc::status;
use proto::limits::MESSAGE_BYTES_MAX;
use proto::{CallError, wire};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::HealthService;

type Handler = Box<dyn Fn(Request<Incoming>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

pub(super) struct Router {
    node: Handler,
    health: Handler,
    reflection: Handler,
    reflection_alpha: Handler,
    rates: Rates,
    calls: Semaphore,
    deadline: Duration,
    clock: Arc<dyn Clock>,
}

impl Router {
    pub(super) fn new(
        desk: Desk,
        limits: &Limits,
    ) -> Result<Self, tonic_reflection::server::Error> {
        let rates = desk.rates.clone();
        let clock = desk.clerk.clock.clone();
        let health = HealthService::from_health_reporter(desk.health.clone());
        let node = NodeService::new(desk, limits);
        Ok(Self {
            node: handler(NodeServer::new(node).max_decoding_message_size(MESSAGE_BYTES_MAX)),
            health: handler(HealthServer::new(health)),
            reflection: handler(descriptions().build_v1()?),
            reflection_alpha: handler(descriptions().build_v1alpha()?),
            rates,
            calls: Semaphore::new(limits.calls),
            deadline: limits.deadline,
            clock,
        })
    }

    /// Answers every request, if only with a status.
    pub(super) async fn route(&self, peer: Peer, mut request: Request<Incoming>) -> Response<Body> {
        let Some(handler) = self.handler(request.uri().path()) else {
            return Status::unimplemented("no such service here").into_http();
        };
        if !self.rates.admit_call(peer, self.clock.now()) {
            return status(CallError::RateLimited, "").into_http();
        }
        let Ok(_call) = self.calls.try_acquire() else {
            return status(CallError::NotReady, "too many calls are under way").into_http();
        };
        request.extensions_mut().insert(peer);
        let deadline = asked_deadline(&request).map_or(self.deadline, |d| d.min(self.deadline));
        let answered = tokio::time::timeout(deadline, handler(request)).await;
        answered.unwrap_or_else(|_elapsed| {
            Status::deadline_exceeded("the answer took too long").into_http()
        })
    }

    fn handler(&self, path: &str) -> Option<&Handler> {
        match path.rsplit_once('/')?.0 {
            "/sealtune.v1.Node" => Some(&self.node),
            "/grpc.health.v1.Health" => Some(&self.health),
            "/grpc.reflection.v1.ServerReflection" => Some(&self.reflection),
            "/grpc.reflection.v1alpha.ServerReflection" => Some(&self.reflection_alpha),
            _ => None,
        }
    }
}

/// A service behind one type, cloned for each call as tower asks.
fn handler<S>(service: S) -> Handler
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    Box::new(move |request| {
        let call = service.clone().call(request);
        Box::pin(async move { call.await.unwrap_or_else(|never| match never {}) })
    })
}

/// Only the node's own: the file also describes the broker, whom nobody reaches here.
fn descriptions<'a>() -> tonic_reflection::server::Builder<'a> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(wire::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("sealtune.v1.Node")
        .with_service_name("grpc.health.v1.Health")
}

/// What the caller is ready to wait: digits and a unit, at most eight digits.
/// <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>, "Timeout".
fn asked_deadline<B>(request: &Request<B>) -> Option<Duration> {
    let asked = request.headers().get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = asked.split_at_checked(asked.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_deadline_is_read_as_grpc_writes_it() {
        let asked = |text: &str| {
            let request = Request::builder().header("grpc-timeout", text).body(());
            asked_deadline(&request.unwrap())
        };

        assert_eq!(asked("250m"), Some(Duration::from_millis(250)));
        assert_eq!(asked("2H"), Some(Duration::from_hours(2)));
        assert_eq!(asked("123456789S"), None);
        assert_eq!(asked("S"), None);
        assert_eq!(asked(""), None);
        assert_eq!(asked("3x"), None);
    }
}

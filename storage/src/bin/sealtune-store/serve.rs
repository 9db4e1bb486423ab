//! `serve`: a storage node and indexer over the local folder.

use crate::args::{Args, Serve};
use crate::show::{Failure, Show};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use storage::serve::{Chain, Config, Node, Watching, router};
use tokio::net::TcpListener;

/// How often the chain is asked for new blocks.
const POLL: Duration = Duration::from_millis(500);

pub(crate) async fn serve(args: &Args, serve: &Serve, show: &Show) -> Result<(), Failure> {
    let listener = TcpListener::bind(serve.listen).await;
    let listener = listener
        .map_err(|source| Failure::new(format!("cannot listen on {}", serve.listen), source))?;
    let here = listener
        .local_addr()
        .map_err(|source| Failure::new("cannot tell the address", source))?;
    let chain = match (&serve.rpc, serve.flow) {
        (Some(rpc), Some(flow)) => Some(Chain::at(rpc, flow, serve.first_block).await?),
        _ => None,
    };
    let public_url = serve
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{here}"));
    let config = Config {
        dir: args.dir.clone(),
        quota: args.quota,
        public_url: public_url.clone(),
        chain,
    };
    let node = Arc::new(Node::open(config)?);
    show.answer(
        &format!("serving {} on {public_url}", args.dir.display()),
        &json!({"url": public_url}),
    )?;
    let app = router(Arc::clone(&node));
    let follow = Watching { poll: POLL };
    tokio::select! {
        served = axum::serve(listener, app) => served.map_err(|source| Failure::new("cannot serve", source)),
        never = follow.follow(&node) => match never {},
    }
}

//! A wire to the chain that can be cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) struct Wire {
    pub(crate) url: String,
    is_cut: Arc<AtomicBool>,
    cuts: watch::Sender<u64>,
    _server: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(behind: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let is_cut = Arc::new(AtomicBool::new(false));
        let (cuts, heard) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, behind.to_owned(), is_cut.clone(), heard));
        Self {
            url,
            is_cut,
            cuts,
            _server: tasks,
        }
    }

    /// Every open connection ends now, and new ones end at once.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.cuts.send_modify(|count| *count += 1);
    }

    pub(crate) fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
    }
}

async fn serve(
    listener: TcpListener,
    behind: String,
    is_cut: Arc<AtomicBool>,
    heard: watch::Receiver<u64>,
) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _peer)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        if !is_cut.load(Ordering::SeqCst) {
            connections.spawn(carry(stream, behind.clone(), heard.clone()));
        }
    }
}

async fn carry(mut near: TcpStream, behind: String, mut heard: watch::Receiver<u64>) {
    heard.mark_unchanged();
    let Ok(mut far) = TcpStream::connect(behind).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = heard.changed() => {}
    }
}

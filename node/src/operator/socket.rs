//! The operator's socket in the state folder: who can open it may act.

use super::Board;
use super::routes::Side;
use super::server::Server;
use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};
use tokio::net::UnixListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    server: Server,
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot open the operator's socket {path}")]
pub struct SocketError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Where the socket of a node with this state folder is.
pub fn path(state_folder: &Path) -> PathBuf {
    state_folder.join("operator.sock")
}

impl Socket {
    /// Takes the place of a socket that an ended node left: whoever holds the journal is
    /// the one node of this folder.
    pub fn open(path: PathBuf, board: Board) -> Result<Self, SocketError> {
        match listen(&path) {
            Ok(listener) => Ok(Self {
                listener,
                server: Server::new(board, Side::Operator),
                path,
            }),
            Err(source) => Err(SocketError { path, source }),
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "connections are joined here: they end with the set"
    )]
    pub async fn serve(self, end: CancellationToken) -> Result<(), Infallible> {
        let mut inside = JoinSet::new();
        loop {
            tokio::select! {
                () = end.cancelled() => return Ok(()),
                Some(_left) = inside.join_next() => {}
                came = self.listener.accept() => match came {
                    Ok((stream, _)) => drop(inside.spawn(self.server.clone().attend(stream))),
                    Err(error) => {
                        warn!(code = "N-OPER-002", %error, "no connection can be taken");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // A socket left behind is replaced at the next start.
        drop(fs::remove_file(&self.path));
    }
}

/// Bound beside and renamed when its mode is right, so that it is never open to others.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&beside)?;
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600))?;
    fs::rename(&beside, path)?;
    Ok(listener)
}

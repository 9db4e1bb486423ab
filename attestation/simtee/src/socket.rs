//! The simulated firmware's unix socket: one request a connection.

use crate::{Machine, SimError};
use simtee_client::{Answer, REQUEST_BYTES, Request, join_report};
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// A guest that connects and says nothing keeps others waiting no longer than this.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves requests, one after another as firmware does, until the process ends.
pub fn serve(machine: &Machine, listener: &UnixListener) -> Result<(), SimError> {
    for stream in listener.incoming() {
        let stream = stream.map_err(|source| SimError::Io {
            what: "the socket".to_owned(),
            source,
        })?;
        // A guest that hangs up has only its own answer to lose.
        let _hung_up = answer(machine, stream);
    }
    Ok(())
}

/// Listens at a path, which a dead simulator may have left behind.
pub fn listen(path: &Path) -> Result<UnixListener, SimError> {
    let at = |source| SimError::Io {
        what: path.display().to_string(),
        source,
    };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(error)),
        Ok(()) | Err(_) => {}
    }
    UnixListener::bind(path).map_err(at)
}

fn answer(machine: &Machine, mut stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = [0; REQUEST_BYTES];
    stream.read_exact(&mut request)?;
    stream.write_all(&decide(machine, &request).to_bytes())
}

fn decide(machine: &Machine, request: &[u8; REQUEST_BYTES]) -> Answer {
    match Request::parse(request) {
        Ok(Request::Report(report_data)) => match machine.report(&report_data) {
            Ok(report) => Answer::Done(join_report(&report, &machine.table())),
            Err(why) => Answer::Refused(why.to_string()),
        },
        Ok(Request::DerivedKey) => Answer::Done(machine.derived_key()),
        Err(frame) => Answer::Refused(frame.to_string()),
    }
}

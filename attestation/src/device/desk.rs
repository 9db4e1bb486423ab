//! The one desk in front of the device: requests wait in line, and equal ones share
//! an answer.
//!
//! The device serves one request at a time and the host may slow it down for a minute.
//! The line is short, a caller waits no longer than it says, and the device is not
//! asked for those who left.

use super::{RawReport, ReportSource, SourceError};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many requests may wait; the next one is told to come back later.
const WAITING_MAX: usize = 64;

type Answer = Result<RawReport, Arc<SourceError>>;

struct Request {
    report_data: [u8; 64],
    caller: Caller,
}

struct Caller {
    answer: SyncSender<Answer>,
    /// Gone once the caller has left.
    present: Weak<()>,
}

/// The thread that owns the device. It ends when the last handle is gone.
#[derive(Debug)]
pub struct Desk {
    thread: JoinHandle<()>,
}

/// A place to ask from; cheap to copy.
#[derive(Clone, Debug)]
pub struct DeskHandle {
    line: SyncSender<Request>,
}

/// Why there is no report for this caller.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeskError {
    #[error("too many reports are asked for at once")]
    Busy,
    #[error("the device did not answer in time")]
    Patience,
    #[error("the device's owner is gone")]
    Closed,
    #[error("cannot get a report")]
    Source(#[source] Arc<SourceError>),
}

impl Desk {
    /// Gives the device to a thread of its own.
    pub fn open(source: Box<dyn ReportSource>) -> std::io::Result<(Self, DeskHandle)> {
        let (line, waiting) = sync_channel(WAITING_MAX);
        let builder = std::thread::Builder::new().name("reports".to_owned());
        let thread = builder.spawn(move || serve(source, &waiting))?;
        Ok((Self { thread }, DeskHandle { line }))
    }

    /// Waits for the thread; only after every handle is dropped does it end.
    pub fn join(self) {
        // A panic of the thread has already been reported by the panic hook.
        let _panicked = self.thread.join();
    }
}

impl DeskHandle {
    /// A report over these bytes, within `patience`.
    pub fn report(
        &self,
        report_data: [u8; 64],
        patience: Duration,
    ) -> Result<RawReport, DeskError> {
        let (answer, answered) = sync_channel(1);
        let here = Arc::new(());
        let request = Request {
            report_data,
            caller: Caller {
                answer,
                present: Arc::downgrade(&here),
            },
        };
        self.line.try_send(request).map_err(|full| match full {
            TrySendError::Full(_) => DeskError::Busy,
            TrySendError::Disconnected(_) => DeskError::Closed,
        })?;
        match answered.recv_timeout(patience) {
            Ok(answer) => answer.map_err(DeskError::Source),
            Err(RecvTimeoutError::Timeout) => Err(DeskError::Patience),
            Err(RecvTimeoutError::Disconnected) => Err(DeskError::Closed),
        }
    }
}

impl Caller {
    fn waits(&self) -> bool {
        self.present.strong_count() > 0
    }
}

/// Takes everybody who waits, asks the device once for each different request, and
/// answers them all.
fn serve(mut source: Box<dyn ReportSource>, waiting: &Receiver<Request>) {
    while let Ok(first) = waiting.recv() {
        let mut groups: BTreeMap<[u8; 64], Vec<Caller>> = BTreeMap::new();
        for request in std::iter::once(first).chain(waiting.try_iter()) {
            let group = groups.entry(request.report_data).or_default();
            group.push(request.caller);
        }
        for (report_data, callers) in groups {
            if !callers.iter().any(Caller::waits) {
                continue;
            }
            let answer = source.report(&report_data).map_err(Arc::new);
            for caller in callers {
                // Who has lost patience meanwhile no longer listens.
                let _gone = caller.answer.try_send(answer.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests;

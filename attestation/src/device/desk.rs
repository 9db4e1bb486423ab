//! The one desk in front of the device: requests wait in line, and equal ones share
//! an answer.
//!
//! The device serves one request at a time and the host may slow it down for a minute.
//! The line is short, and a caller waits no longer than it says.

use super::{RawReport, ReportSource, SourceError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many requests may wait; the next one is told to come back later.
const WAITING_MAX: usize = 64;

type Answer = Result<RawReport, Arc<SourceError>>;

struct Request {
    report_data: [u8; 64],
    answer: SyncSender<Answer>,
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
        let request = Request {
            report_data,
            answer,
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

/// Takes everybody who waits, asks the device once for each different request, and
/// answers them all.
fn serve(mut source: Box<dyn ReportSource>, waiting: &Receiver<Request>) {
    while let Ok(first) = waiting.recv() {
        let mut groups: BTreeMap<[u8; 64], Vec<SyncSender<Answer>>> = BTreeMap::new();
        for request in std::iter::once(first).chain(waiting.try_iter()) {
            let group = groups.entry(request.report_data).or_default();
            group.push(request.answer);
        }
        for (report_data, callers) in groups {
            let answer = source.report(&report_data).map_err(Arc::new);
            for caller in callers {
                // Who has lost patience no longer listens.
                let _gone = caller.try_send(answer.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::DerivedKey;
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A device that answers when it is let, and counts.
    #[derive(Debug)]
    struct Slow {
        gate: Arc<Mutex<Receiver<()>>>,
        asked: Arc<AtomicUsize>,
    }

    impl ReportSource for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            self.gate.lock().unwrap().recv().ok();
            Ok(RawReport::Tdx {
                quote: report_data.to_vec(),
            })
        }

        fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
            Err(SourceError::NoDerivedKeys("slow"))
        }
    }

    fn slow() -> (SyncSender<()>, Arc<AtomicUsize>, Desk, DeskHandle) {
        let (open, gate) = sync_channel(1000);
        let asked = Arc::new(AtomicUsize::new(0));
        let device = Slow {
            gate: Arc::new(Mutex::new(gate)),
            asked: asked.clone(),
        };
        let (desk, handle) = Desk::open(Box::new(device)).unwrap();
        (open, asked, desk, handle)
    }

    fn wait_until(true_at_last: impl Fn() -> bool) {
        while !true_at_last() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn equal_requests_that_wait_together_are_one_request() {
        let (open, gate) = sync_channel(10);
        let asked = Arc::new(AtomicUsize::new(0));
        let gate = Arc::new(Mutex::new(gate));
        let device = Slow {
            gate,
            asked: asked.clone(),
        };
        let (line, waiting) = sync_channel(WAITING_MAX);
        let callers: Vec<_> = [1, 2, 2, 1, 2].map(|byte| wait_in(&line, byte)).into();
        drop((open, line));

        serve(Box::new(device), &waiting);

        assert_eq!(asked.load(Ordering::SeqCst), 2);
        for (byte, caller) in callers {
            let quote = vec![byte; 64];
            assert_eq!(caller.recv().unwrap().unwrap(), RawReport::Tdx { quote });
        }
    }

    fn wait_in(line: &SyncSender<Request>, byte: u8) -> (u8, Receiver<Answer>) {
        let (answer, answered) = sync_channel(1);
        let report_data = [byte; 64];
        line.send(Request {
            report_data,
            answer,
        })
        .unwrap();
        (byte, answered)
    }

    #[test]
    fn who_has_no_patience_gets_no_report() {
        let (open, _asked, desk, handle) = slow();

        let answer = handle.report([1; 64], Duration::ZERO);

        assert!(matches!(answer, Err(DeskError::Patience)));
        drop((open, handle));
        desk.join();
    }

    #[test]
    fn a_line_that_is_full_says_so() {
        let (open, asked, desk, handle) = slow();
        let ask = || handle.report([1; 64], Duration::ZERO);

        assert!(matches!(ask(), Err(DeskError::Patience)));
        wait_until(|| asked.load(Ordering::SeqCst) == 1);
        let answers: Vec<_> = (0..=WAITING_MAX).map(|_| ask()).collect();

        assert!(matches!(answers.last(), Some(Err(DeskError::Busy))));
        drop((open, handle));
        desk.join();
    }
}

//! A desk in front of devices that are slow, hang, and count who is with them.

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
    let here = Arc::new(());
    let callers: Vec<_> = [1, 2, 2, 1, 2]
        .map(|byte| wait_in(&line, byte, &here))
        .into();
    drop((open, line));

    serve(Box::new(device), &waiting);

    assert_eq!(asked.load(Ordering::SeqCst), 2);
    for (byte, caller) in callers {
        let quote = vec![byte; 64];
        assert_eq!(caller.recv().unwrap().unwrap(), RawReport::Tdx { quote });
    }
}

fn wait_in(line: &SyncSender<Request>, byte: u8, here: &Arc<()>) -> (u8, Receiver<Answer>) {
    let (answer, answered) = sync_channel(1);
    let report_data = [byte; 64];
    let present = Arc::downgrade(here);
    let caller = Caller { answer, present };
    line.send(Request {
        report_data,
        caller,
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
    let ask = |patience| handle.report([1; 64], patience);

    std::thread::scope(|scope| {
        scope.spawn(|| ask(Duration::from_secs(60)));
        wait_until(|| asked.load(Ordering::SeqCst) == 1);
        let answers: Vec<_> = (0..=WAITING_MAX).map(|_| ask(Duration::ZERO)).collect();

        assert!(matches!(answers.last(), Some(Err(DeskError::Busy))));
        drop(open);
    });

    drop(handle);
    desk.join();
}

#[test]
fn the_device_is_not_asked_for_those_who_left() {
    let (open, gate) = sync_channel(10);
    let asked = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Mutex::new(gate));
    let device = Slow {
        gate,
        asked: asked.clone(),
    };
    let (line, waiting) = sync_channel(WAITING_MAX);
    let (stays, leaves) = (Arc::new(()), Arc::new(()));
    let _one = wait_in(&line, 1, &leaves);
    let _two = wait_in(&line, 2, &leaves);
    let (_byte, answered) = wait_in(&line, 2, &stays);
    drop((open, line, leaves));

    serve(Box::new(device), &waiting);

    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert!(answered.recv().unwrap().is_ok());
}

/// A device that knows how many are with it at once.
#[derive(Debug)]
struct Counting {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl ReportSource for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn report(&mut self, report_data: &[u8; 64]) -> Result<RawReport, SourceError> {
        let with_it = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(with_it, Ordering::SeqCst);
        std::thread::yield_now();
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(RawReport::Tdx {
            quote: report_data.to_vec(),
        })
    }

    fn derived_key(&mut self) -> Result<DerivedKey, SourceError> {
        Err(SourceError::NoDerivedKeys("counting"))
    }
}

#[test]
fn different_requests_are_with_the_device_one_after_the_other() {
    let (now, most) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
    let device = Counting {
        now,
        most: most.clone(),
    };
    let (desk, handle) = Desk::open(Box::new(device)).unwrap();

    std::thread::scope(|scope| {
        for byte in 0..32 {
            let handle = handle.clone();
            scope.spawn(move || {
                let answer = handle.report([byte; 64], Duration::from_secs(60)).unwrap();
                let quote = vec![byte; 64];
                assert_eq!(answer, RawReport::Tdx { quote }, "its own answer");
            });
        }
    });

    assert_eq!(most.load(Ordering::SeqCst), 1);
    drop(handle);
    desk.join();
}

#[test]
fn a_device_that_hangs_holds_nobody_longer_than_they_wait() {
    let (open, _asked, desk, handle) = slow();

    // Were one of them held by the device, or by those before it, this would not end.
    std::thread::scope(|scope| {
        for byte in 0..8 {
            let handle = handle.clone();
            scope.spawn(move || {
                let answer = handle.report([byte; 64], Duration::from_millis(20));
                assert!(matches!(answer, Err(DeskError::Patience)));
            });
        }
    });

    drop((open, handle));
    desk.join();
}

//! Getting content onto the disk while more of it is still written: at the end little is left to wait for.

use std::fs::File;
use std::io;
use std::panic::resume_unwind;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// The disk is asked each time so much more was written.
const STRIDE_BYTES: usize = 32 << 20;

/// Where the writer tells how much it wrote. It never waits for the disk.
pub(super) struct Pace {
    ask: SyncSender<()>,
    unasked: usize,
}

impl Pace {
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.unasked += bytes;
        if self.unasked >= STRIDE_BYTES {
            self.unasked = 0;
            // Full: it is asked already. Gone: it failed, which is told at the end.
            let _asked = self.ask.try_send(());
        }
    }
}

/// Does the work while another thread syncs the file behind it; the work's answer, and the disk's.
///
/// The disk's must be heard: it tells a write that failed once, and a later sync would call it well.
pub(super) fn keeping_pace<T>(file: &File, work: impl FnOnce(Pace) -> T) -> (T, io::Result<()>) {
    let (ask, asked) = sync_channel(1);
    thread::scope(|scope| {
        let syncer = scope.spawn(move || asked.iter().try_for_each(|()| file.sync_data()));
        let done = work(Pace { ask, unasked: 0 });
        let kept = syncer.join().unwrap_or_else(|panic| resume_unwind(panic));
        (done, kept)
    })
}

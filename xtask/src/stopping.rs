//! Being asked to stop: Ctrl-C reaches whatever child is running, with all that it started.

use crate::table::Trouble;
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

/// Shared by the thread that hears signals and the one that runs steps.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: AtomicU32,
    /// The process group of the running child; 0 when none runs.
    group: AtomicI32,
}

impl Stopping {
    pub(crate) fn listen() -> Result<Self, Trouble> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(Trouble::Signals)?;
        let stopping = Self::default();
        let heard = stopping.clone();
        std::thread::spawn(move || signals.forever().for_each(|_| heard.ask()));
        Ok(stopping)
    }

    pub(crate) fn asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst) > 0
    }

    /// From now on this group is what a signal is passed to.
    pub(crate) fn began(&self, group: Pid) {
        self.0
            .group
            .store(group.as_raw_nonzero().get(), Ordering::SeqCst);
        // The signal may have come between the start of the child and this line.
        if self.asked() {
            self.tell();
        }
    }

    pub(crate) fn ended(&self) {
        self.0.group.store(0, Ordering::SeqCst);
    }

    pub(crate) fn ask(&self) {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        self.tell();
    }

    /// The first time politely, after that not.
    fn tell(&self) {
        let signal = if self.0.asked.load(Ordering::SeqCst) > 1 {
            Signal::KILL
        } else {
            Signal::TERM
        };
        if let Some(group) = Pid::from_raw(self.0.group.load(Ordering::SeqCst)) {
            // A group that has just ended by itself is as good as told.
            kill_process_group(group, signal).ok();
        }
    }
}

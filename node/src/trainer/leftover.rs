//! The running child, written down, so that a restarted node ends it before another.
//!
//! The kernel kills a child whose node was killed, but not in the same instant. The
//! record is there before the child becomes the trainer: until then it waits for
//! its spec, and without one it ends.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tracing::warn;

/// A killed process ends as soon as the kernel gets to it.
const WAIT_SECS: i64 = 30;

#[derive(Debug, thiserror::Error)]
pub enum LeftoverError {
    #[error(
        "the trainer of an earlier run, process {pid}, was killed and does not end; two must not train at once"
    )]
    Stays { pid: i32 },
    #[error("cannot read {}", path.display())]
    Record {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot wait for the trainer of an earlier run, process {pid}")]
    Wait {
        pid: i32,
        #[source]
        source: io::Error,
    },
}

/// Which child: one may train, one may count, and one may look at a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Train,
    Count,
    Check,
}

/// Where a child is written down.
#[derive(Clone, Debug)]
pub(super) struct Record {
    path: PathBuf,
}

/// A process that is not taken for another of the same number: when it began, of
/// which boot.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    began: String,
    boot: String,
}

impl Slot {
    pub(super) const ALL: [Self; 3] = [Self::Train, Self::Count, Self::Check];
}

impl Record {
    pub(super) fn new(folder: &Path, slot: Slot) -> Self {
        let name = match slot {
            Slot::Train => "trainer.pid",
            Slot::Count => "counter.pid",
            Slot::Check => "checker.pid",
        };
        Self {
            path: folder.join(name),
        }
    }

    pub(super) fn write(&self, pid: Pid) -> io::Result<()> {
        let Process { pid, began, boot } = Process::now(pid.as_raw_nonzero().get())
            .ok_or_else(|| io::Error::other("the child is gone"))?;
        fs::write(&self.path, format!("{pid} {began} {boot}\n"))
    }

    pub(super) fn clear(&self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(%error, "the record of an ended child stays; it names nobody");
        }
    }

    /// Kills the child of an earlier run, if it still runs, and waits for its end.
    pub(super) fn end_leftover(&self) -> Result<(), LeftoverError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                let path = self.path.clone();
                return Err(LeftoverError::Record { path, source });
            }
        };
        if let Some(process) = Process::parse(&text) {
            process.end()?;
        }
        self.clear();
        Ok(())
    }
}

impl Process {
    fn now(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(Self {
            pid,
            began: began(&stat)?.into(),
            boot: boot.trim().into(),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.strip_suffix('\n')?.split(' ');
        let (pid, began, boot) = (words.next()?, words.next()?, words.next()?);
        Some(Self {
            pid: pid.parse().ok()?,
            began: began.into(),
            boot: boot.into(),
        })
    }

    fn end(&self) -> Result<(), LeftoverError> {
        let pid = self.pid;
        let Some(group) = Pid::from_raw(pid) else {
            return Ok(());
        };
        // Held before the look, so that both mean one process.
        let Ok(held) = pidfd_open(group, PidfdFlags::empty()) else {
            return Ok(());
        };
        if Self::now(pid).as_ref() != Some(self) {
            return Ok(());
        }
        warn!(
            pid,
            "the trainer of an earlier run still runs; it is killed"
        );
        kill_process_group(group, Signal::KILL).ok();
        let wait = Timespec {
            tv_sec: WAIT_SECS,
            tv_nsec: 0,
        };
        match poll(&mut [PollFd::new(&held, PollFlags::IN)], Some(&wait)) {
            Ok(0) => Err(LeftoverError::Stays { pid }),
            Ok(_) => Ok(()),
            Err(error) => Err(LeftoverError::Wait {
                pid,
                source: error.into(),
            }),
        }
    }
}

/// Field 22 of `/proc/PID/stat`; the second, the name, may hold anything but ends
/// with the last parenthesis.
fn began(stat: &str) -> Option<&str> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command, Stdio};

    fn child() -> Child {
        let mut command = Command::new("/bin/cat");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null());
        command.process_group(0).spawn().unwrap()
    }

    #[test]
    fn a_child_of_an_earlier_run_is_killed_and_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::new(folder.path(), Slot::Train);
        let mut child = child();
        record.write(Pid::from_child(&child)).unwrap();

        record.end_leftover().unwrap();

        assert_eq!(child.wait().unwrap().signal(), Some(9));
        assert!(!record.path.exists());
    }

    #[test]
    fn another_process_of_the_same_number_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::new(folder.path(), Slot::Train);
        let mut child = child();
        record.write(Pid::from_child(&child)).unwrap();
        let text = fs::read_to_string(&record.path).unwrap();
        let other = text.replacen(' ', " 1", 1);
        fs::write(&record.path, other).unwrap();

        record.end_leftover().unwrap();

        assert_eq!(child.try_wait().unwrap(), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn half_a_record_names_nobody() {
        for text in ["", "1", "1 2", "1 2 boot", "x 2 boot\n"] {
            assert_eq!(Process::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_name_with_parentheses_hides_nothing() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 12345 99";

        assert_eq!(began(stat), Some("12345"));
    }
}

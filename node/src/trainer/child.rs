//! A child in its own process group, behind its walls, and the pipes to it.

use super::leftover::{Record, Slot};
use super::{Cause, Exit, Inner};
use crate::sandbox::{Limits, Spec};
use command_fds::{CommandFdExt, FdMapping};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::fs;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

/// Where the trainer finds the pipes.
pub(super) const CHECKPOINTS: i32 = 3;
pub(super) const RESUME: i32 = 4;

/// What is started, and with what.
pub(super) struct Job<'a> {
    pub(super) slot: Slot,
    pub(super) arguments: Vec<String>,
    pub(super) model: &'a Path,
    pub(super) work: &'a Path,
    /// Whether it goes on from a checkpoint.
    pub(super) resumes: bool,
    /// How long it may compute.
    pub(super) wall_secs: u64,
}

/// Our ends.
pub(super) struct Pipes {
    pub(super) stdin: ChildStdin,
    pub(super) stdout: ChildStdout,
    pub(super) stderr: ChildStderr,
    pub(super) checkpoints: PipeReader,
    pub(super) resume: Option<PipeWriter>,
}

/// A child that runs; killed with its group, and reaped, when dropped.
pub(super) struct Running {
    pid: Pid,
    ended: OwnedFd,
    record: Record,
    ooms: u64,
    /// None once it is reaped: its number may then be another's.
    child: Mutex<Option<Child>>,
}

impl Running {
    /// Starts the launcher, which waits for its spec on standard input.
    pub(super) fn start(inner: &Inner, job: &Job<'_>) -> Result<(Self, Pipes), Cause> {
        Self::try_start(inner, job).map_err(|error| Cause::Start(error.to_string()))
    }

    fn try_start(inner: &Inner, job: &Job<'_>) -> io::Result<(Self, Pipes)> {
        let (checkpoints, frames) = io::pipe()?;
        let (snapshot, resume) = io::pipe()?;
        let pipes = [
            (OwnedFd::from(frames), CHECKPOINTS),
            (snapshot.into(), RESUME),
        ];
        let mappings = pipes.map(|(parent_fd, child_fd)| FdMapping {
            parent_fd,
            child_fd,
        });
        let mut command = Command::new(&inner.settings.launcher);
        command
            .arg("sandboxed")
            .env_clear()
            .current_dir(job.work)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .fd_mappings(mappings.into())
            .map_err(io::Error::other)?;
        let ooms = oom_kills();
        let mut child = command.spawn()?;
        // Our copies of the child's ends go with the command.
        drop(command);
        let taken = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = taken else {
            unreachable!("all three were asked for");
        };
        let pid = Pid::from_child(&child);
        let running = Self {
            pid,
            ended: pidfd_open(pid, PidfdFlags::empty())?,
            record: Record::new(&inner.settings.records, job.slot),
            ooms,
            child: Mutex::new(Some(child)),
        };
        running.record.write(pid)?;
        let pipes = Pipes {
            stdin,
            stdout,
            stderr,
            checkpoints,
            resume: job.resumes.then_some(resume),
        };
        Ok((running, pipes))
    }

    /// Readable when the child has ended.
    pub(super) fn ended(&self) -> &OwnedFd {
        &self.ended
    }

    /// The whole group, at once.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// The wish to write a checkpoint and end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills what is left of the group and reaps the child.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = child.take()?;
        // One that has ended needs no killing.
        kill_process_group(self.pid, Signal::KILL).ok();
        let status = child.wait().ok();
        self.record.clear();
        status
    }

    /// What the end of the child says, where nobody asked for it. `said` is whether it
    /// told of a failure before.
    pub(super) fn judge(&self, status: ExitStatus, said: bool) -> Result<(), Cause> {
        match (status.code(), status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(code), _) => Err(Cause::Exited(Exit::of(code))),
            (None, Some(signal)) => Err(self.of_signal(signal, said)),
            (None, None) => Err(Cause::Lost),
        }
    }

    fn of_signal(&self, signal: i32, said: bool) -> Cause {
        match signal {
            libc::SIGKILL if oom_kills() > self.ooms => Cause::NoMemory,
            libc::SIGKILL => Cause::Killed,
            // A panic says so first; what is left is an allocation that was refused.
            libc::SIGABRT if !said => Cause::OverLimit,
            libc::SIGABRT => Cause::Exited(Exit::Internal),
            libc::SIGXCPU => Cause::CpuTime,
            libc::SIGXFSZ => Cause::Exited(Exit::Disk),
            libc::SIGTERM | libc::SIGINT => Cause::Stopped,
            signal => Cause::Crashed { signal },
        }
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            // A group that has ended needs no signal.
            kill_process_group(self.pid, signal).ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.reap();
    }
}

/// The walls for this job.
pub(super) fn spec(inner: &Inner, job: &Job<'_>) -> Spec {
    let settings = &inner.settings;
    let processors = std::thread::available_parallelism()
        .map_or(1, |count| u64::try_from(count.get()).unwrap_or(u64::MAX));
    Spec {
        strictness: settings.strictness,
        parent: std::process::id(),
        program: settings.program.clone(),
        arguments: job.arguments.clone(),
        read: vec![job.model.into()],
        write: vec![job.work.into()],
        devices: devices(&settings.device),
        pipes_up_to: RESUME,
        limits: Limits {
            // Stacks and the allocator's slack come on top of what a plan counts.
            data_bytes: settings
                .memory_bytes
                .saturating_add(settings.memory_bytes / 4),
            cpu_secs: job.wall_secs.saturating_mul(processors),
            file_bytes: settings.memory_bytes,
            open_files: 1024,
        },
    }
}

/// The device files of NVIDIA's driver, where training is to use a card.
fn devices(device: &str) -> Vec<PathBuf> {
    if device == "cpu" {
        return Vec::new();
    }
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let named = |path: &PathBuf| path.to_string_lossy().starts_with("/dev/nvidia");
    entries.map(|entry| entry.path()).filter(named).collect()
}

/// How often the kernel has killed for want of memory since it started.
fn oom_kills() -> u64 {
    let text = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    line.and_then(|count| count.parse().ok()).unwrap_or(0)
}

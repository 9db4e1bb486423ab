//! A try of the walls from inside: what a hostile program would do first.

use super::descriptors::open_ones;
use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;

/// What could be done inside. In a whole sandbox only `work_is_writable` is true.
#[allow(clippy::struct_excessive_bools, reason = "a list of yes and no")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    pub environment: Vec<String>,
    pub descriptors: Vec<i32>,
    pub a_socket_opens: bool,
    pub a_unix_socket_opens: bool,
    pub a_program_starts: bool,
    pub foreign_files_are_readable: bool,
    pub the_model_is_writable: bool,
    pub foreign_folders_are_writable: bool,
    pub the_parent_can_be_signalled: bool,
    pub the_parent_is_visible: bool,
    pub the_group_can_be_left: bool,
    pub work_is_writable: bool,
}

/// Tries everything. `model` and `work` are the folders of the spec.
pub fn probe(model: &Path, work: &Path) -> Answers {
    let parent = rustix::process::getppid();
    let visible = parent.map(|pid| format!("/proc/{}/environ", pid.as_raw_nonzero()));
    Answers {
        environment: std::env::vars_os()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .collect(),
        descriptors: open_ones().unwrap_or_default(),
        a_socket_opens: UdpSocket::bind("127.0.0.1:0").is_ok()
            || TcpStream::connect("127.0.0.1:1")
                .is_err_and(|error| error.raw_os_error() == Some(libc::ECONNREFUSED)),
        a_unix_socket_opens: std::os::unix::net::UnixDatagram::unbound().is_ok(),
        a_program_starts: Command::new("/bin/sh").arg("-c").arg(":").status().is_ok(),
        foreign_files_are_readable: fs::read("/etc/passwd").is_ok(),
        the_model_is_writable: tempfile_at(model),
        foreign_folders_are_writable: tempfile_at(&std::env::temp_dir()),
        the_parent_can_be_signalled: parent
            .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok()),
        the_parent_is_visible: visible.is_some_and(|path| fs::read(path).is_ok()),
        the_group_can_be_left: joins(parent).is_ok(),
        work_is_writable: tempfile_at(work),
    }
}

/// Whether a file can be made there; it goes again.
fn tempfile_at(folder: &Path) -> bool {
    let path = folder.join(format!("sandbox-probe-{}", std::process::id()));
    fs::write(&path, "x")
        .and_then(|()| fs::remove_file(&path))
        .is_ok()
}

/// Into the group of the parent, out of the one that would be killed.
fn joins(parent: Option<Pid>) -> rustix::io::Result<()> {
    let group = rustix::process::getpgid(parent)?;
    rustix::process::setpgid(None, Some(group))
}

//! The launcher: puts up the walls around itself, then becomes the program.

use super::piece::{Missing, Piece, Report};
use super::spec::{Spec, Strictness};
use super::{calls, descriptors, files, limits, spaces};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use rustix::stdio::stdin;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Why a piece could not be put up, in words.
pub(super) type Why = String;

/// Reads the spec, puts up the pieces, reports, and becomes the program. Returns
/// only when there is no program to be.
pub fn enter() -> io::Error {
    match Spec::read_line(&mut Unbuffered) {
        Ok(spec) => enter_as(&spec),
        Err(error) => error,
    }
}

fn enter_as(spec: &Spec) -> io::Error {
    let report = put_up(spec);
    let refused = report.refused;
    if let Err(error) = say(&report) {
        return error;
    }
    if refused {
        return io::Error::other("the sandbox is not whole");
    }
    Command::new(&spec.program)
        .args(&spec.arguments)
        .env_clear()
        .exec()
}

/// The order matters: a user namespace forgets the wish to die with the parent, and
/// Landlock and seccomp come last because they forbid what the others need.
fn put_up(spec: &Spec) -> Report {
    let pieces: [(Piece, &dyn Fn() -> Result<(), Why>); 7] = [
        (Piece::Descriptors, &|| {
            descriptors::close_beyond(spec.pipes_up_to)
        }),
        (Piece::Limits, &|| limits::set(&spec.limits)),
        (Piece::Namespaces, &spaces::leave),
        (Piece::ParentDeath, &|| die_with(spec.parent)),
        (Piece::NoNewPrivileges, &no_new_privileges),
        (Piece::Landlock, &|| files::restrict(spec)),
        (Piece::Seccomp, &calls::restrict),
    ];
    let mut report = Report::default();
    for (piece, put_up) in pieces {
        match put_up() {
            Ok(()) => report.held.push(piece),
            Err(why) => report.missing.push(Missing { piece, why }),
        }
    }
    let lacks = report
        .missing
        .iter()
        .any(|missing| !missing.piece.is_replaced());
    report.refused = lacks && spec.strictness == Strictness::Required;
    report
}

/// A parent that ended before the wish was made is seen by its absence.
fn die_with(parent: u32) -> Result<(), Why> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())?;
    let now = getppid().map(|pid| pid.as_raw_nonzero().get());
    if now == i32::try_from(parent).ok() {
        Ok(())
    } else {
        Err("the parent has already ended".into())
    }
}

fn no_new_privileges() -> Result<(), Why> {
    rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())
}

fn say(report: &Report) -> io::Result<()> {
    let line = serde_json::to_string(report).map_err(io::Error::other)? + "\n";
    let mut out = io::stdout();
    out.write_all(line.as_bytes())?;
    out.flush()
}

/// Standard input without a buffer of ours: the program reads on where we stop.
struct Unbuffered;

impl Read for Unbuffered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(stdin(), buffer)?)
    }
}

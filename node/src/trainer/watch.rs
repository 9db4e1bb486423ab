//! The watch over a child: its lines, its silence, its deadline, and our wishes.

use super::Cause;
use super::child::Running;
use super::lines::Lines;
use super::patience::Patience;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::ChildStdout;
use std::time::Duration;

/// A wish to end by checkpoint; hanging up is the wish to end at once.
const DRAIN: u8 = b'd';

/// The conductor's end of a training. Dropping it ends the child.
#[derive(Debug)]
pub(super) struct Commands(PipeWriter);

impl Commands {
    pub(super) fn pair() -> io::Result<(Self, PipeReader)> {
        let (reader, writer) = io::pipe()?;
        Ok((Self(writer), reader))
    }

    pub(super) fn drain(&self) {
        // A child that has ended needs no wish.
        drop((&self.0).write_all(&[DRAIN]));
    }
}

/// Who makes something of the lines.
pub(super) trait Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), Cause>;

    /// The node stops: whether the child is let to its end.
    fn may_finish(&self) -> bool;
}

pub(super) struct Watch<'a> {
    pub(super) running: &'a Running,
    pub(super) stdout: ChildStdout,
    pub(super) commands: PipeReader,
    pub(super) silence_max: Duration,
    pub(super) wall: Patience,
}

/// What woke us.
struct Woken {
    output: bool,
    command: bool,
    ended: bool,
}

impl Watch<'_> {
    /// Watches until the child has ended or must be killed; that is for the caller.
    pub(super) fn keep(mut self, reader: &mut impl Reader) -> Result<(), Cause> {
        let mut silence = Patience::of(self.silence_max);
        let mut lines = Lines::default();
        let mut open = true;
        loop {
            let woken = self.wait(open, silence.left().min(self.wall.left()))?;
            if woken.command {
                self.obey(reader)?;
            }
            if woken.output {
                open = self.read(&mut lines, reader)?;
                silence.renew();
            }
            if woken.ended && !woken.output {
                return Ok(());
            }
            if silence.left().is_zero() {
                let secs = self.silence_max.as_secs();
                return Err(Cause::Silent { secs });
            }
            if self.wall.left().is_zero() {
                return Err(Cause::Deadline);
            }
        }
    }

    fn wait(&self, open: bool, patience: Duration) -> Result<Woken, Cause> {
        let wait = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let wanted = if open {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let mut three = [
            PollFd::new(self.running.ended(), PollFlags::IN),
            PollFd::new(&self.commands, PollFlags::IN),
            PollFd::new(&self.stdout, wanted),
        ];
        // A closed output would wake us for ever.
        let count = if open { 3 } else { 2 };
        let polled = three.get_mut(..count).map(|some| poll(some, Some(&wait)));
        match polled {
            Some(Ok(_)) => {}
            Some(Err(rustix::io::Errno::INTR)) => return Ok(Woken::NOTHING),
            Some(Err(error)) => return Err(Cause::Start(error.to_string())),
            None => return Err(Cause::Lost),
        }
        let [ended, command, output] = three.map(|one| !one.revents().is_empty());
        Ok(Woken {
            output: open && output,
            command,
            ended,
        })
    }

    /// False when the output has ended.
    fn read(&mut self, lines: &mut Lines, reader: &mut impl Reader) -> Result<bool, Cause> {
        let mut buffer = [0; 16 << 10];
        let count = self.stdout.read(&mut buffer).unwrap_or(0);
        let bytes = buffer.get(..count).unwrap_or_default();
        for line in lines.push(bytes).map_err(Cause::Babbled)? {
            reader.line(&line)?;
        }
        Ok(count > 0)
    }

    fn obey(&mut self, reader: &impl Reader) -> Result<(), Cause> {
        let mut wish = [0];
        match self.commands.read(&mut wish) {
            Ok(1) if reader.may_finish() => Ok(()),
            Ok(1) => {
                self.running.terminate();
                Ok(())
            }
            // Hung up: whoever wanted this training wants it no more.
            Ok(_) | Err(_) => Err(Cause::Stopped),
        }
    }
}

impl Woken {
    const NOTHING: Self = Self {
        output: false,
        command: false,
        ended: false,
    };
}

//! One child process: in a group of its own, with its output passed on as it comes.

use crate::stopping::Stopping;
use crate::table::Trouble;
use crate::tally::Tally;
use rustix::process::Pid;
use std::io::{BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

/// Runs to the end; true when the child was content.
pub(crate) fn run(command: &mut Command, stopping: &Stopping) -> Result<bool, Trouble> {
    let mut child = start(command, stopping)?;
    finish(&mut child, stopping)
}

/// The same, counting what the test runner says about itself. On a terminal it speaks for
/// itself, in colour; elsewhere its lines pass through here.
pub(crate) fn run_counting(
    command: &mut Command,
    stopping: &Stopping,
) -> Result<(bool, Option<Tally>), Trouble> {
    if std::io::stdout().is_terminal() {
        return Ok((run(command, stopping)?, None));
    }
    let mut child = start(
        command.stdout(Stdio::piped()).stderr(Stdio::piped()),
        stopping,
    )?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let tally = std::thread::scope(|scope| {
        let out = scope.spawn(|| pass_on(out, &mut std::io::stdout()));
        let err = pass_on(err, &mut std::io::stderr());
        err + out.join().expect("passing lines on does not panic")
    });
    Ok((finish(&mut child, stopping)?, Some(tally)))
}

fn start(command: &mut Command, stopping: &Stopping) -> Result<Child, Trouble> {
    forget_cargo(command);
    let child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|source| Trouble::Start {
            program: command.get_program().to_string_lossy().into_owned(),
            source,
        })?;
    stopping.began(Pid::from_child(&child));
    Ok(child)
}

fn finish(child: &mut Child, stopping: &Stopping) -> Result<bool, Trouble> {
    let status = child.wait().map_err(|source| Trouble::Start {
        program: "the child".to_owned(),
        source,
    });
    stopping.ended();
    Ok(status?.success())
}

/// `cargo run` tells us who we are in variables that some build scripts watch: handed on, they
/// would rebuild ring and all above it each time the shell and a step take turns.
fn forget_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
        ]
        .iter()
        .any(|start| told.starts_with(start))
        {
            command.env_remove(&name);
        }
    }
}

fn pass_on(from: Option<impl Read>, to: &mut impl Write) -> Tally {
    let mut tally = Tally::default();
    let mut lines = BufReader::new(from.expect("the stream was asked for"));
    let mut line = Vec::new();
    while lines
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        // Whoever closed our output no longer listens; the child still has to be heard out.
        to.write_all(&line).and_then(|()| to.flush()).ok();
        tally = tally + Tally::of_line(&String::from_utf8_lossy(&line));
        line.clear();
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_child_that_fails_is_told_from_one_that_does_not() {
        let stopping = Stopping::default();

        assert!(run(&mut sh("exit 0"), &stopping).expect("sh starts"));
        assert!(!run(&mut sh("exit 3"), &stopping).expect("sh starts"));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let trouble = run(&mut Command::new("no-such-program"), &Stopping::default());

        assert!(trouble.is_err_and(|trouble| trouble.to_string().contains("no-such-program")));
    }

    #[test]
    fn a_stop_reaches_what_the_child_started_too() {
        let stopping = Stopping::default();
        stopping.ask();

        let good = run(&mut sh("sleep 600 & wait"), &stopping).expect("sh starts");

        assert!(!good);
    }

    #[test]
    fn asking_twice_ends_a_child_that_does_not_listen() {
        let stopping = Stopping::default();
        stopping.ask();
        stopping.ask();

        let good = run(
            &mut sh("trap '' TERM; while :; do sleep 600; done"),
            &stopping,
        )
        .expect("sh starts");

        assert!(!good);
    }

    #[test]
    fn lines_pass_through_unchanged_and_are_counted() {
        let said = "building\ntest result: ok. 2 passed; 0 failed; 0 ignored\nlast, unended";
        let mut heard = Vec::new();

        let tally = pass_on(Some(said.as_bytes()), &mut heard);

        assert_eq!(heard, said.as_bytes());
        assert_eq!(tally.passed, 2);
    }
}

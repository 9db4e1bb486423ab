//! The voice: news on standard error, answers on standard output, questions to who is there.

use crate::answer::Answer;
use crate::surroundings::Surroundings;
use crate::trouble::{Kind, Money, Trouble};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;
use std::io::{self, BufRead, Write};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "what the command line and the terminal say, each by itself"
)]
pub struct Voice {
    json: bool,
    quiet: bool,
    yes: bool,
    terminal: bool,
    colour: bool,
}

/// What a bar shows of bytes that move.
#[derive(Debug)]
pub struct Bar(pub ProgressBar);

impl Voice {
    pub const fn new(json: bool, quiet: bool, yes: bool, around: &Surroundings) -> Self {
        Self {
            json,
            quiet,
            yes,
            terminal: around.terminal,
            colour: around.colour,
        }
    }

    pub const fn speaks_json(self) -> bool {
        self.json
    }

    /// News on the way, for people alone.
    pub fn say(self, line: &str) {
        if !self.json && !self.quiet {
            drop(writeln!(io::stderr(), "{line}"));
        }
    }

    /// One piece of a stream: a line for people, an object for programs.
    pub fn tell(self, line: &str, json: &Value) {
        let told = if self.json {
            writeln!(io::stdout(), "{json}")
        } else {
            writeln!(io::stdout(), "{line}")
        };
        // Whoever closed the pipe has read enough.
        drop(told);
    }

    pub fn answer(self, answer: &Answer) {
        if self.json && !answer.json.is_null() {
            drop(writeln!(io::stdout(), "{}", answer.json));
        }
        if !self.json && !answer.text.is_empty() {
            drop(writeln!(io::stdout(), "{}", answer.text));
        }
    }

    pub fn trouble(self, trouble: &Trouble) {
        if self.json {
            drop(writeln!(io::stdout(), "{}", trouble.to_json()));
            return;
        }
        let (red, plain) = if self.colour {
            ("\x1b[31m", "\x1b[0m")
        } else {
            ("", "")
        };
        drop(writeln!(io::stderr(), "{red}ft:{plain} {trouble}"));
    }

    /// Shows what is about to happen and asks, unless `--yes` was said.
    pub fn confirm(self, words: &str) -> Result<(), Trouble> {
        if self.yes {
            self.say(words);
            return Ok(());
        }
        let no = |what: &str| {
            Trouble::new(Kind::NotConfirmed, what)
                .money(Money::NotMoved)
                .next("the same command again with --yes, if you agree")
        };
        if !self.terminal || self.json {
            return Err(no("this has to be confirmed, and nobody can be asked"));
        }
        drop(write!(io::stderr(), "{words}\nGo on? [y/N] "));
        let mut answer = String::new();
        drop(io::stdin().lock().read_line(&mut answer));
        match answer.trim() {
            "y" | "Y" | "yes" => Ok(()),
            _no => Err(no("you said no")),
        }
    }

    /// A bar over bytes, for people at a terminal.
    pub fn bytes_bar(self, what: &'static str) -> Bar {
        let style = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        Bar(self.bar(style, what))
    }

    /// A bar over steps whose message is set as they come.
    pub fn steps_bar(self) -> ProgressBar {
        self.bar("{bar:30} {pos}/{len} {msg}", "")
    }

    /// Something that takes a while.
    pub fn wait(self, what: &'static str) -> ProgressBar {
        let bar = self.bar("{spinner} {msg} {elapsed}", what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    fn bar(self, style: &str, what: &'static str) -> ProgressBar {
        if self.json || self.quiet || !self.terminal {
            return ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        }
        let style = ProgressStyle::with_template(style);
        let bar = ProgressBar::new(0).with_message(what);
        match style {
            Ok(style) => bar.with_style(style.progress_chars("=> ")),
            Err(_template) => bar,
        }
    }
}

impl storage::Progress for Bar {
    fn begin(&self, total: u64, there: u64) {
        self.0.set_length(total);
        self.0.set_position(there);
    }

    fn moved(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    fn wasted(&self, _bytes: u64) {}
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

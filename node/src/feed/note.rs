//! A line of a log: words fixed in this program's text, and typed figures.

use proto::limits::LOG_LINE_BYTES_MAX;
use proto::task::{LogLevel, LogLine};
use proto::training::Progress;
use proto::{Digest, Finite, Reason, Root, Text};
use std::fmt;

/// Fields of one note; more are dropped.
const FIELDS_MAX: usize = 12;

/// One line of a log. Its words are `'static`: no text of anybody else fits in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    level: LogLevel,
    words: &'static str,
    fields: Vec<(&'static str, Value)>,
}

/// A figure or a name that tells nothing of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Count(u64),
    Bytes(u64),
    Secs(u64),
    Millis(u64),
    Figure(Finite),
    Root(Root),
    Digest(Digest),
    Reason(Reason),
    Word(&'static str),
}

impl Note {
    pub fn debug(words: &'static str) -> Self {
        Self::new(LogLevel::Debug, words)
    }

    pub fn info(words: &'static str) -> Self {
        Self::new(LogLevel::Info, words)
    }

    pub fn warn(words: &'static str) -> Self {
        Self::new(LogLevel::Warn, words)
    }

    pub fn error(words: &'static str) -> Self {
        Self::new(LogLevel::Error, words)
    }

    /// Adds a field; the line number of a mistake is `.with("line", Value::Count(7))`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        if self.fields.len() < FIELDS_MAX {
            self.fields.push((name, value));
        }
        self
    }

    pub fn level(&self) -> LogLevel {
        self.level
    }

    pub(super) fn line(&self, sequence: u64, at_ms: u64) -> LogLine {
        LogLine {
            sequence,
            at_ms,
            level: self.level,
            text: self.text::<LOG_LINE_BYTES_MAX>(),
        }
    }

    pub(super) fn text<const MAX: usize>(&self) -> Text<MAX> {
        Text::fitted(&self.to_string())
    }

    fn new(level: LogLevel, words: &'static str) -> Self {
        Self {
            level,
            words,
            fields: Vec::new(),
        }
    }
}

/// What the log says of a report of work under way; steps and readings are events only.
pub(super) fn of_progress(progress: &Progress) -> Option<Note> {
    match progress {
        Progress::Checkpoint(checkpoint) => Some(
            Note::info("checkpoint kept")
                .with("step", Value::Count(checkpoint.step))
                .with("bytes", Value::Bytes(checkpoint.bytes))
                .with("digest", Value::Digest(checkpoint.digest)),
        ),
        Progress::Evaluation(evaluation) => Some(
            Note::info("evaluated")
                .with("step", Value::Count(evaluation.step))
                .with("loss", Value::Figure(evaluation.loss))
                .with("tokens", Value::Count(evaluation.tokens)),
        ),
        Progress::Resumed => Some(Note::info("training goes on from a checkpoint")),
        Progress::Staging(_)
        | Progress::Step(_)
        | Progress::Gpu(_)
        | Progress::Sealing(_)
        | Progress::Upload(_) => None,
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)?;
        self.fields
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Bytes(bytes) => write!(f, "{bytes}B"),
            Self::Secs(secs) => write!(f, "{secs}s"),
            Self::Millis(millis) => write!(f, "{millis}ms"),
            Self::Figure(figure) => write!(f, "{}", figure.get()),
            Self::Root(root) => write!(f, "{root}"),
            Self::Digest(digest) => write!(f, "{digest}"),
            Self::Reason(reason) => write!(f, "{}", reason.code()),
            Self::Word(word) => f.write_str(word),
        }
    }
}

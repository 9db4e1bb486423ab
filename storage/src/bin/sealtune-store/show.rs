//! What the user sees: lines or JSON on standard output, bars and errors on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::error::Error;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use storage::id::Content;
use storage::{Meter, Progress, StoreError};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt as log_format, registry};

pub(crate) fn log(verbose: u8) {
    let wanted = match verbose {
        0 => Targets::new().with_default(Level::ERROR),
        1 => Targets::new().with_target("storage", Level::INFO),
        _ => Targets::new().with_target("storage", Level::DEBUG),
    };
    let lines = log_format::layer().with_writer(io::stderr);
    registry().with(lines.with_filter(wanted)).init();
}

#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    source: Option<Box<dyn Error>>,
    code: u8,
}

impl Failure {
    pub(crate) fn new(what: impl fmt::Display, source: impl Error + 'static) -> Self {
        Self {
            what: what.to_string(),
            source: Some(Box::new(source)),
            code: 1,
        }
    }

    pub(crate) fn plain(what: impl fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            source: None,
            code: 1,
        }
    }

    /// Ended by the user: what was fetched is kept and the next run goes on from there.
    pub(crate) fn stopped(stopped: io::Result<()>) -> Self {
        match stopped {
            Ok(()) => Self {
                what: "stopped; the next run goes on from here".into(),
                source: None,
                code: 130,
            },
            Err(source) => Self::new("cannot listen for signals", source),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            what: error.to_string(),
            source: None,
            code: 1,
        }
        .because(&error)
    }
}

impl Failure {
    /// Joins the causes of `error`, each once.
    fn because(mut self, error: &dyn Error) -> Self {
        let mut cause = error.source();
        while let Some(error) = cause {
            self.what = format!("{}: {error}", self.what);
            cause = error.source();
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        let mut cause: Option<&dyn Error> = self.source.as_deref();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Show {
    json: bool,
}

impl Show {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// One answer: a line for people, or an object for programs.
    pub(crate) fn answer(&self, line: &str, object: &Value) -> Result<(), Failure> {
        let text = if self.json {
            object.to_string()
        } else {
            line.to_owned()
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{text}").map_err(|source| Failure::new("cannot write the answer", source))
    }

    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        let text = if self.json {
            json!({"error": failure.to_string()}).to_string()
        } else {
            format!("sealtune-store: {failure}")
        };
        // Where even standard error is gone there is nobody left to tell.
        let _unheard = writeln!(io::stderr().lock(), "{text}");
        ExitCode::from(failure.code)
    }

    /// A bar on a terminal, and a meter in any case.
    pub(crate) fn bar(&self) -> Bar {
        let visible = !self.json && io::stderr().is_terminal();
        let bar = if visible {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        let template = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Bar {
            bar,
            meter: Meter::default(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
    pub(crate) meter: Meter,
}

impl Bar {
    /// The numbers for `--json`, once the bar is done.
    pub(crate) fn finish(&self) -> Value {
        self.bar.finish_and_clear();
        let read = self.meter.read();
        json!({"moved_bytes": read.moved, "wasted_bytes": read.wasted, "bytes_per_sec": read.bytes_per_sec})
    }
}

impl Progress for Bar {
    fn begin(&self, total: u64, there: u64) {
        self.meter.begin(total, there);
        self.bar.set_length(total);
        self.bar.set_position(there);
    }

    fn moved(&self, bytes: u64) {
        self.meter.moved(bytes);
        self.bar.inc(bytes);
    }

    fn wasted(&self, bytes: u64) {
        self.meter.wasted(bytes);
    }
}

pub(crate) fn content(content: Content) -> Value {
    json!({"root": content.root.to_string(), "size": content.size})
}

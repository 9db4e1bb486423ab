//! What reading a dataset found: counts, and the first findings with their lines.
//!
//! The report holds no content, so it may be logged and shown to anybody.

use super::{Fault, Schema};
use serde::Serialize;

/// Something about one line that its owner may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub line: u64,
    pub kind: FindingKind,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The line is no example; it is not trained on.
    Bad,
    /// The example was longer than `sequence_len` and lost its end.
    Truncated,
    /// An answer without words; it is shown and not trained on.
    EmptyTarget,
    /// The example has nothing to learn, and is left out.
    NoTarget,
    /// The same example stands on an earlier line; it is trained on again.
    Duplicate,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    pub schema: Option<Schema>,
    pub lines: u64,
    pub blank: u64,
    pub bad: u64,
    /// Lines that became examples, trained on or held out.
    pub examples: u64,
    pub examples_held_out: u64,
    /// Documents: an example whose turns train apart has several.
    pub documents: u64,
    pub tokens: u64,
    /// Tokens that count towards the loss.
    pub targets: u64,
    pub tokens_held_out: u64,
    pub truncated: u64,
    pub empty_targets: u64,
    pub no_targets: u64,
    pub duplicates: u64,
    /// Lines with keys the schema does not read.
    pub lines_with_other_keys: u64,
    /// The first findings; the counts above are complete.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn bad(&mut self, line: u64, fault: &Fault, max: usize) {
        self.bad += 1;
        self.note(line, FindingKind::Bad, fault.to_string(), max);
    }

    pub(super) fn truncated(&mut self, line: u64, max: usize) {
        self.truncated += 1;
        let what = "longer than sequence_len; the end is cut off".to_owned();
        self.note(line, FindingKind::Truncated, what, max);
    }

    pub(super) fn empty_targets(&mut self, line: u64, count: u64, max: usize) {
        self.empty_targets += count;
        let what = "an answer without words is not trained on".to_owned();
        self.note(line, FindingKind::EmptyTarget, what, max);
    }

    pub(super) fn no_target(&mut self, line: u64, max: usize) {
        self.no_targets += 1;
        let what = "nothing to learn; the example is left out".to_owned();
        self.note(line, FindingKind::NoTarget, what, max);
    }

    pub(super) fn duplicate(&mut self, line: u64, earlier: u64, max: usize) {
        self.duplicates += 1;
        let what = format!("the same example as line {earlier}");
        self.note(line, FindingKind::Duplicate, what, max);
    }

    fn note(&mut self, line: u64, kind: FindingKind, what: String, max: usize) {
        if self.findings.len() < max {
            self.findings.push(Finding { line, kind, what });
        }
    }

    /// The first bad line, in words.
    pub fn first_bad(&self) -> Option<String> {
        let mut findings = self.findings.iter();
        let bad = findings.find(|finding| finding.kind == FindingKind::Bad)?;
        Some(format!("line {}: {}", bad.line, bad.what))
    }
}

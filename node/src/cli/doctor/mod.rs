//! `doctor`: tries everything the node will need, and says what to do about it.

mod chain;
mod gpu;
mod machine;
mod quote;
mod storage;
mod trainer;
mod xid;

use super::Common;
use super::print::say;
use crate::config::Config;
use clap::Args;
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    common: Common,
    /// The trainer to try with a tiny training; found beside this program by default.
    #[arg(long)]
    trainer: Option<PathBuf>,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    grade: Grade,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

/// How it came out; the worst one is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Grade {
    Ok,
    /// Could not be tried here, and need not be there.
    Skipped,
    Warning,
    Failed,
}

impl Doctor {
    pub(super) fn run(&self) -> ExitCode {
        let findings = match self.common.load() {
            Ok(config) => self.examine(&config),
            Err(error) => vec![Finding::failed(
                "config",
                error.to_string(),
                "mend the file",
            )],
        };
        say(self.common.style(), &findings, || {
            findings.iter().map(line).collect()
        });
        ExitCode::from(code(&findings))
    }

    fn examine(&self, config: &Config) -> Vec<Finding> {
        let mut findings = vec![Finding::ok(
            "config",
            format!("{} is fine", self.common.config.display()),
        )];
        findings.extend(machine::examine(config));
        findings.push(quote::examine(config));
        findings.extend(gpu::examine());
        findings.extend(chain::examine(config));
        findings.push(storage::examine(config));
        findings.push(trainer::examine(self.trainer.as_deref()));
        findings
    }
}

impl Finding {
    pub(super) fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::graded(check, Grade::Ok, text, None)
    }

    pub(super) fn skipped(check: &'static str, text: impl Into<String>) -> Self {
        Self::graded(check, Grade::Skipped, text, None)
    }

    pub(super) fn warning(
        check: &'static str,
        text: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self::graded(check, Grade::Warning, text, Some(hint))
    }

    pub(super) fn failed(check: &'static str, text: impl Into<String>, hint: &'static str) -> Self {
        Self::graded(check, Grade::Failed, text, Some(hint))
    }

    fn graded(
        check: &'static str,
        grade: Grade,
        text: impl Into<String>,
        hint: Option<&'static str>,
    ) -> Self {
        let text = text.into();
        Self {
            check,
            grade,
            text,
            hint,
        }
    }
}

/// An error with its causes, in one line.
fn told(error: &dyn Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn code(findings: &[Finding]) -> u8 {
    match findings.iter().map(|finding| finding.grade).max() {
        Some(Grade::Failed) => 2,
        Some(Grade::Warning) => 1,
        Some(Grade::Ok | Grade::Skipped) | None => 0,
    }
}

fn line(finding: &Finding) -> String {
    let grade = match finding.grade {
        Grade::Ok => "ok     ",
        Grade::Skipped => "skipped",
        Grade::Warning => "WARNING",
        Grade::Failed => "FAILED ",
    };
    let hint = finding.hint.map(|hint| format!("\n         {hint}"));
    let (check, text) = (finding.check, &finding.text);
    format!("{grade}  {check}: {text}{}", hint.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_is_the_exit_code() {
        let ok = Finding::ok("a", "");
        let warning = Finding::warning("b", "", "");
        let failed = Finding::failed("c", "", "");

        assert_eq!(code(&[ok.clone(), Finding::skipped("d", "")]), 0);
        assert_eq!(code(&[ok.clone(), warning.clone()]), 1);
        assert_eq!(code(&[failed, ok, warning]), 2);
    }
}

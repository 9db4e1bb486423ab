//! One failed check, told so that its reader can act.

use crate::Reason;
use std::fmt;

/// The four independent jobs of a verifier, in the order they run. A later one runs
/// only on evidence the first found authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Signed by a key the vendor vouches for, today.
    Authenticity,
    /// Report, certificate and chain tell one story.
    Consistency,
    /// The machine is one the relying party takes.
    Platform,
    /// The guest is the one the relying party expects.
    Workload,
}

/// A failed check with what was expected and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub reason: Reason,
    pub group: Group,
    pub expected: String,
    pub found: String,
}

/// All failed checks of one judgement, in the order they were made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings(Vec<Finding>);

/// One group's checks, as they are made.
pub(crate) struct Checks<'f> {
    group: Group,
    findings: &'f mut Findings,
}

impl Group {
    pub const ALL: [Self; 4] = [
        Self::Authenticity,
        Self::Consistency,
        Self::Platform,
        Self::Workload,
    ];

    /// The stable word in verdicts.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authenticity => "authenticity",
            Self::Consistency => "consistency",
            Self::Platform => "platform",
            Self::Workload => "workload",
        }
    }

    /// Whether a failure means that the evidence itself is bad, whatever the policy.
    pub const fn is_about_evidence(self) -> bool {
        match self {
            Self::Authenticity | Self::Consistency => true,
            Self::Platform | Self::Workload => false,
        }
    }
}

impl Findings {
    /// Notes a failure.
    pub fn note(
        &mut self,
        group: Group,
        reason: Reason,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.0.push(Finding {
            reason,
            group,
            expected,
            found,
        });
    }

    /// Adds the failures of another part of the same judgement.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Finding> {
        self.0.iter()
    }

    /// The reasons, each once, in the order they were found.
    pub fn reasons(&self) -> Vec<Reason> {
        let mut seen = Vec::new();
        for finding in &self.0 {
            if !seen.contains(&finding.reason) {
                seen.push(finding.reason);
            }
        }
        seen
    }

    /// Whether any failure is of the evidence itself.
    pub fn condemn_evidence(&self) -> bool {
        self.0
            .iter()
            .any(|finding| finding.group.is_about_evidence())
    }
}

impl<'f> Checks<'f> {
    pub(crate) const fn of(group: Group, findings: &'f mut Findings) -> Self {
        Self { group, findings }
    }

    pub(crate) fn fail(
        &mut self,
        reason: Reason,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        self.findings.note(self.group, reason, expected, found);
    }

    /// Notes a failure unless the check holds. What is told is put into words only then.
    pub(crate) fn demand<E: fmt::Display, F: fmt::Display>(
        &mut self,
        holds: bool,
        reason: Reason,
        told: impl FnOnce() -> (E, F),
    ) {
        if !holds {
            let (expected, found) = told();
            self.fail(reason, expected, found);
        }
    }
}

impl<'a> IntoIterator for &'a Findings {
    type Item = &'a Finding;
    type IntoIter = std::slice::Iter<'a, Finding>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: expected {}, found {}",
            self.reason,
            self.reason.text(),
            self.expected,
            self.found
        )
    }
}

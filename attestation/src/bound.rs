//! What a report is bound to, against what it must be bound to.

use crate::{Binding, Checks, Purpose, Reason, Transcript};
use std::collections::BTreeSet;

/// Checks all 64 bytes of REPORT_DATA and returns what they were proven to stand for.
pub(crate) fn check(
    report_data: &[u8; 64],
    transcript: Option<&Transcript>,
    binding: &Binding,
    checks: &mut Checks<'_>,
) -> Option<Transcript> {
    match (binding, transcript) {
        (Binding::Unchecked, _) => None,
        (Binding::Exactly(expected), _) => {
            checks.demand(report_data == expected, Reason::ReportData, || {
                (hex::encode(expected), hex::encode(report_data))
            });
            None
        }
        (Binding::Transcript { .. }, None) => {
            checks.fail(Reason::ReportData, "a transcript", "none");
            None
        }
        (Binding::Transcript { purposes, nonce }, Some(transcript)) => {
            check_transcript(transcript, purposes, *nonce, checks);
            let hash = transcript.report_data();
            checks.demand(*report_data == hash, Reason::ReportData, || {
                let expected = format!("the transcript's hash {}", hex::encode(hash));
                (expected, hex::encode(report_data))
            });
            Some(transcript.clone())
        }
    }
}

fn check_transcript(
    transcript: &Transcript,
    purposes: &BTreeSet<Purpose>,
    nonce: Option<[u8; 32]>,
    checks: &mut Checks<'_>,
) {
    let purpose = transcript.purpose;
    checks.demand(purposes.contains(&purpose), Reason::ReportData, || {
        let words: Vec<_> = purposes.iter().map(|purpose| purpose.word()).collect();
        (
            format!("a report for {}", words.join(" or ")),
            purpose.word(),
        )
    });
    let Some(nonce) = nonce else {
        return;
    };
    checks.demand(nonce == transcript.nonce, Reason::ReportData, || {
        let expected = format!("the nonce {}", hex::encode(nonce));
        (expected, hex::encode(transcript.nonce))
    });
}

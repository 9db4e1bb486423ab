//! The phase of a task in the words of the wire.

use super::note::Note;
use proto::limits::DETAIL_BYTES_MAX;
use proto::task::{Artefact, Outcome, Phase, Refusal};
use proto::{Reason, Text};

/// What the wire calls this phase; the detail goes with a reason.
pub(super) fn phase(phase: tasks::Phase, detail: &Text<DETAIL_BYTES_MAX>) -> Phase {
    match phase {
        tasks::Phase::Offered => Phase::Offered,
        tasks::Phase::Promised => Phase::Promised,
        tasks::Phase::Accepted => Phase::Accepted,
        tasks::Phase::Staged { .. } => Phase::Staged,
        tasks::Phase::Trained { .. } => Phase::Trained,
        tasks::Phase::Sealed { blob } => Phase::Sealed(Artefact { root: blob }),
        tasks::Phase::Delivered { blob } => Phase::Delivered(Artefact { root: blob }),
        tasks::Phase::Abandoned(reason) => Phase::Abandoned(refusal(reason, detail)),
        tasks::Phase::Closed(end) => Phase::Closed(outcome(end, detail)),
    }
}

fn outcome(end: tasks::Outcome, detail: &Text<DETAIL_BYTES_MAX>) -> Outcome {
    match end {
        tasks::Outcome::Paid => Outcome::Paid,
        tasks::Outcome::Refused(reason) => Outcome::Refused(refusal(reason, detail)),
        tasks::Outcome::Released(reason) => Outcome::Released(refusal(reason, detail)),
        tasks::Outcome::Withdrawn => Outcome::Withdrawn,
    }
}

fn refusal(reason: Reason, detail: &Text<DETAIL_BYTES_MAX>) -> Refusal {
    Refusal {
        reason,
        detail: detail.clone(),
    }
}

/// The one word for a phase, in logs and metrics.
pub(crate) const fn word(phase: tasks::Phase) -> &'static str {
    match phase {
        tasks::Phase::Offered => "offered",
        tasks::Phase::Promised => "promised",
        tasks::Phase::Accepted => "accepted",
        tasks::Phase::Staged { .. } => "staged",
        tasks::Phase::Trained { .. } => "trained",
        tasks::Phase::Sealed { .. } => "sealed",
        tasks::Phase::Delivered { .. } => "delivered",
        tasks::Phase::Abandoned(_) => "abandoned",
        tasks::Phase::Closed(end) => match end {
            tasks::Outcome::Paid => "paid",
            tasks::Outcome::Refused(_) => "refused",
            tasks::Outcome::Released(_) => "released",
            tasks::Outcome::Withdrawn => "withdrawn",
        },
    }
}

/// What the log says of a new phase.
pub(super) fn note(phase: tasks::Phase) -> Note {
    use super::note::Value;
    let note = Note::info(word(phase));
    match phase {
        tasks::Phase::Sealed { blob } | tasks::Phase::Delivered { blob } => {
            note.with("root", Value::Root(blob))
        }
        tasks::Phase::Abandoned(reason)
        | tasks::Phase::Closed(
            tasks::Outcome::Refused(reason) | tasks::Outcome::Released(reason),
        ) => note.with("reason", Value::Reason(reason)),
        tasks::Phase::Offered
        | tasks::Phase::Promised
        | tasks::Phase::Accepted
        | tasks::Phase::Staged { .. }
        | tasks::Phase::Trained { .. }
        | tasks::Phase::Closed(tasks::Outcome::Paid | tasks::Outcome::Withdrawn) => note,
    }
}

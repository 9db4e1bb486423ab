//! What must hold of GPU evidence: NVIDIA's recorded reports, every way to change
//! them, and the strictness of each reader.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]

mod devices;
mod made_up;
mod recorded;
mod reports;
mod xml_form;

use super::*;
use crate::{At, Reason, test_shared};
use proptest::prelude::*;

const JUNE_2026: At = At(1_780_272_000);

fn lenient() -> Policy {
    Policy {
        rims_required: false,
        ignore_other_rims: false,
        rim_dates: RimDates::SignerMayHaveEnded,
    }
}

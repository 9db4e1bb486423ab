//! The contracts' interfaces, from the committed build.

// What the macro writes is not ours to style.
#![allow(
    missing_debug_implementations,
    unreachable_pub,
    clippy::pedantic,
    clippy::as_conversions,
    clippy::wildcard_enum_match_arm,
    clippy::map_err_ignore,
    reason = "generated from the ABI"
)]

alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    Market,
    "../artifacts/FineTuning.json"
);

alloy_sol_types::sol!(
    #[derive(Debug, PartialEq, Eq)]
    Ledger,
    "../artifacts/Ledger.json"
);

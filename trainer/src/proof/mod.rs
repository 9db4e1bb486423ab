//! Proofs on tiny models: against the oracle, against differences, against recorded numbers of torch.

mod agreement;
mod differences;
mod exactness;
mod memory;
mod quantised;
mod reading;
mod recorded;
mod specs;

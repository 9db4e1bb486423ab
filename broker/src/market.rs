//! The market that this broker serves: one contract of one chain.

use proto::Address;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    pub chain_id: u64,
    pub contract: Address,
}

//! What nodes say, as far as we listen.

use super::fault::Fault;
use alloy_primitives::{Address, B256, Bloom, BloomInput, Bytes, U64, U128};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A block's head.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    #[serde(deserialize_with = "number")]
    pub number: u64,
    pub hash: B256,
    pub parent_hash: B256,
    #[serde(deserialize_with = "number")]
    pub timestamp: u64,
    #[serde(default)]
    pub base_fee_per_gas: Option<U128>,
    #[serde(default)]
    pub logs_bloom: Option<Bloom>,
    /// How many transactions the block has.
    #[serde(default, rename = "transactions", deserialize_with = "length")]
    pub transaction_count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the protocol's names")]
pub(crate) struct Log {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
    #[serde(deserialize_with = "number")]
    pub(crate) block_number: u64,
    pub(crate) block_hash: B256,
    pub(crate) transaction_hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) log_index: u64,
    #[serde(default)]
    pub(crate) removed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    pub(crate) transaction_hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) block_number: u64,
    pub(crate) block_hash: B256,
    #[serde(deserialize_with = "number")]
    pub(crate) status: u64,
    #[serde(default)]
    pub(crate) contract_address: Option<Address>,
    pub(crate) logs: Vec<Log>,
}

/// A quantity as the protocol writes it.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Number(#[serde(deserialize_with = "number")] pub(crate) u64);

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    U64::deserialize(from).map(|quantity| quantity.to())
}

fn length<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    Vec::<IgnoredAny>::deserialize(from).map(|items| items.len())
}

impl Header {
    /// Whether a contract may have spoken in this block. "No" is certain.
    pub(crate) fn may_name(&self, contract: Address) -> bool {
        if self.transaction_count == 0 {
            return false;
        }
        let Some(said) = self.logs_bloom else {
            return true;
        };
        // Some chains do not fill the bloom in: then it says nothing.
        let mut name = Bloom::ZERO;
        name.accrue(BloomInput::Raw(contract.as_slice()));
        said == Bloom::ZERO || said.contains(&name)
    }

    pub(crate) fn base_fee(&self) -> u128 {
        self.base_fee_per_gas.map_or(0, |fee| fee.to())
    }
}

/// What must be there is there.
pub(crate) fn present<T>(found: Option<T>, block: u64) -> Result<T, Fault> {
    found.ok_or(Fault::Behind(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(transaction_count: usize, logs_bloom: Option<&Bloom>) -> Header {
        Header {
            number: 1,
            hash: B256::ZERO,
            parent_hash: B256::ZERO,
            timestamp: 0,
            base_fee_per_gas: None,
            logs_bloom: logs_bloom.copied(),
            transaction_count,
        }
    }

    #[test]
    fn only_a_bloom_that_was_filled_in_can_rule_a_contract_out() {
        let (ours, other) = (Address::repeat_byte(1), Address::repeat_byte(2));
        let mut bloom = Bloom::ZERO;
        bloom.accrue(BloomInput::Raw(other.as_slice()));

        assert!(!header(3, Some(&bloom)).may_name(ours));
        assert!(header(3, Some(&bloom)).may_name(other));
        assert!(header(3, Some(&Bloom::ZERO)).may_name(ours));
        assert!(header(3, None).may_name(ours));
        assert!(!header(0, None).may_name(ours));
    }
}

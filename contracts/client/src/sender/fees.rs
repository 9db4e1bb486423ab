//! What a transaction bids (EIP-1559).

use crate::config::FeePolicy;

/// The bid for a unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fees {
    pub(crate) most: u128,
    pub(crate) tip: u128,
}

impl Fees {
    /// Room for the base fee to double while we wait.
    pub(crate) fn fresh(base: u128, tip: u128, policy: FeePolicy) -> Self {
        let tip = tip.max(policy.tip_least).min(policy.fee_most);
        let most = base
            .saturating_mul(2)
            .saturating_add(tip)
            .min(policy.fee_most);
        Self { most, tip }
    }

    /// Enough above an earlier bid that every node takes it as its replacement: nodes ask for
    /// an eighth more of both numbers. Nothing, if that is above the policy's most.
    pub(crate) fn over(self, earlier: Self, policy: FeePolicy) -> Option<Self> {
        let most = self.most.max(raised(earlier.most));
        let tip = self.tip.max(raised(earlier.tip));
        (most <= policy.fee_most).then_some(Self { most, tip })
    }
}

fn raised(bid: u128) -> u128 {
    bid.saturating_add(bid.div_ceil(8)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: FeePolicy = FeePolicy {
        tip_least: 10,
        fee_most: 1_000_000,
    };

    proptest! {
        #[test]
        fn a_replacement_bids_at_least_an_eighth_more_of_both(
            base in 0_u128..1_000_000, tip in 0_u128..100_000, fresh_base in 0_u128..1_000_000,
        ) {
            let earlier = Fees::fresh(base, tip, POLICY);

            if let Some(next) = Fees::fresh(fresh_base, tip, POLICY).over(earlier, POLICY) {
                prop_assert!(next.most * 8 >= earlier.most * 9);
                prop_assert!(next.tip * 8 >= earlier.tip * 9);
            }
        }

        #[test]
        fn no_bid_is_above_the_policy_and_no_tip_above_its_bid(
            base: u128, tip: u128, times in 0_u8..40,
        ) {
            let mut fees = Fees::fresh(base, tip, POLICY);

            for _ in 0..times {
                fees = Fees::fresh(base, tip, POLICY).over(fees, POLICY).unwrap_or(fees);
            }

            prop_assert!(fees.most <= POLICY.fee_most);
            prop_assert!(fees.tip <= fees.most);
        }
    }
}

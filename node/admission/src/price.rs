//! The price of work: tokens times price, to the wei.
//!
//! What is charged is what was planned: the tokens that the data set has with this model's
//! tokenizer, once for each epoch. Part of an epoch counts in whole steps, and a token that
//! is begun is paid. Nothing else is rounded: there is no division of money anywhere.

use proto::{U256, Wei};

/// What one trained token costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price(pub Wei);

impl Price {
    /// What so many tokens cost; nothing, if no amount is that large.
    pub fn of(self, tokens: u64) -> Option<Wei> {
        self.0.0.checked_mul(U256::from(tokens)).map(Wei)
    }

    /// How many tokens this amount buys.
    pub fn buys(self, amount: Wei) -> u64 {
        let tokens = amount.0.checked_div(self.0.0);
        tokens.map_or(u64::MAX, |tokens| tokens.saturating_to())
    }
}

/// The tokens of a plan of `steps`, when an epoch of `steps_per_epoch` steps has `tokens`.
pub fn trained_tokens(tokens: u64, steps: u64, steps_per_epoch: u64) -> Option<u64> {
    let all = u128::from(tokens).checked_mul(u128::from(steps))?;
    let trained = all.div_ceil(u128::from(steps_per_epoch.max(1)));
    u64::try_from(trained).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_a_fee_buys_it_pays_for_and_one_token_more_it_does_not(
            price in 1_u64..,
            fee in any::<u128>(),
        ) {
            let (price, fee) = (Price(Wei::from(price)), Wei(U256::from(fee)));

            let tokens = price.buys(fee);

            prop_assert!(price.of(tokens).unwrap() <= fee);
            if let Some(more) = tokens.checked_add(1) {
                prop_assert!(price.of(more).unwrap() > fee);
            }
        }

        #[test]
        fn whole_epochs_are_whole_multiples(
            tokens in 0_u64..1 << 40,
            per_epoch in 1_u64..10_000,
            epochs in 1_u64..100,
        ) {
            let trained = trained_tokens(tokens, per_epoch * epochs, per_epoch);

            prop_assert_eq!(trained, Some(tokens * epochs));
        }

        #[test]
        fn a_step_more_never_costs_less(
            tokens in 0_u64..1 << 40,
            per_epoch in 0_u64..10_000,
            steps in 0_u64..1_000_000,
        ) {
            let here = trained_tokens(tokens, steps, per_epoch);
            let further = trained_tokens(tokens, steps + 1, per_epoch);

            prop_assert!(further >= here);
        }
    }

    #[test]
    fn amounts_and_counts_that_no_integer_holds_are_none() {
        assert_eq!(Price(Wei(U256::MAX)).of(2), None);
        assert_eq!(trained_tokens(u64::MAX, u64::MAX, 1), None);
        assert_eq!(Price(Wei::ZERO).buys(Wei::ZERO), u64::MAX);
    }

    #[test]
    fn a_token_that_is_begun_is_paid() {
        assert_eq!(trained_tokens(10, 1, 3), Some(4));
    }
}

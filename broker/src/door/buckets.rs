//! Token buckets: how often each of many callers may do something.

use proto::Seconds;
use std::collections::BTreeMap;

/// Callers remembered at once. At the bound the one that has waited longest is
/// forgotten, which gives it a full bucket: by then it has earned it or nearly so.
const CALLERS_MAX: usize = 4_096;

/// Rates are in thousandths, so that less than one a second can be said.
const MILLI: u64 = 1_000;

#[derive(Debug)]
pub(super) struct Buckets<K> {
    milli_per_sec: u64,
    burst: u64,
    callers: BTreeMap<K, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    milli: u64,
    at: Seconds,
}

impl<K: Ord + Copy> Buckets<K> {
    pub(super) fn new(milli_per_sec: u64, burst: u32) -> Self {
        Self {
            milli_per_sec,
            burst: u64::from(burst) * MILLI,
            callers: BTreeMap::new(),
        }
    }

    /// Takes one from the caller's bucket; false when it is empty.
    pub(super) fn take(&mut self, caller: K, now: Seconds) -> bool {
        let full = Bucket {
            milli: self.burst,
            at: now,
        };
        let before = self.callers.get(&caller).copied().unwrap_or(full);
        let mut bucket = self.refilled(before, now);
        let taken = bucket.milli >= MILLI;
        bucket.milli -= if taken { MILLI } else { 0 };
        self.callers.insert(caller, bucket);
        self.forget_one();
        taken
    }

    /// A clock turned back refills nothing and starts anew from there.
    fn refilled(&self, bucket: Bucket, now: Seconds) -> Bucket {
        let earned = now
            .saturating_sub(bucket.at)
            .saturating_mul(self.milli_per_sec);
        Bucket {
            milli: bucket.milli.saturating_add(earned).min(self.burst),
            at: now,
        }
    }

    fn forget_one(&mut self) {
        if self.callers.len() <= CALLERS_MAX {
            return;
        }
        let oldest = self.callers.iter().min_by_key(|(_, bucket)| bucket.at);
        if let Some(oldest) = oldest.map(|(&caller, _)| caller) {
            self.callers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod laws {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nobody_gets_more_than_the_burst_and_the_rate(
            rate in 1_u64..5_000,
            burst in 1_u32..20,
            pauses in prop::collection::vec(0_u64..4, 1..200),
        ) {
            let mut buckets = Buckets::new(rate, burst);
            let (mut now, mut taken) = (1_000, 0_u64);
            for pause in pauses {
                now += pause;
                taken += u64::from(buckets.take((), now));
            }
            let most = u64::from(burst) + (now - 1_000) * rate / MILLI;
            prop_assert!(taken <= most, "{taken} of {most}");
        }

        #[test]
        fn one_callers_haste_is_not_anothers(calls in 1_u32..50) {
            let mut buckets = Buckets::new(1, 1);
            (0..calls).for_each(|_| {
                buckets.take(1, 0);
            });
            prop_assert!(buckets.take(2, 0));
        }
    }

    #[test]
    fn a_clock_turned_back_lends_nothing() {
        let mut buckets = Buckets::new(MILLI, 1);
        assert!(buckets.take((), 100));
        assert!(!buckets.take((), 50));
        assert!(!buckets.take((), 50));
        assert!(buckets.take((), 51));
    }

    #[test]
    fn callers_without_end_take_no_room_without_end() {
        let mut buckets = Buckets::new(1, 1);
        (0..10_000_u64).for_each(|caller| {
            buckets.take(caller, caller);
        });
        assert_eq!(buckets.callers.len(), CALLERS_MAX);
    }
}

//! The last so many of something, numbered.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Ring<T> {
    kept: VecDeque<T>,
    /// The number of the last one ever pushed.
    last: u64,
}

impl<T> Ring<T> {
    /// Empty; the next one pushed has the number after this.
    pub(super) fn after(last: u64) -> Self {
        Self {
            kept: VecDeque::new(),
            last,
        }
    }

    pub(super) fn push(&mut self, item: T) {
        self.kept.push_back(item);
        self.last += 1;
    }

    /// Drops the oldest; false when there is none.
    pub(super) fn shed(&mut self) -> bool {
        self.kept.pop_front().is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Those with a number above this, oldest first, each with its number. A number
    /// from the future begins at the end, one long gone at what is left.
    pub(super) fn since(&self, after: u64) -> impl Iterator<Item = (u64, &T)> {
        let len = u64::try_from(self.kept.len()).unwrap_or(u64::MAX);
        let first = self.last.saturating_sub(len).saturating_add(1);
        let skip = after.saturating_add(1).saturating_sub(first);
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        (first..).zip(&self.kept).skip(skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_reader_who_keeps_up_sees_each_once_and_in_order(
            base in 0_u64..1 << 50,
            steps in prop::collection::vec((0_usize..6, prop::bool::ANY), 0..60),
        ) {
            let mut ring = Ring::after(base);
            let (mut place, mut next) = (base, 0_u64);
            for (pushes, reads) in steps {
                for _ in 0..pushes {
                    ring.push(ring.last() - base);
                }
                if reads {
                    for (number, &item) in ring.since(place) {
                        prop_assert_eq!(item, next);
                        next += 1;
                        prop_assert_eq!(number, base + next);
                    }
                    place = ring.last();
                }
            }
        }

        #[test]
        fn what_was_shed_is_a_gap_and_never_a_renumbering(
            pushed in 1_u64..40, shed in 0_u64..40, after in 0_u64..80,
        ) {
            let mut ring = Ring::after(0);
            (1..=pushed).for_each(|number| ring.push(number));
            for _ in 0..shed {
                ring.shed();
            }
            let seen: Vec<u64> = ring.since(after).map(|(number, &item)| {
                assert_eq!(number, item);
                item
            }).collect();
            let wanted: Vec<u64> = (shed.max(after) + 1..=pushed).collect();
            prop_assert_eq!(seen, wanted);
        }
    }
}

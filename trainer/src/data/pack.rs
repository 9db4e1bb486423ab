//! Rows of documents: short ones share a row, none is split.

use std::collections::BTreeSet;

/// Documents by their numbers, per row.
pub type Rows = Vec<Vec<usize>>;

/// Best fit, longest first: each document goes to the fullest row it still fits
/// into. The same lengths always give the same rows.
pub fn best_fit_decreasing(lengths: &[usize], capacity: usize) -> Rows {
    let mut longest_first: Vec<usize> = (0..lengths.len()).collect();
    longest_first.sort_by_key(|&at| (std::cmp::Reverse(lengths.get(at)), at));
    let mut rows: Rows = Vec::new();
    let mut room: BTreeSet<(usize, usize)> = BTreeSet::new();
    for at in longest_first {
        let length = lengths.get(at).copied().unwrap_or_default();
        let fitting = room.range((length, 0)..).next().copied();
        let (left, row) = fitting.unwrap_or((capacity.max(length), rows.len()));
        room.remove(&(left, row));
        if row == rows.len() {
            rows.push(Vec::new());
        }
        if let Some(documents) = rows.get_mut(row) {
            documents.push(at);
        }
        room.insert((left - length, row));
    }
    rows
}

/// One document per row.
pub fn one_per_row(documents: usize) -> Rows {
    (0..documents).map(|at| vec![at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fullest_row_that_fits_is_taken() {
        assert_eq!(
            best_fit_decreasing(&[6, 5, 4, 3, 2], 10),
            [vec![0, 2], vec![1, 3, 4]]
        );
    }

    proptest! {
        #[test]
        fn every_document_stands_in_exactly_one_row_and_no_row_is_too_long(
            lengths in prop::collection::vec(1_usize..=100, 0..200),
        ) {
            let rows = best_fit_decreasing(&lengths, 100);

            let mut seen: Vec<usize> = rows.concat();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for row in &rows {
                prop_assert!(row.iter().map(|&at| lengths[at]).sum::<usize>() <= 100);
            }
        }

        #[test]
        fn at_most_one_row_stays_half_empty(
            lengths in prop::collection::vec(1_usize..=100, 0..200),
        ) {
            let rows = best_fit_decreasing(&lengths, 100);

            let filled = |row: &Vec<usize>| row.iter().map(|&at| lengths[at]).sum::<usize>();
            prop_assert!(rows.iter().filter(|row| filled(row) <= 50).count() <= 1);
        }
    }
}

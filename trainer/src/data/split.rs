//! Which examples are held out for evaluation: decided by their content.
//!
//! An example keeps its side when lines are reordered or added, and copies of one
//! example are always on the same side.

use crate::digest::Hasher;
use proto::Digest;
use recipe::Holdout;

/// Says for each example whether it is held out.
pub(super) fn held_out(seed: u64, examples: &[Digest], holdout: Holdout) -> Vec<bool> {
    let keys = examples.iter().map(|example| key(seed, *example));
    match holdout {
        Holdout::None => vec![false; examples.len()],
        // 2^64 as f64: a share of 1 holds out everything, one of 0 nothing.
        Holdout::Share(share) => keys
            .map(|key| (key as f64) < share * 18_446_744_073_709_551_616.0)
            .collect(),
        Holdout::Count(count) => smallest(&keys.collect::<Vec<_>>(), count),
    }
}

fn smallest(keys: &[u64], count: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|&at| (keys.get(at).copied(), at));
    let mut out = vec![false; keys.len()];
    for at in order.into_iter().take(count) {
        if let Some(held) = out.get_mut(at) {
            *held = true;
        }
    }
    out
}

fn key(seed: u64, example: Digest) -> u64 {
    let mut hasher = Hasher::labelled("sealtune eval split v1");
    hasher.number(seed).part(example.as_bytes());
    let digest = hasher.finish();
    let start = digest.as_bytes().first_chunk();
    u64::from_be_bytes(*start.expect("a digest is longer than eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn examples(count: u16) -> Vec<Digest> {
        (0..count)
            .map(|at| crate::digest::sha256(&at.to_le_bytes()))
            .collect()
    }

    #[test]
    fn about_the_asked_share_is_held_out() {
        let held = held_out(1, &examples(10_000), Holdout::Share(0.1));

        let count = held.iter().filter(|held| **held).count();
        assert!((900..1100).contains(&count), "{count} of 10000");
    }

    #[test]
    fn an_exact_number_can_be_asked_for() {
        let held = held_out(1, &examples(100), Holdout::Count(7));

        assert_eq!(held.iter().filter(|held| **held).count(), 7);
    }

    proptest! {
        #[test]
        fn the_side_of_an_example_does_not_depend_on_the_others(
            seed: u64, share in 0.0..1.0, cut in 0_usize..50,
        ) {
            let all = examples(50);
            let holdout = Holdout::Share(share);

            let together = held_out(seed, &all, holdout);
            let (front, back) = all.split_at(cut);
            let apart = [held_out(seed, back, holdout), held_out(seed, front, holdout)];

            let (front, back) = together.split_at(cut);
            prop_assert_eq!(apart, [back.to_vec(), front.to_vec()]);
        }
    }
}

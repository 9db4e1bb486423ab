//! Which nodes keep a copy: as few as hold every shard, for each replica.

use super::wire::{NodeAt, Shard};

/// Groups of nodes, `replicas` of them, each holding every shard; no node is in two.
/// `None` where the nodes do not suffice.
pub(super) fn cover(nodes: &[NodeAt], replicas: usize) -> Option<Vec<Vec<NodeAt>>> {
    let mut left: Vec<NodeAt> = nodes
        .iter()
        .filter(|node| node.config.is_sane())
        .cloned()
        .collect();
    // Wide nodes first: they make small groups; then the near ones.
    left.sort_by_key(|node| (node.config.num_shard, node.latency));
    (0..replicas).map(|_replica| group(&mut left)).collect()
}

fn group(left: &mut Vec<NodeAt>) -> Option<Vec<NodeAt>> {
    let finest = left.iter().map(|node| node.config.num_shard).max()?;
    let mut open: Vec<u64> = (0..finest).collect();
    let mut group = Vec::new();
    left.retain(|node| {
        let before = open.len();
        open.retain(|residue| !node.config.holds(*residue));
        let useful = open.len() < before;
        if useful {
            group.push(node.clone());
        }
        !useful
    });
    open.is_empty().then_some(group)
}

/// Segment indices of one content that a shard keeps. Shards count segments in the
/// whole flow, where the content begins at `start_entry`.
pub(super) fn segments_of(
    shard: Shard,
    start_entry: u64,
    segments: u64,
) -> impl Iterator<Item = u64> {
    let first = start_entry / crate::id::SEGMENT_CHUNKS;
    (0..segments).filter(move |index| shard.holds(first.saturating_add(*index)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn node(shard_id: u64, num_shard: u64) -> NodeAt {
        let url = format!("http://{shard_id}.{num_shard}");
        NodeAt {
            url,
            config: Shard {
                shard_id,
                num_shard,
            },
            latency: 0,
            since: 0,
        }
    }

    fn names(groups: &[Vec<NodeAt>]) -> Vec<Vec<&str>> {
        groups
            .iter()
            .map(|group| group.iter().map(|node| node.url.as_str()).collect())
            .collect()
    }

    #[test]
    fn a_whole_node_is_a_group_of_its_own() {
        let nodes = [node(0, 2), node(1, 2), node(0, 1)];

        let groups = cover(&nodes, 2).expect("two replicas");

        assert_eq!(
            names(&groups),
            [vec!["http://0.1"], vec!["http://0.2", "http://1.2"]]
        );
    }

    #[test]
    fn a_missing_shard_is_noticed() {
        assert!(cover(&[node(0, 4), node(1, 2), node(3, 4)], 1).is_none());
        assert!(cover(&[node(0, 4), node(1, 2), node(2, 4)], 1).is_some());
        assert!(cover(&[node(0, 1)], 2).is_none());
        assert!(cover(&[], 1).is_none());
    }

    #[test]
    fn an_insane_shard_is_left_out() {
        assert!(cover(&[node(0, 0), node(5, 2), node(0, 3)], 1).is_none());
    }

    proptest! {
        #[test]
        fn the_shards_of_a_group_share_all_segments_out(power in 0u32..5, start in 0u64..1_000_000, segments in 1u64..200) {
            let shards = 1u64 << power;
            let nodes: Vec<_> = (0..shards).map(|id| node(id, shards)).collect();
            let groups = cover(&nodes, 1).expect("one replica");

            let mut all: Vec<u64> = groups[0].iter().flat_map(|node| segments_of(node.config, start, segments)).collect();
            all.sort_unstable();

            prop_assert_eq!(all, (0..segments).collect::<Vec<_>>());
        }
    }
}

//! The laws of matching, over markets of every kind.

use super::*;
use proptest::prelude::*;
use proto::node::ModelOffer;
use proto::{Digest, EncryptionKey, Finite, List, Provider, RecipeDigest, Root, Text, U256, Wei};
use std::collections::BTreeMap;

const NOW: Seconds = 1_000_000;

fn address(number: u8) -> Address {
    Address::repeat_byte(number)
}

fn tier(number: u8) -> Tier {
    match number {
        0 => Tier::Development,
        1 => Tier::Cpu,
        _ => Tier::CpuAndGpu,
    }
}

fn order(
    customer: u8,
    provider: Provider,
    model: u8,
    least: u8,
    fee: u64,
    deadline: Seconds,
) -> Order {
    Order {
        chain_id: 1,
        contract: address(9),
        customer: address(customer),
        provider,
        base_model: Root([model; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest(Digest([3; 32]).0),
        fee_max: Wei(U256::from(fee)),
        deadline,
        nonce: U256::ZERO,
        encryption_key: EncryptionKey::X25519([4; 32]),
        tier: tier(least),
        ack_window_secs: 1,
        penalty_bps: 0,
        compensation: Wei(U256::ZERO),
        resumable: false,
    }
}

fn any_work() -> impl Strategy<Value = Work> {
    (
        1..4_096_u32,
        1..1_000_u64,
        1..100_u64,
        prop::option::of(1..1_000_000_u64),
    )
        .prop_map(
            |(sequence_tokens, dataset_bytes, memory_bytes, tokens)| Work {
                sequence_tokens,
                dataset_bytes,
                memory_bytes,
                tokens,
                tokens_about: dataset_bytes / 4,
            },
        )
}

prop_compose! {
    fn any_wanted()(
        only in prop::option::of(0..6_u8),
        (model, least, customer) in (0..3_u8, 0..3_u8, 0..4_u8),
        fee in 0..2_000_u64,
        lasts in 0..10_000_u64,
        work in any_work(),
        since in 0..50_u64,
        let_down_by in prop::collection::btree_set(0..6_u8, 0..2),
    ) -> Wanted {
        let provider = only.map_or(Provider::Any, |only| Provider::Only(address(only)));
        let order = order(customer, provider, model, least, fee, NOW + lasts);
        let let_down_by = let_down_by.into_iter().map(address).collect();
        Wanted { task: TaskId([0; 32]), order: Arc::new(order), work, since, let_down_by }
    }
}

prop_compose! {
    fn any_candidate()(
        models in prop::collection::btree_map(0..3_u8, (0..2_000_u64, 1..4_096_u32, 0.0..500.0_f64), 0..3),
        judged in 0..3_u8,
        (paid, failed) in (0..5_u64, 0..5_u64),
        (queue_free, memory_bytes, dataset_bytes_max) in (0..4_u32, 1..200_u64, 1..2_000_u64),
        denies in prop::collection::btree_set(0..4_u8, 0..2),
    ) -> Candidate {
        let models = models.into_iter().map(|(root, (price, longest, speed))| ModelOffer {
            root: Root([root; 32]),
            name: Text::new("a model".to_owned()).unwrap(),
            price_per_mtoken: Wei(U256::from(price)),
            sequence_tokens_max: longest,
            tokens_per_sec: Finite::new(speed).unwrap(),
        });
        Candidate {
            offer: Offer {
                provider: address(0),
                signer: address(0),
                tier: Tier::CpuAndGpu,
                models: List::new(models.collect()).unwrap(),
                gpus: List::new(Vec::new()).unwrap(),
                queue_free,
                memory_bytes,
                dataset_bytes_max,
            },
            tier: tier(judged),
            record: Record { paid, failed },
            denies: denies.into_iter().map(address).collect(),
        }
    }
}

/// Orders and nodes, each with a name of its own.
fn any_market() -> impl Strategy<Value = (Vec<Wanted>, Vec<Candidate>)> {
    let orders = prop::collection::vec(any_wanted(), 0..12);
    let nodes = prop::collection::vec(any_candidate(), 0..6);
    (orders, nodes).prop_map(|(mut orders, mut nodes)| {
        for (number, wanted) in (0_u8..).zip(&mut orders) {
            wanted.task = TaskId([number; 32]);
        }
        for (number, node) in (0_u8..).zip(&mut nodes) {
            node.offer.provider = address(number);
        }
        (orders, nodes)
    })
}

fn matched(orders: &[Wanted], nodes: &[Candidate]) -> BTreeMap<TaskId, Address> {
    let given = assign(orders, nodes, NOW, Weights::default());
    given
        .iter()
        .map(|given| (given.task, given.provider))
        .collect()
}

fn used(given: &BTreeMap<TaskId, Address>, node: &Candidate) -> usize {
    given
        .values()
        .filter(|provider| **provider == node.offer.provider)
        .count()
}

fn room(node: &Candidate) -> usize {
    usize::try_from(node.offer.queue_free).unwrap()
}

proptest! {
    #[test]
    fn nobody_is_given_what_it_cannot_serve((orders, nodes) in any_market()) {
        for (task, provider) in matched(&orders, &nodes) {
            let wanted = orders.iter().find(|wanted| wanted.task == task).unwrap();
            let node = nodes.iter().find(|node| node.offer.provider == provider).unwrap();
            prop_assert_eq!(obstacles(wanted, node, NOW), []);
        }
    }

    #[test]
    fn nobody_is_given_more_than_it_has_room_for((orders, nodes) in any_market()) {
        let given = matched(&orders, &nodes);
        for node in &nodes {
            prop_assert!(used(&given, node) <= room(node));
        }
    }

    #[test]
    fn an_order_is_given_once((orders, nodes) in any_market()) {
        let given = assign(&orders, &nodes, NOW, Weights::default());
        prop_assert_eq!(given.len(), matched(&orders, &nodes).len());
    }

    #[test]
    fn an_order_waits_only_for_nodes_that_are_full((orders, nodes) in any_market()) {
        let given = matched(&orders, &nodes);
        for wanted in orders.iter().filter(|wanted| !given.contains_key(&wanted.task)) {
            for node in nodes.iter().filter(|node| obstacles(wanted, node, NOW).is_empty()) {
                prop_assert_eq!(used(&given, node), room(node));
            }
        }
    }

    #[test]
    fn nobody_younger_takes_the_place_an_older_order_waits_for((orders, nodes) in any_market()) {
        let given = matched(&orders, &nodes);
        let waits = orders.iter().filter(|wanted| !given.contains_key(&wanted.task));
        for elder in waits {
            for younger in orders.iter().filter(|other| (other.since, other.task) > (elder.since, elder.task)) {
                let place = given.get(&younger.task);
                let node = nodes.iter().find(|node| Some(&node.offer.provider) == place);
                prop_assert!(node.is_none_or(|node| !obstacles(elder, node, NOW).is_empty()));
            }
        }
    }

    #[test]
    fn the_order_of_the_questions_changes_nothing((orders, nodes) in any_market()) {
        let turned: Vec<_> = orders.iter().rev().cloned().collect();
        let turned_nodes: Vec<_> = nodes.iter().rev().cloned().collect();
        prop_assert_eq!(matched(&orders, &nodes), matched(&turned, &turned_nodes));
    }

    /// Newcomers arrive in every round, and one place comes free: the elder still gets one.
    #[test]
    fn nobody_starves((orders, nodes) in any_market(), newcomers in prop::collection::vec(any_wanted(), 20)) {
        let Some(node) = nodes.first().filter(|_| !orders.is_empty()) else { return Ok(()) };
        let node = Candidate { offer: Offer { queue_free: 1, ..node.offer.clone() }, ..node.clone() };
        let mut waiting: Vec<_> = orders.into_iter().filter(|wanted| obstacles(wanted, &node, NOW).is_empty()).collect();
        let mut elders: Vec<_> = waiting.iter().map(|wanted| wanted.task).collect();
        for (round, newcomer) in (100_u8..).zip(newcomers) {
            waiting.push(Wanted { task: TaskId([round; 32]), since: u64::from(round), ..newcomer });
            let given = matched(&waiting, std::slice::from_ref(&node));
            waiting.retain(|wanted| !given.contains_key(&wanted.task));
            elders.retain(|task| !given.contains_key(task));
        }
        prop_assert_eq!(elders, []);
    }

    #[test]
    fn a_better_record_never_lowers_the_score(wanted in any_wanted(), node in any_candidate()) {
        let better = Candidate { record: Record { paid: node.record.paid + 1, ..node.record }, ..node.clone() };
        let weights = Weights::default();
        let before = Score::of(&wanted, &node, NOW, weights).total;
        prop_assert!(Score::of(&wanted, &better, NOW, weights).total >= before);
    }
}

#[test]
fn a_price_is_rounded_up_and_compared_to_the_wei() {
    let mut wanted = single(
        order(0, Provider::Any, 1, 0, 3, NOW + 1_000),
        Some(2_500_000),
    );
    let node = seller(1);

    assert_eq!(obstacles(&wanted, &node, NOW), []);

    wanted.work.tokens = Some(3_000_001);
    assert_eq!(obstacles(&wanted, &node, NOW), [Obstacle::TooExpensive]);
}

#[test]
fn every_obstacle_is_told_at_once() {
    let wanted = single(order(0, Provider::Only(address(8)), 2, 2, 3, NOW), Some(1));

    assert_eq!(
        obstacles(&wanted, &seller(1), NOW),
        [
            Obstacle::OtherProvider,
            Obstacle::ModelNotOffered,
            Obstacle::TierTooLow,
            Obstacle::TooSlow
        ]
    );
}

fn single(order: Order, tokens: Option<u64>) -> Wanted {
    let work = Work {
        sequence_tokens: 1,
        dataset_bytes: 1,
        memory_bytes: 1,
        tokens,
        tokens_about: 1,
    };
    Wanted {
        task: order.id(),
        order: Arc::new(order),
        work,
        since: 0,
        let_down_by: BTreeSet::new(),
    }
}

/// A node that takes one wei for a million tokens of model 1.
fn seller(price: u64) -> Candidate {
    let model = ModelOffer {
        root: Root([1; 32]),
        name: Text::new("a model".to_owned()).unwrap(),
        price_per_mtoken: Wei(U256::from(price)),
        sequence_tokens_max: 1_024,
        tokens_per_sec: Finite::new(1e6).unwrap(),
    };
    Candidate {
        offer: Offer {
            provider: address(5),
            signer: address(5),
            tier: Tier::Cpu,
            models: List::new(vec![model]).unwrap(),
            gpus: List::new(Vec::new()).unwrap(),
            queue_free: 1,
            memory_bytes: 10,
            dataset_bytes_max: 10,
        },
        tier: Tier::Cpu,
        record: Record::default(),
        denies: BTreeSet::new(),
    }
}

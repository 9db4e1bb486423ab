//! The laws of a job, over every series of turns.

use super::*;
use proptest::prelude::*;
use proto::task::Phase;
use proto::{
    Action, Blob, EncryptionKey, Order, Permit, Provider, RecipeDigest, Root, Scope, Signature,
    SignedOrder, Tier, U256,
};

const DEADLINE: Seconds = 100;

fn job() -> Job {
    let order = Order {
        chain_id: 1,
        contract: Address::ZERO,
        customer: Address::ZERO,
        provider: Provider::Any,
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest([3; 32]),
        fee_max: Wei(U256::ZERO),
        deadline: DEADLINE,
        nonce: U256::ZERO,
        encryption_key: EncryptionKey::X25519([4; 32]),
        tier: Tier::Cpu,
        ack_window_secs: 1,
        penalty_bps: 0,
        compensation: Wei(U256::ZERO),
        resumable: false,
    };
    let order = SignedOrder {
        order,
        signature: Signature::try_from([1; 65].as_slice()).unwrap(),
    };
    let recipe = Blob::new(b"{}".to_vec()).unwrap();
    Job::new(Submission { order, recipe }, 0)
}

fn permit() -> SignedPermit {
    let permit = Permit {
        chain_id: 1,
        contract: Address::ZERO,
        customer: Address::ZERO,
        action: Action::Cancel,
        scope: Scope::AllTasks,
        expires: DEADLINE,
    };
    let signature = Signature::try_from([1; 65].as_slice()).unwrap();
    SignedPermit { permit, signature }
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = (
        (0..3_u8).prop_map(Address::repeat_byte),
        0..10_u8,
        0..150_u64,
    );
    let turn = turn.prop_map(|(node, kind, number)| match kind {
        0 => Turn::Assign {
            to: node,
            fence: Fence(number),
            until: number,
        },
        1 => Turn::Take {
            by: node,
            until: number,
        },
        2 => Turn::Refuse {
            by: node,
            because: Reason::Draining,
        },
        3 => Turn::Tick { now: number },
        4 => Turn::Pay {
            to: node,
            fee: Some(Wei(U256::from(number))),
        },
        5 => Turn::Fail {
            by: node,
            because: Reason::Diverged,
        },
        6 => Turn::Start { by: node },
        7 => Turn::Refuse {
            by: node,
            because: Reason::NonceUsed,
        },
        8 => Turn::Withdrawn { by: node },
        _ => Turn::Withdraw { permit: permit() },
    });
    prop::collection::vec(turn, 0..20)
}

/// The job after all turns, and everything the ledger says of it.
fn played(turns: &[Turn]) -> (Job, Vec<Happening>) {
    turns
        .iter()
        .fold((job(), Vec::new()), |(job, mut told), turn| {
            match job.after(*turn) {
                Some((after, happened)) => {
                    told.extend(happened);
                    (after, told)
                }
                None => (job, told),
            }
        })
}

fn ends(happened: &Happening) -> bool {
    matches!(
        happened,
        Happening::Paid { .. } | Happening::Unpaid { .. } | Happening::Withdrawn
    )
}

proptest! {
    #[test]
    fn an_order_ends_once_and_the_ledger_says_how(turns in turns()) {
        let (job, told) = played(&turns);

        prop_assert_eq!(told.iter().filter(|told| ends(told)).count(), usize::from(job.is_ended()));
        prop_assert_eq!(told.last().is_some_and(ends), job.is_ended());
    }

    #[test]
    fn after_its_end_nothing_becomes_of_it(turns in turns(), more in turns()) {
        let (job, _) = played(&turns);
        prop_assume!(job.is_ended());

        prop_assert!(more.iter().all(|turn| job.after(*turn).is_none()));
    }

    #[test]
    fn who_returned_it_is_remembered(turns in turns()) {
        let (job, told) = played(&turns);
        let returned = told.iter().filter_map(|told| {
            let Happening::Returned { by, .. } = told else { return None };
            Some(*by)
        });

        prop_assert_eq!(returned.collect::<BTreeSet<_>>(), job.let_down_by);
    }

    #[test]
    fn while_a_node_has_it_it_is_given_to_nobody_else(turns in turns(), to in 0..3_u8) {
        let (job, _) = played(&turns);
        let given = Turn::Assign { to: Address::repeat_byte(9), fence: Fence(1), until: 1 };
        let job = job.after(given).map_or(job, |(given, _)| given);
        let to = Address::repeat_byte(to);

        prop_assert!(job.holder().is_some() || job.is_ended());
        prop_assert_eq!(job.after(Turn::Assign { to, fence: Fence(1), until: 1 }), None);
    }

    #[test]
    fn once_started_only_the_chain_moves_it(turns in turns(), now in any::<u64>(), other in 0..3_u8) {
        let (job, _) = played(&turns);
        let Stage::Started { by } = job.stage else { return Ok(()) };
        let other = Address::repeat_byte(other);

        prop_assert_eq!(job.due(), None);
        prop_assert_eq!(job.after(Turn::Tick { now }), None);
        prop_assert_eq!(job.after(Turn::Take { by: other, until: now }), None);
        prop_assert_eq!(job.after(Turn::Start { by: other }), None);
        if other != by {
            let because = Reason::Draining;
            prop_assert_eq!(job.after(Turn::Refuse { by: other, because }), None);
            prop_assert_eq!(job.after(Turn::Fail { by: other, because }), None);
        }
    }

    #[test]
    fn a_story_heard_twice_is_told_once(numbers in prop::collection::vec(1..9_u64, 1..20)) {
        let by = Address::repeat_byte(1);
        let mut news = News::of(&job());
        let mut told = Vec::new();
        for number in numbers {
            let kind = proto::task::TaskEventKind::Queued(0);
            if let Some((next, Some(event))) = news.after(&Report { by, number, is_answer: false, at: 1, kind }) {
                news = next;
                told.push((number, event.sequence));
            }
        }

        prop_assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 + 1 == pair[1].1));
    }
}

#[test]
fn a_withdrawal_waits_for_the_node_that_has_the_order() {
    let node = Address::repeat_byte(1);
    let assign = Turn::Assign {
        to: node,
        fence: Fence(1),
        until: 10,
    };
    let (assigned, _) = job().after(assign).unwrap();

    let (asked, told) = assigned.after(Turn::Withdraw { permit: permit() }).unwrap();
    assert_eq!((asked.stage, told), (assigned.stage, None));
    assert_eq!(asked.after(Turn::Withdraw { permit: permit() }), None);

    let (withdrawn, _) = asked.after(Turn::Withdrawn { by: node }).unwrap();
    assert_eq!(withdrawn.stage, Stage::Ended(Ending::Withdrawn));
}

#[test]
fn a_node_that_counts_anew_is_heard_again() {
    let by = Address::repeat_byte(1);
    let report = |number, is_answer, phase| Report {
        by,
        number,
        is_answer,
        at: 1,
        kind: proto::task::TaskEventKind::Phase(phase),
    };
    let news = News::of(&job());
    let (news, _) = news.after(&report(9, false, Phase::Promised)).unwrap();
    assert_eq!(news.after(&report(2, false, Phase::Accepted)), None);

    let (news, told) = news.after(&report(1, true, Phase::Promised)).unwrap();
    assert_eq!(told, None);
    let (_, told) = news.after(&report(2, false, Phase::Accepted)).unwrap();
    assert_eq!(told.unwrap().sequence, 2);
}

#[test]
fn a_busy_node_may_be_asked_again() {
    let by = Address::repeat_byte(1);
    let assign = Turn::Assign {
        to: by,
        fence: Fence(1),
        until: 10,
    };
    let (assigned, _) = job().after(assign).unwrap();

    let because = Reason::TooBusy;
    let (waiting, _) = assigned.after(Turn::Refuse { by, because }).unwrap();

    assert_eq!(waiting.stage, Stage::Waiting);
    assert!(waiting.let_down_by.is_empty());
}

#[test]
fn an_order_nobody_took_expires_at_its_deadline() {
    assert_eq!(job().after(Turn::Tick { now: DEADLINE - 1 }), None);

    let (expired, told) = job().after(Turn::Tick { now: DEADLINE }).unwrap();
    assert_eq!(expired.stage, Stage::Ended(Ending::Expired));
    assert_eq!(told, Some(Happening::Withdrawn));
}

#[test]
fn a_silent_node_loses_the_order_and_is_not_asked_again() {
    let node = Address::repeat_byte(1);
    let assign = Turn::Assign {
        to: node,
        fence: Fence(1),
        until: 10,
    };
    let (assigned, _) = job().after(assign).unwrap();

    assert_eq!(assigned.after(Turn::Tick { now: 9 }), None);
    let (waiting, _) = assigned.after(Turn::Tick { now: 10 }).unwrap();
    assert_eq!(waiting.stage, Stage::Waiting);
    assert!(waiting.let_down_by.contains(&node));
}

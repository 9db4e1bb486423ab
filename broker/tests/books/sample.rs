//! Orders, nodes and claims to try the books with.

use broker::job::{Job, Turn};
use broker::ledger::Entry;
use broker::store::{Beat, Change, Changed, Claim, Enrolment, Kept, SqlStore, Store};
use proto::broker::Judgement;
use proto::node::Offer;
use proto::{
    Address, Blob, Digest, EncryptionKey, Fence, List, Order, Provider, RecipeDigest, Root,
    Seconds, Signature, SignedOrder, Submission, Text, Tier, U256, Wei,
};

pub(crate) const DEADLINE: Seconds = 1_000;

pub(crate) fn address(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// The order of this number; one customer has every fourth.
pub(crate) fn job(number: u64, since: Seconds) -> Job {
    let order = Order {
        chain_id: 1,
        contract: address(9),
        customer: address(u8::try_from(number % 4).unwrap()),
        provider: Provider::Any,
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest([3; 32]),
        fee_max: Wei(U256::from(5)),
        deadline: DEADLINE,
        nonce: U256::from(number),
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
    Job::new(Submission { order, recipe }, since)
}

pub(crate) fn claim(now: Seconds, until: Seconds, count: u32) -> Claim {
    Claim { now, until, count }
}

/// No customer of these tests has as many.
pub(crate) const OPEN_MAX: u32 = 1_000;

pub(crate) fn change(kept: &Kept, turn: Turn, at: Seconds) -> Option<Change> {
    let (job, happened) = kept.job.after(turn)?;
    let told = kept.news.turned(&kept.job, &job, at);
    let (news, events) = match told {
        Some((news, event)) => (news, vec![event]),
        None => (kept.news.clone(), Vec::new()),
    };
    let entry = happened.map(|happened| Entry {
        at,
        task: job.task,
        happened,
    });
    Some(Change {
        job,
        news,
        version: kept.version,
        entry,
        events,
    })
}

pub(crate) async fn assign(store: &SqlStore, kept: &Kept) -> Changed {
    let turn = Turn::Assign {
        to: address(7),
        fence: Fence(1),
        until: 500,
    };
    store
        .change(&change(kept, turn, 11).unwrap())
        .await
        .unwrap()
}

fn offer(provider: u8) -> Offer {
    Offer {
        provider: address(provider),
        signer: address(provider),
        tier: Tier::Cpu,
        models: List::new(Vec::new()).unwrap(),
        gpus: List::new(Vec::new()).unwrap(),
        queue_free: 1,
        memory_bytes: 1,
        dataset_bytes_max: 1,
    }
}

pub(crate) fn enrolment(provider: u8, at: Seconds, fence_seen: u64) -> Enrolment {
    let judgement = Judgement {
        tier: Tier::Cpu,
        trust_domain: Text::new("amd".to_owned()).unwrap(),
        policy: Digest([5; 32]),
        judged_at: at,
        good_until: at + 1,
    };
    Enrolment {
        offer: offer(provider),
        judgement,
        endpoint: None,
        at,
        fence_seen: Fence(fence_seen),
    }
}

pub(crate) fn beat(provider: u8, fence: u64, beat: u64, at: Seconds) -> Beat {
    Beat {
        provider: address(provider),
        fence: Fence(fence),
        beat,
        at,
        offer: offer(provider),
        tasks_open: 0,
    }
}

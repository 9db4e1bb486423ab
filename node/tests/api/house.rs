//! A node with a real door and a fake world behind it.

use super::caller::Caller;
use async_trait::async_trait;
use k256::ecdsa::SigningKey;
use node::api::{
    Attestor, Callers, Challenges, Clerk, Desk, Door, Fences, Identity, Intake, Limits, Rates,
    Storefront, Unavailable, Verdict,
};
use node::breaker::Gate;
use node::clock::SystemClock;
use node::conductor::{Answer, Capacity, Conductor, Mailbox, Memory, mailbox};
use node::fakes::{Disk, FakeWorld, Weather, order};
use node::feed::{Bounds, Feed};
use node::journal::JournalKey;
use node::orders::Work;
use node::ports::{Clock, Trainer, World};
use node::stage::{Stage, Step};
use node::stop::Stop;
use proto::attestation::{BootBundle, CpuEvidence, Evidence, TdxEvidence};
use proto::node::{DispatchRequest, Offer};
use proto::{
    Action, Address, Blob, BootId, ChallengeNonce, Digest, Fence, List, Order, Permit, PublicKey,
    Scope, Seconds, Signature, SignedOrder, SignedPermit, Submission, TaskId, Tier, wire,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tasks::{Failure, Limits as Patience};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

pub(crate) const NONCE: ChallengeNonce = ChallengeNonce([7; 32]);
const CAPACITY: Capacity = Capacity {
    tasks_max: 64,
    duties_max: 8,
    patience: Patience {
        stumbles_max: 3,
        backoff_base_secs: 1,
        backoff_max_secs: 60,
    },
};

pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) gate: Gate,
    #[allow(dead_code, reason = "what is told is pushed by the secrecy test alone")]
    pub(crate) feed: Feed,
    pub(crate) broker: Caller,
    pub(crate) operator: Caller,
    fake: FakeWorld,
    mailbox: Mailbox,
    enclave: Arc<FakeEnclave>,
    stop: Stop,
    end: CancellationToken,
}

impl House {
    pub(crate) async fn open(limits: Limits) -> Self {
        let clock = Arc::new(SystemClock);
        let fake = FakeWorld::new(1, Weather::CALM, clock.clone());
        let world = World {
            trainer: Arc::new(Patient),
            ..fake.world()
        };
        let feed = Feed::new(clock.clone(), Bounds::default());
        let gate = Gate::new(3, clock.clone());
        let memory =
            Memory::recall_on(Disk::default().handle(), &JournalKey::new([0x4d; 32])).unwrap();
        let (mailbox, inputs) = mailbox();
        let stop = Stop::default();
        let conductor = Conductor::new(memory, world, CAPACITY, inputs, Handle::current())
            .telling(feed.clone())
            .behind(gate.clone());
        tokio::spawn(conductor.run(stop.clone()));
        let (broker, operator) = (Caller::with_key(), Caller::with_key());
        let identity = Identity::generate().unwrap();
        let enclave = Arc::new(FakeEnclave {
            tls_spki: identity.spki(),
            challenges: AtomicUsize::new(0),
        });
        let stage = Stage::default();
        stage.reach(Step::Working);
        let clerk = Clerk {
            mailbox: mailbox.clone(),
            feed: feed.clone(),
            gate: gate.clone(),
            stage,
            intake: Arc::new(Open(mailbox.clone(), fake.clone())),
            attestor: enclave.clone(),
            storefront: Arc::new(Shop),
            clock,
            challenges: Challenges::default(),
            started: 0,
        };
        let desk = Desk {
            clerk,
            fences: Fences::in_memory(),
            callers: Callers {
                brokers: vec![broker.key()],
                operators: vec![operator.key()],
            },
            rates: Rates::new(&limits),
            health: tonic_health::server::HealthReporter::new(),
        };
        let door = Door::open(([127, 0, 0, 1], 0).into(), &identity, desk, limits)
            .await
            .unwrap();
        let (address, end) = (door.address().unwrap(), CancellationToken::new());
        tokio::spawn(door.serve(end.clone()));
        Self {
            address,
            gate,
            feed,
            broker,
            operator,
            fake,
            mailbox,
            enclave,
            stop,
            end,
        }
    }

    /// The conductor has this order, and its customer's money is on the market.
    pub(crate) async fn take(&self, order: &Handed) -> TaskId {
        self.fake.market().open(&order.0.order.order);
        let taken = self
            .mailbox
            .offer(order.0.order.order.clone())
            .await
            .unwrap();
        assert_eq!(taken, Answer::Taken);
        order.id()
    }

    pub(crate) fn challenges(&self) -> usize {
        self.enclave.challenges.load(Ordering::SeqCst)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.now();
        self.end.cancel();
    }
}

/// Memory this process has in RAM.
pub(crate) fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib * 1024
}

pub(crate) struct Customer(SigningKey);

/// An order as it is handed in.
pub(crate) struct Handed(Submission);

impl Customer {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    fn address(&self) -> Address {
        let point = self.0.verifying_key().to_encoded_point(false);
        let hash = alloy_primitives::keccak256(&point.as_bytes()[1..]);
        Address::from_slice(&hash[12..])
    }

    fn sign(&self, digest: [u8; 32]) -> Signature {
        let (signature, recovery) = self.0.sign_prehash_recoverable(&digest).unwrap();
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(recovery.to_byte());
        Signature::try_from(bytes.as_slice()).unwrap()
    }

    pub(crate) fn order(&self, number: u64) -> Handed {
        self.order_with(number, b"{}")
    }

    pub(crate) fn order_with(&self, number: u64, recipe: &[u8]) -> Handed {
        let order = Order {
            customer: self.address(),
            ..order(number, SystemClock.now() + 3_600)
        };
        let signature = self.sign(order.id().0);
        Handed(Submission {
            order: SignedOrder { order, signature },
            recipe: Blob::new(recipe.to_vec()).unwrap(),
        })
    }

    pub(crate) fn permit(&self, action: Action, task: TaskId) -> wire::Permit {
        self.signed(self.allowing(action, task, SystemClock.now() + 600))
    }

    pub(crate) fn expired(&self, task: TaskId) -> wire::Permit {
        self.signed(self.allowing(Action::Read, task, SystemClock.now()))
    }

    /// Names another as the customer.
    pub(crate) fn forged(&self, other: &Self, task: TaskId) -> wire::Permit {
        self.signed(other.allowing(Action::Read, task, SystemClock.now() + 600))
    }

    fn allowing(&self, action: Action, task: TaskId, expires: Seconds) -> Permit {
        let at = order(1, 0);
        Permit {
            chain_id: at.chain_id,
            contract: at.contract,
            customer: self.address(),
            action,
            scope: Scope::Task(task),
            expires,
        }
    }

    fn signed(&self, permit: Permit) -> wire::Permit {
        let signature = self.sign(permit.digest());
        SignedPermit { permit, signature }.into()
    }
}

impl Handed {
    pub(crate) fn id(&self) -> TaskId {
        self.0.order().id()
    }

    pub(crate) fn dispatch(&self, fence: Fence) -> wire::DispatchRequest {
        let submission = self.0.clone();
        DispatchRequest { submission, fence }.into()
    }
}

/// Takes whatever is signed; its customer's money is on the market.
struct Open(Mailbox, FakeWorld);

#[async_trait]
impl Intake for Open {
    async fn take(&self, submission: Submission) -> Result<Verdict, Unavailable> {
        submission
            .order
            .verify()
            .map_err(|_not_hers| Unavailable::NotReady)?;
        self.1.market().open(&submission.order.order);
        match self.0.offer(submission.order.order).await {
            Ok(Answer::Taken) => Ok(Verdict::Taken),
            Ok(Answer::Refused(reason)) => Ok(Verdict::Refused(reason.into())),
            Err(_gone) => Err(Unavailable::NotReady),
        }
    }
}

struct FakeEnclave {
    tls_spki: Digest,
    challenges: AtomicUsize,
}

fn evidence(quote: &[u8]) -> Evidence {
    let tdx = TdxEvidence {
        quote: Blob::new(quote.to_vec()).unwrap(),
        collateral: Blob::new(Vec::new()).unwrap(),
    };
    Evidence {
        cpu: CpuEvidence::Tdx(tdx),
        transcript: Blob::new(b"transcript".to_vec()).unwrap(),
        gpus: List::default(),
        rims: List::default(),
    }
}

#[async_trait]
impl Attestor for FakeEnclave {
    fn bundle(&self) -> Option<BootBundle> {
        Some(BootBundle {
            evidence: evidence(b"boot"),
            signer: PublicKey::try_from([2; 33].as_slice()).unwrap(),
            tls_spki: self.tls_spki,
            config: Digest([1; 32]),
            boot_id: BootId([2; 16]),
        })
    }

    async fn challenge(&self, nonce: ChallengeNonce) -> Result<Evidence, Unavailable> {
        self.challenges.fetch_add(1, Ordering::SeqCst);
        // As slow as a device, so that a second caller finds the first one waiting.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(evidence(nonce.as_bytes()))
    }

    fn liveness(&self, _nonce: ChallengeNonce) -> Result<(BootId, Signature), Unavailable> {
        Err(Unavailable::NotReady)
    }
}

struct Shop;

impl Storefront for Shop {
    fn offer(&self, queue_free: u32) -> Option<Offer> {
        Some(Offer {
            provider: Address::repeat_byte(0xaa),
            signer: Address::repeat_byte(0xbb),
            tier: Tier::Development,
            models: List::default(),
            gpus: List::default(),
            queue_free,
            memory_bytes: 0,
            dataset_bytes_max: 0,
        })
    }

    fn chain_time(&self) -> Seconds {
        1
    }
}

/// Trains until the customer cancels.
struct Patient;

#[async_trait]
impl Trainer for Patient {
    async fn count(&self, _order: &Order, _dataset: Digest) -> Result<Work, Failure> {
        Ok(Work {
            tokens: 1,
            steps: 1,
        })
    }

    async fn train(&self, _order: &Order, _dataset: Digest) -> Result<Digest, Failure> {
        std::future::pending().await
    }
}

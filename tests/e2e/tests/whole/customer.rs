//! A customer: verifies the machine, seals her data to it, pays, and opens what she gets.

use crate::machine::SimulatedMachine;
use crate::stage::{Stage, ether};
use alloy_primitives::{Address, U256};
use attestation::sealing::{Label, OpeningKey, Recipient, open_artefact, seal, unwrap_result_key};
use attestation::{At, Attested, Bundle, Policy, TrustRoots};
use chain::bindings::IFineTuningTypes::Deliverable;
use chain::bindings::Market as Abi;
use chain::{Customer, Mode, Standing, Wallet};
use proto::{
    Action, EncryptionKey, Order, Permit, Provider, RecipeDigest, Root, Scope, SignedOrder,
    SignedPermit, TaskId, Tier, Wei,
};
use ring::rand::SystemRandom;
use std::fs::File;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};
use storage::{Limits, LocalFolder, unpack};
use testchain::CHAIN_ID;
use tokio::task::JoinSet;

const POLICY: &str = r#"
version = 1
purposes = ["PURPOSE"]
assurance = ["development"]
[snp]
measurements = ["515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151"]
crl = "ignore"
"#;

/// Her secret, for the order's encryption key.
pub(crate) const SECRET: [u8; 32] = [42; 32];

pub(crate) struct Buyer {
    pub(crate) it: Customer,
    wallet: Wallet,
    nonce: u64,
    _desk: JoinSet<()>,
}

/// What an order is about.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) provider: Address,
    pub(crate) model: Root,
    pub(crate) dataset: Root,
    pub(crate) recipe: &'a RecipeDigest,
    pub(crate) fee_max: Wei,
    pub(crate) ack_window_secs: u64,
}

impl Buyer {
    /// With money in the sub-account at this provider, and that final.
    pub(crate) async fn new(stage: &Stage, folder: &Path, provider: Address) -> Self {
        let (path, wallet) = stage.wallet(folder, "customer").await;
        let (it, desk) = Customer::new(stage.reader().await, Wallet::open(&path, None).unwrap())
            .await
            .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(desk.run());
        it.open_account(ether("20")).await.unwrap();
        it.fund(provider, ether("10")).await.unwrap();
        let funded = stage.anvil.height().await;
        crate::story::until("her money is final", Duration::from_mins(1), async || {
            let head = it.reader().final_head().await.unwrap();
            (head.number >= funded).then_some(())
        })
        .await;
        Self {
            it,
            wallet,
            nonce: 0,
            _desk: tasks,
        }
    }

    /// Judges the machine, then seals the data to it.
    pub(crate) fn seal(
        &self,
        evidence: &Path,
        machine: &SimulatedMachine,
        data: &Path,
        store: &LocalFolder,
    ) -> Root {
        let attested = judged(evidence, machine);
        let recipient = Recipient::of_enclave(&attested).unwrap();
        let label = Label::dataset(self.it.address());
        let mut sealed = Vec::new();
        let data = File::open(data).unwrap();
        seal(&recipient, &label, data, &mut sealed, &SystemRandom::new()).unwrap();
        store.put_reader(sealed.as_slice()).unwrap().content.root
    }

    /// Signs an order and opens it on chain; returns when it is final.
    pub(crate) async fn order(&mut self, stage: &Stage, wish: Wish<'_>) -> SignedOrder {
        let signed = self.open(stage, wish).await;
        if self.it.reader().mode() == Mode::Full {
            crate::story::until_standing(self.it.reader(), signed.order.id(), |_| true).await;
        }
        signed
    }

    /// Signs an order and opens it on chain; it is not final yet.
    pub(crate) async fn open(&mut self, stage: &Stage, wish: Wish<'_>) -> SignedOrder {
        let signed = self.sign(stage, wish).await;
        if self.it.reader().mode() == Mode::Full {
            self.it.open_order(&signed).await.unwrap();
        }
        signed
    }

    /// Signs an order that nobody knows of yet.
    pub(crate) async fn sign(&mut self, stage: &Stage, wish: Wish<'_>) -> SignedOrder {
        self.nonce += 1;
        let order = Order {
            chain_id: CHAIN_ID,
            contract: stage.market,
            customer: self.it.address(),
            provider: Provider::Only(wish.provider),
            base_model: wish.model,
            dataset: wish.dataset,
            recipe: *wish.recipe,
            fee_max: wish.fee_max,
            // Blocks come faster than seconds here; the deadline is in the chain's time.
            deadline: self.it.reader().final_head().await.unwrap().timestamp + 7_200,
            nonce: U256::from(self.nonce),
            encryption_key: public(),
            tier: Tier::Development,
            ack_window_secs: wish.ack_window_secs,
            penalty_bps: 2_000,
            compensation: match self.it.reader().mode() {
                Mode::Full => ether("0.01"),
                Mode::Base => Wei::ZERO,
            },
            resumable: false,
        };
        let signature = self.wallet.sign(order.id().as_bytes()).unwrap();
        SignedOrder { order, signature }
    }

    /// Lets whoever shows it do one thing with one task.
    pub(crate) fn permit(&self, action: Action, task: TaskId) -> SignedPermit {
        let market = self.it.reader().config().market;
        let permit = Permit {
            chain_id: CHAIN_ID,
            contract: market,
            customer: self.it.address(),
            action,
            scope: Scope::Task(task),
            expires: now() + 86_400,
        };
        let signature = self.wallet.sign(&permit.digest()).unwrap();
        SignedPermit { permit, signature }
    }

    pub(crate) async fn acknowledge(&self, provider: Address, task: TaskId) {
        self.it
            .acknowledge(provider, &task.to_string())
            .await
            .unwrap();
    }

    /// What the contract holds of her result, once it does.
    pub(crate) async fn result(&self, task: TaskId, provider: Address) -> Option<Deliverable> {
        let (user, id) = (self.it.address(), task.to_string());
        let call = Abi::getDeliverableCall { user, provider, id };
        self.it.reader().view(call).await.ok()
    }

    async fn signer(&self, task: TaskId, provider: Address) -> Address {
        let (reader, user, id) = (self.it.reader(), self.it.address(), task.to_string());
        match reader.mode() {
            Mode::Full => {
                let call = Abi::deliverableSignerCall { user, provider, id };
                reader.view(call).await.unwrap()
            }
            Mode::Base => reader.service(provider).await.unwrap().teeSignerAddress,
        }
    }

    /// Opens the delivered artefact with the key that came on chain; the adapter's bytes.
    pub(crate) async fn collect(
        &self,
        task: TaskId,
        provider: Address,
        store: &LocalFolder,
        folder: &Path,
    ) -> Vec<u8> {
        let delivered = self.result(task, provider).await.unwrap();
        let signer = self.signer(task, provider).await;
        let with = OpeningKey::x25519(&SECRET);
        let key = unwrap_result_key(&with, &task, &delivered.encryptedSecret).unwrap();
        let root = Root(delivered.modelRootHash.as_ref().try_into().unwrap());
        let sealed = File::open(store.path(root)).unwrap();
        let mut package = Vec::new();
        open_artefact(&key, signer, sealed, &mut package).unwrap();
        let to = folder.join(format!("got-{task}"));
        unpack(Cursor::new(package), &to, Limits::default()).unwrap();
        std::fs::read(to.join("adapter_model.safetensors")).unwrap()
    }
}

/// What any customer does before she trusts a machine.
pub(crate) fn judged(evidence: &Path, machine: &SimulatedMachine) -> Attested {
    judged_as(&Bundle::read(evidence).unwrap(), machine, "boot")
}

/// The same of evidence that was made for this purpose.
pub(crate) fn judged_as(bundle: &Bundle, machine: &SimulatedMachine, purpose: &str) -> Attested {
    let policy = Policy::from_toml(&POLICY.replace("PURPOSE", purpose)).unwrap();
    let roots = TrustRoots::only([machine.root.as_slice()]).unwrap();
    bundle
        .verify(&policy, &roots, At(now()))
        .attested()
        .unwrap()
}

pub(crate) fn is_over(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Settled | Standing::Released(_) | Standing::Withdrawn
    )
}

fn public() -> EncryptionKey {
    let secret = x25519_dalek::StaticSecret::from(SECRET);
    EncryptionKey::X25519(x25519_dalek::PublicKey::from(&secret).to_bytes())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

//! Who plays: the owner, providers, customers, TEE signers, and the stage they play on.

use alloy_primitives::{Address, U256, hex, keccak256, utils::parse_ether};
use alloy_sol_types::SolCall;
use async_trait::async_trait;
use chain::bindings::Market as Abi;
use chain::{
    Budget, Config, Customer, DirectTasks, Finality, Market, Offer, Reader, Release, Settlement,
    TeeSigner, Timing, Wallet,
};
use proto::{
    EncryptionKey, Order, Provider, RecipeDigest, Root, Signature, SignedOrder, Tier, Wei,
};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use testchain::{Anvil, CHAIN_ID, OWNER, Placed};
use tokio::task::JoinSet;

pub(crate) fn ether(amount: &str) -> Wei {
    Wei(parse_ether(amount).unwrap())
}

/// A ledger and a market on a chain.
pub(crate) struct Stage {
    pub(crate) anvil: Anvil,
    pub(crate) ledger: Address,
    pub(crate) market: Address,
}

impl Stage {
    /// Ours, from the committed build.
    pub(crate) async fn ours(anvil: Anvil) -> Self {
        let placed = testchain::ours(&anvil).await;
        Self::at(anvil, placed).await
    }

    /// 0G's, out of their official client's package.
    pub(crate) async fn originals(anvil: Anvil) -> Self {
        let placed = testchain::originals(&anvil).await;
        Self::at(anvil, placed).await
    }

    async fn at(anvil: Anvil, Placed { ledger, market }: Placed) -> Self {
        anvil.mine(3).await;
        Self {
            anvil,
            ledger,
            market,
        }
    }

    pub(crate) async fn as_owner(&self, to: Address, call: impl SolCall) {
        let data = call.abi_encode().into();
        self.anvil.send(OWNER, Some(to), data, U256::ZERO).await;
    }

    pub(crate) async fn accept_signer_of(&self, provider: Address) {
        self.as_owner(
            self.market,
            Abi::acknowledgeTEESignerByOwnerCall { provider },
        )
        .await;
    }

    pub(crate) fn config(&self) -> Config {
        config(vec![self.anvil.url.clone()], self.market)
    }

    pub(crate) async fn reader(&self) -> Reader {
        Reader::connect(self.config()).await.unwrap()
    }

    /// A wallet with money, new for each name.
    pub(crate) async fn wallet(&self, name: &str) -> Wallet {
        let wallet = wallet(name);
        self.anvil.endow(wallet.address(), ether("10000").0).await;
        wallet
    }

    pub(crate) async fn customer(&self, name: &str) -> Running<Customer> {
        let wallet = self.wallet(name).await;
        let (customer, desk) = Customer::new(self.reader().await, wallet).await.unwrap();
        Running::new(customer, desk)
    }

    pub(crate) async fn market(&self, name: &str) -> Running<Market> {
        self.market_with(name, self.config(), Arc::new(())).await
    }

    pub(crate) async fn market_with(
        &self,
        name: &str,
        config: Config,
        direct: Arc<dyn DirectTasks>,
    ) -> Running<Market> {
        let (market, desk) = Market::connect(config, wallet(name), direct).await.unwrap();
        Running::new(market, desk)
    }

    /// A registered provider whose signer the owner accepts.
    pub(crate) async fn provider(&self, name: &str) -> (Running<Market>, Tee) {
        self.wallet(name).await;
        let tee = Tee::new(name);
        let market = self.market(name).await;
        market
            .it
            .register(&offer(tee.address()), ether("100"))
            .await
            .unwrap();
        self.accept_signer_of(market.it.provider()).await;
        (market, tee)
    }
}

pub(crate) fn config(urls: Vec<String>, market: Address) -> Config {
    Config {
        finality: Finality::Depth(2),
        timing: Timing {
            request: Duration::from_secs(5),
            poll: Duration::from_millis(20),
            bump_after: Duration::from_millis(500),
            patience: Duration::from_secs(20),
        },
        budget: Budget {
            per_second: 10_000,
            burst: 10_000,
        },
        page_blocks: 100,
        ..Config::new(urls, CHAIN_ID, market)
    }
}

/// A client whose desk runs. Dropping it kills both at once.
pub(crate) struct Running<T> {
    pub(crate) it: T,
    _desk: JoinSet<()>,
}

impl<T> Running<T> {
    pub(crate) fn new(it: T, desk: chain::Desk) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(desk.run());
        Self { it, _desk: tasks }
    }
}

/// The key that follows from a name, by way of a key file.
pub(crate) fn wallet(name: &str) -> Wallet {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), hex::encode(keccak256(name))).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    Wallet::open(file.path(), None).unwrap()
}

pub(crate) struct Tee(Wallet);

impl Tee {
    pub(crate) fn new(name: &str) -> Self {
        Self(wallet(&format!("the tee of {name}")))
    }
}

#[async_trait]
impl TeeSigner for Tee {
    fn address(&self) -> Address {
        self.0.address()
    }

    async fn sign_settlement(&self, settlement: &Settlement) -> Option<Signature> {
        self.0.sign(&settlement.digest())
    }

    async fn sign_release(&self, release: &Release) -> Option<Signature> {
        self.0.sign(&release.digest())
    }
}

pub(crate) fn offer(signer: Address) -> Offer {
    Offer {
        url: "http://127.0.0.1:3080".into(),
        cpu_count: 16,
        memory_gib: 128,
        gpu_count: 1,
        storage_gib: 64,
        gpu_type: "H100".into(),
        price_per_token: Wei::from(10),
        occupied: false,
        models: vec!["mock-model".into()],
        signer,
    }
}

/// An order that ends long after the test.
pub(crate) fn order(market: Address, customer: Address, provider: Provider, nonce: u64) -> Order {
    Order {
        chain_id: CHAIN_ID,
        contract: market,
        customer,
        provider,
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest([3; 32]),
        fee_max: ether("0.5"),
        deadline: 1_900_000_000,
        nonce: U256::from(nonce),
        encryption_key: EncryptionKey::X25519([4; 32]),
        tier: Tier::Cpu,
        ack_window_secs: 3600,
        penalty_bps: 2000,
        compensation: ether("1"),
        resumable: false,
    }
}

pub(crate) fn signed(order: Order, customer: &str) -> SignedOrder {
    let signature = wallet(customer).sign(order.id().as_bytes()).unwrap();
    SignedOrder { order, signature }
}

//! What the node has, in whole coins of its chain: doubles, fit for a graph and not for an account.

use super::Figure;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use proto::Wei;
use std::sync::atomic::AtomicU64;

const WEI: f64 = 1e18;

#[derive(Default)]
pub(super) struct Money {
    wallet: Figure,
    bond: Figure,
    bond_locked: Figure,
    earnings: Counter<f64, AtomicU64>,
}

impl Money {
    pub(super) fn register(&self, all: &mut Registry) {
        all.register(
            "wallet_balance",
            "Coins in the operator's wallet, which pays for transactions",
            self.wallet.clone(),
        );
        all.register(
            "bond",
            "Coins that secure this node's promises",
            self.bond.clone(),
        );
        all.register(
            "bond_locked",
            "Coins of the bond behind promises that are open",
            self.bond_locked.clone(),
        );
        all.register(
            "earnings",
            "Coins that were paid as fees, over all starts",
            self.earnings.clone(),
        );
    }

    pub(super) fn wallet(&self, balance: Wei) {
        self.wallet.set(coins(balance));
    }

    pub(super) fn bond(&self, amount: Wei, locked: Wei) {
        self.bond.set(coins(amount));
        self.bond_locked.set(coins(locked));
    }

    /// Never less than before.
    pub(super) fn earned(&self, total: Wei) {
        let more = coins(total) - self.earnings.get();
        self.earnings.inc_by(more.max(0.0));
    }
}

fn coins(wei: Wei) -> f64 {
    f64::from(wei.0) / WEI
}

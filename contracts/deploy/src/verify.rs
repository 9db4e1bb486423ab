//! Comparing what stands on a chain with the build.

use crate::args;
use crate::build::{Artefact, LEDGER, MARKET, VIEWS};
use crate::record::{CodeHashes, Deployment};
use crate::trouble::Trouble;
use alloy_primitives::{Address, B256, keccak256};
use chain::{Config, Ground};

pub(crate) async fn verify(order: &args::Verify) -> Result<String, Trouble> {
    let written = Deployment::read(&order.deployment)?;
    let config = Config::new(
        vec![order.rpc.clone()],
        written.chain_id,
        written.fine_tuning,
    );
    let ground = Ground::connect(config).await?;
    let found = compare(&ground, &written).await?;
    for (name, found, written) in [
        (LEDGER, found.ledger, written.code_hashes.ledger),
        (MARKET, found.fine_tuning, written.code_hashes.fine_tuning),
        (VIEWS, found.views, written.code_hashes.views),
    ] {
        if found != written {
            return Err(Trouble::OtherHash {
                name,
                found,
                written,
            });
        }
    }
    Ok("what stands there is what the sources build".into())
}

/// Compares byte for byte, and gives the hashes of what it found.
pub(crate) async fn compare(ground: &Ground, place: &Deployment) -> Result<CodeHashes, Trouble> {
    let (ledger, views) = (place.ledger, place.views);
    let hashes = CodeHashes {
        ledger: one(ground, LEDGER, &Artefact::ledger(), (ledger, &[])).await?,
        fine_tuning: market(ground, (place.fine_tuning, &[ledger, views])).await?,
        views: one(ground, VIEWS, &Artefact::views(), (views, &[])).await?,
    };
    if let Some(inference) = place.inference {
        market(ground, (inference, &[ledger, views_of(inference)])).await?;
    }
    Ok(hashes)
}

/// A market makes its views in its constructor, with its first nonce.
pub(crate) fn views_of(market: Address) -> Address {
    market.create(1)
}

type Standing<'a> = (Address, &'a [Address]);

async fn market(ground: &Ground, standing: Standing<'_>) -> Result<B256, Trouble> {
    one(ground, MARKET, &Artefact::market(), standing).await
}

async fn one(
    ground: &Ground,
    name: &'static str,
    wanted: &Artefact,
    (address, set): Standing<'_>,
) -> Result<B256, Trouble> {
    let code = ground.code(address).await?;
    if code.is_empty() {
        return Err(Trouble::NoCode { name, address });
    }
    if !wanted.is_code(&code, set) {
        return Err(Trouble::OtherCode { name, address });
    }
    Ok(keccak256(&code))
}

//! The chain and the wallet: whether the URLs answer, for which chain, how soon, and whether
//! there is money for gas.

use super::{Finding, told};
use crate::config::{ChainConfig, Config};
use crate::live::client;
use chain::{Ground, Problem, Reader, Wallet};
use proto::{Address, U256};
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// A duty asks several things in a row.
const SLOW: Duration = Duration::from_secs(1);
/// What a few transactions cost where gas is cheap; with less an operator should look.
const BALANCE_LOW_WEI: u64 = 1_000_000_000_000_000;
const GWEI: u64 = 1_000_000_000;

pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let Some(chain) = &config.chain else {
        let text = "there is no [chain] in the configuration: the node stands by";
        return vec![Finding::skipped("rpc", text)];
    };
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(ask(chain)),
        Err(error) => vec![Finding::failed("rpc", error.to_string(), "try again")],
    }
}

async fn ask(chain: &ChainConfig) -> Vec<Finding> {
    let mut findings = Vec::new();
    for url in &chain.urls {
        findings.push(endpoint(chain, url).await);
    }
    findings.push(market(chain).await);
    findings.push(wallet(chain).await);
    findings
}

#[allow(
    clippy::disallowed_methods,
    reason = "this measures the wire, not the chain's time"
)]
async fn endpoint(chain: &ChainConfig, url: &str) -> Finding {
    let mut config = client(chain);
    config.urls = vec![url.to_owned()];
    let shown = host(url);
    let ground = match Ground::connect(config).await {
        Ok(ground) => ground,
        Err(problem) => return unusable(&shown, &problem),
    };
    let begun = Instant::now();
    let head = ground.head().await;
    let took = begun.elapsed();
    match head {
        Err(error) => unusable(&shown, &error.into()),
        Ok(_head) if took > SLOW => {
            let text = format!("{shown}: chain {}, {took:.0?}", chain.chain_id);
            Finding::warning("rpc", text, "a nearer endpoint makes every step faster")
        }
        Ok(head) => {
            let (id, number) = (chain.chain_id, head.number);
            Finding::ok(
                "rpc",
                format!("{shown}: chain {id} at block {number}, {took:.0?}"),
            )
        }
    }
}

fn unusable(shown: &str, problem: &Problem) -> Finding {
    let hint = match problem {
        Problem::WrongChain { .. } => "correct chain.chain_id or chain.urls",
        Problem::Config(_)
        | Problem::NoCode { .. }
        | Problem::WalletEmpty(_)
        | Problem::BondTooSmall { .. }
        | Problem::NoService(_)
        | Problem::SignerNotAccepted { .. }
        | Problem::Rpc(_) => "is the url right, and the endpoint reachable from here?",
    };
    Finding::failed("rpc", format!("{shown}: {}", told(problem)), hint)
}

async fn market(chain: &ChainConfig) -> Finding {
    match Reader::connect(client(chain)).await {
        Ok(reader) => {
            let mode = reader.mode();
            Finding::ok("market", format!("{} ({mode:?} mode)", chain.market))
        }
        Err(problem) => Finding::failed("market", told(&problem), "correct chain.market"),
    }
}

async fn wallet(chain: &ChainConfig) -> Finding {
    let opened = Wallet::open(&chain.wallet, chain.wallet_password.as_deref());
    let address = match opened {
        Ok(wallet) => wallet.address(),
        Err(error) => {
            let hint = "a file of mode 0600: 64 hexadecimal digits, or a keystore";
            return Finding::failed("wallet", told(&error), hint);
        }
    };
    match balance(chain, address).await {
        Err(problem) => Finding::failed("wallet", told(&*problem), "see rpc"),
        Ok(wei) if wei.is_zero() => Finding::failed(
            "wallet",
            format!("{address} is empty"),
            "send it money for gas, and for the bond",
        ),
        Ok(wei) => {
            let text = format!("{address} has {} gwei", wei / U256::from(GWEI));
            if wei < U256::from(BALANCE_LOW_WEI) {
                return Finding::warning("wallet", text, "this does not last for long");
            }
            Finding::ok("wallet", text)
        }
    }
}

async fn balance(chain: &ChainConfig, of: Address) -> Result<U256, Box<dyn Error>> {
    Ok(Ground::connect(client(chain)).await?.balance(of).await?)
}

/// What may be shown of a URL: its path may hold a key.
fn host(url: &str) -> String {
    let uri: Option<http::Uri> = url.parse().ok();
    let authority = uri.as_ref().and_then(http::Uri::authority);
    let host = authority.map(|authority| match authority.port() {
        Some(port) => format!("{}:{port}", authority.host()),
        None => authority.host().to_owned(),
    });
    host.unwrap_or_else(|| "a url that is none".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_url_is_never_shown() {
        assert_eq!(
            host("https://user:secret@rpc.example:8545/v3/key?also=key"),
            "rpc.example:8545"
        );
        assert_eq!(host("nonsense with spaces"), "a url that is none");
    }
}

//! AMD's key server: certificates and revocation lists, fetched once and kept.
//!
//! It is never needed to verify a bundle; a node asks it once per boot to make one. What
//! it answers is checked before it is kept, so the store is a cache and no anchor.
//! AMD publication 57230.

mod fetch;
mod flight;
mod store;

pub use fetch::{Fetch, FetchError, Http, Reply};
pub use store::{Imported, Store};

use crate::At;
use crate::snp::{CheckedVcek, Line, Tcb, check_vcek, crl_is_current, pem_chain};
use flight::Flights;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::time::Duration;

/// AMD's own server.
pub const AMD: &str = "https://kdsintf.amd.com";

const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// AMD throttles equal requests for about ten seconds.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The client: one store, one server, at most one request for each thing at a time.
pub struct Kds<F> {
    base: String,
    fetch: F,
    store: Store,
    flights: Flights,
    pause: Box<dyn Fn(Duration) + Send + Sync>,
}

/// Why a certificate or list cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KdsError {
    #[error("cannot use the store")]
    Store(#[from] std::io::Error),
    #[error("cannot reach the key server")]
    Fetch(#[from] FetchError),
    #[error("the key server is still busy after {0} tries")]
    Busy(u32),
    #[error("the key server answers with status {0}")]
    Status(u16),
    #[error("the key server's answer is not what was asked for: {0}")]
    Wrong(String),
}

/// The authorities below and at a line's root, in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorities {
    pub ask: Vec<u8>,
    pub ark: Vec<u8>,
}

impl<F: Fetch> Kds<F> {
    /// A client of the server at `base`, which waits by `pause`.
    pub fn new(
        base: &str,
        fetch: F,
        store: Store,
        pause: impl Fn(Duration) + Send + Sync + 'static,
    ) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            fetch,
            store,
            flights: Flights::default(),
            pause: Box::new(pause),
        }
    }

    /// The certificate of a chip's key at a firmware level. AMD issues another one at
    /// every request, for the same key: it is kept by chip and level.
    pub fn vcek(&self, line: Line, hwid: &[u8], tcb: Tcb) -> Result<Vec<u8>, KdsError> {
        let chip = hex::encode(hwid);
        let key = format!("{line}/vcek/{chip}/{}.der", tcb.word(line));
        let path = format!("vcek/v1/{line}/{chip}?{}", query(tcb));
        self.get(&key, &path, |der| {
            check_vcek(der, line, &CheckedVcek { hwid, tcb })
        })
    }

    /// The authorities of a line.
    pub fn authorities(&self, line: Line) -> Result<Authorities, KdsError> {
        let key = format!("{line}/cert_chain.pem");
        let path = format!("vcek/v1/{line}/cert_chain");
        let pem = self.get(&key, &path, |pem| pem_chain(pem).map(drop))?;
        let (ask, ark) = pem_chain(&pem).map_err(KdsError::Wrong)?;
        Ok(Authorities { ask, ark })
    }

    /// The revocation list of a line, current at `now`.
    pub fn crl(&self, line: Line, now: At) -> Result<Vec<u8>, KdsError> {
        let key = format!("{line}/crl.der");
        let path = format!("vcek/v1/{line}/crl");
        self.get(&key, &path, |der| crl_is_current(der, now))
    }

    /// From the store where it holds what `check` takes, else from the server.
    fn get(
        &self,
        key: &str,
        path: &str,
        check: impl Fn(&[u8]) -> Result<(), String>,
    ) -> Result<Vec<u8>, KdsError> {
        let _mine = self.flights.board(key);
        if let Some(kept) = self.store.get(key)?.filter(|kept| check(kept).is_ok()) {
            return Ok(kept);
        }
        let fetched = self.fetch(&format!("{}/{path}", self.base))?;
        check(&fetched).map_err(KdsError::Wrong)?;
        self.store.put(key, &fetched)?;
        Ok(fetched)
    }

    fn fetch(&self, url: &str) -> Result<Vec<u8>, KdsError> {
        let mut pause = FIRST_PAUSE;
        for _try in 0..TRIES {
            match self.fetch.get(url)? {
                Reply {
                    status: 200, body, ..
                } => return Ok(body),
                Reply {
                    status: 429,
                    retry_after,
                    ..
                } => {
                    (self.pause)(with_jitter(retry_after.unwrap_or(pause).min(LONGEST_PAUSE)));
                    pause = pause.saturating_mul(2);
                }
                Reply { status, .. } => return Err(KdsError::Status(status)),
            }
        }
        Err(KdsError::Busy(TRIES))
    }
}

impl<F> fmt::Debug for Kds<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kds")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

fn query(tcb: Tcb) -> String {
    let Tcb {
        fmc,
        bl,
        tee,
        snp,
        ucode,
    } = tcb;
    let fmc = fmc
        .map(|fmc| format!("fmcSPL={fmc:02}&"))
        .unwrap_or_default();
    format!("{fmc}blSPL={bl:02}&teeSPL={tee:02}&snpSPL={snp:02}&ucodeSPL={ucode:02}")
}

/// Up to a quarter more, so that clients that were refused together do not return together.
fn with_jitter(pause: Duration) -> Duration {
    let mut byte = [0];
    // Without a random byte the pause is only less spread.
    let _filled = SystemRandom::new().fill(&mut byte);
    let quarters = f64::from(byte[0]) / f64::from(u8::MAX) / 4.0;
    pause.saturating_add(pause.mul_f64(quarters))
}

//! Hardware challenges: one at the device at a time, the same nonce asked once.

use super::ports::{Attestor, Unavailable};
use proto::ChallengeNonce;
use proto::attestation::Evidence;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OnceCell, Semaphore};

/// Nonces remembered with their answers. Callers that wait at the device are among
/// them; who would be one too many is told that it is busy.
const REMEMBERED: usize = 8;

type Cell = Arc<OnceCell<Evidence>>;

/// Shared by all that ask.
#[derive(Clone, Debug, Default)]
pub struct Challenges(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    recent: Mutex<VecDeque<(ChallengeNonce, Cell)>>,
    device: Semaphore,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            recent: Mutex::default(),
            device: Semaphore::new(1),
        }
    }
}

impl Challenges {
    pub(super) async fn answer(
        &self,
        attestor: &dyn Attestor,
        nonce: ChallengeNonce,
    ) -> Result<Evidence, Unavailable> {
        let cell = self.cell(nonce).ok_or(Unavailable::DeviceBusy)?;
        let evidence = cell.get_or_try_init(|| async {
            let turn = self.0.device.acquire().await;
            let _turn = turn.map_err(|_closed| Unavailable::NotReady)?;
            attestor.challenge(nonce).await
        });
        evidence.await.cloned()
    }

    /// The nonce's place; the oldest answered or abandoned one makes room.
    fn cell(&self, nonce: ChallengeNonce) -> Option<Cell> {
        let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cell)) = recent.iter().find(|(known, _)| *known == nonce) {
            return Some(cell.clone());
        }
        if recent.len() >= REMEMBERED {
            let idle = recent
                .iter()
                .position(|(_, cell)| Arc::strong_count(cell) == 1);
            recent.remove(idle?);
        }
        let cell = Cell::default();
        recent.push_back((nonce, cell.clone()));
        Some(cell)
    }
}

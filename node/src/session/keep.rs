//! The life of a session, and of the next one.

use super::pause::{Pause, Pauses};
use super::{Broker, Left, greeting, talk};
use crate::stage::Step;
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

impl Broker {
    /// Has a session with this broker whenever there can be one, until the end.
    pub async fn keep(self, end: CancellationToken) -> Result<(), Infallible> {
        let mut pauses = Pauses::new(self.id());
        while self.is_at_work(&end).await {
            let left = Box::pin(self.once(&end)).await;
            let pause = pauses.after(&left);
            self.tell(&left);
            if rest(pause, &end).await {
                break;
            }
        }
        Ok(())
    }

    async fn once(&self, end: &CancellationToken) -> Left {
        let greeted = tokio::select! {
            () = end.cancelled() => return Left::End,
            greeted = greeting::greet(self) => greeted,
        };
        match greeted {
            Ok((session, welcome)) => talk::talk(self, session, welcome, end).await,
            Err(left) => left,
        }
    }

    /// Before there is something to offer nothing is announced. False at the end.
    async fn is_at_work(&self, end: &CancellationToken) -> bool {
        let mut steps = self.clerk.stage.steps();
        let works = async { steps.wait_for(|&step| step == Step::Working).await.is_ok() };
        tokio::select! {
            biased;
            () = end.cancelled() => false,
            works = works => works,
        }
    }

    fn tell(&self, left: &Left) {
        let broker = &self.url;
        match left {
            Left::End => info!(code = "N-BROKER-002", %broker, "the session is over"),
            Left::Lost { .. } => {
                warn!(code = "N-BROKER-003", %broker, "the broker is not reached");
            }
            Left::Stale => warn!(
                code = "N-BROKER-004", %broker,
                "the broker's fence is below what it showed before"
            ),
            Left::Dismissed(dismissal) => {
                let error = dismissal.cause.error.code();
                let detail = &*dismissal.cause.detail;
                let again_secs = dismissal.retry_after_secs;
                warn!(code = "N-BROKER-005", %broker, error, detail, again_secs, "the broker ended the session");
            }
        }
    }
}

/// Whether it is time to end.
async fn rest(pause: Pause, end: &CancellationToken) -> bool {
    match pause {
        Pause::For(pause) => tokio::time::timeout(pause, end.cancelled()).await.is_ok(),
        Pause::ForGood => {
            end.cancelled().await;
            true
        }
    }
}

//! The named background work of the broker, supervised and joined.
//!
//! A member that ends before it was told to, or with an error, stops the whole
//! crew: a broker that limps is worse than one that its supervisor restarts.

use crate::stop::Stop;
use std::error::Error;
use std::future::Future;
use tokio::task::JoinSet;
use tracing::error;

type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug)]
pub struct Crew {
    stop: Stop,
    members: JoinSet<(&'static str, Result<(), Cause>)>,
}

/// Why the crew stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum CrewError {
    #[error("{name} failed")]
    Failed {
        name: &'static str,
        #[source]
        cause: Cause,
    },
    #[error("{name} ended before it was told to")]
    Ended { name: &'static str },
}

impl Crew {
    pub fn new(stop: Stop) -> Self {
        Self {
            stop,
            members: JoinSet::new(),
        }
    }

    /// Work beside the others; it watches the stop it was given.
    #[allow(
        clippy::disallowed_methods,
        reason = "the crew is where work is spawned"
    )]
    pub fn spawn<E: Into<Cause>>(
        &mut self,
        name: &'static str,
        work: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        self.members
            .spawn(async move { (name, work.await.map_err(Into::into)) });
    }

    /// Waits until every member has ended; the first that fails, or ends untold, stops all.
    pub async fn join(mut self) -> Result<(), CrewError> {
        let mut first = Ok(());
        while let Some(member) = self.members.join_next().await {
            let Err(cause) = self.judge(member) else {
                continue;
            };
            error!(%cause, "the crew stops");
            self.stop.drain();
            first = first.and(Err(cause));
        }
        first
    }

    fn judge(
        &self,
        member: Result<(&'static str, Result<(), Cause>), tokio::task::JoinError>,
    ) -> Result<(), CrewError> {
        match member {
            Ok((_, Ok(()))) if self.stop.is_draining() => Ok(()),
            Ok((name, Ok(()))) => Err(CrewError::Ended { name }),
            Ok((name, Err(cause))) => Err(CrewError::Failed { name, cause }),
            Err(panic) => Err(CrewError::Failed {
                name: "a member",
                cause: panic.into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[tokio::test]
    async fn a_member_that_fails_stops_the_others_and_is_named() {
        let stop = Stop::default();
        let mut crew = Crew::new(stop.clone());
        crew.spawn("steady", async move {
            stop.draining().await;
            io::Result::Ok(())
        });
        crew.spawn("broken", async {
            Err::<(), _>(io::Error::other("snapped"))
        });

        let end = crew.join().await;

        assert!(matches!(end, Err(CrewError::Failed { name: "broken", .. })));
    }

    #[tokio::test]
    async fn a_member_that_ends_untold_is_a_failure() {
        let mut crew = Crew::new(Stop::default());
        crew.spawn("hasty", async { io::Result::Ok(()) });

        assert!(matches!(
            crew.join().await,
            Err(CrewError::Ended { name: "hasty" })
        ));
    }

    #[tokio::test]
    async fn a_crew_told_to_stop_ends_well() {
        let stop = Stop::default();
        let mut crew = Crew::new(stop.clone());
        let told = stop.clone();
        crew.spawn("steady", async move {
            told.draining().await;
            io::Result::Ok(())
        });
        stop.drain();

        assert!(crew.join().await.is_ok());
    }
}

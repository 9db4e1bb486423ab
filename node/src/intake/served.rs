//! The door, as the wire reaches it.

use super::{Denied, Door};
use crate::api::{Intake, Unavailable, Verdict};
use async_trait::async_trait;
use proto::Submission;

#[async_trait]
impl Intake for Door {
    async fn take(&self, submission: Submission) -> Result<Verdict, Unavailable> {
        match self.admit(submission).await {
            Ok(_task) => Ok(Verdict::Taken),
            Err(Denied::Refused(reason)) => Ok(Verdict::Refused(reason.into())),
            Err(Denied::NotReady) => Err(Unavailable::NotReady),
        }
    }
}

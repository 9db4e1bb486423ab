//! The wallet at 0G Storage's flow contract, for uploads that must be paid.

use async_trait::async_trait;
use chain::{Failure, Flow, FlowNode, SendError};
use proto::{Root, Wei};
use storage::id::Content;
use storage::{Submission, SubmitError, Submitted, Submitter};

/// Pays for content with the operator's wallet, once for each root.
#[derive(Clone, Debug)]
pub struct Payer(Flow);

impl Payer {
    pub fn new(flow: Flow) -> Self {
        Self(flow)
    }
}

#[async_trait]
impl Submitter for Payer {
    async fn price_per_sector(&self) -> Result<Wei, SubmitError> {
        let price = self.0.price_per_sector().await;
        price.map_err(|error| SubmitError::Refused(Box::new(error)))
    }

    async fn lookup(&self, content: Content) -> Result<Option<Submitted>, SubmitError> {
        let found = self.0.submitted(content.root, content.size).await;
        Ok(found.map_err(told)?.map(submitted))
    }

    async fn submit(&self, submission: &Submission, fee: Wei) -> Result<Submitted, SubmitError> {
        let nodes = submission.nodes.iter().map(|node| FlowNode {
            root: Root(node.root),
            height: node.height,
        });
        let nodes: Vec<FlowNode> = nodes.collect();
        let content = (submission.root, submission.size);
        let sent = self.0.submit(content, &nodes, fee).await;
        sent.map(submitted).map_err(told)
    }
}

fn submitted(tx_seq: u64) -> Submitted {
    Submitted { tx_seq, tx: None }
}

/// Only what surely sent nothing is a refusal.
fn told(failure: Failure) -> SubmitError {
    match failure {
        Failure::Refused(_) | Failure::Send(SendError::WalletEmpty { .. }) => {
            SubmitError::Refused(Box::new(failure))
        }
        Failure::Unsettled
        | Failure::Rpc(_)
        | Failure::Send(_)
        | Failure::Follow(_)
        | Failure::NotBefore(_) => SubmitError::Unknown(Box::new(failure)),
    }
}

//! What customers ask a broker, and what passes between it and its nodes.

use crate::attestation::{
    BootBundle, ChallengeReply, ChallengeRequest, LivenessReply, LivenessRequest,
};
use crate::bounded::{Blob, List, Text};
use crate::checked::Checked;
use crate::limits::{
    DETAIL_BYTES_MAX, ENDPOINT_BYTES_MAX, NAME_BYTES_MAX, OPEN_TASKS_MAX, PAGE_BYTES_MAX,
    PAGE_COUNT_MAX, PAGE_ELEMENTS_MAX, QUOTES_MAX, RECIPE_BYTES_MAX,
};
use crate::node::{
    CancelRequest, DispatchReply, DispatchRequest, GetRequest, LogsRequest, NodeStatus, Offer,
};
use crate::task::{LogLines, Refusal, TaskEvent, TaskStatus};
use crate::{
    Address, CallError, Digest, Fault, Fence, Malformed, Provider, Root, Seconds, SignedPermit,
    Submission, TaskId, Tier, Wei,
};
use serde::{Deserialize, Serialize};

message! {
    SubmitRequest {
        submission: Submission,
    }
}

choice! {
    SubmitReply in submit_reply {
        Taken(TaskStatus),
        Refused(Refusal),
    }
}

message_of_choice! { SubmitReply }

message! {
    EstimateRequest {
        base_model: Root,
        /// The recipe's canonical JSON.
        recipe: Blob<RECIPE_BYTES_MAX>,
        dataset_tokens: u64,
        dataset_bytes: u64,
        tier: Tier,
        provider: Provider,
    }
}

message! {
    EstimateReply {
        /// Best first.
        quotes: List<Quote, QUOTES_MAX>,
    }
}

message! {
    Quote {
        provider: Address,
        tier: Tier,
        fee: Wei,
        trained_tokens: u64,
        start_in_secs: u64,
        takes_secs: u64,
        queue_position: u32,
    }
}

/// A broker's mark of where a page begins; empty is the start, or the end.
pub type Page = Blob<PAGE_BYTES_MAX>;

/// How many elements a page shall have: 1 to [`PAGE_COUNT_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct PageCount(u32);

message! {
    ListRequest {
        permit: SignedPermit,
        page: Page,
        count: PageCount,
    }
}

message! {
    ListReply {
        tasks: List<TaskStatus, PAGE_ELEMENTS_MAX>,
        next_page: Page,
    }
}

message! {
    NodesRequest {
        /// Nodes of every model without one.
        base_model: Option<Root>,
        tier_min: Tier,
        page: Page,
        count: PageCount,
    }
}

message! {
    NodesReply {
        nodes: List<NodeListing, PAGE_ELEMENTS_MAX>,
        next_page: Page,
    }
}

message! {
    NodeListing {
        offer: Offer,
        /// As this broker judged it; whoever pays judges for herself.
        judgement: Judgement,
        /// Where the node can be called; none behind a NAT.
        endpoint: Option<Endpoint>,
        last_seen: Seconds,
        tasks_paid: u64,
        tasks_failed: u64,
    }
}

/// Where a node can be called.
pub type Endpoint = Text<ENDPOINT_BYTES_MAX>;

message! {
    /// What a broker found when it verified a node's evidence.
    Judgement {
        tier: Tier,
        /// "amd", "intel" or the fingerprint of a development root.
        trust_domain: Text<NAME_BYTES_MAX>,
        /// SHA-256 of the policy it was judged by.
        policy: Digest,
        judged_at: Seconds,
        good_until: Seconds,
    }
}

choice! {
    /// From the node. The first is an announcement.
    NodeMessage in node_message {
        Announcement(Announcement),
        Heartbeat(Heartbeat),
        Answer(Answer),
        Event(TaskEvent),
        Farewell(Farewell),
    }
}

message_of_choice! { NodeMessage }

message! {
    Announcement {
        offer: Offer,
        bundle: BootBundle,
        /// Where the node can be called; none behind a NAT.
        endpoint: Option<Endpoint>,
        version: Text<NAME_BYTES_MAX>,
        /// The highest fence seen from this broker; 0 if none.
        fence_seen: Fence,
        /// Tasks of this broker that are still open here.
        open_tasks: List<TaskId, OPEN_TASKS_MAX>,
    }
}

message! {
    Heartbeat {
        /// Of the welcome; a broker that has given a higher one ends this session.
        fence: Fence,
        /// Rises by one with every heartbeat of a session.
        beat: u64,
        status: NodeStatus,
    }
}

message! {
    Farewell {
        cause: Text<DETAIL_BYTES_MAX>,
    }
}

choice! {
    /// From the broker; before the welcome only requests that prove who the node is.
    BrokerMessage in broker_message {
        Welcome(Welcome),
        Request(Request),
        Dismissal(Dismissal),
    }
}

message_of_choice! { BrokerMessage }

message! {
    Welcome {
        /// Higher than every fence this broker gave for this provider before.
        fence: Fence,
        heartbeat_secs: u32,
        /// A node not heard of for so long loses orders it has not promised.
        silence_secs_max: u32,
        judgement: Judgement,
    }
}

message! {
    Request {
        /// Chosen by the broker; the answers carry it.
        id: u64,
        kind: RequestKind,
    }
}

choice! {
    /// What a broker asks of a node.
    RequestKind in request {
        Dispatch(DispatchRequest),
        Cancel(CancelRequest),
        Logs(LogsRequest),
        Liveness(LivenessRequest),
        Challenge(ChallengeRequest),
        Get(GetRequest),
    }
}

message! {
    Answer {
        id: u64,
        kind: AnswerKind,
    }
}

choice! {
    /// What a node answers.
    AnswerKind in answer {
        Dispatch(DispatchReply),
        Status(TaskStatus),
        /// Any number of these, then an end.
        Logs(LogLines),
        Liveness(LivenessReply),
        Challenge(ChallengeReply),
        Failure(Failure),
        LogsEnd(EndOfLogs),
    }
}

empty! { EndOfLogs }

message! {
    /// Why a call failed; as a unary call it would be a gRPC status.
    Failure {
        error: CallError,
        detail: Text<DETAIL_BYTES_MAX>,
    }
}

message! {
    /// The broker ends the session.
    Dismissal {
        cause: Failure,
        /// 0: do not come back by yourself.
        retry_after_secs: u32,
    }
}

impl PageCount {
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for PageCount {
    type Error = Fault;

    fn try_from(count: u32) -> Result<Self, Fault> {
        let value = count.into();
        match count {
            0 => Err(Fault::TooSmall { value, min: 1 }),
            1..=PAGE_COUNT_MAX => Ok(Self(count)),
            _ => Err(Fault::TooLarge {
                value,
                max: PAGE_COUNT_MAX.into(),
            }),
        }
    }
}

impl From<PageCount> for u32 {
    fn from(count: PageCount) -> Self {
        count.0
    }
}

impl Checked<u32> for PageCount {
    const BYTES_MAX: usize = 5;

    fn check(wire: u32) -> Result<Self, Malformed> {
        Ok(Self::try_from(wire)?)
    }

    fn into_wire(self) -> u32 {
        self.0
    }
}

//! What a node is asked and what it says of itself.

use crate::bounded::{Finite, List, Text};
use crate::limits::{DETAIL_BYTES_MAX, GPUS_MAX, MODELS_MAX, NAME_BYTES_MAX};
use crate::task::{Refusal, TaskStatus};
use crate::{Address, Fence, Root, Seconds, SignedPermit, Submission, TaskId, Tier, Wei};

message! {
    DispatchRequest {
        submission: Submission,
        /// Of the session in whose name this is sent; a lower one than the node has
        /// seen from this broker is refused.
        fence: Fence,
    }
}

choice! {
    DispatchReply in dispatch_reply {
        Taken(TaskStatus),
        Refused(Refusal),
    }
}

message_of_choice! { DispatchReply }

message! {
    CancelRequest {
        task: TaskId,
        permit: Option<SignedPermit>,
    }
}

message! {
    GetRequest {
        task: TaskId,
        permit: Option<SignedPermit>,
    }
}

message! {
    WatchRequest {
        task: TaskId,
        permit: Option<SignedPermit>,
        /// 0 sends everything from the start.
        after_sequence: u64,
    }
}

message! {
    LogsRequest {
        task: TaskId,
        permit: Option<SignedPermit>,
        after_sequence: u64,
        /// Go on with new lines until the task ends.
        follow: bool,
    }
}

empty! { StatusRequest }

message! {
    NodeStatus {
        offer: Offer,
        state: NodeState,
        /// The task in training.
        training: Option<TaskId>,
        tasks_open: u32,
        up_secs: u64,
        version: Text<NAME_BYTES_MAX>,
        /// Chain time of the last finalized block seen.
        chain_time: Seconds,
    }
}

choice! {
    /// Whether a node takes orders.
    NodeState in node_state {
        Serving,
        Draining,
        /// The circuit breaker is open.
        Halted(Halt),
    }
}

message_of_choice! { NodeState }

message! {
    Halt {
        cause: Text<DETAIL_BYTES_MAX>,
        /// False waits for an operator.
        heals_itself: bool,
    }
}

message! {
    DrainRequest {
        /// False takes orders again.
        drain: bool,
    }
}

message! {
    /// What a node offers to whom may ask.
    Offer {
        /// The operator, who is paid.
        provider: Address,
        /// The address of the TEE's key.
        signer: Address,
        /// The highest tier the node claims; the evidence decides.
        tier: Tier,
        models: List<ModelOffer, MODELS_MAX>,
        gpus: List<Gpu, GPUS_MAX>,
        /// Orders the node would queue now.
        queue_free: u32,
        memory_bytes: u64,
        dataset_bytes_max: u64,
    }
}

message! {
    ModelOffer {
        root: Root,
        name: Text<NAME_BYTES_MAX>,
        /// For a million tokens trained on.
        price_per_mtoken: Wei,
        sequence_tokens_max: u32,
        /// As measured by this node.
        tokens_per_sec: Finite,
    }
}

message! {
    Gpu {
        name: Text<NAME_BYTES_MAX>,
        memory_bytes: u64,
        confidential: bool,
    }
}

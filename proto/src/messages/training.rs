//! What the trainer is told, and what it tells.

use crate::bounded::{Blob, Finite, Text};
use crate::limits::{PATH_BYTES_MAX, RECIPE_BYTES_MAX};
use crate::{Digest, TaskId};

message! {
    /// What the node hands to the trainer. Paths are inside the trainer's sandbox.
    TrainPlan {
        task: TaskId,
        model_dir: Text<PATH_BYTES_MAX>,
        dataset_file: Text<PATH_BYTES_MAX>,
        output_dir: Text<PATH_BYTES_MAX>,
        /// The recipe's canonical JSON.
        recipe: Blob<RECIPE_BYTES_MAX>,
        seed: u64,
        device: Device,
        /// 0: no checkpoints.
        checkpoint_every_steps: u64,
        /// The checkpoint to go on from.
        resume_from: Option<Text<PATH_BYTES_MAX>>,
        wall_secs_max: u64,
    }
}

choice! {
    /// Where to train.
    Device in device {
        Cpu(Cpu),
        Cuda(Cuda),
    }
}

message_of_choice! { Device }

message! {
    Cpu {
        /// 0: as many as the machine has.
        threads: u32,
    }
}

message! {
    Cuda {
        ordinal: u32,
    }
}

choice! {
    /// One report of work in progress.
    Progress in progress {
        Staging(Transfer),
        Step(Step),
        Evaluation(Evaluation),
        Checkpoint(Checkpoint),
        Gpu(GpuReading),
        Sealing(Transfer),
        Upload(Transfer),
        /// The training went on from a checkpoint after an interruption.
        Resumed,
    }
}

message_of_choice! { Progress }

message! {
    Transfer {
        bytes_done: u64,
        bytes_total: u64,
    }
}

message! {
    /// One step of the optimiser.
    Step {
        /// Counts from 1.
        step: u64,
        steps_total: u64,
        /// Passes over the data, with fraction.
        epoch: Finite,
        /// Trained on since the start.
        tokens: u64,
        loss: Finite,
        learning_rate: Finite,
        grad_norm: Finite,
        tokens_per_sec: Finite,
        eta_secs: Option<u64>,
    }
}

message! {
    /// The loss on the rows held out.
    Evaluation {
        step: u64,
        loss: Finite,
        /// The untrained base on the same rows.
        base_loss: Option<Finite>,
        /// The share of labelled tokens guessed right.
        token_accuracy: Option<Finite>,
        tokens: u64,
    }
}

message! {
    /// A checkpoint that is durable.
    Checkpoint {
        step: u64,
        digest: Digest,
        bytes: u64,
    }
}

message! {
    /// What the driver says of a card.
    GpuReading {
        ordinal: u32,
        utilisation_pct: u32,
        memory_used_bytes: u64,
        memory_total_bytes: u64,
        power_milliwatts: u32,
        temperature_celsius: u32,
        ecc_errors: u64,
        /// The driver's last fault, if there was one.
        xid: Option<u32>,
    }
}

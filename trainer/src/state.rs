//! What a run must remember: adapters and their moments, by name.

/// A named f32 tensor in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// All trainable tensors under the names of PEFT's files
/// (`base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight`), sorted by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adapter {
    pub tensors: Vec<NamedTensor>,
}

/// Everything of a backend that changes while training. Restoring it gives the same bits onwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainState {
    /// Optimizer steps taken.
    pub step: u64,
    pub adapter: Adapter,
    pub first_moments: Adapter,
    pub second_moments: Adapter,
}

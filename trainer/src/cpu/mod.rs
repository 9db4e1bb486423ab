//! The hand-written backend: one block forward and backward over buffers made at the start.

mod arena;
mod attention;
mod attention_back;
mod block;
mod block_back;
mod dropout;
mod embed;
mod engine;
mod head;
mod input_back;
mod linear;
mod linear_back;
mod load;
mod memory;
mod meter;
mod pack;
mod pairs;
mod pass;
mod passes;
mod rotary;
mod rows;
mod tools;
mod update;

pub use engine::CpuEngine;
pub(crate) use load::RandomWeights;
pub use memory::MemoryPlan;

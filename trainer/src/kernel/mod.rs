//! The arithmetic on slices: the only place with `unsafe`, and the only place that knows instruction sets.
//!
//! Every product is a chain of fused multiply-adds in the order of k, every sum has sixteen lanes folded in one
//! order. So all f32 results are the same bits on AVX-512, on AVX2 and in plain Rust, and for every thread count.
#![allow(
    unsafe_code,
    reason = "SIMD intrinsics and their run-time dispatch; each use states why it is sound"
)]
#![allow(
    clippy::needless_range_loop,
    reason = "loops of constant length over registers, which the compiler unrolls"
)]

mod activate;
mod bf16;
mod isa;
mod loss;
mod math;
mod norm;
mod softmax;
mod tile;
mod tile256;
mod tile512;
mod transpose;
mod vector;

pub(crate) use activate::{Activation, gate, gate_backward};
pub(crate) use bf16::{PairProduct, multiply_pairs, to_bf16, to_bf16_row};
pub(crate) use isa::Isa;
pub(crate) use loss::{CrossEntropy, cross_entropy, hit_and_loss};
pub(crate) use norm::{norm_backward, norm_forward, norm_row};
pub(crate) use softmax::{ScoreRow, score_gradient, softmax_probabilities, softmax_row};
pub(crate) use tile::{Product, multiply};
pub(crate) use transpose::transpose_block;
pub(crate) use vector::{AdamStep, adamw, add, dot, rotate, scale, squares};

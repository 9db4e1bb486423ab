//! Gated activations: act(g) · u and its backward.

use super::isa::versions;
use super::math::{sigmoid, tanh};

/// The function on the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    Silu,
    GeluTanh,
}

const GELU_A: f32 = 0.797_884_6; // sqrt(2 / pi)
const GELU_B: f32 = 0.044_715;

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn value_and_slope(act: Activation, g: f32) -> (f32, f32) {
    match act {
        Activation::Silu => {
            let s = sigmoid(g);
            (g * s, s * (1.0 + g * (1.0 - s)))
        }
        Activation::GeluTanh => {
            let t = tanh(GELU_A * (g + GELU_B * g * g * g));
            let inner = GELU_A * (1.0 + 3.0 * GELU_B * g * g);
            (
                0.5 * g * (1.0 + t),
                0.5 * (1.0 + t) + 0.5 * g * (1.0 - t * t) * inner,
            )
        }
    }
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn gate_with(act: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    for ((o, g), u) in out.iter_mut().zip(gate).zip(up) {
        *o = value_and_slope(act, *g).0 * u;
    }
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
fn gate_backward_with(act: Activation, grad: &[f32], gate: &mut [f32], up: &mut [f32]) {
    for ((d, g), u) in grad.iter().zip(gate).zip(up) {
        let (value, slope) = value_and_slope(act, *g);
        *g = d * *u * slope;
        *u = d * value;
    }
}

versions! {
    /// out = act(gate) · up.
    pub(crate) fn gate(act: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
        match act {
            Activation::Silu => gate_with(Activation::Silu, gate, up, out),
            Activation::GeluTanh => gate_with(Activation::GeluTanh, gate, up, out),
        }
    }
}

versions! {
    /// Replaces gate and up by their gradients, given that of the product.
    pub(crate) fn gate_backward(act: Activation, grad: &[f32], gate: &mut [f32], up: &mut [f32]) {
        match act {
            Activation::Silu => gate_backward_with(Activation::Silu, grad, gate, up),
            Activation::GeluTanh => gate_backward_with(Activation::GeluTanh, grad, gate, up),
        }
    }
}

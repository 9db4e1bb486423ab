//! Operations composed of candle's differentiable ones.

use candle_core::{D, Result, Tensor};

/// RMS norm over the last dimension.
pub(super) fn norm(x: &Tensor, weight: &Tensor, epsilon: f32) -> Result<Tensor> {
    let mean = (x.sqr()?.mean_keepdim(D::Minus1)? + f64::from(epsilon))?;
    x.broadcast_div(&mean.sqrt()?)?.broadcast_mul(weight)
}

/// Softmax over the last dimension.
pub(super) fn softmax(x: &Tensor) -> Result<Tensor> {
    let max = x.max_keepdim(D::Minus1)?.detach();
    let exp = x.broadcast_sub(&max)?.exp()?;
    exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)
}

/// The log of the sum of exponentials over the last dimension, which is kept.
pub(super) fn log_sum_exp(x: &Tensor) -> Result<Tensor> {
    let max = x.max_keepdim(D::Minus1)?.detach();
    x.broadcast_sub(&max)?
        .exp()?
        .sum_keepdim(D::Minus1)?
        .log()?
        + max
}

/// cap · tanh(x / cap).
pub(super) fn cap(x: Tensor, cap: Option<f32>) -> Result<Tensor> {
    match cap {
        None => Ok(x),
        Some(cap) => (x / f64::from(cap))?.tanh()? * f64::from(cap),
    }
}

/// Rotates the halves of the first `2 · half` dimensions of `[heads, tokens, dim]`.
pub(super) fn rotate(x: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
    let (half, dim) = (cos.dim(1)?, x.dim(2)?);
    let (low, high) = (x.narrow(2, 0, half)?, x.narrow(2, half, half)?);
    let first = (low.broadcast_mul(cos)? - high.broadcast_mul(sin)?)?;
    let second = (high.broadcast_mul(cos)? + low.broadcast_mul(sin)?)?;
    let mut parts = vec![first, second];
    if dim > 2 * half {
        parts.push(x.narrow(2, 2 * half, dim - 2 * half)?);
    }
    Tensor::cat(&parts, 2)
}

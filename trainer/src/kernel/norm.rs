//! RMS norm with a frozen weight.

use super::isa::versions;
use super::math::sum;

versions! {
    /// y = x · inv · w; returns inv, the inverse root mean square.
    pub(crate) fn norm_forward(x: &[f32], weight: &[f32], epsilon: f32, y: &mut [f32]) -> f32 {
        let inverse = 1.0 / (sum(x.len(), |i| x[i] * x[i]) / x.len() as f32 + epsilon).sqrt();
        for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
            *y = x * inverse * w;
        }
        inverse
    }
}

versions! {
    /// The same with inv known.
    pub(crate) fn norm_row(x: &[f32], weight: &[f32], inverse: f32, y: &mut [f32]) {
        for ((y, x), w) in y.iter_mut().zip(x).zip(weight) {
            *y = x * inverse * w;
        }
    }
}

versions! {
    /// dx += dy · w · inv - x · inv³/d · sum(dy · w · x).
    pub(crate) fn norm_backward(dy: &[f32], x: &[f32], weight: &[f32], inverse: f32, dx: &mut [f32]) {
        let (dy, x, weight) = (&dy[..dx.len()], &x[..dx.len()], &weight[..dx.len()]);
        let along = sum(dx.len(), |i| dy[i] * weight[i] * x[i]);
        let shrink = along * inverse * inverse * inverse / dx.len() as f32;
        for (((dx, dy), x), w) in dx.iter_mut().zip(dy).zip(x).zip(weight) {
            *dx += dy * w * inverse - x * shrink;
        }
    }
}

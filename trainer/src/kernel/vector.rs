//! Element-wise passes and dot products.

use super::isa::versions;
use super::math::sum;

/// One step of AdamW, the same for every element.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AdamStep {
    pub(crate) learning_rate: f32,
    pub(crate) beta1: f32,
    pub(crate) beta2: f32,
    pub(crate) epsilon: f32,
    pub(crate) weight_decay: f32,
    /// 1 - beta1^t.
    pub(crate) correction1: f32,
    /// The square root of 1 - beta2^t.
    pub(crate) correction2_root: f32,
    /// What the gathered gradient is multiplied with: one over the labels, and clipping.
    pub(crate) gradient_scale: f32,
}

versions! {
    pub(crate) fn add(x: &[f32], y: &mut [f32]) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += x);
    }
}

versions! {
    pub(crate) fn scale(factor: f32, y: &mut [f32]) {
        y.iter_mut().for_each(|y| *y *= factor);
    }
}

versions! {
    pub(crate) fn dot(x: &[f32], y: &[f32]) -> f32 {
        let y = &y[..x.len()];
        sum(x.len(), |i| x[i] * y[i])
    }
}

versions! {
    /// The sum of squares in f64, one term after the other.
    pub(crate) fn squares(x: &[f32]) -> f64 {
        x.iter().fold(0.0, |sum, x| sum + f64::from(*x) * f64::from(*x))
    }
}

versions! {
    /// Rotates the pairs (i, i + half) of a head by the angles whose cosines and sines are given; `sign` -1 turns back.
    pub(crate) fn rotate(sign: f32, cos: &[f32], sin: &[f32], head: &mut [f32]) {
        let (low, high) = head[..2 * cos.len()].split_at_mut(cos.len());
        for (((l, h), c), s) in low.iter_mut().zip(high).zip(cos).zip(sin) {
            let (x, y, s) = (*l, *h, s * sign);
            *l = x * c - y * s;
            *h = y * c + x * s;
        }
    }
}

versions! {
    pub(crate) fn adamw(step: AdamStep, gradient: &[f32], m: &mut [f32], v: &mut [f32], weight: &mut [f32]) {
        for (((g, m), v), w) in gradient.iter().zip(m).zip(v).zip(weight) {
            let g = g * step.gradient_scale;
            *m = step.beta1 * *m + (1.0 - step.beta1) * g;
            *v = step.beta2 * *v + (1.0 - step.beta2) * g * g;
            let kept = *w * (1.0 - step.learning_rate * step.weight_decay);
            let pace = step.learning_rate / step.correction1;
            *w = kept - pace * *m / (v.sqrt() / step.correction2_root + step.epsilon);
        }
    }
}

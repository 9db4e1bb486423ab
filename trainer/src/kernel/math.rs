//! Elementary functions with one set of bits on every machine, written so that compilers vectorise them.

/// Lanes of every reduction; sixteen everywhere, whatever the machine has.
pub(super) const LANES: usize = 16;

/// e^x to about 1 ulp: Cephes' reduction and polynomial. Below -87 the result is 0.
#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(-87.3, 88.7);
    let shifted = clamped.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN2_HIGH, clamped);
    let r = n.mul_add(-LN2_LOW, r);
    let mut p = 1.987_569_1e-4_f32;
    p = p.mul_add(r, 1.398_199_9e-3);
    p = p.mul_add(r, 8.333_452e-3);
    p = p.mul_add(r, 4.166_579_6e-2);
    p = p.mul_add(r, 1.666_666_5e-1);
    p = p.mul_add(r, 0.5);
    let e = p.mul_add(r * r, r) + 1.0;
    let exponent = (shifted.to_bits().wrapping_sub(ROUND.to_bits()) << 23).wrapping_add(127 << 23);
    let value = e * f32::from_bits(exponent);
    if x < -87.3 { 0.0 } else { value }
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// The lanes added pairwise.
#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
pub(super) fn fold(mut lanes: [f32; LANES]) -> f32 {
    for half in [8, 4, 2, 1] {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
    }
    lanes[0]
}

/// The sum of f over the indices: lane i takes every sixteenth term from the i-th on.
#[allow(
    clippy::inline_always,
    reason = "must be compiled into each version of its caller"
)]
#[inline(always)]
pub(super) fn sum(len: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let whole = len / LANES * LANES;
    for base in (0..whole).step_by(LANES) {
        for (i, lane) in lanes.iter_mut().enumerate() {
            *lane += f(base + i);
        }
    }
    for i in whole..len {
        lanes[i - whole] += f(i);
    }
    fold(lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_exp_is_the_exponential() {
        for i in -8600..8800 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 2e-7, "at {x}");
        }
        assert!(exp(-1e30) == 0.0 && exp(f32::NEG_INFINITY) == 0.0);
        assert!((exp(0.0) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn our_tanh_is_the_hyperbolic_tangent() {
        for i in -500..500 {
            let x = i as f32 / 50.0;
            assert!(
                (f64::from(tanh(x)) - f64::from(x).tanh()).abs() < 3e-7,
                "at {x}"
            );
        }
    }

    #[test]
    fn sums_take_every_term() {
        for len in [0, 1, 15, 16, 17, 100] {
            let expected = (0..len).sum::<usize>() as f32;
            assert!((sum(len, |i| i as f32) - expected).abs() < 1e-3);
        }
    }
}

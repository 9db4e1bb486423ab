//! The keccak sponge, written once for any number of lanes.

#![allow(clippy::many_single_char_names, reason = "FIPS 202 calls them a, b, c")]

use super::{CHUNK, Hash};

/// Bytes of a message one permutation takes in: keccak-256's rate.
const RATE_WORDS: usize = 17;

/// One 64-bit word of several independent states, and what the permutation needs of it.
pub(super) trait Lanes: Copy {
    /// How many states run side by side.
    const WIDTH: usize;
    type Word: Copy;

    fn splat(self, word: u64) -> Self::Word;
    fn xor(self, a: Self::Word, b: Self::Word) -> Self::Word;
    fn xor3(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word;
    /// `a ^ (!b & c)`, the only non-linear step.
    fn chi(self, a: Self::Word, b: Self::Word, c: Self::Word) -> Self::Word;
    /// Rotation to the left by `L`; `R` is `64 - L`.
    fn rotate<const L: i32, const R: i32>(self, a: Self::Word) -> Self::Word;
    /// Eight little-endian words of each row, from byte `at`, turned on their side.
    fn load<const B: usize>(self, rows: &[[u8; B]], at: usize) -> [Self::Word; 8];
    /// The first four words of every state, turned back into digests.
    fn store(self, words: [Self::Word; 4], out: &mut [Hash]);
}

/// Absorbs as many messages as there are lanes: chunks (two blocks) or pairs (one).
#[inline(always)]
pub(super) fn absorb<L: Lanes, const B: usize>(lanes: L, rows: &[[u8; B]], out: &mut [Hash]) {
    const {
        assert!(
            B == CHUNK || B == 64,
            "chunks and pairs of digests are all we hash"
        );
    }
    let mut state = [lanes.splat(0); 25];
    state[..8].copy_from_slice(&lanes.load(rows, 0));
    if B == CHUNK {
        let third = lanes.load(rows, 128);
        state[8..16].copy_from_slice(&lanes.load(rows, 64));
        state[16] = third[0];
        permute(lanes, &mut state);
        let fourth = lanes.load(rows, 192);
        for (word, input) in state.iter_mut().zip(third[1..].iter().chain(&fourth)) {
            *word = lanes.xor(*word, *input);
        }
        pad(lanes, &mut state, CHUNK / 8 - RATE_WORDS);
    } else {
        pad(lanes, &mut state, 8);
    }
    permute(lanes, &mut state);
    lanes.store([state[0], state[1], state[2], state[3]], out);
}

/// Keccak's own padding (0x01, not SHA-3's 0x06) after the message's last word.
#[inline(always)]
fn pad<L: Lanes>(lanes: L, state: &mut [L::Word; 25], word: usize) {
    state[word] = lanes.xor(state[word], lanes.splat(0x01));
    state[RATE_WORDS - 1] = lanes.xor(state[RATE_WORDS - 1], lanes.splat(1 << 63));
}

/// Keccak-f[1600], FIPS 202 section 3.3: 24 rounds of theta, rho, pi, chi, iota.
#[inline(always)]
fn permute<L: Lanes>(lanes: L, state: &mut [L::Word; 25]) {
    let mut a = *state;
    for constant in ROUND_CONSTANTS {
        a = round(lanes, &a, constant);
    }
    *state = a;
}

#[inline(always)]
fn round<L: Lanes>(l: L, a: &[L::Word; 25], constant: u64) -> [L::Word; 25] {
    let column = |x: usize| {
        let upper = l.xor3(a[x], a[x + 5], a[x + 10]);
        l.xor3(upper, a[x + 15], a[x + 20])
    };
    let c = [column(0), column(1), column(2), column(3), column(4)];
    let r = [
        l.rotate::<1, 63>(c[0]),
        l.rotate::<1, 63>(c[1]),
        l.rotate::<1, 63>(c[2]),
        l.rotate::<1, 63>(c[3]),
        l.rotate::<1, 63>(c[4]),
    ];
    // Theta, then rho: word `$from`, in column `$x`, rotated by `$left`.
    macro_rules! turn {
        ($from:literal, $x:literal, $left:literal) => {
            l.rotate::<$left, { 64 - $left }>(l.xor3(a[$from], c[($x + 4) % 5], r[($x + 1) % 5]))
        };
    }
    // Pi: the order in which the turned words stand in the new rows.
    let b = [
        l.xor3(a[0], c[4], r[1]),
        turn!(6, 1, 44),
        turn!(12, 2, 43),
        turn!(18, 3, 21),
        turn!(24, 4, 14),
        turn!(3, 3, 28),
        turn!(9, 4, 20),
        turn!(10, 0, 3),
        turn!(16, 1, 45),
        turn!(22, 2, 61),
        turn!(1, 1, 1),
        turn!(7, 2, 6),
        turn!(13, 3, 25),
        turn!(19, 4, 8),
        turn!(20, 0, 18),
        turn!(4, 4, 27),
        turn!(5, 0, 36),
        turn!(11, 1, 10),
        turn!(17, 2, 15),
        turn!(23, 3, 56),
        turn!(2, 2, 62),
        turn!(8, 3, 55),
        turn!(14, 4, 39),
        turn!(15, 0, 41),
        turn!(21, 1, 2),
    ];
    let mut next = b;
    for row in [0, 5, 10, 15, 20] {
        for x in 0..5 {
            next[row + x] = l.chi(b[row + x], b[row + (x + 1) % 5], b[row + (x + 2) % 5]);
        }
    }
    next[0] = l.xor(next[0], l.splat(constant));
    next
}

/// FIPS 202, section 3.2.5.
const ROUND_CONSTANTS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

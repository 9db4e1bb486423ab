//! Which instructions this processor has, and functions compiled once for each.

/// The instruction set that kernels run with. The f32 results do not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Isa {
    Scalar,
    Avx2,
    Avx512,
}

impl Isa {
    /// The best of this machine.
    pub(crate) fn detect() -> Self {
        Self::available().last().copied().unwrap_or(Self::Scalar)
    }

    /// All of this machine, plainest first.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn available() -> &'static [Self] {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl");
        match (avx2, avx512) {
            (true, true) => &[Self::Scalar, Self::Avx2, Self::Avx512],
            (true, false) => &[Self::Scalar, Self::Avx2],
            (false, _) => &[Self::Scalar],
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn available() -> &'static [Self] {
        &[Self::Scalar]
    }

    /// Whether products of bf16 pairs have an instruction of their own here.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn multiplies_bf16(self) -> bool {
        self == Self::Avx512 && is_x86_feature_detected!("avx512bf16")
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn multiplies_bf16(self) -> bool {
        false
    }
}

/// Compiles one plain body for each instruction set and picks at run time.
///
/// The bodies are safe Rust; only the call into a function with target features is `unsafe`, and an `Isa` value
/// exists only after detection.
macro_rules! versions {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        $vis fn $name(isa: $crate::kernel::Isa, $($arg: $ty),*) $(-> $ret)? {
            #[allow(clippy::inline_always, reason = "must be compiled into each caller with its features")]
            #[inline(always)]
            fn body($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            fn with_avx512($($arg: $ty),*) $(-> $ret)? {
                body($($arg),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            fn with_avx2($($arg: $ty),*) $(-> $ret)? {
                body($($arg),*)
            }

            match isa {
                // SAFETY: an Isa above Scalar is only handed out where its features were detected.
                #[cfg(target_arch = "x86_64")]
                $crate::kernel::Isa::Avx512 => unsafe { with_avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::kernel::Isa::Avx2 => unsafe { with_avx2($($arg),*) },
                $crate::kernel::Isa::Scalar => body($($arg),*),
                #[cfg(not(target_arch = "x86_64"))]
                $crate::kernel::Isa::Avx2 | $crate::kernel::Isa::Avx512 => body($($arg),*),
            }
        }
    };
}

/// Writes a body out for each row below a constant of at most twelve. Left as a loop, the compiler may keep it one, and
/// then the sums live in memory: four times slower.
macro_rules! each_row {
    ($rows:expr, $row:ident, $body:block) => {
        $crate::kernel::isa::each_row!(@ $rows, $row, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $rows:expr, $row:ident, $body:block, $($at:literal)*) => {
        $(if $rows > $at {
            let $row: usize = $at;
            $body
        })*
    };
}

pub(crate) use each_row;
pub(crate) use versions;

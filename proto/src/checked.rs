//! The way between a field on the wire and its checked form, for every kind of field.

use crate::bounded::{Blob, Finite, List, Text};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::malformed::{At, Fault, Malformed};
use crate::{
    Address, BootId, CallError, ChallengeNonce, Digest, EncryptionKey, Fence, Provider, PublicKey,
    Reason, RecipeDigest, Root, Scope, Signature, TaskId, U256, Wei,
};
use bytes::Bytes;

/// A checked form of the wire's `W`. One Rust type may have several: a message is
/// also the checked form of an `Option` that must be there.
pub(crate) trait Checked<W>: Sized {
    /// No valid one takes more bytes on the wire, its tag and length not counted.
    const BYTES_MAX: usize;

    fn check(wire: W) -> Result<Self, Malformed>;
    fn into_wire(self) -> W;
}

/// A checked message, with its bytes.
pub trait Message: TryFrom<Self::Wire, Error = Malformed> + Into<Self::Wire> {
    /// The generated message.
    type Wire: prost::Message + prost::Name + Default;

    /// No valid message takes more bytes.
    const BYTES_MAX: usize;

    /// Reads a message from foreign bytes.
    fn decode(bytes: Bytes) -> Result<Self, Malformed> {
        Self::try_from(crate::scan::decode::<Self::Wire>(bytes)?)
    }

    fn encode(self) -> Bytes {
        prost::Message::encode_to_vec(&self.into()).into()
    }
}

/// Tag and length of a field; sums of fields use it.
pub(crate) const FIELD_BYTES_MAX: usize = 2 + 5;

const VARINT_BYTES_MAX: usize = 10;

/// The larger of two, where `Ord::max` is not yet const.
pub(crate) const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// Fails the build if a message could be larger than every reader's limit.
pub(crate) const fn fits(bytes_max: usize) -> usize {
    assert!(
        bytes_max <= MESSAGE_BYTES_MAX,
        "the message can be too large"
    );
    bytes_max
}

macro_rules! as_it_is {
    ($($ty:ty),*) => {$(
        impl Checked<$ty> for $ty {
            const BYTES_MAX: usize = VARINT_BYTES_MAX;

            fn check(wire: $ty) -> Result<Self, Malformed> {
                Ok(wire)
            }

            fn into_wire(self) -> $ty {
                self
            }
        }
    )*};
}

as_it_is!(u32, u64, bool);

impl Checked<u32> for u16 {
    const BYTES_MAX: usize = VARINT_BYTES_MAX;

    fn check(wire: u32) -> Result<Self, Malformed> {
        Self::try_from(wire).map_err(|_range| {
            Malformed::from(Fault::TooLarge {
                value: wire.into(),
                max: Self::MAX.into(),
            })
        })
    }

    fn into_wire(self) -> u32 {
        self.into()
    }
}

macro_rules! numbered {
    ($($code:ty),*) => {$(
        impl Checked<u32> for $code {
            const BYTES_MAX: usize = VARINT_BYTES_MAX;

            fn check(wire: u32) -> Result<Self, Malformed> {
                Ok(Self::try_from(u16::check(wire)?)?)
            }

            fn into_wire(self) -> u32 {
                self.code().into()
            }
        }
    )*};
}

numbered!(Reason, CallError);

impl Checked<u64> for Fence {
    const BYTES_MAX: usize = VARINT_BYTES_MAX;

    fn check(wire: u64) -> Result<Self, Malformed> {
        Ok(Self(wire))
    }

    fn into_wire(self) -> u64 {
        self.0
    }
}

impl Checked<f64> for Finite {
    const BYTES_MAX: usize = 8;

    fn check(wire: f64) -> Result<Self, Malformed> {
        Ok(Self::new(wire)?)
    }

    fn into_wire(self) -> f64 {
        self.get()
    }
}

impl<const MAX: usize> Checked<String> for Text<MAX> {
    const BYTES_MAX: usize = MAX;

    fn check(wire: String) -> Result<Self, Malformed> {
        Ok(Self::new(wire)?)
    }

    fn into_wire(self) -> String {
        self.into_string()
    }
}

impl<const MAX: usize, const MIN: usize> Checked<Bytes> for Blob<MAX, MIN> {
    const BYTES_MAX: usize = MAX;

    fn check(wire: Bytes) -> Result<Self, Malformed> {
        Ok(Self::new(wire)?)
    }

    fn into_wire(self) -> Bytes {
        self.into_bytes()
    }
}

impl<T: Checked<W>, W, const MAX: usize> Checked<Vec<W>> for List<T, MAX> {
    const BYTES_MAX: usize = MAX * (T::BYTES_MAX + FIELD_BYTES_MAX);

    fn check(wire: Vec<W>) -> Result<Self, Malformed> {
        let count = wire.len();
        if count > MAX {
            return Err(Fault::TooMany { count, max: MAX }.into());
        }
        let elements = wire.into_iter().enumerate();
        let elements = elements.map(|(index, element)| T::check(element).at_index(index));
        Ok(Self::new(elements.collect::<Result<_, _>>()?)?)
    }

    fn into_wire(self) -> Vec<W> {
        self.into_iter().map(T::into_wire).collect()
    }
}

impl<T: Checked<W>, W> Checked<Option<W>> for Option<T> {
    const BYTES_MAX: usize = T::BYTES_MAX;

    fn check(wire: Option<W>) -> Result<Self, Malformed> {
        wire.map(T::check).transpose()
    }

    fn into_wire(self) -> Option<W> {
        self.map(T::into_wire)
    }
}

pub(crate) fn exactly<const N: usize>(wire: &[u8]) -> Result<[u8; N], Malformed> {
    wire.try_into().map_err(|_length| {
        Malformed::from(Fault::WrongLength {
            bytes: wire.len(),
            expected: N,
        })
    })
}

macro_rules! fixed {
    ($($ty:ty: $size:literal, $read:expr, $write:expr;)*) => {$(
        impl Checked<Bytes> for $ty {
            const BYTES_MAX: usize = $size;

            fn check(wire: Bytes) -> Result<Self, Malformed> {
                exactly::<$size>(&wire).map($read)
            }

            fn into_wire(self) -> Bytes {
                let write: fn($ty) -> [u8; $size] = $write;
                Bytes::copy_from_slice(&write(self))
            }
        }
    )*};
}

fixed! {
    TaskId: 32, Self, |id| id.0;
    Root: 32, Self, |id| id.0;
    Digest: 32, Self, |id| id.0;
    RecipeDigest: 32, Self, |id| id.0;
    ChallengeNonce: 32, Self, |id| id.0;
    BootId: 16, Self, |id| id.0;
    Address: 20, Self::from, |address| address.into_array();
    U256: 32, Self::from_be_bytes, |number| number.to_be_bytes();
    Wei: 32, |bytes| Self(U256::from_be_bytes(bytes)), |amount| amount.0.to_be_bytes();
}

/// Absent is empty, so zero would be a second way to say it, or a mistake.
fn unless_zero<const N: usize>(wire: &Bytes) -> Result<Option<[u8; N]>, Malformed> {
    if wire.is_empty() {
        return Ok(None);
    }
    let bytes = exactly::<N>(wire)?;
    if bytes == [0; N] {
        return Err(Fault::Zero.into());
    }
    Ok(Some(bytes))
}

macro_rules! empty_is_none {
    ($($ty:ty: $size:literal;)*) => {$(
        impl Checked<Bytes> for Option<$ty> {
            const BYTES_MAX: usize = $size;

            fn check(wire: Bytes) -> Result<Self, Malformed> {
                Ok(unless_zero::<$size>(&wire)?.map(<$ty>::from))
            }

            fn into_wire(self) -> Bytes {
                self.map_or_else(Bytes::new, Checked::into_wire)
            }
        }
    )*};
}

empty_is_none! {
    Address: 20;
    TaskId: 32;
    Root: 32;
}

impl Checked<Bytes> for Provider {
    const BYTES_MAX: usize = 20;

    fn check(wire: Bytes) -> Result<Self, Malformed> {
        let address = Option::<Address>::check(wire)?;
        Ok(address.map_or(Self::Any, Self::Only))
    }

    fn into_wire(self) -> Bytes {
        // The zero address stands for "any" in the digest, so here as well.
        let address = self.address();
        Some(address)
            .filter(|address| !address.is_zero())
            .into_wire()
    }
}

impl Checked<Bytes> for Scope {
    const BYTES_MAX: usize = 32;

    fn check(wire: Bytes) -> Result<Self, Malformed> {
        let task = Option::<TaskId>::check(wire)?;
        Ok(task.map_or(Self::AllTasks, Self::Task))
    }

    fn into_wire(self) -> Bytes {
        let task = self.word();
        Some(task)
            .filter(|&task| task != TaskId::default())
            .into_wire()
    }
}

macro_rules! sliced {
    ($($ty:ty: $max:literal;)*) => {$(
        impl Checked<Bytes> for $ty {
            const BYTES_MAX: usize = $max;

            fn check(wire: Bytes) -> Result<Self, Malformed> {
                Ok(Self::try_from(&*wire)?)
            }

            fn into_wire(self) -> Bytes {
                Bytes::copy_from_slice(self.to_bytes().as_ref())
            }
        }
    )*};
}

sliced! {
    EncryptionKey: 33;
    PublicKey: 33;
    Signature: 65;
}

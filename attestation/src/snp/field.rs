//! Bounded reads from a byte string of known length.

/// A window on foreign bytes; reads beyond its end are `None`.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn bytes<const N: usize>(self, offset: usize) -> Option<[u8; N]> {
        let tail = self.0.get(offset..)?;
        tail.first_chunk().copied()
    }

    pub(super) fn u32(self, offset: usize) -> Option<u32> {
        self.bytes(offset).map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, offset: usize) -> Option<u64> {
        self.bytes(offset).map(u64::from_le_bytes)
    }

    pub(super) fn range(self, range: std::ops::Range<usize>) -> Option<&'a [u8]> {
        self.0.get(range)
    }
}

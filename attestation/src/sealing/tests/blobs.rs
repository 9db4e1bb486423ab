//! Sealed blobs: what opens, and every way to cheat.

use super::*;

#[test]
fn what_was_sealed_opens_at_every_length_around_a_chunk() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5] {
        let plain = text(len);

        let blob = sealed(&plain);

        assert_eq!(opened(&blob).unwrap(), plain, "{len} bytes");
        let chunks = len.div_ceil(CHUNK).max(1);
        assert_eq!(blob.len(), HEADER + len + 16 * chunks);
    }
}

#[test]
fn two_sealings_of_one_text_share_nothing() {
    let (a, b) = (sealed(b"same"), sealed(b"same"));

    assert_ne!(a[44..76], b[44..76], "the stream id");
    assert_ne!(a[HEADER..], b[HEADER..], "the chunks");
}

#[test]
fn a_cut_anywhere_is_refused() {
    let blob = sealed(&text(2 * CHUNK + 9));
    let ends = [HEADER, HEADER + SEALED_CHUNK, HEADER + 2 * SEALED_CHUNK];

    for end in (0..HEADER).chain(ends).chain([blob.len() - 1]) {
        assert!(opened(&blob[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn chunks_in_another_order_are_refused() {
    let mut blob = sealed(&text(3 * CHUNK));
    let (first, rest) = blob[HEADER..].split_at_mut(SEALED_CHUNK);
    first.swap_with_slice(&mut rest[..SEALED_CHUNK]);

    assert!(matches!(opened(&blob), Err(OpenError::Chunk(0))));
}

#[test]
fn a_doubled_chunk_is_refused() {
    let blob = sealed(&text(3 * CHUNK));
    let chunk = &blob[HEADER..HEADER + SEALED_CHUNK];
    let doubled = [&blob[..HEADER], chunk, &blob[HEADER..]].concat();

    assert!(matches!(opened(&doubled), Err(OpenError::Chunk(1))));
}

#[test]
fn a_chunk_of_another_blob_is_refused() {
    let (mut blob, other) = (sealed(&text(2 * CHUNK)), sealed(&text(2 * CHUNK)));
    let chunk = HEADER..HEADER + SEALED_CHUNK;
    blob[chunk.clone()].copy_from_slice(&other[chunk]);

    assert!(matches!(opened(&blob), Err(OpenError::Chunk(0))));
}

#[test]
fn another_blobs_header_is_refused() {
    let (mut blob, other) = (sealed(&text(10)), sealed(&text(10)));
    blob[..HEADER].copy_from_slice(&other[..HEADER]);

    assert!(matches!(opened(&blob), Err(OpenError::Chunk(0))));
}

#[test]
fn bytes_after_the_end_are_refused() {
    for extra in [1, 16, 17, SEALED_CHUNK] {
        let blob = [sealed(&text(100)), vec![0; extra]].concat();

        assert!(opened(&blob).is_err(), "{extra} bytes more");
    }
}

#[test]
fn another_purpose_or_context_is_an_answer() {
    let blob = sealed(b"x");
    let key = OpeningKey::own(&enclave(1));
    let open_as = |label: &Label| open(&key, label, &blob[..], &mut Vec::new()).unwrap_err();

    let purpose = Purpose::Checkpoint;
    let as_checkpoint = open_as(&Label { purpose, ..LABEL });
    let of_another = open_as(&Label {
        context: [8; 32],
        ..LABEL
    });

    assert!(matches!(as_checkpoint, OpenError::Purpose { .. }));
    assert!(matches!(of_another, OpenError::Context));
}

#[test]
fn a_key_it_was_not_sealed_to_is_an_answer() {
    let blob = sealed(b"x");
    let other = OpeningKey::own(&enclave(2));

    let error = open(&other, &LABEL, &blob[..], &mut Vec::new()).unwrap_err();

    assert!(matches!(error, OpenError::NotForThisKey));
}

#[test]
fn a_header_may_not_ask_for_more_memory_than_stated() {
    for log2 in [0, 11, 23, 63, 64, 255] {
        let mut blob = sealed(b"x");
        blob[10] = log2;

        assert!(matches!(opened(&blob), Err(OpenError::Header(_))), "{log2}");
    }
}

#[test]
fn a_version_of_tomorrow_is_named() {
    let mut blob = sealed(b"x");
    blob[8] = 2;

    assert!(matches!(opened(&blob), Err(OpenError::Version(2))));
}

#[test]
fn a_rewrapped_blob_opens_for_its_new_recipient_alone() {
    let (plain, old, new) = (text(CHUNK + 3), enclave(1), enclave(2));
    let blob = sealed(&plain);
    let mut handed = Vec::new();

    rewrap(
        &OpeningKey::own(&old),
        &Recipient::own(&new),
        &LABEL,
        &blob[..],
        &mut handed,
        &rng(),
    )
    .unwrap();

    let mut out = Vec::new();
    open(&OpeningKey::own(&new), &LABEL, &handed[..], &mut out).unwrap();
    assert_eq!(out, plain);
    assert!(matches!(opened(&handed), Err(OpenError::NotForThisKey)));
}

#[test]
fn a_point_of_small_order_is_no_recipient() {
    let mut order = order([0; 20].into());
    order.encryption_key = EncryptionKey::X25519([0; 32]);
    let order = signed(order);
    let to = Recipient::of_order(&order).unwrap();

    let error = seal(&to, &LABEL, &b"x"[..], &mut Vec::new(), &rng()).unwrap_err();

    assert!(matches!(error, SealError::Agreement));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_altered_bit_opens(len in 0..3 * CHUNK, at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut blob = sealed(&text(len));
        let at = at.index(blob.len());
        blob[at] ^= 1_u8 << bit;

        prop_assert!(opened(&blob).is_err(), "bit {bit} of byte {at}");
    }

    #[test]
    fn no_altered_bit_of_a_header_opens(at in 0..HEADER, bit in 0..8) {
        let mut blob = sealed(b"short");
        blob[at] ^= 1_u8 << bit;

        prop_assert!(opened(&blob).is_err(), "bit {bit} of byte {at}");
    }
}

/// Hands out a few bytes at a time, and is interrupted in between.
struct Drip<'a>(&'a [u8], usize);

impl std::io::Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let len = buffer.len().min(self.0.len()).min(4099);
        let (now, later) = self.0.split_at(len);
        buffer[..len].copy_from_slice(now);
        self.0 = later;
        Ok(len)
    }
}

#[test]
fn how_the_bytes_arrive_makes_no_difference() {
    let plain = text(2 * CHUNK + 1);
    let mut blob = Vec::new();
    let to = Recipient::own(&enclave(1));
    seal(&to, &LABEL, Drip(&plain, 0), &mut blob, &rng()).unwrap();

    let mut out = Vec::new();
    open(
        &OpeningKey::own(&enclave(1)),
        &LABEL,
        Drip(&blob, 0),
        &mut out,
    )
    .unwrap();

    assert_eq!(out, plain);
}

//! What must hold of sealed bytes: the laws, 0G's recorded vectors, and every way to cheat.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "a test that panics is a test that fails"
)]

use super::artefact::Cutter;
use super::cipher::hkdf;
use super::ecies::{shared_key, wrap_with};
use super::*;
use alloy_primitives::{Address, keccak256};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use proto::{EncryptionKey, Order, Provider, RecipeDigest, Root, Seconds, TaskId, Tier, U256, Wei};
use ring::rand::SystemRandom;
use std::io::Cursor;

const LABEL: Label = Label {
    purpose: Purpose::Dataset,
    context: [7; 32],
};
const KIB: usize = 1024;
const CHUNK: usize = 128 * KIB;

fn rng() -> SystemRandom {
    SystemRandom::new()
}

fn enclave(byte: u8) -> EnclaveSecret {
    EnclaveSecret::take(&mut [byte; 32])
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    seal(
        &Recipient::own(&enclave(1)),
        &LABEL,
        plain,
        &mut out,
        &rng(),
    )
    .unwrap();
    out
}

fn opened(blob: &[u8]) -> Result<Vec<u8>, OpenError> {
    let mut out = Vec::new();
    open(&OpeningKey::own(&enclave(1)), &LABEL, blob, &mut out).map(|_len| out)
}

fn text(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8).collect()
}

/// A header under X25519: 76 bytes, suite, key id, ephemeral key, wrapped key.
const HEADER: usize = 76 + 1 + 32 + 32 + 48;
const SEALED_CHUNK: usize = CHUNK + 16;

mod blobs {
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
}

mod recipients {
    use super::*;
    use crate::test_attested::{attested, transcript};

    #[test]
    fn an_enclave_opens_what_was_sealed_to_its_report() {
        let signer = k256::SecretKey::from_slice(&[8; 32]).unwrap();
        let point = signer.public_key().to_sec1_bytes()[..].try_into().unwrap();
        let proven = attested(Some(transcript(point, proto::Digest::default())));
        let mut blob = Vec::new();

        let to = Recipient::of_enclave(&proven).unwrap();
        seal(&to, &LABEL, &b"dataset"[..], &mut blob, &rng()).unwrap();

        let key = OpeningKey::secp256k1(&[8; 32]).unwrap();
        let mut out = Vec::new();
        open(&key, &LABEL, &blob[..], &mut out).unwrap();
        assert_eq!(out, b"dataset");
    }

    #[test]
    fn evidence_judged_without_its_binding_names_no_recipient() {
        let refused = Recipient::of_enclave(&attested(None)).unwrap_err();

        assert_eq!(refused, BadRecipient::NotBound);
    }

    #[test]
    fn an_order_its_customer_signed_names_a_recipient() {
        let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
        let order = signed(order(Address::from_private_key(&wallet)));
        let to = Recipient::of_order(&order).unwrap();
        let mut blob = Vec::new();

        seal(&to, &LABEL, &b"adapter"[..], &mut blob, &rng()).unwrap();

        let key = OpeningKey::secp256k1(&[5; 32]).unwrap();
        let mut out = Vec::new();
        open(&key, &LABEL, &blob[..], &mut out).unwrap();
        assert_eq!(out, b"adapter");
    }

    #[test]
    fn an_order_someone_else_signed_names_none() {
        let mallory = SigningKey::from_slice(&[6; 32]).unwrap();
        let order = order(Address::repeat_byte(9));
        let signature = sign(&mallory, &order.id().0);

        let refused = VerifiedOrder::check(order, &signature).unwrap_err();

        let signer = Address::from_private_key(&mallory);
        assert_eq!(refused, NotSigned::BySomeoneElse(signer));
    }

    #[test]
    fn an_order_altered_after_signing_names_none() {
        let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
        let mut order = order(Address::from_private_key(&wallet));
        let signature = sign(&wallet, &order.id().0);
        order.encryption_key = EncryptionKey::X25519([3; 32]);

        assert!(VerifiedOrder::check(order, &signature).is_err());
    }

    #[test]
    fn a_key_off_the_curve_is_no_recipient() {
        let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
        let mut order = order(Address::from_private_key(&wallet));
        order.encryption_key = EncryptionKey::Secp256k1 {
            parity: 2,
            x: [0xff; 32],
        };

        let refused = Recipient::of_order(&signed(order)).unwrap_err();

        assert_eq!(refused, BadRecipient::NotOnTheCurve);
    }
}

mod artefacts {
    use super::*;

    const SMALL: Cutter = Cutter { chunk: 8 };

    fn key() -> ArtefactKey {
        ArtefactKey::derive(&enclave(1), &TaskId([2; 32]))
    }

    fn signer() -> SigningKey {
        SigningKey::from_slice(&[9; 32]).unwrap()
    }

    fn small(plain: &[u8]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let sign = |tags: &ArtefactTagsDigest| Ok(TagSignature(sign(&signer(), &tags.0)));
        SMALL
            .seal(&key(), [0xff; 12], plain, &mut file, sign)
            .unwrap();
        file.into_inner()
    }

    fn open_small(file: &[u8]) -> Result<Vec<u8>, ArtefactError> {
        let mut out = Vec::new();
        let signer = Address::from_private_key(&signer());
        let opened = SMALL.open(&key(), signer, Cursor::new(file), &mut out);
        opened.map(|_summary| out)
    }

    #[test]
    fn the_key_of_a_task_is_the_same_after_the_disk_was_lost() {
        let (task, other) = (TaskId([2; 32]), TaskId([3; 32]));
        let again = ArtefactKey::derive(&enclave(1), &task);

        assert_eq!(**key().bytes(), **again.bytes());
        assert_ne!(
            **key().bytes(),
            **ArtefactKey::derive(&enclave(1), &other).bytes()
        );
        assert_ne!(
            **key().bytes(),
            **ArtefactKey::derive(&enclave(4), &task).bytes()
        );
    }

    #[test]
    fn two_sealings_under_one_key_draw_two_nonces() {
        let file = || {
            let mut file = Cursor::new(Vec::new());
            let sign = |_: &ArtefactTagsDigest| Ok::<_, std::io::Error>(TagSignature([0; 65]));
            seal_artefact(&key(), &b"x"[..], &mut file, &rng(), sign).unwrap();
            file.into_inner()
        };

        assert_ne!(file()[65..77], file()[65..77]);
    }

    #[test]
    fn what_was_sealed_opens_and_every_cut_is_refused() {
        for len in [1, 7, 8, 9, 16, 41] {
            let file = small(&text(len));

            assert_eq!(open_small(&file).unwrap(), text(len));
            for end in 0..file.len() {
                assert!(open_small(&file[..end]).is_err(), "{len} cut at {end}");
            }
        }
    }

    #[test]
    fn nothing_is_written_before_the_signature_held() {
        let mut file = small(&text(41));
        file[0] ^= 1;
        let mut out = Vec::new();
        let signer = Address::from_private_key(&signer());

        let error = SMALL
            .open(&key(), signer, Cursor::new(file), &mut out)
            .unwrap_err();

        assert!(matches!(error, ArtefactError::Signer(_)));
        assert!(out.is_empty());
    }

    #[test]
    fn every_altered_byte_is_refused_but_the_two_spellings_of_v() {
        let file = small(&text(20));

        for at in (0..file.len()).filter(|at| *at != 64) {
            let mut altered = file.clone();
            altered[at] ^= 0x80;
            assert!(open_small(&altered).is_err(), "byte {at}");
        }
        let mut other_v = file;
        other_v[64] = if other_v[64] >= 27 {
            other_v[64] - 27
        } else {
            other_v[64] + 27
        };
        assert!(open_small(&other_v).is_ok());
    }

    #[test]
    fn an_artefact_of_nothing_is_refused() {
        let sign = |_: &ArtefactTagsDigest| Ok::<_, std::io::Error>(TagSignature([0; 65]));
        let file = Cursor::new(Vec::new());

        let error = seal_artefact(&key(), &b""[..], file, &rng(), sign).unwrap_err();

        assert!(matches!(error, ArtefactError::Empty));
    }

    #[test]
    fn a_wrapped_key_opens_for_its_wallet_alone() {
        let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
        let customer = Address::from_private_key(&wallet);
        let proof = VerifiedWallet::check(&[1; 32], &sign(&wallet, &[1; 32]), customer).unwrap();
        let wrapped = wrap_key(&Recipient::of_wallet(&proof), &key(), &rng()).unwrap();

        let theirs = OpeningKey::secp256k1(&[5; 32]).unwrap();
        let others = OpeningKey::secp256k1(&[6; 32]).unwrap();

        let unwrapped = unwrap_key(&theirs, &wrapped.0).unwrap();
        assert_eq!(**unwrapped.bytes(), **key().bytes());
        assert!(matches!(
            unwrap_key(&others, &wrapped.0),
            Err(WrapError::NotOurs)
        ));
        assert!(matches!(
            unwrap_key(&theirs, &[]),
            Err(WrapError::Length(0))
        ));
    }

    #[test]
    fn a_result_key_is_wrapped_for_either_kind_of_key() {
        let task = TaskId([2; 32]);
        let x25519 = OpeningKey::own(&enclave(7));
        let secp256k1 = OpeningKey::secp256k1(&[5; 32]).unwrap();

        for with in [&x25519, &secp256k1] {
            let to = Recipient(with.public());
            let wrapped = wrap_result_key(&to, &task, &key(), &rng()).unwrap();

            let unwrapped = unwrap_result_key(with, &task, &wrapped).unwrap();
            assert_eq!(**unwrapped.bytes(), **key().bytes());
        }
    }

    #[test]
    fn an_x25519_wrap_is_bound_to_its_task() {
        let with = OpeningKey::own(&enclave(7));
        let to = Recipient(with.public());
        let wrapped = wrap_result_key(&to, &TaskId([2; 32]), &key(), &rng()).unwrap();

        assert!(unwrap_result_key(&with, &TaskId([3; 32]), &wrapped).is_err());
        assert!(unwrap_result_key(&with, &TaskId([2; 32]), &[]).is_err());
    }

    #[test]
    fn an_x25519_recipient_has_no_0g_wrap() {
        let refused = wrap_key(&Recipient::own(&enclave(1)), &key(), &rng());

        assert_eq!(refused.unwrap_err(), WrapError::NotSecp256k1);
    }
}

/// 0G's own bytes, as their client decrypts them.
mod recorded {
    use super::*;

    fn vectors() -> Option<serde_json::Value> {
        let path = crate::test_shared::path("vectors/0g.json")?;
        Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
    }

    fn bytes(value: &serde_json::Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap()
    }

    fn array<const N: usize>(value: &serde_json::Value) -> [u8; N] {
        bytes(value).try_into().unwrap()
    }

    fn artefact_key(vectors: &serde_json::Value) -> ArtefactKey {
        ArtefactKey::from_bytes(array(&vectors["artefact"]["aesKey"]).into())
    }

    fn tee(vectors: &serde_json::Value) -> SigningKey {
        SigningKey::from_slice(&bytes(&vectors["tee"]["key"])).unwrap()
    }

    fn seal_with(
        vectors: &serde_json::Value,
        nonce: [u8; 12],
        plain: &[u8],
    ) -> (Vec<u8>, ArtefactSummary) {
        let (key, tee) = (artefact_key(vectors), tee(vectors));
        let mut file = Cursor::new(Vec::new());
        let sign = |tags: &ArtefactTagsDigest| Ok(TagSignature(sign(&tee, &tags.0)));
        let cutter = Cutter {
            chunk: super::super::artefact::CHUNK_LEN,
        };
        let summary = cutter.seal(&key, nonce, plain, &mut file, sign).unwrap();
        (file.into_inner(), summary)
    }

    #[test]
    fn our_artefact_is_theirs_byte_for_byte() {
        let Some(vectors) = vectors() else { return };
        let case = &vectors["artefact"];
        let plain = case["plaintextUtf8"].as_str().unwrap().as_bytes();

        let (file, summary) = seal_with(&vectors, array(&case["nonce"]), plain);

        assert_eq!(hex::encode(&file), hex::encode(bytes(&case["file"])));
        assert_eq!(summary.tags.0, array::<32>(&case["tagsKeccak"]));
        assert_eq!(keccak256(&file).0, array::<32>(&case["fileKeccak"]));
    }

    #[test]
    fn their_artefact_opens() {
        let Some(vectors) = vectors() else { return };
        let case = &vectors["artefact"];
        let signer = Address::from_private_key(&tee(&vectors));
        let file = Cursor::new(bytes(&case["file"]));
        let mut plain = Vec::new();

        open_artefact(&artefact_key(&vectors), signer, file, &mut plain).unwrap();

        assert_eq!(plain, case["plaintextUtf8"].as_str().unwrap().as_bytes());
    }

    #[test]
    fn a_second_chunk_follows_a_wrapped_nonce() {
        let Some(vectors) = vectors() else { return };
        let len = (64 << 20) + 5;
        let mut plain = vec![0; len];
        for at in (0..len).step_by(4096) {
            plain[at] = (at >> 12) as u8;
        }

        let (file, summary) = seal_with(&vectors, [0xff; 12], &plain);

        let case = &vectors["artefactBig"];
        assert_eq!(summary.tags.0, array::<32>(&case["tagsKeccak"]));
        assert_eq!(file.len(), 77 + len + 32);
        let signer = Address::from_private_key(&tee(&vectors));
        let mut opened = Vec::new();
        open_artefact(
            &artefact_key(&vectors),
            signer,
            Cursor::new(file),
            &mut opened,
        )
        .unwrap();
        assert!(opened == plain);
    }

    #[test]
    fn our_key_wrap_is_theirs_byte_for_byte() {
        let Some(vectors) = vectors() else { return };
        let case = &vectors["ecies"];
        let task = &vectors["createTask"];
        let customer = vectors["user"]["address"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let wallet = VerifiedWallet::check(
            &array(&task["eip191_digest"]),
            &array(&task["signature"]),
            customer,
        )
        .unwrap();
        let ephemeral = k256::SecretKey::from_slice(&bytes(&case["ephemeralKey"])).unwrap();
        let recipient = k256::PublicKey::from_sec1_bytes(&bytes(&case["recipientPubkey"])).unwrap();

        let key = ArtefactKey::from_bytes(array(&case["plaintext"]).into());
        let to = Recipient::of_wallet(&wallet);
        let wrapped = wrap_with(&ephemeral, array(&case["nonce16"]), &to, &key).unwrap();

        let ciphertext = bytes(&case["ciphertext"]);
        assert_eq!(hex::encode(wrapped.0), hex::encode(&ciphertext));
        let shared = shared_key(&ciphertext[..65], &ephemeral, &recipient);
        assert_eq!(*shared, array::<32>(&case["hkdfKey"]));
        let theirs = OpeningKey::secp256k1(&array(&vectors["user"]["key"])).unwrap();
        assert_eq!(
            **unwrap_key(&theirs, &ciphertext).unwrap().bytes(),
            **key.bytes()
        );
    }
}

/// RFC 5869, appendix A.1 and A.3, the first block of output.
#[test]
fn hkdf_is_rfc_5869s() {
    let salt: Vec<u8> = (0..=12).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();

    let with_all = hkdf(&salt, &[0x0b; 22], &[&info]);
    let with_none = hkdf(b"", &[0x0b; 22], &[]);

    let first = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
    let third = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d";
    assert_eq!(hex::encode(with_all.as_ref()), first);
    assert_eq!(hex::encode(with_none.as_ref()), third);
}

fn sign(key: &SigningKey, digest: &[u8; 32]) -> [u8; 65] {
    let (signature, id) = key.sign_prehash_recoverable(digest).unwrap();
    let mut out = [0; 65];
    out[..64].copy_from_slice(&signature.to_bytes());
    out[64] = id.to_byte();
    out
}

fn signed(mut order: Order) -> VerifiedOrder {
    let wallet = SigningKey::from_slice(&[5; 32]).unwrap();
    order.customer = Address::from_private_key(&wallet);
    let signature = sign(&wallet, &order.id().0);
    VerifiedOrder::check(order, &signature).unwrap()
}

fn order(customer: Address) -> Order {
    let wallet = k256::SecretKey::from_slice(&[5; 32]).unwrap();
    Order {
        chain_id: 31337,
        contract: Address::repeat_byte(1),
        customer,
        provider: Provider::Any,
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: RecipeDigest([3; 32]),
        fee_max: Wei(U256::from(1)),
        deadline: deadline(),
        nonce: U256::ZERO,
        encryption_key: compressed(&wallet.public_key()),
        tier: Tier::Cpu,
        ack_window_secs: 60,
        penalty_bps: 0,
        compensation: Wei(U256::ZERO),
        resumable: false,
    }
}

fn deadline() -> Seconds {
    1_800_000_000
}

fn compressed(key: &k256::PublicKey) -> EncryptionKey {
    EncryptionKey::try_from(&key.to_sec1_bytes()[..]).unwrap()
}

//! 0G's artefacts and key wraps, on small chunks.

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

//! 0G's recorded vectors, byte for byte.

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

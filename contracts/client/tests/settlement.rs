//! The statements for the chain: 0G's digests and signatures, byte for byte.

#![allow(clippy::unwrap_used, reason = "a test")]
#![allow(clippy::print_stdout, reason = "what is left out is said")]

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use chain::{Release, Settlement, Wallet};
use proto::{Root, TaskId, Wei};
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

fn settlement() -> Settlement {
    Settlement {
        chain_id: 31337,
        contract: Address::repeat_byte(0xa5),
        id: "6b607314-88b0-4fef-91e7-43227a54de57".into(),
        encrypted_secret: Bytes::from_static(&[1, 2, 3, 4, 5]),
        root: Root([0xed; 32]),
        nonce: U256::from(17_600_000_000_000_040_u64),
        fee: Wei::from(10_000_000_000_001_234),
        customer: Address::repeat_byte(0x3c),
    }
}

/// EIP-712 written out by hand, from facts C.5.
fn domain_by_hand(name: &str, chain_id: u64, contract: Address) -> B256 {
    let kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let words = (
        keccak256(kind),
        keccak256(name),
        keccak256("1"),
        U256::from(chain_id),
        contract,
    );
    keccak256(words.abi_encode())
}

fn typed(domain: B256, message: B256) -> [u8; 32] {
    keccak256([&[0x19, 0x01], domain.as_slice(), message.as_slice()].concat()).0
}

#[test]
fn a_settlements_digest_is_the_one_written_out_by_hand() {
    let asked = settlement();
    let kind = "VerifierMessage(string id,bytes encryptedSecret,bytes modelRootHash,uint256 nonce,uint256 taskFee,address user)";
    let words = (
        keccak256(kind),
        keccak256(&asked.id),
        keccak256(&asked.encrypted_secret),
        keccak256(asked.root.0),
        asked.nonce,
        asked.fee.0,
        asked.customer,
    );

    let domain = domain_by_hand("0G Fine-Tuning Serving", asked.chain_id, asked.contract);

    assert_eq!(asked.digest(), typed(domain, keccak256(words.abi_encode())));
}

#[test]
fn a_releases_digest_is_the_one_written_out_by_hand() {
    let asked = Release {
        chain_id: 31337,
        contract: Address::repeat_byte(0xa5),
        task: TaskId([6; 32]),
        reason: 403,
    };
    let kind = keccak256("Release(bytes32 orderId,uint16 reason)");
    let words = (kind, B256::from(asked.task.0), U256::from(403));

    let domain = domain_by_hand("sealtune", asked.chain_id, asked.contract);

    assert_eq!(asked.digest(), typed(domain, keccak256(words.abi_encode())));
}

#[test]
fn every_field_of_a_settlement_decides_its_digest() {
    let base = settlement();
    let changes: [fn(&mut Settlement); 8] = [
        |s| s.chain_id += 1,
        |s| s.contract = Address::ZERO,
        |s| s.id.push('x'),
        |s| s.encrypted_secret = Bytes::new(),
        |s| s.root.0[31] ^= 1,
        |s| s.nonce += U256::ONE,
        |s| s.fee.0 += U256::ONE,
        |s| s.customer = Address::ZERO,
    ];

    let digests: std::collections::BTreeSet<_> = changes
        .iter()
        .map(|change| {
            let mut other = base.clone();
            change(&mut other);
            other.digest()
        })
        .chain([base.digest()])
        .collect();

    assert_eq!(digests.len(), changes.len() + 1);
}

#[test]
fn the_recorded_settlement_has_the_recorded_digest_and_signature() {
    let Some(vectors) = vectors() else {
        return;
    };
    let recorded = &vectors["settlement"];
    let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    let (domain, value) = (&recorded["domain"], &recorded["value"]);
    let mut settlement = Settlement {
        chain_id: domain["chainId"].as_u64().unwrap(),
        contract: text(domain, "verifyingContract").parse().unwrap(),
        id: text(value, "id"),
        encrypted_secret: text(value, "encryptedSecret").parse().unwrap(),
        root: text(value, "modelRootHash").parse().unwrap(),
        nonce: text(value, "nonce").parse().unwrap(),
        fee: Wei(text(value, "taskFee").parse().unwrap()),
        customer: text(value, "user").parse().unwrap(),
    };

    let digest = settlement.digest();
    assert_eq!(B256::from(digest).to_string(), text(recorded, "digest"));
    let signature = wallet(&text(&vectors["tee"], "key")).sign(&digest).unwrap();
    let signature = Bytes::copy_from_slice(&signature.to_bytes());
    assert_eq!(signature.to_string(), text(recorded, "signature"));

    settlement.encrypted_secret = Bytes::new();
    let without = text(recorded, "digest_when_unacknowledged_secret_empty");
    assert_eq!(B256::from(settlement.digest()).to_string(), without);
}

fn wallet(key: &str) -> Wallet {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), key).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o600)).unwrap();
    Wallet::open(file.path(), None).unwrap()
}

/// The shared vectors folder, beside the repository or where the variable says.
#[allow(
    clippy::disallowed_methods,
    reason = "where the vectors lie is the machine's affair"
)]
fn vectors() -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var("SEALTUNE_SHARED").map_or(beside, PathBuf::from);
    let file = shared.join("vectors/0g.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("LEFT OUT: {} is not there", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

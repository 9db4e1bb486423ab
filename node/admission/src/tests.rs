//! One order that is admitted, and each way to spoil it.

use super::*;
use k256::ecdsa::SigningKey;
use proto::{
    Address, EncryptionKey, Order, Provider, Reason, Root, Signature, SignedOrder, Tier, U256, Wei,
};

const RECIPE: &[u8] = br#"{"base_model":"tiny","gradient_accumulation_steps":4,"lora_r":16,"micro_batch_size":1,"num_epochs":2,"sequence_len":128}"#;
const NOW: u64 = 1_000;
const US: Address = Address::repeat_byte(1);
const MARKET: Address = Address::repeat_byte(2);

/// An order and everything it is judged by.
struct Case {
    order: Order,
    recipe: Vec<u8>,
    terms: Terms,
    situation: Situation,
    signer: SigningKey,
}

fn customer() -> SigningKey {
    SigningKey::from_slice(&[9; 32]).unwrap()
}

fn sign(key: &SigningKey, digest: &[u8; 32]) -> Signature {
    let (signature, recovery) = key.sign_prehash_recoverable(digest).unwrap();
    let mut bytes = [recovery.to_byte(); 65];
    bytes[..64].copy_from_slice(&signature.to_bytes());
    Signature::try_from(bytes.as_slice()).unwrap()
}

fn case() -> Case {
    let order = Order {
        chain_id: 31_337,
        contract: MARKET,
        customer: Address::from_private_key(&customer()),
        provider: Provider::Only(US),
        base_model: Root([1; 32]),
        dataset: Root([2; 32]),
        recipe: recipe_digest(RECIPE),
        fee_max: Wei::from(10_000),
        deadline: NOW + 200,
        nonce: U256::ZERO,
        encryption_key: EncryptionKey::X25519([4; 32]),
        tier: Tier::Cpu,
        ack_window_secs: 3_600,
        penalty_bps: 2_000,
        compensation: Wei::from(5),
        resumable: false,
    };
    Case {
        order,
        recipe: RECIPE.to_vec(),
        terms: terms(),
        situation: situation(),
        signer: customer(),
    }
}

fn terms() -> Terms {
    Terms {
        chain_id: 31_337,
        market: MARKET,
        provider: US,
        models: [Root([1; 32])].into(),
        tier: Tier::Cpu,
        price: Price(Wei::from(10)),
        fee_least: Wei::from(100),
        recipe: RecipeLimits {
            sequence_len_max: 128,
            rows_per_step_max: 4,
            epochs_max: 2,
            steps_max: 100,
            lora_r_max: 16,
        },
        compensation_max: Wei::from(5),
        ack_window_secs_max: 3_600,
        penalty_bps_min: 2_000,
        tasks_max: 4,
        customer_tasks_max: 2,
        overhead_secs: 100,
    }
}

fn situation() -> Situation {
    Situation {
        now: NOW,
        is_draining: false,
        breaker_is_open: false,
        open_tasks: 3,
        open_of_customer: 1,
        secs_ahead: 0,
        tokens_per_sec: 10,
        dataset_bytes: None,
    }
}

impl Case {
    fn judged(&self) -> Result<u64, Reason> {
        let signature = sign(&self.signer, self.order.id().as_bytes());
        let signed = SignedOrder {
            order: self.order.clone(),
            signature,
        };
        let knocking = Knocking {
            signed: &signed,
            recipe: &self.recipe,
            terms: &self.terms,
            situation: self.situation,
        };
        at_the_door(&knocking).map(|admitted| admitted.tokens_max)
    }

    fn with_recipe(mut self, from: &str, to: &str) -> Self {
        let recipe = String::from_utf8(self.recipe).unwrap();
        assert!(recipe.contains(from));
        self.recipe = recipe.replace(from, to).into_bytes();
        self.order.recipe = recipe_digest(&self.recipe);
        self
    }
}

/// The case is admitted as it is, and refused with this reason once it is spoilt.
fn refused(reason: Reason, spoil: impl FnOnce(&mut Case)) {
    let mut case = case();
    assert_eq!(case.judged(), Ok(1_000));

    spoil(&mut case);

    assert_eq!(case.judged(), Err(reason));
}

#[test]
fn an_order_signed_by_somebody_else_is_refused() {
    let other = SigningKey::from_slice(&[8; 32]).unwrap();
    refused(Reason::SignatureInvalid, |case| case.signer = other);
}

#[test]
fn an_order_for_another_chain_or_contract_is_refused() {
    refused(Reason::WrongChain, |case| case.order.chain_id = 1);
    refused(Reason::WrongChain, |case| {
        case.order.contract = Address::ZERO;
    });
}

#[test]
fn an_order_for_another_provider_is_refused_and_one_for_anybody_taken() {
    refused(Reason::WrongProvider, |case| {
        case.order.provider = Provider::Only(MARKET);
    });
    let mut anybody = case();
    anybody.order.provider = Provider::Any;
    assert!(anybody.judged().is_ok());
}

#[test]
fn a_recipe_that_is_not_the_orders_or_none_at_all_is_refused() {
    refused(Reason::RecipeInvalid, |case| case.recipe.push(b' '));
    let no_rows = case().with_recipe("\"micro_batch_size\":1", "\"micro_batch_size\":0");
    assert_eq!(no_rows.judged(), Err(Reason::RecipeInvalid));
    let missing = case().with_recipe("\"lora_r\":16,", "");
    assert_eq!(missing.judged(), Err(Reason::RecipeInvalid));
}

#[test]
fn each_limit_of_a_recipe_is_kept() {
    let over = [
        ("\"sequence_len\":128", "\"sequence_len\":129"),
        ("\"micro_batch_size\":1", "\"micro_batch_size\":2"),
        ("\"num_epochs\":2", "\"num_epochs\":2.01"),
        ("\"num_epochs\":2", "\"max_steps\":101,\"num_epochs\":2"),
        ("\"lora_r\":16", "\"lora_r\":17"),
    ];
    for (from, to) in over {
        let judged = case().with_recipe(from, to).judged();
        assert_eq!(judged, Err(Reason::RecipeOverLimit), "{to}");
    }
}

#[test]
fn a_model_that_is_not_offered_is_refused() {
    refused(Reason::ModelNotOffered, |case| {
        case.order.base_model = Root([9; 32]);
    });
}

#[test]
fn a_tier_above_what_is_proven_is_refused() {
    refused(Reason::TierNotMet, |case| {
        case.order.tier = Tier::CpuAndGpu;
    });
}

#[test]
fn a_key_that_is_no_point_is_refused() {
    refused(Reason::KeyInvalid, |case| {
        // x = 5 has no point on secp256k1.
        let mut x = [0; 32];
        x[31] = 5;
        case.order.encryption_key = EncryptionKey::Secp256k1 { parity: 2, x };
    });
}

#[test]
fn terms_outside_what_is_accepted_are_refused() {
    refused(Reason::TermsNotAccepted, |case| {
        case.order.compensation = Wei::from(6);
    });
    refused(Reason::TermsNotAccepted, |case| {
        case.order.ack_window_secs = 3_601;
    });
    refused(Reason::TermsNotAccepted, |case| {
        case.order.penalty_bps = 1_999;
    });
}

#[test]
fn an_order_whose_deadline_passed_is_refused() {
    refused(Reason::DeadlinePassed, |case| case.order.deadline = NOW);
}

#[test]
fn a_deadline_that_cannot_be_met_at_the_measured_speed_is_refused() {
    refused(Reason::DeadlineTooTight, |case| case.order.deadline -= 1);
    refused(Reason::DeadlineTooTight, |case| {
        case.situation.tokens_per_sec = 9;
    });
    refused(Reason::DeadlineTooTight, |case| {
        case.situation.secs_ahead = 1;
    });
}

#[test]
fn a_fee_below_the_least_or_below_one_token_is_refused() {
    refused(Reason::FeeTooLow, |case| case.order.fee_max = Wei::from(99));
    refused(Reason::FeeTooLow, |case| {
        case.terms.price = Price(Wei::from(10_001));
    });
}

#[test]
fn a_node_that_drains_says_so() {
    refused(Reason::Draining, |case| case.situation.is_draining = true);
}

#[test]
fn an_open_breaker_refuses() {
    refused(Reason::BreakerOpen, |case| {
        case.situation.breaker_is_open = true;
    });
}

#[test]
fn a_full_queue_refuses() {
    refused(Reason::TooBusy, |case| case.situation.open_tasks = 4);
}

#[test]
fn a_customer_who_has_her_share_is_refused() {
    refused(Reason::CustomerQuota, |case| {
        case.situation.open_of_customer = 2;
    });
}

#[test]
fn the_work_of_an_order_is_bounded_by_money_recipe_and_data() {
    let mut by_data = case();
    by_data.situation.dataset_bytes = Some(300);
    assert_eq!(by_data.judged(), Ok(600));

    let by_recipe = case().with_recipe("\"num_epochs\":2", "\"max_steps\":1,\"num_epochs\":2");
    assert_eq!(by_recipe.judged(), Ok(512));
}

#[test]
fn what_the_chain_knows_is_judged_each_with_its_reason() {
    let fine = OnChain {
        reserved: Reserved::Yes,
        signer_is_accepted: true,
        bond_covers: true,
    };
    let reserved = |reserved| OnChain { reserved, ..fine };

    assert_eq!(on_chain(fine), Ok(()));
    let spoilt = [
        (reserved(Reserved::NotYet), Reason::FundsNotReserved),
        (reserved(Reserved::Over), Reason::FundsNotReserved),
        (reserved(Reserved::NonceUsed), Reason::NonceUsed),
        (reserved(Reserved::TakenByAnother), Reason::WrongProvider),
        (
            OnChain {
                signer_is_accepted: false,
                ..fine
            },
            Reason::SignerNotAcknowledged,
        ),
        (
            OnChain {
                bond_covers: false,
                ..fine
            },
            Reason::TermsNotAccepted,
        ),
    ];
    for (known, reason) in spoilt {
        assert_eq!(on_chain(known), Err(reason));
    }
}

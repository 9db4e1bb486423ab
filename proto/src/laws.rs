//! What must hold for every message, and how to make any of them.

use crate::bounded::{Blob, Finite, List, Text};
use crate::broker::PageCount;
use crate::limits::{ELEMENTS_MAX, PAGE_COUNT_MAX};
use crate::{
    BootId, CallError, ChallengeNonce, Digest, EncryptionKey, Fence, Malformed, Message, Permit,
    Provider, PublicKey, Reason, RecipeDigest, Root, Scope, Signature, SignedPermit, TaskId, U256,
    Wei, wire,
};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::fmt::Debug;

/// Bytes somebody spoilt: where, and how.
#[derive(Clone, Debug)]
enum Spoil {
    Set(Index, u8),
    Cut(Index),
    Insert(Index, u8),
    Repeat(Index),
}

/// How much a message's lists may take in memory while it is unchecked.
const UNCHECKED_BYTES_MAX: usize = 16 * 1024 * 1024;

fn comes_back_from_its_bytes<M: Message + Clone + PartialEq + Debug>(message: M) {
    let bytes = message.clone().encode();

    assert!(bytes.len() <= M::BYTES_MAX, "{} bytes", bytes.len());
    assert_eq!(M::decode(bytes), Ok(message));
}

fn comes_back_from_its_wire_form<M: Message + Clone + PartialEq + Debug>(message: M)
where
    M::Wire: Clone + PartialEq + Debug,
{
    let wire: M::Wire = message.into();

    let checked = M::try_from(wire.clone()).expect("a wire form made of a checked one");

    assert_eq!(checked.into(), wire);
}

fn comes_back_from_its_json<M>(message: &M)
where
    M: PartialEq + Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    let json = serde_json::to_string(message).expect("every message has a JSON form");

    assert_eq!(&serde_json::from_str::<M>(&json).expect(&json), message);
}

/// Foreign bytes are refused, or they are a message that comes back from its own bytes.
fn is_refused_or_settles<M: Message + Clone + PartialEq + Debug>(bytes: Vec<u8>) {
    let read: Result<M, Malformed> = M::decode(bytes.into());
    if let Ok(message) = read {
        comes_back_from_its_bytes(message);
    }
}

fn spoilt(bytes: &Bytes, spoils: Vec<Spoil>) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for spoil in spoils {
        let size = bytes.len() + 1;
        match spoil {
            Spoil::Set(at, byte) => {
                if let Some(place) = bytes.get_mut(at.index(size)) {
                    *place = byte;
                }
            }
            Spoil::Cut(at) => bytes.truncate(at.index(size)),
            Spoil::Insert(at, byte) => bytes.insert(at.index(size), byte),
            Spoil::Repeat(at) => bytes.extend_from_within(at.index(size)..),
        }
    }
    bytes
}

fn any_spoils() -> impl Strategy<Value = Vec<Spoil>> {
    let spoil = prop_oneof![
        4 => any::<(Index, u8)>().prop_map(|(at, byte)| Spoil::Set(at, byte)),
        1 => any::<Index>().prop_map(Spoil::Cut),
        2 => any::<(Index, u8)>().prop_map(|(at, byte)| Spoil::Insert(at, byte)),
        1 => any::<Index>().prop_map(Spoil::Repeat),
    ];
    prop::collection::vec(spoil, 1..4)
}

/// Bytes that look like protobuf more often than chance would have it.
fn any_foreign_bytes() -> impl Strategy<Value = Vec<u8>> {
    let field = (1u8..16, 0u8..6, prop::collection::vec(any::<u8>(), 0..40)).prop_map(
        |(number, kind, content)| {
            let size = u8::try_from(content.len()).expect("under 40");
            [vec![(number << 3) | kind, size], content].concat()
        },
    );
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(field, 0..12).prop_map(|fields| fields.concat()),
    ]
}

macro_rules! laws {
    ($($test:ident: $ty:ty,)+) => {
        $(mod $test {
            use super::*;

            proptest! {
                #[test]
                fn comes_back_from_its_bytes(message: $ty) {
                    super::comes_back_from_its_bytes(message);
                }

                #[test]
                fn comes_back_from_its_wire_form(message: $ty) {
                    super::comes_back_from_its_wire_form(message);
                }

                #[test]
                fn comes_back_from_its_json(message: $ty) {
                    super::comes_back_from_its_json(&message);
                }

                #[test]
                fn foreign_bytes_never_panic(bytes in any_foreign_bytes()) {
                    is_refused_or_settles::<$ty>(bytes);
                }

                #[test]
                fn spoilt_bytes_never_panic(message: $ty, spoils in any_spoils()) {
                    is_refused_or_settles::<$ty>(spoilt(&message.encode(), spoils));
                }
            }

            #[test]
            fn is_small_before_it_is_checked() {
                let wire = size_of::<<$ty as Message>::Wire>();
                assert!(wire * ELEMENTS_MAX <= UNCHECKED_BYTES_MAX, "{wire} bytes each");
            }
        })+

        fn names() -> Vec<String> {
            let mut names = vec![$(<<$ty as Message>::Wire as prost::Name>::full_name()),+];
            names.sort();
            names
        }
    };
}

laws! {
    order: crate::Order,
    signed_order: crate::SignedOrder,
    submission: crate::Submission,
    permit: SignedPermit,
    task_status: crate::task::TaskStatus,
    phase: crate::task::Phase,
    artefact: crate::task::Artefact,
    outcome: crate::task::Outcome,
    refusal: crate::task::Refusal,
    task_event: crate::task::TaskEvent,
    log_line: crate::task::LogLine,
    log_lines: crate::task::LogLines,
    train_plan: crate::training::TrainPlan,
    device: crate::training::Device,
    cpu: crate::training::Cpu,
    cuda: crate::training::Cuda,
    progress: crate::training::Progress,
    transfer: crate::training::Transfer,
    step: crate::training::Step,
    evaluation: crate::training::Evaluation,
    checkpoint: crate::training::Checkpoint,
    gpu_reading: crate::training::GpuReading,
    evidence: crate::attestation::Evidence,
    cpu_evidence: crate::attestation::CpuEvidence,
    snp_evidence: crate::attestation::SnpEvidence,
    tdx_evidence: crate::attestation::TdxEvidence,
    gpu_evidence: crate::attestation::GpuEvidence,
    boot_bundle: crate::attestation::BootBundle,
    attest_request: crate::attestation::AttestRequest,
    challenge_request: crate::attestation::ChallengeRequest,
    challenge_reply: crate::attestation::ChallengeReply,
    liveness_request: crate::attestation::LivenessRequest,
    liveness_reply: crate::attestation::LivenessReply,
    blob_query: crate::blob::BlobQuery,
    blob_state: crate::blob::BlobState,
    blob_upload: crate::blob::BlobUpload,
    blob_header: crate::blob::BlobHeader,
    blob_range: crate::blob::BlobRange,
    blob_piece: crate::blob::BlobPiece,
    dispatch_request: crate::node::DispatchRequest,
    dispatch_reply: crate::node::DispatchReply,
    cancel_request: crate::node::CancelRequest,
    get_request: crate::node::GetRequest,
    watch_request: crate::node::WatchRequest,
    logs_request: crate::node::LogsRequest,
    status_request: crate::node::StatusRequest,
    node_status: crate::node::NodeStatus,
    node_state: crate::node::NodeState,
    halt: crate::node::Halt,
    drain_request: crate::node::DrainRequest,
    offer: crate::node::Offer,
    model_offer: crate::node::ModelOffer,
    gpu: crate::node::Gpu,
    submit_request: crate::broker::SubmitRequest,
    submit_reply: crate::broker::SubmitReply,
    estimate_request: crate::broker::EstimateRequest,
    estimate_reply: crate::broker::EstimateReply,
    quote: crate::broker::Quote,
    list_request: crate::broker::ListRequest,
    list_reply: crate::broker::ListReply,
    nodes_request: crate::broker::NodesRequest,
    nodes_reply: crate::broker::NodesReply,
    node_listing: crate::broker::NodeListing,
    judgement: crate::broker::Judgement,
    node_message: crate::broker::NodeMessage,
    announcement: crate::broker::Announcement,
    heartbeat: crate::broker::Heartbeat,
    farewell: crate::broker::Farewell,
    broker_message: crate::broker::BrokerMessage,
    welcome: crate::broker::Welcome,
    request: crate::broker::Request,
    answer: crate::broker::Answer,
    end_of_logs: crate::broker::EndOfLogs,
    failure: crate::broker::Failure,
    dismissal: crate::broker::Dismissal,
}

#[test]
fn the_laws_cover_every_message() {
    let descriptors: prost_types::FileDescriptorSet =
        prost::Message::decode(wire::FILE_DESCRIPTOR_SET).expect("the build wrote it");
    let files = descriptors.file.iter();
    let ours = files.filter(|file| file.package() == "sealtune.v1");
    let messages = ours.flat_map(|file| &file.message_type);
    let mut declared: Vec<_> = messages
        .map(|message| format!("sealtune.v1.{}", message.name()))
        .collect();
    declared.sort();

    assert_eq!(declared, names());
}

/// An arbitrary value, for types that stand elsewhere.
macro_rules! arbitrary {
    ([$($bound:tt)*] $name:ty: $strategy:expr) => {
        impl<$($bound)*> Arbitrary for $name {
            type Parameters = ();
            type Strategy = BoxedStrategy<Self>;

            fn arbitrary_with((): ()) -> BoxedStrategy<Self> {
                $strategy.boxed()
            }
        }
    };
}

arbitrary! { [const MAX: usize] Text<MAX>: "\\PC{0,24}".prop_map(|text| Self::fitted(&text)) }
arbitrary! { [const MAX: usize, const MIN: usize] Blob<MAX, MIN>: {
    let sizes = MIN..=MAX.min(MIN + 40);
    prop::collection::vec(any::<u8>(), sizes)
        .prop_map(|bytes| Self::new(bytes).expect("within its sizes"))
} }
arbitrary! { [T: Arbitrary + 'static, const MAX: usize] List<T, MAX>: {
    prop::collection::vec(any::<T>(), 0..=MAX.min(3))
        .prop_map(|elements| Self::new(elements).expect("within its count"))
} }
arbitrary! { [] Finite: {
    use prop::num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};
    (NORMAL | SUBNORMAL | ZERO | POSITIVE | NEGATIVE)
        .prop_map(|figure| Self::new(figure).expect("finite"))
} }
arbitrary! { [] TaskId: any::<[u8; 32]>().prop_map(Self) }
arbitrary! { [] Root: any::<[u8; 32]>().prop_map(Self) }
arbitrary! { [] Digest: any::<[u8; 32]>().prop_map(Self) }
arbitrary! { [] RecipeDigest: any::<[u8; 32]>().prop_map(Self) }
arbitrary! { [] ChallengeNonce: any::<[u8; 32]>().prop_map(Self) }
arbitrary! { [] BootId: any::<[u8; 16]>().prop_map(Self) }
arbitrary! { [] Fence: any::<u64>().prop_map(Self) }
arbitrary! { [] Wei: any::<U256>().prop_map(Self) }
arbitrary! { [] Reason: select(Self::ALL) }
arbitrary! { [] CallError: select(Self::ALL) }
arbitrary! { [] PageCount:
    (1..=PAGE_COUNT_MAX).prop_map(|count| Self::try_from(count).expect("in range"))
}
arbitrary! { [] Provider:
    any::<Option<crate::Address>>().prop_map(|only| only.map_or(Self::Any, Self::from))
}
arbitrary! { [] Scope:
    any::<Option<TaskId>>().prop_map(|task| task.map_or(Self::AllTasks, Self::Task))
}
arbitrary! { [] EncryptionKey: prop_oneof![
    any::<[u8; 32]>().prop_map(Self::X25519),
    (2u8..=3, any::<[u8; 32]>()).prop_map(|(parity, x)| Self::Secp256k1 { parity, x }),
] }
arbitrary! { [] PublicKey: (2u8..=3, any::<[u8; 32]>()).prop_map(|(parity, x)| {
    Self::try_from([vec![parity], x.to_vec()].concat().as_slice()).expect("33 bytes")
}) }
arbitrary! { [] Signature: (any::<U256>(), any::<U256>(), 27u8..=28).prop_map(|(r, s, v): (U256, U256, u8)| {
    // Two bits less than the group's order has, and not zero.
    let [r, s] = [r, s].map(|number: U256| (number.wrapping_shr(2) | U256::ONE).to_be_bytes::<32>());
    Self::try_from([&r[..], &s[..], &[v]].concat().as_slice()).expect("in range")
}) }
arbitrary! { [] Permit:
    any::<((u64, crate::Address), (crate::Address, crate::Action), Scope, u64)>().prop_map(
        |((chain_id, contract), (customer, action), scope, expires)| Self {
            chain_id, contract, customer, action, scope, expires,
        },
    )
}
arbitrary! { [] SignedPermit: any::<(Permit, Signature)>()
    .prop_map(|(permit, signature)| Self { permit, signature })
}

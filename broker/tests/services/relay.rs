//! Sealed blobs through the broker: resumed, checked, bounded.

use crate::customer::{CHAIN_ID, Customer};
use crate::house::House;
use proto::blob::{BlobHeader, BlobQuery, BlobRange, BlobState, BlobUpload};
use proto::grpc::call_error;
use proto::{Action, Blob, CallError, Root, Scope, SignedPermit, wire};
use storage::id::root_of;

fn content() -> Vec<u8> {
    (0..300_000_u32).map(|byte| byte.to_le_bytes()[0]).collect()
}

fn root() -> Root {
    root_of(content().as_slice()).unwrap().root
}

fn header(offset: u64, permit: Option<SignedPermit>) -> BlobHeader {
    BlobHeader {
        root: root(),
        size_bytes: 300_000,
        offset,
        permit,
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as the header has it")]
fn may(customer: &Customer) -> Option<SignedPermit> {
    Some(customer.permit(Action::Upload, Scope::AllTasks, u64::MAX))
}

async fn put(house: &House, header: BlobHeader, data: &[u8]) -> Result<BlobState, CallError> {
    let mut messages = vec![BlobUpload::Header(header)];
    let pieces = data
        .chunks(65_536)
        .map(|piece| Blob::try_from(piece).unwrap());
    messages.extend(pieces.map(BlobUpload::Data));
    let messages: Vec<wire::BlobUpload> = messages.into_iter().map(Into::into).collect();
    let put = house.client().blob_put(tokio_stream::iter(messages)).await;
    let put = put.map_err(|status| call_error(&status).unwrap())?;
    Ok(put.into_inner().try_into().unwrap())
}

async fn stat(house: &House) -> Result<BlobState, CallError> {
    let asked = wire::BlobQuery::from(BlobQuery { root: root() });
    let told = house.client().blob_stat(asked).await;
    let told = told.map_err(|status| call_error(&status).unwrap())?;
    Ok(told.into_inner().try_into().unwrap())
}

#[tokio::test]
async fn a_blob_that_broke_off_goes_on_and_comes_out_whole() {
    let (house, customer) = (House::open().await, Customer::number(1));

    let begun = put(&house, header(0, may(&customer)), &content()[..100_000]).await;
    assert_eq!(begun.unwrap().held_bytes, 100_000);
    let wrong = put(&house, header(0, may(&customer)), &content()).await;
    assert_eq!(wrong, Err(CallError::BlobOffsetWrong));
    let rest = put(
        &house,
        header(100_000, may(&customer)),
        &content()[100_000..],
    )
    .await;
    assert!(rest.unwrap().complete);

    let range = BlobRange {
        root: root(),
        offset: 5,
    };
    let pieces = house.client().blob_get(wire::BlobRange::from(range)).await;
    let mut pieces = pieces.unwrap().into_inner();
    let mut fetched = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        fetched.extend_from_slice(&piece.data);
    }
    assert_eq!(fetched, content()[5..]);
}

#[tokio::test]
async fn what_is_not_what_it_was_announced_as_is_dropped() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut changed = content();
    changed[7] ^= 1;

    let put = put(&house, header(0, may(&customer)), &changed).await;

    assert_eq!(put, Err(CallError::BlobMismatch));
    assert_eq!(stat(&house).await, Err(CallError::BlobUnknown));
}

#[tokio::test]
async fn nobody_puts_without_a_permit_or_beyond_the_quota() {
    let (house, customer) = (House::open().await, Customer::number(1));

    let put_with = async |header| put(&house, header, &content()).await;
    assert_eq!(
        put_with(header(0, None)).await,
        Err(CallError::PermitMissing)
    );
    let mut elsewhere = may(&customer);
    if let Some(permit) = &mut elsewhere {
        permit.permit.chain_id = CHAIN_ID + 1;
    }
    assert!(put_with(header(0, elsewhere)).await.is_err());
    let huge = BlobHeader {
        size_bytes: 2 << 20,
        ..header(0, may(&customer))
    };
    assert_eq!(put_with(huge).await, Err(CallError::BlobTooLarge));
    let others = BlobHeader {
        root: Root([7; 32]),
        size_bytes: 1 << 20,
        ..header(0, may(&customer))
    };
    put(&house, others, &[1]).await.unwrap();
    assert_eq!(
        put_with(header(0, may(&customer))).await,
        Err(CallError::QuotaExceeded)
    );
}

#[tokio::test]
async fn more_than_was_announced_is_not_taken() {
    let (house, customer) = (House::open().await, Customer::number(1));
    let mut longer = content();
    longer.push(1);

    let put = put(&house, header(0, may(&customer)), &longer).await;

    assert_eq!(put, Err(CallError::BlobTooLarge));
}

#[tokio::test]
async fn what_nobody_fetches_in_time_is_dropped() {
    let (house, customer) = (House::open().await, Customer::number(1));
    put(&house, header(0, may(&customer)), &content())
        .await
        .unwrap();
    house.pass(8 * 24 * 3_600);

    assert_eq!(house.service.desk.relay.sweep().await, 1);

    assert_eq!(stat(&house).await, Err(CallError::BlobUnknown));
}

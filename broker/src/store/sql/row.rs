//! Fields of rows: numbers, bytes, and small things kept as JSON.

use crate::store::StoreError;
use proto::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;
use sqlx::{Any, Decode, Row, Type};

/// A number as both databases keep it. What is beyond their range is for ever.
pub(super) fn amount(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn number(row: &AnyRow, name: &'static str) -> Result<u64, StoreError> {
    let kept: i64 = field(row, name)?;
    u64::try_from(kept).map_err(|_range| StoreError::Unreadable(name))
}

pub(super) fn field<'r, T>(row: &'r AnyRow, name: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Any> + Type<Any>,
{
    Ok(row.try_get(name)?)
}

pub(super) fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_json| StoreError::Unreadable("value"))
}

pub(super) fn parsed<T: DeserializeOwned>(
    row: &AnyRow,
    name: &'static str,
) -> Result<T, StoreError> {
    let text: String = field(row, name)?;
    serde_json::from_str(&text).map_err(|_json| StoreError::Unreadable(name))
}

/// A message kept as its bytes, where there is one.
pub(super) fn message<M: Message>(
    row: &AnyRow,
    name: &'static str,
) -> Result<Option<M>, StoreError> {
    let bytes: Option<Vec<u8>> = field(row, name)?;
    let read = |bytes: Vec<u8>| M::decode(bytes.into());
    let message = bytes.map(read).transpose();
    message.map_err(|_malformed| StoreError::Unreadable(name))
}

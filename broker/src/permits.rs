//! Whether a permit lets its bearer do something in its customer's name.

use crate::market::Market;
use proto::{Action, Address, CallError, Permit, Seconds, SignedPermit, TaskId};

/// Refuses unless the customer of this task allows the action, now, for this market.
pub fn for_task(
    permit: Option<&SignedPermit>,
    action: Action,
    (task, customer): (TaskId, Address),
    market: Market,
    now: Seconds,
) -> Result<(), CallError> {
    let permit = signed(permit, market, now)?;
    let allowed = permit.customer == customer && permit.allows(action, task, now);
    allowed.then_some(()).ok_or(CallError::PermitInsufficient)
}

/// The customer who allows the action for all her tasks.
pub fn for_all(
    permit: Option<&SignedPermit>,
    action: Action,
    market: Market,
    now: Seconds,
) -> Result<Address, CallError> {
    let permit = signed(permit, market, now)?;
    let allowed = permit.action == action && permit.scope == proto::Scope::AllTasks;
    allowed
        .then_some(permit.customer)
        .ok_or(CallError::PermitInsufficient)
}

/// The customer who allows blobs to be put, for one task or for all.
pub fn for_upload(
    permit: Option<&SignedPermit>,
    market: Market,
    now: Seconds,
) -> Result<Address, CallError> {
    let permit = signed(permit, market, now)?;
    let allowed = permit.action == Action::Upload;
    allowed
        .then_some(permit.customer)
        .ok_or(CallError::PermitInsufficient)
}

fn signed(
    permit: Option<&SignedPermit>,
    market: Market,
    now: Seconds,
) -> Result<Permit, CallError> {
    let signed = permit.ok_or(CallError::PermitMissing)?;
    let permit = *signed
        .verify()
        .map_err(|_not_binding| CallError::PermitInvalid)?;
    if permit.chain_id != market.chain_id || permit.contract != market.contract {
        return Err(CallError::PermitInsufficient);
    }
    if now >= permit.expires {
        return Err(CallError::PermitExpired);
    }
    Ok(permit)
}

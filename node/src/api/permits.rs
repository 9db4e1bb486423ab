//! Whether a permit lets its bearer do this with this task.

use proto::{Action, CallError, Order, Seconds, SignedPermit, TaskId};

/// Refuses unless the task's customer allows the action, now, for the market of her order.
pub(super) fn check(
    permit: Option<&SignedPermit>,
    action: Action,
    (task, order): (TaskId, &Order),
    now: Seconds,
) -> Result<(), CallError> {
    let signed = permit.ok_or(CallError::PermitMissing)?;
    let permit = signed
        .verify()
        .map_err(|_not_binding| CallError::PermitInvalid)?;
    let hers = permit.customer == order.customer;
    let same_market = permit.chain_id == order.chain_id && permit.contract == order.contract;
    if !hers || !same_market {
        return Err(CallError::PermitInsufficient);
    }
    if now >= permit.expires {
        return Err(CallError::PermitExpired);
    }
    if !permit.allows(action, task, now) {
        return Err(CallError::PermitInsufficient);
    }
    Ok(())
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "../interfaces/IFineTuningTypes.sol";
import {Amounts} from "./Amounts.sol";
import {Limits} from "./Limits.sol";

/// One customer's money at one provider. Always `pendingRefund + reserved <= balance`.
struct Account {
    uint128 balance;
    uint128 pendingRefund;
    address user;
    bool acknowledged;
    /// How many of `refunds` count, from the front.
    uint8 refundCount;
    uint8 ringHead;
    uint8 ringCount;
    address provider;
    /// What open orders may cost.
    uint96 reserved;
    uint256 nonce;
    string additionalInfo;
    PendingRefund[] refunds;
    /// The last deliverables without an order, by the hash of their ids.
    bytes32[20] ring;
}

struct PendingRefund {
    uint128 amount;
    uint64 createdAt;
}

library Accounts {
    function exists(Account storage account) internal view returns (bool) {
        return account.user != address(0);
    }

    /// What no order has reserved.
    function unreserved(Account storage account) internal view returns (uint256) {
        return account.balance - account.reserved;
    }

    function credit(Account storage account, uint256 amount) internal {
        account.balance = Amounts.to128(account.balance + amount);
    }

    /// Pays out of the account, out of pending refunds too.
    function debit(Account storage account, uint256 amount) internal {
        account.balance = Amounts.to128(account.balance - amount);
        fitRefunds(account);
    }

    function reserve(Account storage account, uint256 amount) internal {
        account.reserved += uint96(amount);
        fitRefunds(account);
    }

    function unreserve(Account storage account, uint256 amount) internal {
        account.reserved -= uint96(amount);
    }

    /// Asks for all that is neither asked for nor reserved; says which entry of the list stands for it.
    function requestRefund(Account storage account) internal returns (uint256 index) {
        uint256 amount = unreserved(account) - account.pendingRefund;
        uint256 count = account.refundCount;
        if (amount == 0) return count == 0 ? 0 : count - 1;
        if (count == Limits.MAX_REFUNDS) revert IFineTuningTypes.TooManyRefunds(account.user, account.provider);
        PendingRefund memory entry = PendingRefund(uint128(amount), uint64(block.timestamp));
        // Entries that do not count any more are written over: that is cheaper than clearing them.
        if (count < account.refunds.length) account.refunds[count] = entry;
        else account.refunds.push(entry);
        account.refundCount = uint8(count + 1);
        account.pendingRefund += uint128(amount);
        return count;
    }

    /// Takes what is older than `lockTime` out of the account.
    function takeMatured(Account storage account, uint256 lockTime) internal returns (uint256 amount) {
        uint256 count = account.refundCount;
        uint256 kept = 0;
        for (uint256 i = 0; i < count; ++i) {
            PendingRefund memory entry = account.refunds[i];
            if (block.timestamp >= entry.createdAt + lockTime) {
                amount += entry.amount;
            } else {
                if (kept != i) account.refunds[kept] = entry;
                ++kept;
            }
        }
        if (amount == 0) return 0;
        account.refundCount = uint8(kept);
        account.pendingRefund -= uint128(amount);
        account.balance -= uint128(amount);
    }

    /// Takes `amount` of the pending refunds back, the newest first.
    function cancelRefunds(Account storage account, uint256 amount) internal {
        account.pendingRefund -= Amounts.to128(amount);
        uint256 count = account.refundCount;
        while (amount > 0) {
            PendingRefund storage entry = account.refunds[count - 1];
            if (entry.amount > amount) {
                entry.amount -= uint128(amount);
                break;
            }
            amount -= entry.amount;
            entry.amount = 0;
            --count;
        }
        account.refundCount = uint8(count);
    }

    function fitRefunds(Account storage account) private {
        uint256 room = unreserved(account);
        uint256 pending = account.pendingRefund;
        if (pending > room) cancelRefunds(account, pending - room);
    }
}

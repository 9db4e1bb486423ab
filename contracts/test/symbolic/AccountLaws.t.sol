// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Account, Accounts, PendingRefund} from "../../src/libraries/Accounts.sol";
import {vm} from "../helpers/Vm.sol";

/// The laws of a sub-account, for every balance, reservation and pair of pending refunds:
/// `npm run symbolic`. A refusal proves nothing wrong; what goes through must keep the laws.
contract AccountLaws {
    using Accounts for Account;

    Account private account;

    /// Any account with two pending refunds in which the law holds.
    function _any(uint128 balance, uint96 reserved, PendingRefund memory first, PendingRefund memory second) private {
        uint256 pending = uint256(first.amount) + second.amount;
        vm.assume(first.amount > 0 && second.amount > 0);
        vm.assume(pending + reserved <= balance);
        account.user = address(1);
        account.balance = balance;
        account.reserved = reserved;
        account.pendingRefund = uint128(pending);
        account.refunds.push(first);
        account.refunds.push(second);
        account.refundCount = 2;
    }

    /// What is asked back and what is reserved are both there; the list adds up, and no entry is empty.
    function _lawful() private view {
        assert(uint256(account.pendingRefund) + account.reserved <= account.balance);
        uint256 listed = 0;
        for (uint256 i = 0; i < account.refundCount; ++i) {
            // `takeMatured` counts on it: it takes "nothing matured" from the sum.
            assert(account.refunds[i].amount > 0);
            listed += account.refunds[i].amount;
        }
        assert(listed == account.pendingRefund);
    }

    function check_money_that_comes_in(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second,
        uint128 amount
    ) external {
        _any(balance, reserved, first, second);
        account.credit(amount);
        assert(account.balance == uint256(balance) + amount);
        assert(account.reserved == reserved);
        _lawful();
    }

    /// A settlement pays out of refunds that are asked for, never out of what another order reserved.
    function check_money_that_is_paid(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second,
        uint128 amount
    ) external {
        _any(balance, reserved, first, second);
        vm.assume(amount <= uint256(balance) - reserved);
        account.debit(amount);
        assert(account.balance == uint256(balance) - amount);
        assert(account.reserved == reserved);
        _lawful();
    }

    function check_an_order_that_reserves(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second,
        uint96 fee
    ) external {
        _any(balance, reserved, first, second);
        vm.assume(fee <= uint256(balance) - reserved);
        account.reserve(fee);
        assert(account.reserved == uint256(reserved) + fee);
        assert(account.balance == balance);
        _lawful();
    }

    function check_a_refund_that_is_asked_for(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second
    ) external {
        _any(balance, reserved, first, second);
        account.requestRefund();
        assert(account.pendingRefund == uint256(balance) - reserved);
        assert(account.balance == balance && account.reserved == reserved);
        _lawful();
    }

    /// What matured leaves the account; what is reserved stays.
    function check_a_refund_that_is_paid(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second,
        uint32 lockTime
    ) external {
        _any(balance, reserved, first, second);
        uint256 paid = account.takeMatured(lockTime);
        assert(account.balance == uint256(balance) - paid);
        assert(account.reserved == reserved);
        assert(paid <= uint256(first.amount) + second.amount);
        _lawful();
    }

    function check_a_refund_is_paid_once(
        uint128 balance,
        uint96 reserved,
        PendingRefund memory first,
        PendingRefund memory second,
        uint32 lockTime
    ) external {
        _any(balance, reserved, first, second);
        account.takeMatured(lockTime);
        uint128 left = account.balance;
        assert(account.takeMatured(lockTime) == 0);
        assert(account.balance == left);
    }
}

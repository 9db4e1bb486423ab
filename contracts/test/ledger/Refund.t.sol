// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ILedger} from "../../src/interfaces/ILedger.sol";
import {Base} from "../helpers/Base.sol";
import {vm, within} from "../helpers/Vm.sol";

/// refund, deleteLedger, spendFund.
contract RefundTest is Base {
    function testFuzz_a_refund_above_the_available_balance_is_refused(uint256 amount) external {
        amount = within(amount, 100 ether + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBalance.selector, customer));
        vm.prank(customer);
        ledger.refund(amount);
    }

    function testFuzz_a_refund_that_leaves_crumbs_is_refused(uint256 left) external {
        left = within(left, 1, 3 ether - 1);

        vm.expectRevert(abi.encodeWithSelector(ILedger.MinimumDepositRequired.selector, left, 3 ether));
        vm.prank(customer);
        ledger.refund(100 ether - left);
    }

    function testFuzz_who_has_no_ledger_gets_no_refund(address nobody, uint256 amount) external {
        vm.assume(nobody != customer);

        vm.expectRevert(abi.encodeWithSelector(ILedger.LedgerNotExists.selector, nobody));
        vm.prank(nobody);
        ledger.refund(amount);
    }

    function test_a_ledger_with_money_is_not_deleted() external {
        vm.expectRevert(abi.encodeWithSelector(ILedger.MustWithdrawAllFundsFirst.selector, 105 ether));
        vm.prank(customer);
        ledger.deleteLedger();
    }

    function testFuzz_only_services_spend(address caller, uint256 amount) external {
        vm.assume(caller != address(market));

        vm.expectRevert(abi.encodeWithSelector(ILedger.CallerNotRegisteredService.selector, caller));
        vm.prank(caller);
        ledger.spendFund(customer, amount);
    }

    function testFuzz_a_service_cannot_spend_what_it_was_not_given(uint256 amount) external {
        amount = within(amount, FUNDS + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientBalance.selector, customer));
        vm.prank(address(market));
        ledger.spendFund(customer, amount);
    }

    function test_a_customer_whose_wallet_takes_no_money_is_told() external {
        vm.deal(address(this), 3 ether);
        ledger.depositFund{value: 3 ether}();

        vm.expectRevert(ILedger.TransferFailed.selector);
        ledger.refund(3 ether);
    }

    function testFuzz_a_refund_pays_its_customer(uint256 amount) external {
        amount = within(amount, 0, 97 ether);
        uint256 before = customer.balance;

        vm.prank(customer);
        ledger.refund(amount);

        vm.assertEq(customer.balance, before + amount);
        vm.assertEq(ledger.getLedger(customer).totalBalance, 105 ether - amount);
    }
}

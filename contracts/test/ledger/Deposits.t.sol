// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ILedger} from "../../src/interfaces/ILedger.sol";
import {Base} from "../helpers/Base.sol";
import {vm, within} from "../helpers/Vm.sol";

/// addLedger, depositFund, depositFundFor, updateAdditionalInfo, plain transfers.
contract DepositsTest is Base {
    function testFuzz_a_first_deposit_below_the_minimum_is_refused(uint256 amount) external {
        amount = within(amount, 1, 3 ether - 1);

        vm.expectRevert(abi.encodeWithSelector(ILedger.MinimumDepositRequired.selector, amount, 3 ether));
        vm.prank(stranger);
        ledger.depositFund{value: amount}();
    }

    function testFuzz_a_second_ledger_is_refused(uint256 amount) external {
        amount = within(amount, 3 ether, 100 ether);

        vm.expectRevert(abi.encodeWithSelector(ILedger.LedgerExists.selector, customer));
        vm.prank(customer);
        ledger.addLedger{value: amount}("again");
    }

    function testFuzz_a_long_info_is_refused(uint16 extra) external {
        string memory info = string(new bytes(4097 + uint256(extra)));

        vm.expectRevert(abi.encodeWithSelector(ILedger.AdditionalInfoTooLong.selector, bytes(info).length, 4096));
        vm.prank(customer);
        ledger.updateAdditionalInfo(info);
    }

    function test_nothing_cannot_be_deposited() external {
        vm.expectRevert(ILedger.ZeroAmountNotAllowed.selector);
        vm.prank(customer);
        ledger.depositFund();
    }

    function testFuzz_nobody_cannot_have_a_ledger(uint256 amount) external {
        amount = within(amount, 3 ether, 100 ether);

        vm.expectRevert(ILedger.ZeroAddressNotAllowed.selector);
        vm.prank(stranger);
        ledger.depositFundFor{value: amount}(address(0));
    }

    function testFuzz_money_that_belongs_to_nobody_is_refused(uint96 amount) external {
        vm.deal(address(this), amount);

        (bool sent, bytes memory reason) = address(ledger).call{value: amount}("");

        vm.assertFalse(sent);
        vm.assertEq(bytes32(reason), bytes32(ILedger.DirectDepositsDisabled.selector));
    }

    function testFuzz_deposits_add_up(uint256 first, uint256 second) external {
        (first, second) = (within(first, 3 ether, 1000 ether), within(second, 1, 1000 ether));

        vm.prank(stranger);
        ledger.addLedger{value: first}("hello");
        vm.prank(customer);
        ledger.depositFundFor{value: second}(stranger);

        ILedger.LedgerInfo memory info = ledger.getLedger(stranger);
        vm.assertEq(info.availableBalance, first + second);
        vm.assertEq(info.totalBalance, first + second);
        vm.assertEq(info.additionalInfo, "hello");
    }
}

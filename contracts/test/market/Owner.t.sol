// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {IOwned} from "../../src/interfaces/IOwned.sol";
import {IServing} from "../../src/interfaces/IServing.sol";
import {ISealtune} from "../../src/interfaces/ISealtune.sol";
import {Base} from "../helpers/Base.sol";
import {Deploy} from "../helpers/Deploy.sol";
import {vm, within} from "../helpers/Vm.sol";

/// The constructor, updateLockTime, updatePenaltyPercentage, and what every caller may rely on.
contract MarketOwnerTest is Base {
    function testFuzz_a_ledger_without_code_is_refused(address nobody) external {
        vm.assume(nobody.code.length == 0);

        vm.expectRevert(InvalidLedgerAddress.selector);
        Deploy.market(nobody, LOCK_TIME, PENALTY, owner);
    }

    function testFuzz_a_lock_time_out_of_range_is_refused(uint256 seconds_) external {
        vm.assume(seconds_ < 1 hours || seconds_ > 7 days);

        vm.expectRevert(abi.encodeWithSelector(LockTimeOutOfRange.selector, seconds_));
        vm.prank(owner);
        market.updateLockTime(seconds_);
    }

    function testFuzz_a_penalty_above_everything_is_refused(uint256 percent) external {
        percent = within(percent, 101, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(PenaltyPercentageTooHigh.selector, percent));
        vm.prank(owner);
        market.updatePenaltyPercentage(percent);
    }

    function testFuzz_others_change_nothing(address caller) external {
        vm.assume(caller != owner);
        vm.startPrank(caller);

        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        market.updateLockTime(1 days);
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        market.updatePenaltyPercentage(1);
    }

    function testFuzz_plain_transfers_are_refused(uint96 amount) external {
        vm.deal(address(this), amount);

        (bool sent, bytes memory reason) = address(market).call{value: amount}("");

        vm.assertFalse(sent);
        vm.assertEq(bytes32(reason), bytes32(DirectDepositsDisabled.selector));
    }

    function testFuzz_what_nobody_knows_is_refused(bytes4 selector, uint96 amount) external {
        vm.assume(selector != 0x650190e7);
        vm.deal(address(this), uint256(amount) + 1);

        (bool sent,) = address(market).call{value: uint256(amount) + 1}(abi.encodePacked(selector));

        vm.assertFalse(sent);
    }

    function test_a_page_is_fifty_at_most() external {
        vm.expectRevert(abi.encodeWithSelector(LimitTooLarge.selector, 51));
        market.getAllAccounts(0, 51);
        vm.expectRevert(abi.encodeWithSelector(BatchSizeTooLarge.selector, 51, 50));
        market.getBatchAccountsByUsers(new address[](51));
    }

    function test_it_says_what_it_can() external view {
        IERC165 full = IERC165(address(market));
        vm.assertTrue(full.supportsInterface(0x01ffc9a7));
        vm.assertTrue(full.supportsInterface(type(IServing).interfaceId));
        vm.assertTrue(full.supportsInterface(type(ISealtune).interfaceId));
        vm.assertEq(bytes32(type(ISealtune).interfaceId), bytes32(bytes4(0x28909183)));
        vm.assertEq(bytes32(type(IServing).interfaceId), bytes32(bytes4(0x160841b1)));
        vm.assertFalse(full.supportsInterface(0xffffffff));
    }
}

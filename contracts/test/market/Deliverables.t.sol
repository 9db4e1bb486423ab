// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {vm, within} from "../helpers/Vm.sol";

/// addDeliverable, acknowledgeDeliverable, abandonDeliverable without an order.
contract DeliverablesTest is Base {
    function testFuzz_a_customer_without_an_account_is_refused(address user) external {
        vm.assume(user != customer);

        vm.expectRevert(abi.encodeWithSelector(AccountNotExists.selector, user, provider));
        vm.prank(provider);
        market.addDeliverable(user, TASK, root);
    }

    function testFuzz_an_id_that_is_too_long_is_refused(uint8 extra) external {
        string memory id = string(new bytes(257 + uint256(extra)));

        vm.expectRevert(abi.encodeWithSelector(DeliverableIdInvalidLength.selector, bytes(id).length));
        vm.prank(provider);
        market.addDeliverable(customer, id, root);
    }

    function testFuzz_an_id_is_used_once(string memory id) external {
        vm.assume(bytes(id).length > 0 && bytes(id).length <= 256);
        _deliver(id);
        _acknowledge(id);

        vm.expectRevert(abi.encodeWithSelector(DeliverableAlreadyExists.selector, id));
        _deliver(id);
    }

    function test_the_result_before_must_be_done_with() external {
        _deliver(TASK);

        vm.expectRevert(abi.encodeWithSelector(PreviousDeliverableNotAcknowledged.selector, TASK));
        _deliver("task-2");
    }

    function testFuzz_what_does_not_exist_is_neither_acknowledged_nor_abandoned(string memory id) external {
        vm.expectRevert(abi.encodeWithSelector(DeliverableNotExists.selector, id));
        _acknowledge(id);
        vm.expectRevert(abi.encodeWithSelector(DeliverableNotExists.selector, id));
        vm.prank(provider);
        market.abandonDeliverable(customer, id);
    }

    function test_what_is_settled_is_neither_acknowledged_nor_abandoned() external {
        _deliver(TASK);
        _acknowledge(TASK);
        _settle(_input());

        vm.expectRevert(abi.encodeWithSelector(CannotAcknowledgeSettledDeliverable.selector, TASK));
        _acknowledge(TASK);
        vm.expectRevert(abi.encodeWithSelector(CannotAbandonSettledDeliverable.selector, TASK));
        vm.prank(provider);
        market.abandonDeliverable(customer, TASK);
    }

    function test_the_oldest_of_twenty_stays_until_it_is_settled() external {
        for (uint256 i = 0; i < 20; ++i) {
            _deliver(vm.toString(i));
            _acknowledge(vm.toString(i));
        }

        vm.expectRevert(abi.encodeWithSelector(CannotEvictUnsettledDeliverable.selector, "0"));
        _deliver(TASK);
    }

    function test_an_abandoned_result_costs_nothing_and_blocks_nothing() external {
        _deliver(TASK);
        vm.prank(provider);
        market.abandonDeliverable(customer, TASK);
        _deliver("task-2");

        _expectSettlement(_input(), abi.encodeWithSelector(DeliverableAlreadySettled.selector, TASK));
        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS);
    }

    function test_a_pair_is_not_locked_by_a_settlement_without_acknowledgement() external {
        _deliver(TASK);
        vm.warp(block.timestamp + LOCK_TIME / 2 + 1);
        VerifierInput memory input = _input();
        input.encryptedSecret = "";
        _settle(input);

        _deliver("task-2");

        vm.assertEq(market.getDeliverables(customer, provider).length, 2);
    }
}

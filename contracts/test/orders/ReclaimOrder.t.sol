// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// The ways out: reclaimOrder, releaseOrder, claim.
contract ReclaimOrderTest is Base {
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;

    function testFuzz_before_the_deadline_nothing_is_reclaimed(uint256 early, bool accepted) external {
        bytes32 id = accepted ? _acceptedOrder() : _open(_order());
        uint256 deadline = market.getOrder(id).deadline;
        vm.warp(within(early, block.timestamp, deadline));

        vm.expectRevert(abi.encodeWithSelector(OrderNotDue.selector, id, deadline));
        market.reclaimOrder(id);
    }

    function testFuzz_a_delivered_order_is_not_reclaimed_while_it_may_be_settled(uint256 early) external {
        bytes32 id = _deliveredOrder();
        uint256 due = block.timestamp + 6 hours + 3 days;
        vm.warp(within(early, block.timestamp, due));

        vm.assertEq(market.reclaimableAt(id), due);
        vm.expectRevert(abi.encodeWithSelector(OrderNotDue.selector, id, due));
        market.reclaimOrder(id);
    }

    function testFuzz_what_was_never_opened_is_not_reclaimed(bytes32 id) external {
        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.None));
        market.reclaimOrder(id);
    }

    function test_an_order_is_reclaimed_once() external {
        bytes32 id = _acceptedOrder();
        _pass(id);
        market.reclaimOrder(id);

        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.Released));
        market.reclaimOrder(id);
    }

    function testFuzz_only_its_provider_releases_an_order(address caller, uint16 reason) external {
        vm.assume(caller != provider);
        bytes32 id = _acceptedOrder();

        vm.expectRevert(abi.encodeWithSelector(OrderNotYours.selector, id));
        vm.prank(caller);
        market.releaseOrder(id, reason, "");
    }

    function testFuzz_an_order_that_is_not_accepted_is_not_released(uint16 reason) external {
        bytes32 id = _open(_order());

        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.Open));
        vm.prank(provider);
        market.releaseOrder(id, reason, "");
    }

    function testFuzz_an_excuse_signed_by_another_is_refused(uint256 key, uint16 reason) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != TEE_KEY);
        bytes32 id = _acceptedOrder();
        bytes memory excuse = Signing.release(id, reason, address(market), key);

        vm.expectRevert(abi.encodeWithSelector(ReleaseNotSigned.selector, vm.addr(key), tee));
        vm.prank(provider);
        market.releaseOrder(id, reason, excuse);
    }

    function test_an_excuse_by_a_revoked_signer_is_refused() external {
        bytes32 id = _acceptedOrder();
        bytes memory excuse = Signing.release(id, 403, address(market), TEE_KEY);
        vm.startPrank(provider);
        market.revokeSigner(provider, tee);

        vm.expectRevert(abi.encodeWithSelector(ReleaseNotSigned.selector, tee, tee));
        market.releaseOrder(id, 403, excuse);
    }

    function testFuzz_who_is_owed_nothing_claims_nothing(address caller) external {
        vm.expectRevert(abi.encodeWithSelector(NothingToClaim.selector, caller));
        vm.prank(caller);
        market.claim();
    }

    function test_an_order_nobody_accepted_comes_back_without_compensation() external {
        bytes32 id = _open(_order());
        _pass(id);

        market.reclaimOrder(id);

        _assertState(id, OrderState.Released);
        vm.assertEq(market.reservedFee(customer, provider), 0);
        vm.assertEq(market.claimable(customer), 0);
    }

    function testFuzz_a_missed_delivery_is_compensated_and_as_much_is_burnt(uint256 compensation) external {
        Order memory order = _order();
        order.compensation = within(compensation, 0, BOND / 2);
        bytes32 id = _open(order);
        _accept(id);
        _pass(id);
        uint256 before = customer.balance;

        vm.prank(stranger);
        market.reclaimOrder(id);

        vm.assertEq(market.claimable(customer), order.compensation);
        vm.assertEq(BURNT.balance, order.compensation);
        vm.assertEq(market.getBond(provider).amount, BOND - 2 * order.compensation);
        vm.assertEq(market.getBond(provider).locked, 0);
        if (order.compensation == 0) return;
        vm.prank(customer);
        market.claim();
        vm.assertEq(customer.balance, before + order.compensation);
    }

    function test_an_acknowledged_result_whose_key_never_comes_is_compensated() external {
        bytes32 id = _deliveredOrder();
        _acknowledge(vm.toString(id));
        _pass(id);

        market.reclaimOrder(id);

        vm.assertEq(market.claimable(customer), 3 ether);
        _expectSettlement(_orderInput(id), abi.encodeWithSelector(DeliverableAlreadySettled.selector, vm.toString(id)));
    }

    function test_nobody_is_punished_by_the_owners_word() external {
        bytes32 id = _deliveredOrder();
        _acknowledge(vm.toString(id));
        vm.prank(owner);
        market.revokeSigner(provider, tee);
        _pass(id);

        market.reclaimOrder(id);

        vm.assertEq(market.claimable(customer), 0);
        vm.assertEq(market.getBond(provider).amount, BOND);
        vm.assertEq(market.reservedFee(customer, provider), 0);
    }

    function test_a_provider_does_not_excuse_itself_by_revoking_its_signer() external {
        bytes32 id = _deliveredOrder();
        _acknowledge(vm.toString(id));
        vm.prank(provider);
        market.revokeSigner(provider, tee);
        _pass(id);

        market.reclaimOrder(id);

        vm.assertEq(market.claimable(customer), 3 ether);
    }

    function test_a_result_nobody_acknowledged_is_no_broken_promise() external {
        bytes32 id = _deliveredOrder();
        _pass(id);

        market.reclaimOrder(id);

        vm.assertEq(market.claimable(customer), 0);
    }

    function testFuzz_the_customers_own_data_excuses_a_release(uint16 reason) external {
        bytes32 id = _acceptedOrder();
        bytes memory excuse = Signing.release(id, reason, address(market), TEE_KEY);
        vm.prank(provider);
        market.releaseOrder(id, reason, excuse);

        bool excused = reason >= 400 && reason <= 499;
        vm.assertEq(market.claimable(customer), excused ? 0 : 3 ether);
        _assertState(id, OrderState.Released);
    }

    function testFuzz_a_release_without_an_excuse_is_compensated(uint16 reason) external {
        bytes32 id = _acceptedOrder();

        vm.prank(provider);
        market.releaseOrder(id, reason, "");

        vm.assertEq(market.claimable(customer), 3 ether);
    }

    function _pass(bytes32 id) private {
        vm.warp(market.reclaimableAt(id) + 1);
    }
}

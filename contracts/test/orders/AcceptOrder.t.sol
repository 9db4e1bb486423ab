// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// acceptOrder and the delivery of an order.
contract AcceptOrderTest is Base {
    function testFuzz_an_order_for_another_is_refused(address caller) external {
        vm.assume(caller != provider);
        bytes32 id = _open(_order());

        vm.expectRevert(abi.encodeWithSelector(OrderNotYours.selector, id));
        vm.prank(caller);
        market.acceptOrder(id);
    }

    function testFuzz_who_offers_no_service_accepts_nothing(address caller) external {
        vm.assume(caller != provider);
        bytes32 id = _openForAnybody();

        vm.expectRevert(abi.encodeWithSelector(ServiceNotExist.selector, caller));
        vm.prank(caller);
        market.acceptOrder(id);
    }

    function test_who_has_no_accepted_signer_accepts_nothing() external {
        bytes32 id = _openForAnybody();
        _register(stranger, stranger);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, stranger, stranger));
        vm.prank(stranger);
        market.acceptOrder(id);
    }

    function testFuzz_an_order_is_not_accepted_late(uint256 late) external {
        bytes32 id = _open(_order());
        uint64 deadline = market.getOrder(id).deadline;
        vm.warp(within(late, uint256(deadline) + 1, type(uint64).max));

        vm.expectRevert(abi.encodeWithSelector(OrderDeadlinePassed.selector, deadline));
        _accept(id);
    }

    function testFuzz_a_bond_that_is_too_small_is_refused(uint256 compensation) external {
        Order memory order = _order();
        order.compensation = within(compensation, BOND / 2 + 1, type(uint96).max);
        bytes32 id = _open(order);

        vm.expectRevert(abi.encodeWithSelector(BondTooSmall.selector, BOND, 2 * order.compensation));
        _accept(id);
    }

    function test_a_bond_stands_for_every_order_at_once() external {
        Order memory order = _order();
        order.compensation = BOND / 2;
        _accept(_open(order));
        (order.nonce, order.compensation) = (8, 1);
        bytes32 id = _open(order);

        vm.expectRevert(abi.encodeWithSelector(BondTooSmall.selector, 0, 2));
        _accept(id);
    }

    function test_an_order_is_accepted_once() external {
        bytes32 id = _acceptedOrder();

        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.Accepted));
        _accept(id);
    }

    function testFuzz_an_order_is_delivered_to_its_customer_alone(address user) external {
        vm.assume(user != customer);
        bytes32 id = _acceptedOrder();

        vm.expectRevert(abi.encodeWithSelector(OrderNotYours.selector, id));
        vm.prank(provider);
        market.addDeliverable(user, vm.toString(id), root);
    }

    function testFuzz_an_order_is_delivered_by_its_provider_alone(address caller) external {
        vm.assume(caller != provider);
        bytes32 id = _acceptedOrder();

        vm.expectRevert(abi.encodeWithSelector(OrderNotYours.selector, id));
        vm.prank(caller);
        market.addDeliverable(customer, vm.toString(id), root);
    }

    function test_an_order_nobody_accepted_is_not_delivered() external {
        bytes32 id = _open(_order());

        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.Open));
        _deliver(vm.toString(id));
    }

    function test_an_order_is_delivered_once() external {
        bytes32 id = _deliveredOrder();

        vm.expectRevert(abi.encodeWithSelector(DeliverableAlreadyExists.selector, vm.toString(id)));
        _deliver(vm.toString(id));
    }

    function testFuzz_an_order_is_not_delivered_late(uint256 late) external {
        bytes32 id = _acceptedOrder();
        uint64 deadline = market.getOrder(id).deadline;
        vm.warp(within(late, uint256(deadline) + 1, type(uint64).max));

        vm.expectRevert(abi.encodeWithSelector(OrderDeadlinePassed.selector, deadline));
        _deliver(vm.toString(id));
    }

    function test_an_order_is_not_delivered_under_a_signer_nobody_accepted() external {
        bytes32 id = _acceptedOrder();
        _update(provider, stranger);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, stranger));
        _deliver(vm.toString(id));
    }

    function test_an_approval_that_expires_does_not_strand_an_accepted_order() external {
        vm.prank(owner);
        market.revokeTEESignerAcknowledgement(provider);
        _update(provider, stranger);
        _update(provider, vm.addr(0x2ee));
        vm.prank(owner);
        market.setVerifier(vm.addr(VERIFIER_KEY), true);
        uint64 expiry = uint64(block.timestamp + 1 minutes);
        bytes memory approval =
            Signing.approval(provider, vm.addr(0x2ee), 0, 0, expiry, address(market), VERIFIER_KEY);
        market.acceptSigner(provider, vm.addr(0x2ee), 0, 0, expiry, approval);
        bytes32 id = _acceptedOrder();
        vm.warp(expiry + 1);

        _deliver(vm.toString(id));

        _assertState(id, OrderState.Delivered);
    }

    function test_a_customer_who_acknowledges_nothing_cannot_make_the_next_order_late() external {
        _deliveredOrder();
        Order memory order = _order();
        order.nonce = 8;
        bytes32 id = _open(order);
        _accept(id);

        _deliver(vm.toString(id));

        _assertState(id, OrderState.Delivered);
    }

    function test_anybody_with_an_accepted_signer_may_serve_an_order_for_anybody() external {
        bytes32 id = _openForAnybody();

        _accept(id);

        vm.assertEq(market.getOrder(id).provider, provider);
        vm.assertEq(market.reservedFee(customer, address(0)), 2 ether);
        vm.assertEq(market.getBond(provider).locked, 6 ether);
    }

    function _openForAnybody() private returns (bytes32) {
        vm.prank(customer);
        ledger.transferFund(address(0), FT, FUNDS);
        Order memory order = _order();
        order.provider = address(0);
        return _open(order);
    }
}

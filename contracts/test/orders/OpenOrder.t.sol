// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// openOrder, cancelOrderNonce, withdrawOrder.
contract OpenOrderTest is Base {
    function testFuzz_an_order_signed_by_another_is_refused(uint256 key) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != CUSTOMER_KEY);
        Order memory order = _order();
        bytes memory signature = Signing.signed(market.orderDigest(order), key);

        vm.expectRevert(OrderSignatureInvalid.selector);
        market.openOrder(order, signature);
    }

    function testFuzz_bytes_that_are_no_signature_are_refused(bytes memory signature, bool nobody) external {
        Order memory order = _order();
        if (nobody) order.customer = address(0);

        vm.expectRevert(OrderSignatureInvalid.selector);
        market.openOrder(order, signature);
    }

    /// Every field decides the cost or the result, so every field is signed.
    function testFuzz_a_changed_order_is_refused(uint8 field, uint256 salt) external {
        Order memory order = _order();
        bytes memory signature = Signing.signed(market.orderDigest(order), CUSTOMER_KEY);
        bytes32 before = keccak256(abi.encode(order));
        _change(order, field % 13, salt);
        vm.assume(keccak256(abi.encode(order)) != before);

        vm.expectRevert(OrderSignatureInvalid.selector);
        market.openOrder(order, signature);
    }

    function testFuzz_an_order_past_its_deadline_is_refused(uint256 late) external {
        Order memory order = _order();
        bytes memory signature = Signing.signed(market.orderDigest(order), CUSTOMER_KEY);
        vm.warp(within(late, uint256(order.deadline) + 1, type(uint64).max));

        vm.expectRevert(abi.encodeWithSelector(OrderDeadlinePassed.selector, order.deadline));
        market.openOrder(order, signature);
    }

    function testFuzz_a_penalty_above_the_fee_is_refused(uint16 bps) external {
        Order memory order = _order();
        order.penaltyBps = uint16(within(bps, 10_001, type(uint16).max));

        _expectOpen(order, abi.encodeWithSelector(OrderPenaltyTooHigh.selector, order.penaltyBps));
    }

    function testFuzz_amounts_beyond_all_money_are_refused(uint256 amount) external {
        amount = within(amount, uint256(type(uint96).max) + 1, type(uint256).max);
        Order memory order = _order();
        order.feeMax = amount;
        _expectOpen(order, abi.encodeWithSelector(OrderAmountTooLarge.selector, amount));

        (order.feeMax, order.compensation) = (1, amount);
        _expectOpen(order, abi.encodeWithSelector(OrderAmountTooLarge.selector, amount));
    }

    function testFuzz_a_fee_that_is_not_covered_is_refused(uint256 fee) external {
        Order memory order = _order();
        order.feeMax = within(fee, FUNDS + 1, type(uint96).max);

        _expectOpen(order, abi.encodeWithSelector(OrderFeeNotCovered.selector, FUNDS, order.feeMax));
    }

    function testFuzz_money_is_reserved_once(uint256 fee) external {
        _open(_order());
        Order memory order = _order();
        order.nonce = 8;
        order.feeMax = within(fee, 3 ether + 1, FUNDS);

        _expectOpen(order, abi.encodeWithSelector(OrderFeeNotCovered.selector, 3 ether, order.feeMax));
    }

    function testFuzz_a_nonce_is_used_once(uint256 nonce) external {
        Order memory order = _order();
        order.nonce = nonce;
        _open(order);

        _expectOpen(order, abi.encodeWithSelector(OrderNonceUsed.selector, customer, nonce));
        order.feeMax = 1;
        _expectOpen(order, abi.encodeWithSelector(OrderNonceUsed.selector, customer, nonce));
    }

    function testFuzz_a_cancelled_nonce_opens_nothing(uint256 nonce) external {
        Order memory order = _order();
        order.nonce = nonce;
        vm.prank(customer);
        market.cancelOrderNonce(nonce);

        _expectOpen(order, abi.encodeWithSelector(OrderNonceUsed.selector, customer, nonce));
        vm.expectRevert(abi.encodeWithSelector(OrderNonceUsed.selector, customer, nonce));
        vm.prank(customer);
        market.cancelOrderNonce(nonce);
    }

    function testFuzz_a_customer_without_an_account_there_is_refused(address other) external {
        vm.assume(other != provider);
        Order memory order = _order();
        order.provider = other;

        _expectOpen(order, abi.encodeWithSelector(AccountNotExists.selector, customer, other));
    }

    function testFuzz_an_order_is_taken_back_by_its_customer_alone(address caller) external {
        vm.assume(caller != customer);
        bytes32 id = _open(_order());

        vm.expectRevert(abi.encodeWithSelector(OrderNotYours.selector, id));
        vm.prank(caller);
        market.withdrawOrder(id);
    }

    function testFuzz_what_was_never_opened_is_not_taken_back(bytes32 id) external {
        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.None));
        vm.prank(customer);
        market.withdrawOrder(id);
    }

    function test_an_accepted_order_is_not_taken_back() external {
        bytes32 id = _acceptedOrder();

        vm.expectRevert(abi.encodeWithSelector(OrderStateWrong.selector, id, OrderState.Accepted));
        vm.prank(customer);
        market.withdrawOrder(id);
    }

    function testFuzz_anybody_may_relay_an_order(address relay, uint256 fee) external {
        Order memory order = _order();
        order.feeMax = within(fee, 0, FUNDS);
        bytes memory signature = Signing.signed(market.orderDigest(order), CUSTOMER_KEY);

        vm.prank(relay);
        bytes32 id = market.openOrder(order, signature);

        _assertState(id, OrderState.Open);
        vm.assertEq(market.reservedFee(customer, provider), order.feeMax);
        vm.assertTrue(market.orderNonceUsed(customer, order.nonce));
    }

    function testFuzz_a_refund_cannot_dodge_an_order(uint256 fee, bool asksFirst) external {
        Order memory order = _order();
        order.feeMax = within(fee, 0, FUNDS);
        if (asksFirst) _retrieve();
        _open(order);
        if (!asksFirst) _retrieve();

        vm.warp(block.timestamp + LOCK_TIME);
        _retrieve();

        vm.assertEq(market.getAccount(customer, provider).balance, order.feeMax);
        vm.assertEq(ledger.getLedger(customer).availableBalance, 105 ether - order.feeMax);
    }

    function test_a_withdrawn_order_frees_its_fee() external {
        bytes32 id = _open(_order());
        vm.prank(customer);
        market.withdrawOrder(id);

        _assertState(id, OrderState.Withdrawn);
        vm.assertEq(market.reservedFee(customer, provider), 0);
    }

    function _expectOpen(Order memory order, bytes memory refusal) private {
        bytes memory signature = Signing.signed(market.orderDigest(order), CUSTOMER_KEY);
        vm.expectRevert(refusal);
        market.openOrder(order, signature);
    }

    function _retrieve() private {
        address[] memory one = new address[](1);
        one[0] = provider;
        vm.prank(customer);
        ledger.retrieveFund(one, FT);
    }

    function _change(Order memory order, uint256 field, uint256 salt) private pure {
        if (field == 0) order.customer = address(uint160(salt));
        if (field == 1) order.provider = address(uint160(salt));
        if (field == 2) order.baseModel = bytes32(salt);
        if (field == 3) order.dataset = bytes32(salt);
        if (field == 4) order.recipe = bytes32(salt);
        if (field == 5) order.feeMax = salt;
        if (field == 6) order.deadline = uint64(within(salt, order.deadline, type(uint64).max));
        if (field == 7) order.nonce = salt;
        if (field == 8) order.encryptionKey = abi.encode(salt);
        if (field == 9) order.tier = uint8(salt);
        if (field == 10) order.ackWindow = uint64(salt);
        if (field == 11) order.penaltyBps = uint16(salt);
        if (field == 12) (order.compensation, order.resumable) = (salt, salt % 2 == 0);
    }
}

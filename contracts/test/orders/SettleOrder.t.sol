// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// settleFees and abandonDeliverable with an order.
contract SettleOrderTest is Base {
    function testFuzz_a_fee_above_the_order_is_refused(uint256 fee) external {
        VerifierInput memory input = _orderInput(_deliveredOrder());
        input.taskFee = within(fee, 2 ether + 1, type(uint256).max);

        _expectSettlement(input, abi.encodeWithSelector(FeeAboveOrder.selector, input.taskFee, 2 ether));
    }

    function test_a_revoked_signer_is_refused() external {
        VerifierInput memory input = _orderInput(_deliveredOrder());
        vm.prank(provider);
        market.revokeSigner(provider, tee);

        _expectSettlement(input, _words("TEE signer not acknowledged"));
    }

    function testFuzz_the_agreed_window_is_kept(uint256 early) external {
        bytes32 id = _deliveredOrder();
        uint256 until = block.timestamp + 6 hours;
        VerifierInput memory input = _orderInput(id);
        input.encryptedSecret = "";

        vm.warp(within(early, block.timestamp, until));
        _expectSettlement(input, abi.encodeWithSelector(AcknowledgementWindowOpen.selector, input.id, until));
    }

    function test_an_order_is_paid_once() external {
        bytes32 id = _deliveredOrder();
        VerifierInput memory input = _orderInput(id);
        _acknowledge(input.id);
        _settle(input);

        input.nonce = 2;
        _expectSettlement(input, abi.encodeWithSelector(DeliverableAlreadySettled.selector, input.id));
    }

    function testFuzz_the_fee_is_paid_and_the_rest_is_free_again(uint256 fee) external {
        fee = within(fee, 0, 2 ether);
        bytes32 id = _deliveredOrder();
        VerifierInput memory input = _orderInput(id);
        input.taskFee = fee;
        _acknowledge(input.id);
        uint256 before = provider.balance;

        _settle(input);

        _assertState(id, OrderState.Paid);
        vm.assertEq(provider.balance, before + fee);
        vm.assertEq(market.reservedFee(customer, provider), 0);
        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS - fee);
        vm.assertEq(market.getBond(provider).locked, 0);
    }

    function testFuzz_patience_is_paid_the_agreed_share(uint16 bps, uint256 fee) external {
        Order memory order = _order();
        (order.penaltyBps, fee) = (uint16(within(bps, 0, 10_000)), within(fee, 0, 2 ether));
        bytes32 id = _open(order);
        _accept(id);
        VerifierInput memory input = _orderInput(id);
        (input.taskFee, input.encryptedSecret) = (fee, "");
        _deliver(input.id);
        vm.warp(block.timestamp + 6 hours + 1);

        _settle(input);

        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS - fee * order.penaltyBps / 10_000);
    }

    function test_orders_of_one_pair_settle_in_any_order() external {
        Order memory order = _order();
        bytes32[2] memory ids;
        for (uint256 i = 0; i < 2; ++i) {
            order.nonce = i;
            ids[i] = _open(order);
            _accept(ids[i]);
            _deliver(vm.toString(ids[i]));
            _acknowledge(vm.toString(ids[i]));
        }

        VerifierInput memory input = _orderInput(ids[1]);
        input.nonce = 2;
        _settle(input);
        input = _orderInput(ids[0]);
        input.nonce = 1;
        _settle(input);

        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS - 2 ether);
    }

    function test_an_order_for_anybody_is_paid_out_of_the_common_purse() external {
        vm.prank(customer);
        ledger.transferFund(address(0), FT, FUNDS);
        Order memory order = _order();
        order.provider = address(0);
        bytes32 id = _open(order);
        _accept(id);
        VerifierInput memory input = _orderInput(id);
        _deliver(input.id);
        _acknowledge(input.id);

        _settle(input);

        vm.assertEq(market.getAccount(customer, address(0)).balance, FUNDS - 1 ether);
        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS);
    }

    function test_an_abandoned_result_of_an_order_is_compensated() external {
        bytes32 id = _deliveredOrder();

        vm.prank(provider);
        market.abandonDeliverable(customer, vm.toString(id));

        _assertState(id, OrderState.Released);
        vm.assertEq(market.claimable(customer), 3 ether);
        vm.assertEq(market.reservedFee(customer, provider), 0);
        _expectSettlement(_orderInput(id), abi.encodeWithSelector(DeliverableAlreadySettled.selector, vm.toString(id)));
    }
}

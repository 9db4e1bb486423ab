// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// settleFees without an order, rule by rule.
contract SettleFeesTest is Base {
    function setUp() public override {
        super.setUp();
        _deliver(TASK);
        _acknowledge(TASK);
    }

    function testFuzz_a_pair_without_an_account_is_refused(address caller) external {
        vm.assume(caller != provider);

        vm.expectRevert(abi.encodeWithSelector(AccountNotExists.selector, customer, caller));
        vm.prank(caller);
        market.settleFees(_input());
    }

    function test_a_revoked_signer_is_refused() external {
        vm.prank(owner);
        market.revokeTEESignerAcknowledgement(provider);

        _expectSettlement(_input(), _words("TEE signer not acknowledged"));
    }

    function testFuzz_a_nonce_that_does_not_rise_is_refused(uint256 first, uint256 second) external {
        first = within(first, 1, type(uint256).max);
        second = within(second, 0, first);
        VerifierInput memory input = _input();
        input.nonce = first;
        _settle(input);

        input.nonce = second;
        _expectSettlement(input, _words("nonce should larger than the current nonce"));
    }

    function testFuzz_a_fee_above_the_balance_is_refused(uint256 fee) external {
        VerifierInput memory input = _input();
        input.taskFee = within(fee, FUNDS + 1, type(uint256).max);

        _expectSettlement(input, _words("insufficient balance"));
    }

    function testFuzz_a_fee_out_of_what_is_reserved_is_refused(uint256 fee) external {
        _open(_order());
        VerifierInput memory input = _input();
        input.taskFee = within(fee, 3 ether + 1, FUNDS);

        _expectSettlement(input, _words("insufficient balance"));
    }

    function testFuzz_a_result_that_was_not_delivered_is_refused(string memory id) external {
        vm.assume(keccak256(bytes(id)) != keccak256(bytes(TASK)));
        VerifierInput memory input = _input();
        input.id = id;

        _expectSettlement(input, abi.encodeWithSelector(DeliverableNotExists.selector, id));
    }

    function test_a_result_is_paid_once() external {
        VerifierInput memory input = _input();
        _settle(input);

        input.nonce = 2;
        _expectSettlement(input, abi.encodeWithSelector(DeliverableAlreadySettled.selector, TASK));
    }

    function testFuzz_another_result_is_refused(bytes memory other) external {
        vm.assume(keccak256(other) != keccak256(root));
        VerifierInput memory input = _input();
        input.modelRootHash = other;

        _expectSettlement(input, _words("model root hash mismatch"));
    }

    function testFuzz_another_key_is_refused(uint256 key) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != TEE_KEY);
        VerifierInput memory input = _input();
        input.signature = Signing.settlement(input, address(market), key);

        vm.expectRevert(_words("TEE settlement validation failed"));
        vm.prank(provider);
        market.settleFees(input);
    }

    function testFuzz_a_signature_for_other_terms_is_refused(uint256 nonce, uint256 fee) external {
        VerifierInput memory input = _input();
        vm.assume(nonce != input.nonce || fee != input.taskFee);
        input.signature = Signing.settlement(input, address(market), TEE_KEY);
        (input.nonce, input.taskFee) = (within(nonce, 1, type(uint256).max), within(fee, 0, FUNDS));
        vm.assume(input.nonce != 1 || input.taskFee != 1 ether);

        vm.expectRevert(_words("TEE settlement validation failed"));
        vm.prank(provider);
        market.settleFees(input);
    }

    function testFuzz_bytes_that_are_no_signature_are_refused(bytes memory signature) external {
        VerifierInput memory input = _input();
        input.signature = signature;

        vm.expectRevert(_words("TEE settlement validation failed"));
        vm.prank(provider);
        market.settleFees(input);
    }

    function test_an_acknowledged_result_is_not_paid_without_its_key() external {
        VerifierInput memory input = _input();
        input.encryptedSecret = "";

        _expectSettlement(input, abi.encodeWithSelector(SecretShouldNotBeEmpty.selector));
    }

    function testFuzz_a_key_is_not_given_away_unacknowledged(bytes memory secret) external {
        vm.assume(secret.length > 0);
        _deliver("task-2");
        VerifierInput memory input = _input();
        (input.id, input.encryptedSecret) = ("task-2", secret);

        _expectSettlement(input, abi.encodeWithSelector(SecretShouldBeEmpty.selector));
    }

    function testFuzz_the_acknowledgement_window_is_kept(uint256 early) external {
        _deliver("task-2");
        uint256 until = block.timestamp + LOCK_TIME / 2;
        VerifierInput memory input = _input();
        (input.id, input.encryptedSecret) = ("task-2", "");

        vm.warp(within(early, block.timestamp, until));
        _expectSettlement(input, abi.encodeWithSelector(AcknowledgementWindowOpen.selector, "task-2", until));
        vm.assertEq(market.acknowledgementDeadline(customer, provider, "task-2"), until);
    }

    function test_a_provider_whose_wallet_takes_no_money_is_told() external {
        vm.deal(address(this), BOND);
        vm.prank(customer);
        ledger.transferFund(address(this), FT, 1 ether);
        market.addOrUpdateService{value: BOND}("u", _quota(), 1, false, new string[](0), tee);
        vm.prank(owner);
        market.acknowledgeTEESignerByOwner(address(this));
        market.addDeliverable(customer, TASK, root);
        vm.prank(customer);
        market.acknowledgeDeliverable(address(this), TASK);
        VerifierInput memory input = _input();
        input.signature = Signing.settlement(input, address(market), TEE_KEY);

        vm.expectRevert(ETHTransferFailed.selector);
        market.settleFees(input);
    }

    function testFuzz_the_fee_and_the_key_change_hands_together(uint256 fee, bytes memory secret) external {
        vm.assume(secret.length > 0);
        fee = within(fee, 0, FUNDS);
        uint256 before = provider.balance;
        VerifierInput memory input = _input();
        (input.taskFee, input.encryptedSecret) = (fee, secret);

        _settle(input);

        vm.assertEq(provider.balance, before + fee);
        vm.assertEq(market.getDeliverable(customer, provider, TASK).encryptedSecret, secret);
        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS - fee);
        vm.assertEq(ledger.getLedger(customer).totalBalance, 105 ether - fee);
    }

    function testFuzz_patience_is_paid_the_penalty_share(uint256 fee) external {
        fee = within(fee, 0, FUNDS);
        _deliver("task-2");
        vm.warp(block.timestamp + LOCK_TIME / 2 + 1);
        uint256 before = provider.balance;
        VerifierInput memory input = _input();
        (input.id, input.encryptedSecret, input.taskFee) = ("task-2", "", fee);

        _settle(input);

        vm.assertEq(provider.balance, before + fee * PENALTY / 100);
        vm.assertEq(market.getAccount(customer, provider).balance, FUNDS - fee * PENALTY / 100);
    }

    function testFuzz_a_fee_is_taken_out_of_pending_refunds(uint256 fee) external {
        fee = within(fee, 0, FUNDS);
        address[] memory one = new address[](1);
        one[0] = provider;
        vm.prank(customer);
        ledger.retrieveFund(one, FT);
        VerifierInput memory input = _input();
        input.taskFee = fee;

        _settle(input);

        vm.assertEq(market.getPendingRefund(customer, provider), FUNDS - fee);
    }
}

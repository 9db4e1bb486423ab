// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IOwned} from "../../src/interfaces/IOwned.sol";
import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// acceptSigner, trustSigner, revokeSigner, setVerifier, and rotation.
contract SignersTest is Base {
    uint256 private constant NEW_KEY = 0x2ee;
    address private immutable fresh = vm.addr(NEW_KEY);
    uint64 private expiry;

    function setUp() public override {
        super.setUp();
        expiry = uint64(block.timestamp + 1 days);
        vm.prank(owner);
        market.setVerifier(vm.addr(VERIFIER_KEY), true);
        _update(provider, fresh);
    }

    function testFuzz_an_expired_approval_is_refused(uint256 late) external {
        vm.warp(within(late, uint256(expiry) + 1, type(uint64).max));

        vm.expectRevert(abi.encodeWithSelector(ApprovalExpired.selector, expiry));
        _approve(fresh, VERIFIER_KEY);
    }

    function testFuzz_a_signer_the_provider_never_named_is_refused(address signer) external {
        vm.assume(signer != fresh && signer != tee);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, signer));
        _approve(signer, VERIFIER_KEY);
    }

    function testFuzz_an_approval_by_anyone_else_is_refused(uint256 key) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != VERIFIER_KEY);

        vm.expectRevert(abi.encodeWithSelector(VerifierNotTrusted.selector, vm.addr(key)));
        _approve(fresh, key);
    }

    function testFuzz_an_approval_is_good_for_nothing_else(bytes32 evidence) external {
        vm.assume(evidence != keccak256("evidence"));
        bytes memory signature = _approval(fresh, VERIFIER_KEY);

        _refused(VerifierNotTrusted.selector);
        market.acceptSigner(provider, fresh, evidence, keccak256("policy"), expiry, signature);
    }

    function test_a_verifier_no_longer_trusted_approves_nothing() external {
        vm.prank(owner);
        market.setVerifier(vm.addr(VERIFIER_KEY), false);

        vm.expectRevert(abi.encodeWithSelector(VerifierNotTrusted.selector, vm.addr(VERIFIER_KEY)));
        _approve(fresh, VERIFIER_KEY);
    }

    function test_an_old_approval_does_not_undo_a_revocation() external {
        _approve(fresh, VERIFIER_KEY);
        vm.prank(owner);
        market.revokeSigner(provider, fresh);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, fresh));
        _approve(fresh, VERIFIER_KEY);
    }

    function testFuzz_others_neither_revoke_nor_name_verifiers(address caller) external {
        vm.assume(caller != owner && caller != provider);
        bytes memory refusal = abi.encodeWithSelector(IOwned.NotOwner.selector, caller);
        vm.startPrank(caller);

        vm.expectRevert(refusal);
        market.revokeSigner(provider, tee);
        vm.expectRevert(refusal);
        market.setVerifier(caller, true);
        vm.expectRevert(refusal);
        market.acknowledgeTEESignerByOwner(provider);
        vm.expectRevert(refusal);
        market.revokeTEESignerAcknowledgement(provider);
    }

    function testFuzz_trust_is_not_taken_back_while_money_is_there(address signer) external {
        vm.startPrank(customer);
        market.trustSigner(provider, fresh);

        vm.expectRevert(abi.encodeWithSelector(CannotRevokeWithNonZeroBalance.selector, customer, provider, FUNDS));
        market.trustSigner(provider, signer);
    }

    function testFuzz_an_approval_holds_until_it_expires(uint256 time) external {
        _approve(fresh, VERIFIER_KEY);

        vm.warp(within(time, block.timestamp, expiry));
        vm.assertTrue(market.getService(provider).teeSignerAcknowledged);
        vm.warp(uint256(expiry) + 1);
        vm.assertFalse(market.getService(provider).teeSignerAcknowledged);
    }

    function test_a_customer_may_accept_a_signer_for_herself() external {
        _deliver(TASK);
        _acknowledge(TASK);
        VerifierInput memory input = _input();
        input.signature = Signing.settlement(input, address(market), NEW_KEY);
        vm.expectRevert(_words("TEE signer not acknowledged"));
        vm.prank(provider);
        market.settleFees(input);

        vm.prank(customer);
        market.trustSigner(provider, fresh);
        vm.prank(provider);
        market.settleFees(input);

        vm.assertTrue(market.getDeliverable(customer, provider, TASK).settled);
    }

    function test_rotation_does_not_strand_what_was_delivered() external {
        _update(provider, tee);
        vm.prank(owner);
        market.acknowledgeTEESignerByOwner(provider);
        _deliver(TASK);
        _acknowledge(TASK);

        _update(provider, fresh);
        _settle(_input());

        vm.assertEq(market.deliverableSigner(customer, provider, TASK), tee);
        vm.assertTrue(market.getDeliverable(customer, provider, TASK).settled);
    }

    function test_leaving_does_not_strand_what_was_delivered() external {
        _update(provider, tee);
        vm.prank(owner);
        market.acknowledgeTEESignerByOwner(provider);
        _deliver(TASK);
        _acknowledge(TASK);

        vm.prank(provider);
        market.removeService();
        _settle(_input());

        vm.assertTrue(market.getDeliverable(customer, provider, TASK).settled);
    }

    function _approve(address signer, uint256 key) private {
        bytes memory signature = _approval(signer, key);
        market.acceptSigner(provider, signer, keccak256("evidence"), keccak256("policy"), expiry, signature);
    }

    function _approval(address signer, uint256 key) private view returns (bytes memory) {
        return Signing.approval(
            provider, signer, keccak256("evidence"), keccak256("policy"), expiry, address(market), key
        );
    }
}

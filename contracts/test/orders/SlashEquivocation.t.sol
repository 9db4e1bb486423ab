// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {Signing} from "../helpers/Signing.sol";
import {vm, within} from "../helpers/Vm.sol";

/// slashEquivocation.
contract SlashEquivocationTest is Base {
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;

    function testFuzz_one_result_is_no_contradiction(uint256 nonce, uint256 fee, bytes memory secret) external {
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        (second.modelRootHash, second.nonce, second.taskFee) = (first.modelRootHash, nonce, fee);
        second.encryptedSecret = secret;
        _sign(second, TEE_KEY);

        vm.expectRevert(EvidenceNotConflicting.selector);
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_two_ids_are_no_contradiction(string memory id) external {
        vm.assume(keccak256(bytes(id)) != keccak256(bytes(TASK)));
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        second.id = id;
        _sign(second, TEE_KEY);

        vm.expectRevert(EvidenceNotConflicting.selector);
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_two_customers_are_no_contradiction(address user) external {
        vm.assume(user != customer);
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        second.user = user;
        _sign(second, TEE_KEY);

        vm.expectRevert(EvidenceNotConflicting.selector);
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_two_signers_are_no_contradiction(uint256 key) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != TEE_KEY);
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        _sign(second, key);

        vm.expectRevert(EvidenceNotConflicting.selector);
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_unsigned_words_are_no_evidence(bytes memory signature) external {
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        (first.signature, second.signature) = (signature, signature);
        vm.assume(signature.length != 65);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, address(0)));
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_a_signer_that_was_never_the_providers_is_refused(uint256 key) external {
        key = within(key, 1, 1 << 128);
        vm.assume(key != TEE_KEY);
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        _sign(first, key);
        _sign(second, key);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, vm.addr(key)));
        market.slashEquivocation(provider, first, second);
    }

    function test_a_signer_is_punished_once() external {
        (VerifierInput memory first, VerifierInput memory second) = _evidence();
        market.slashEquivocation(provider, first, second);

        vm.expectRevert(abi.encodeWithSelector(SignerUnknown.selector, provider, tee));
        market.slashEquivocation(provider, first, second);
    }

    function testFuzz_half_goes_to_the_injured_and_half_to_nobody(address caller) external {
        (VerifierInput memory first, VerifierInput memory second) = _evidence();

        vm.prank(caller);
        market.slashEquivocation(provider, first, second);

        vm.assertEq(market.claimable(customer), BOND / 2);
        vm.assertEq(BURNT.balance, BOND / 2);
        vm.assertEq(market.getBond(provider).amount, 0);
        vm.assertFalse(market.getService(provider).teeSignerAcknowledged);
    }

    function test_what_stands_for_orders_stays() external {
        _acceptedOrder();
        (VerifierInput memory first, VerifierInput memory second) = _evidence();

        market.slashEquivocation(provider, first, second);

        vm.assertEq(market.getBond(provider).amount, 6 ether);
        vm.assertEq(market.getBond(provider).locked, 6 ether);
    }

    function test_leaving_does_not_help() external {
        vm.prank(provider);
        market.removeService();
        (VerifierInput memory first, VerifierInput memory second) = _evidence();

        market.slashEquivocation(provider, first, second);

        vm.assertEq(market.claimable(customer), BOND / 2);
    }

    function _evidence() private view returns (VerifierInput memory first, VerifierInput memory second) {
        (first, second) = (_input(), _input());
        second.modelRootHash = abi.encodePacked(keccak256("another root"));
        _sign(first, TEE_KEY);
        _sign(second, TEE_KEY);
    }

    function _sign(VerifierInput memory input, uint256 key) private view {
        input.signature = Signing.settlement(input, address(market), key);
    }
}

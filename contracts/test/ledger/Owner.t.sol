// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ILedger} from "../../src/interfaces/ILedger.sol";
import {IOwned} from "../../src/interfaces/IOwned.sol";
import {Base} from "../helpers/Base.sol";
import {Deploy} from "../helpers/Deploy.sol";
import {vm} from "../helpers/Vm.sol";

/// Everything only the ledger's owner may do.
contract LedgerOwnerTest is Base {
    function testFuzz_others_are_refused(address caller) external {
        vm.assume(caller != owner);
        vm.startPrank(caller);

        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        ledger.registerService("a", "b", address(market), "");
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        ledger.setRecommendedService("fine-tuning", "v1.0");
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        ledger.transferOwnership(caller);
        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, caller));
        ledger.renounceOwnership();
    }

    function test_nobody_is_no_owner() external {
        vm.expectRevert(IOwned.OwnerIsZero.selector);
        Deploy.ledger(address(0));
        vm.expectRevert(IOwned.OwnerIsZero.selector);
        vm.prank(owner);
        ledger.transferOwnership(address(0));
    }

    function testFuzz_what_is_no_service_is_refused(address service) external {
        vm.assume(service != address(market) && service != address(0) && service.code.length == 0);

        vm.expectRevert(abi.encodeWithSelector(ILedger.ServiceMustImplementIServing.selector, service));
        vm.prank(owner);
        ledger.registerService("a", "b", service, "");
    }

    function test_a_service_is_registered_once() external {
        vm.expectRevert(abi.encodeWithSelector(ILedger.ServiceAlreadyRegistered.selector, address(market)));
        vm.prank(owner);
        ledger.registerService("a", "b", address(market), "");
    }

    function test_without_an_owner_nothing_more_can_be_registered() external {
        vm.prank(owner);
        ledger.renounceOwnership();

        vm.expectRevert(abi.encodeWithSelector(IOwned.NotOwner.selector, owner));
        vm.prank(owner);
        ledger.setRecommendedService("fine-tuning", "v1.0");
    }

    function test_it_was_initialised_by_its_constructor() external {
        vm.assertTrue(ledger.initialized());
        vm.expectRevert(ILedger.AlreadyInitialized.selector);
        ledger.initialize(stranger);
    }
}

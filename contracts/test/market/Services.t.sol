// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../helpers/Base.sol";
import {vm, within} from "../helpers/Vm.sol";

/// addOrUpdateService, removeService, addBond, withdrawBond.
contract ServicesTest is Base {
    function testFuzz_a_small_stake_is_refused(uint256 amount) external {
        amount = within(amount, 0, BOND - 1);

        vm.expectRevert(abi.encodeWithSelector(InsufficientStake.selector, amount, BOND));
        vm.prank(stranger);
        market.addOrUpdateService{value: amount}("u", _quota(), 1, false, new string[](0), tee);
    }

    function testFuzz_an_update_takes_no_money(uint256 amount) external {
        amount = within(amount, 1, BOND);

        vm.expectRevert(CannotAddStakeWhenUpdating.selector);
        vm.prank(provider);
        market.addOrUpdateService{value: amount}("u", _quota(), 1, false, new string[](0), tee);
    }

    function testFuzz_without_a_service_there_is_nothing_to_do(address nobody) external {
        vm.assume(nobody != provider && nobody != address(market));
        vm.deal(nobody, 1 ether);
        bytes memory refusal = abi.encodeWithSelector(ServiceNotExist.selector, nobody);
        vm.startPrank(nobody);

        vm.expectRevert(refusal);
        market.removeService();
        vm.expectRevert(refusal);
        market.addBond{value: 1}();
        vm.expectRevert(refusal);
        market.getService(nobody);
    }

    function testFuzz_a_bond_stays_for_the_unbonding_delay(uint256 early) external {
        early = within(early, 0, 7 days - 1);
        uint256 removed = block.timestamp;
        vm.startPrank(provider);
        market.removeService();

        vm.warp(removed + early);
        vm.expectRevert(abi.encodeWithSelector(BondStillLocked.selector, 0, removed + 7 days));
        market.withdrawBond();
    }

    function test_a_bond_stays_while_the_service_is_registered() external {
        vm.expectRevert(abi.encodeWithSelector(BondStillLocked.selector, 0, 0));
        vm.prank(provider);
        market.withdrawBond();
    }

    function testFuzz_a_bond_stays_while_orders_need_it(uint256 late) external {
        late = within(late, 7 days, 3650 days);
        _acceptedOrder();
        vm.startPrank(provider);
        market.removeService();
        uint256 removed = block.timestamp;

        vm.warp(removed + late);
        vm.expectRevert(abi.encodeWithSelector(BondStillLocked.selector, 6 ether, removed + 7 days));
        market.withdrawBond();
    }

    function test_a_bond_is_paid_once() external {
        vm.startPrank(provider);
        market.removeService();
        vm.warp(block.timestamp + 7 days);
        market.withdrawBond();

        _refused(BondStillLocked.selector);
        market.withdrawBond();
    }

    function testFuzz_all_of_a_bond_comes_back(uint256 more) external {
        more = within(more, 0, 100 ether);
        uint256 before = provider.balance;
        vm.startPrank(provider);
        market.addBond{value: more}();
        market.removeService();
        vm.warp(block.timestamp + 7 days);
        market.withdrawBond();

        vm.assertEq(provider.balance, before + BOND);
        vm.assertEq(market.getBond(provider).amount, 0);
    }

    function test_coming_back_binds_the_old_bond_again() external {
        vm.prank(provider);
        market.removeService();
        _register(provider, tee);

        vm.assertEq(market.getBond(provider).amount, 2 * BOND);
        vm.assertEq(market.getBond(provider).withdrawableAt, 0);
        vm.assertFalse(market.getService(provider).teeSignerAcknowledged);
    }
}

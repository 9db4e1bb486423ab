// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ILedger} from "../../src/interfaces/ILedger.sol";
import {Base} from "../helpers/Base.sol";
import {vm, within} from "../helpers/Vm.sol";

/// transferFund, retrieveFund, and what the market does for them.
contract TransfersTest is Base {
    function testFuzz_an_unknown_service_is_refused(string memory name) external {
        vm.assume(keccak256(bytes(name)) != keccak256(bytes(FT)));

        vm.expectRevert(abi.encodeWithSelector(ILedger.ServiceNotFound.selector, address(0)));
        vm.prank(customer);
        ledger.transferFund(provider, name, 1 ether);
    }

    function testFuzz_a_small_first_transfer_is_refused(uint256 amount) external {
        amount = within(amount, 0, 1 ether - 1);

        vm.expectRevert(abi.encodeWithSelector(ILedger.MinimumDepositRequired.selector, amount, 1 ether));
        vm.prank(customer);
        ledger.transferFund(stranger, FT, amount);
    }

    function testFuzz_a_transfer_above_the_available_balance_is_refused(uint256 amount) external {
        amount = within(amount, 100 ether + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(ILedger.InsufficientAvailableBalance.selector, 100 ether, amount));
        vm.prank(customer);
        ledger.transferFund(provider, FT, amount);
    }

    function testFuzz_too_many_providers_at_once_are_refused(uint8 extra) external {
        uint256 count = 21 + uint256(extra);

        vm.expectRevert(abi.encodeWithSelector(ILedger.TooManyProviders.selector, count, 20));
        vm.prank(customer);
        ledger.retrieveFund(new address[](count), FT);
    }

    function test_a_fifty_first_provider_is_refused() external {
        vm.startPrank(customer);
        for (uint160 i = 1; i < 50; ++i) {
            ledger.transferFund(address(i), FT, 1 ether);
        }

        vm.expectRevert(abi.encodeWithSelector(ILedger.TooManyProvidersForService.selector, 50, 50));
        ledger.transferFund(address(51), FT, 1 ether);
    }

    function testFuzz_only_the_ledger_moves_sub_accounts(address caller) external {
        vm.assume(caller != address(ledger));
        vm.startPrank(caller);

        vm.expectRevert(CallerNotLedger.selector);
        market.addAccount(customer, caller, "");
        vm.expectRevert(CallerNotLedger.selector);
        market.depositFund(customer, provider, 0);
        vm.expectRevert(CallerNotLedger.selector);
        market.requestRefundAll(customer, provider);
        vm.expectRevert(CallerNotLedger.selector);
        market.processRefund(customer, provider);
        vm.expectRevert(CallerNotLedger.selector);
        market.deleteAccount(customer, provider);
    }

    function test_an_account_with_money_is_not_deleted() external {
        vm.expectRevert(abi.encodeWithSelector(AccountNotEmpty.selector, customer, provider, FUNDS));
        vm.prank(address(ledger));
        market.deleteAccount(customer, provider);
    }

    function test_an_account_is_opened_once() external {
        vm.expectRevert(abi.encodeWithSelector(AccountExists.selector, customer, provider));
        vm.prank(address(ledger));
        market.addAccount(customer, provider, "");
    }

    function testFuzz_a_refund_comes_back_after_the_lock_time(uint256 early) external {
        early = within(early, 0, LOCK_TIME - 1);
        uint256 asked = block.timestamp;
        _retrieve();

        vm.warp(asked + early);
        _retrieve();
        vm.assertEq(ledger.getLedger(customer).availableBalance, 100 ether);

        vm.warp(asked + LOCK_TIME);
        _retrieve();
        vm.assertEq(ledger.getLedger(customer).availableBalance, 105 ether);
        vm.assertEq(market.getAccount(customer, provider).balance, 0);
    }

    function testFuzz_a_transfer_first_takes_back_what_is_on_its_way(uint256 amount) external {
        amount = within(amount, 0, 2 * FUNDS);
        _retrieve();

        vm.prank(customer);
        ledger.transferFund(provider, FT, amount);

        uint256 cancelled = amount < FUNDS ? amount : FUNDS;
        vm.assertEq(market.getPendingRefund(customer, provider), FUNDS - cancelled);
        vm.assertEq(ledger.getLedger(customer).availableBalance, 100 ether - (amount - cancelled));
    }

    function test_the_reason_of_a_service_is_passed_on() external {
        vm.startPrank(customer);
        ledger.retrieveFund(_only(provider), FT);
        for (uint256 i = 5; i > 1; --i) {
            ledger.transferFund(provider, FT, i);
            ledger.retrieveFund(_only(provider), FT);
        }
        ledger.transferFund(provider, FT, 1);

        vm.expectRevert(abi.encodeWithSelector(TooManyRefunds.selector, customer, provider));
        ledger.retrieveFund(_only(provider), FT);
    }

    function test_the_end_of_a_ledger_ends_its_accounts_and_keeps_their_nonces() external {
        _deliver(TASK);
        _acknowledge(TASK);
        _settle(_input());
        _retrieve();
        vm.warp(block.timestamp + LOCK_TIME);
        _retrieve();
        vm.startPrank(customer);
        ledger.refund(104 ether);

        vm.assertFalse(market.accountExists(customer, provider));
        ledger.depositFund{value: 10 ether}();
        ledger.transferFund(provider, FT, 1 ether);
        vm.assertEq(market.getAccount(customer, provider).nonce, 1);
        vm.assertEq(market.getDeliverables(customer, provider).length, 0);
    }

    function _retrieve() private {
        vm.prank(customer);
        ledger.retrieveFund(_only(provider), FT);
    }

    function _only(address one) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = one;
    }
}

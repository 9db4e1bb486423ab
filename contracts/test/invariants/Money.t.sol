// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "../../src/interfaces/IFineTuningTypes.sol";
import {ILedger} from "../../src/interfaces/ILedger.sol";
import {ISealtuneTypes} from "../../src/interfaces/ISealtuneTypes.sol";
import {Deploy} from "../helpers/Deploy.sol";
import {IMarket} from "../helpers/IMarket.sol";
import {vm} from "../helpers/Vm.sol";
import {Handler} from "./Handler.sol";

/// What holds whatever anybody does.
contract MoneyInvariants is IFineTuningTypes, ISealtuneTypes {
    uint256 private constant EACH = 1_000_000 ether;
    address private constant BURNT = 0x000000000000000000000000000000000000dEaD;
    address private constant OWNER = address(0x0eeee);

    ILedger private ledger;
    IMarket private market;
    Handler private handler;

    function setUp() external {
        vm.warp(1_900_000_000);
        ledger = Deploy.ledger(OWNER);
        market = Deploy.market(address(ledger), 1 days, 30, OWNER);
        vm.prank(OWNER);
        ledger.registerService("fine-tuning", "v1.0", address(market), "");
        handler = new Handler(ledger, market);
        for (uint256 i = 0; i < 2; ++i) {
            vm.deal(handler.customers(i), EACH);
            vm.deal(handler.providers(i), EACH);
            handler.enter(handler.providers(i));
            handler.deposit(i, 50 ether);
            handler.transfer(i, i, 20 ether);
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function invariant_the_market_holds_exactly_what_is_claimed_from_it() external view {
        uint256 sum = 0;
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                sum += _balance(handler.customers(i), _purse(j));
            }
            sum += market.getBond(handler.providers(i)).amount;
            sum += market.claimable(handler.customers(i)) + market.claimable(handler.providers(i));
        }

        vm.assertEq(address(market).balance, sum);
    }

    function invariant_the_ledger_holds_exactly_what_is_available() external view {
        uint256 sum = 0;
        for (uint256 i = 0; i < 2; ++i) {
            ILedger.LedgerInfo memory info = ledger.getLedger(handler.customers(i));
            sum += info.availableBalance;
            uint256 inside = 0;
            for (uint256 j = 0; j < 3; ++j) {
                inside += _balance(handler.customers(i), _purse(j));
            }
            vm.assertEq(info.totalBalance, info.availableBalance + inside);
        }

        vm.assertEq(address(ledger).balance, sum);
    }

    function invariant_a_reserved_fee_is_there_and_never_asked_back() external view {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 3; ++j) {
                (address customer, address purse) = (handler.customers(i), _purse(j));
                uint256 reserved = market.reservedFee(customer, purse);
                vm.assertEq(reserved, _reservedByOrders(customer, purse));
                uint256 pending = market.accountExists(customer, purse) ? market.getPendingRefund(customer, purse) : 0;
                vm.assertLe(pending + reserved, _balance(customer, purse), "more is promised than is there");
            }
        }
    }

    function invariant_a_bond_covers_every_promise() external view {
        for (uint256 i = 0; i < 2; ++i) {
            Bond memory bond = market.getBond(handler.providers(i));
            vm.assertEq(bond.locked, 2 * _promisedBy(handler.providers(i)));
            vm.assertLe(bond.locked, bond.amount, "a promise is not covered");
        }
    }

    function invariant_a_result_is_paid_at_most_once() external view {
        for (uint256 i = 0; i < handler.taskCount(); ++i) {
            vm.assertLe(handler.paymentsOf(i), 1, "paid twice");
        }
    }

    function invariant_nobody_else_gains_and_nothing_is_lost() external view {
        uint256 sum = address(ledger).balance + address(market).balance + BURNT.balance;
        for (uint256 i = 0; i < 2; ++i) {
            sum += handler.customers(i).balance + handler.providers(i).balance;
        }

        vm.assertEq(sum, 4 * EACH);
        vm.assertEq(OWNER.balance, 0);
        vm.assertEq(handler.RELAY().balance, 0);
    }

    function _purse(uint256 j) private view returns (address) {
        return j == 2 ? address(0) : handler.providers(j);
    }

    function _balance(address customer, address purse) private view returns (uint256) {
        return market.accountExists(customer, purse) ? market.getAccount(customer, purse).balance : 0;
    }

    function _reservedByOrders(address customer, address purse) private view returns (uint256 sum) {
        for (uint256 i = 0; i < handler.orderCount(); ++i) {
            OrderRecord memory order = market.getOrder(handler.orders(i));
            address from = order.forAnybody ? address(0) : order.provider;
            if (_isOpen(order) && order.customer == customer && from == purse) sum += order.feeMax;
        }
    }

    function _promisedBy(address provider) private view returns (uint256 sum) {
        for (uint256 i = 0; i < handler.orderCount(); ++i) {
            OrderRecord memory order = market.getOrder(handler.orders(i));
            bool promised = _isOpen(order) && order.state != OrderState.Open;
            if (promised && order.provider == provider) sum += order.compensation;
        }
    }

    function _isOpen(OrderRecord memory order) private pure returns (bool) {
        return order.state == OrderState.Open || order.state == OrderState.Accepted
            || order.state == OrderState.Delivered;
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuningTypes} from "../../src/interfaces/IFineTuningTypes.sol";
import {ILedger} from "../../src/interfaces/ILedger.sol";
import {ISealtuneTypes} from "../../src/interfaces/ISealtuneTypes.sol";
import {Deploy} from "./Deploy.sol";
import {IMarket} from "./IMarket.sol";
import {Signing} from "./Signing.sol";
import {vm, within} from "./Vm.sol";

/// A market with one customer who has money, one provider with a bond, and an accepted signer.
abstract contract Base is IFineTuningTypes, ISealtuneTypes {
    string internal constant FT = "fine-tuning-v1.0";
    string internal constant TASK = "6b607314-88b0-4fef-91e7-43227a54de57";
    uint256 internal constant CUSTOMER_KEY = 0xc0ffee;
    uint256 internal constant TEE_KEY = 0x7ee;
    uint256 internal constant VERIFIER_KEY = 0x7e41f1e4;
    uint256 internal constant LOCK_TIME = 1 days;
    uint256 internal constant PENALTY = 30;
    uint256 internal constant FUNDS = 5 ether;
    uint256 internal constant BOND = 100 ether;
    bytes internal constant SECRET = hex"5ec2e7";

    address internal immutable owner = address(0x0eeee);
    address internal immutable provider = address(0x9999);
    address internal immutable stranger = address(0x57a9);
    address internal immutable customer = vm.addr(CUSTOMER_KEY);
    address internal immutable tee = vm.addr(TEE_KEY);

    bytes internal root = abi.encodePacked(keccak256("root"));
    ILedger internal ledger;
    IMarket internal market;

    function setUp() public virtual {
        vm.warp(1_900_000_000);
        ledger = Deploy.ledger(owner);
        market = Deploy.market(address(ledger), LOCK_TIME, PENALTY, owner);
        vm.prank(owner);
        ledger.registerService("fine-tuning", "v1.0", address(market), "fine-tuning");
        for (uint256 i = 0; i < 5; ++i) {
            vm.deal([owner, provider, stranger, customer, tee][i], 1_000_000 ether);
        }
        _fund(customer, provider, FUNDS);
        _register(provider, tee);
        vm.prank(owner);
        market.acknowledgeTEESignerByOwner(provider);
    }

    function _fund(address user, address at, uint256 amount) internal {
        vm.startPrank(user);
        ledger.depositFundFor{value: amount + 100 ether}(user);
        ledger.transferFund(at, FT, amount);
        vm.stopPrank();
    }

    function _register(address who, address signer) internal {
        vm.prank(who);
        market.addOrUpdateService{value: BOND}("http://p", _quota(), 5, false, new string[](2), signer);
    }

    function _update(address who, address signer) internal {
        vm.prank(who);
        market.addOrUpdateService("http://p", _quota(), 5, false, new string[](2), signer);
    }

    function _quota() internal pure returns (Quota memory) {
        return Quota(1, 2, 3, 4, "H100");
    }

    function _deliver(string memory id) internal {
        vm.prank(provider);
        market.addDeliverable(customer, id, root);
    }

    function _acknowledge(string memory id) internal {
        vm.prank(customer);
        market.acknowledgeDeliverable(provider, id);
    }

    function _settle(VerifierInput memory input) internal {
        input.signature = Signing.settlement(input, address(market), TEE_KEY);
        vm.prank(provider);
        market.settleFees(input);
    }

    function _expectSettlement(VerifierInput memory input, bytes memory refusal) internal {
        input.signature = Signing.settlement(input, address(market), TEE_KEY);
        vm.expectRevert(refusal);
        vm.prank(provider);
        market.settleFees(input);
    }

    /// A settlement of `TASK` for an acknowledged result.
    function _input() internal view returns (VerifierInput memory input) {
        input.id = TASK;
        input.encryptedSecret = SECRET;
        input.modelRootHash = root;
        input.nonce = 1;
        input.taskFee = 1 ether;
        input.user = customer;
    }

    function _order() internal view returns (Order memory order) {
        order.customer = customer;
        order.provider = provider;
        order.baseModel = keccak256("model");
        order.dataset = keccak256("dataset");
        order.recipe = keccak256("recipe");
        order.feeMax = 2 ether;
        order.deadline = uint64(block.timestamp + 1 hours);
        order.nonce = 7;
        order.encryptionKey = hex"0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
        order.tier = 1;
        order.ackWindow = 6 hours;
        order.penaltyBps = 2000;
        order.compensation = 3 ether;
    }

    function _open(Order memory order) internal returns (bytes32 id) {
        return market.openOrder(order, Signing.signed(market.orderDigest(order), CUSTOMER_KEY));
    }

    function _accept(bytes32 id) internal {
        vm.prank(provider);
        market.acceptOrder(id);
    }

    function _acceptedOrder() internal returns (bytes32 id) {
        id = _open(_order());
        _accept(id);
    }

    function _deliveredOrder() internal returns (bytes32 id) {
        id = _acceptedOrder();
        _deliver(vm.toString(id));
    }

    function _orderInput(bytes32 id) internal view returns (VerifierInput memory input) {
        input = _input();
        input.id = vm.toString(id);
    }

    function _stateOf(bytes32 id) internal view returns (OrderState) {
        return market.getOrder(id).state;
    }

    function _assertState(bytes32 id, OrderState state) internal view {
        vm.assertEq(uint256(_stateOf(id)), uint256(state));
    }

    function _refused(bytes4 selector) internal {
        vm.expectPartialRevert(selector);
    }

    function _words(string memory reason) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(InvalidVerifierInput.selector, reason);
    }
}

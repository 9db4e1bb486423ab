// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "./helpers/Base.sol";
import {vm} from "./helpers/Vm.sol";
import {IFineTuningTypes} from "../src/interfaces/IFineTuningTypes.sol";
import {ISealtuneTypes} from "../src/interfaces/ISealtuneTypes.sol";
import {TaskIds} from "../src/libraries/TaskIds.sol";
import {Typed} from "../src/libraries/Typed.sol";

/// Signed words are the same here and in every other program: numbers made elsewhere.
contract DigestsTest is Base {
    string private constant ORDERS = "../proto/tests/golden/order-digests.json";
    address private constant SDK_MARKET = 0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0;

    function test_orders_have_the_digests_of_the_rust_side() external {
        string memory json = vm.readFile(ORDERS);
        uint256 count = 0;
        while (vm.keyExistsJson(json, _at(count, ""))) {
            _checkOrder(json, count);
            ++count;
        }

        vm.assertGe(count, 5, "there are golden orders");
    }

    /// Made by 0G's official client for the deployment on chain 31337.
    function test_a_settlement_has_the_digest_of_the_official_client() external {
        vm.chainId(31337);
        vm.etch(SDK_MARKET, address(new Hashing()).code);
        VerifierInput memory input = VerifierInput({
            id: TASK,
            encryptedSecret: hex"0102030405",
            modelRootHash: hex"ed64cea5b018af1a064d6bca1d16bf26f1790f9662d3b94bbf0bdb6a55c90abc",
            nonce: 17600000000000040,
            signature: "",
            taskFee: 10000000000001234,
            user: 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC
        });

        vm.assertEq(
            Hashing(SDK_MARKET).settlement(input),
            bytes32(0x74f098818ee7366934d8af9ab6761423ed05823d2114389e7d42a466f0369674)
        );
        input.encryptedSecret = "";
        vm.assertEq(
            Hashing(SDK_MARKET).settlement(input),
            bytes32(0x80b678906fb2ec5cf94ad8277c10559c0cae7db38b822aee480d9947a7c2d49d)
        );
    }

    function testFuzz_an_order_id_survives_its_text(bytes32 id) external view {
        vm.assertEq(TaskIds.text(id), vm.toString(id));
        vm.assertEq(this.parsed(TaskIds.text(id)), id);
    }

    function parsed(string calldata text) external pure returns (bytes32) {
        return TaskIds.parse(text);
    }

    function _checkOrder(string memory json, uint256 index) private {
        vm.chainId(vm.parseJsonUint(json, _at(index, ".order.chainId")));
        address at = vm.parseJsonAddress(json, _at(index, ".order.contract"));
        Order memory order = _parsed(json, index);
        // Some numbers are made for addresses where no code can be: the hashing is moved there.
        bytes32 digest = new Hashing().orderAt(order, at);

        vm.assertEq(digest, vm.parseJsonBytes32(json, _at(index, ".digest")));
    }

    function _parsed(string memory json, uint256 index) private pure returns (Order memory order) {
        order.customer = vm.parseJsonAddress(json, _at(index, ".order.customer"));
        order.provider = vm.parseJsonAddress(json, _at(index, ".order.provider"));
        order.baseModel = vm.parseJsonBytes32(json, _at(index, ".order.baseModel"));
        order.dataset = vm.parseJsonBytes32(json, _at(index, ".order.dataset"));
        order.recipe = vm.parseJsonBytes32(json, _at(index, ".order.recipe"));
        order.feeMax = vm.parseJsonUint(json, _at(index, ".order.feeMax"));
        order.deadline = uint64(vm.parseJsonUint(json, _at(index, ".order.deadline")));
        order.nonce = vm.parseJsonUint(json, _at(index, ".order.nonce"));
        order.encryptionKey = vm.parseJsonBytes(json, _at(index, ".order.encryptionKey"));
        order.tier = uint8(vm.parseJsonUint(json, _at(index, ".order.tier")));
        order.ackWindow = uint64(vm.parseJsonUint(json, _at(index, ".order.ackWindow")));
        order.penaltyBps = uint16(vm.parseJsonUint(json, _at(index, ".order.penaltyBps")));
        order.compensation = vm.parseJsonUint(json, _at(index, ".order.compensation"));
        order.resumable = vm.parseJsonBool(json, _at(index, ".order.resumable"));
    }

    function _at(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".orders[", vm.toString(index), "]", field);
    }
}

/// The contracts' own hashing, at any address.
contract Hashing is IFineTuningTypes, ISealtuneTypes {
    function settlement(VerifierInput calldata input) external view returns (bytes32) {
        return Typed.settlement(input);
    }

    function order(Order calldata asked) external view returns (bytes32) {
        return Typed.order(asked);
    }

    function orderAt(Order calldata asked, address at) external returns (bytes32) {
        vm.etch(at, address(this).code);
        return Hashing(at).order(asked);
    }
}

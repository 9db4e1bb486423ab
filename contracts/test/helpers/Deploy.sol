// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ILedger} from "../../src/interfaces/ILedger.sol";
import {IMarket} from "./IMarket.sol";
import {vm} from "./Vm.sol";

/// The contracts as they ship: the committed bytes, which another test proves current.
library Deploy {
    function ledger(address owner) internal returns (ILedger) {
        return ILedger(create("Ledger", abi.encode(owner)));
    }

    function market(address at, uint256 lockTime, uint256 penalty, address owner) internal returns (IMarket) {
        return IMarket(create("FineTuning", abi.encode(at, lockTime, penalty, owner)));
    }

    function create(string memory name, bytes memory args) private returns (address made) {
        string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
        bytes memory code = bytes.concat(vm.parseJsonBytes(json, ".bytecode"), args);
        assembly ("memory-safe") {
            made := create(0, add(code, 0x20), mload(code))
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {TaskIds} from "../../src/libraries/TaskIds.sol";

/// The text of an order id, for every id: `npm run symbolic`. (Each branch of `parse` doubles the paths,
/// and it has 64: that it reads the text back is a fuzz test.)
contract TaskIdLaws {
    function check_every_letter_is_the_lower_case_digit_of_its_nibble(bytes32 id) external pure {
        bytes memory text = bytes(TaskIds.text(id));
        assert(text.length == 66 && text[0] == "0" && text[1] == "x");
        for (uint256 i = 0; i < 64; ++i) {
            uint256 nibble = uint256(id) >> (252 - 4 * i) & 0x0f;
            // No branches: both sides are one formula to the solver.
            assert(uint8(text[2 + i]) == nibble + 0x30 + 0x27 * ((nibble + 6) >> 4));
        }
    }
}

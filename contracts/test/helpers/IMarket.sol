// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IFineTuning} from "../../src/interfaces/IFineTuning.sol";
import {ISealtune} from "../../src/interfaces/ISealtune.sol";

/// The market as a client sees it.
interface IMarket is IFineTuning, ISealtune {}

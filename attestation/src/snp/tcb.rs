//! Firmware levels, compared component by component.
//!
//! The same eight bytes mean different things on different lines:
//!
//! ```text
//!   byte          0    1    2    3    4  5  6    7
//!   Milan, Genoa  bl   tee  -    -    -  -  snp  ucode
//!   Turin         fmc  bl   tee  snp  -  -  -    ucode
//! ```

use super::Line;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Eight bytes as they stand in a report; they mean nothing before the line is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcbWord(pub [u8; 8]);

/// A firmware level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcb {
    /// Only Turin has one.
    pub fmc: Option<u8>,
    pub bl: u8,
    pub tee: u8,
    pub snp: u8,
    pub ucode: u8,
}

/// The least level taken, for each component that is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TcbFloor {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fmc: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bl: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tee: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snp: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ucode: Option<u8>,
}

impl TcbWord {
    /// The level, as this line encodes it; `None` where a reserved byte is set.
    pub const fn on(self, line: Line) -> Option<Tcb> {
        match (line, self.0) {
            (Line::Milan | Line::Genoa, [bl, tee, 0, 0, 0, 0, snp, ucode]) => Some(Tcb {
                fmc: None,
                bl,
                tee,
                snp,
                ucode,
            }),
            (Line::Turin, [fmc, bl, tee, snp, 0, 0, 0, ucode]) => Some(Tcb {
                fmc: Some(fmc),
                bl,
                tee,
                snp,
                ucode,
            }),
            (Line::Milan | Line::Genoa | Line::Turin, _) => None,
        }
    }
}

impl Tcb {
    /// The bytes, as this line encodes them.
    pub const fn word(self, line: Line) -> TcbWord {
        let Self {
            fmc,
            bl,
            tee,
            snp,
            ucode,
        } = self;
        match (line, fmc) {
            (Line::Turin, Some(fmc)) => TcbWord([fmc, bl, tee, snp, 0, 0, 0, ucode]),
            (Line::Turin, None) => TcbWord([0, bl, tee, snp, 0, 0, 0, ucode]),
            (Line::Milan | Line::Genoa, _) => TcbWord([bl, tee, 0, 0, 0, 0, snp, ucode]),
        }
    }

    /// Whether no component is above its counterpart.
    pub fn at_most(self, other: Self) -> bool {
        let mine = self.components();
        mine.iter()
            .zip(other.components())
            .all(|(mine, other)| *mine <= other)
    }

    /// Whether every named component is reached. A component this line does not have
    /// counts as zero.
    pub fn reaches(self, floor: TcbFloor) -> bool {
        let floors = [floor.fmc, floor.bl, floor.tee, floor.snp, floor.ucode];
        let mine = self.components();
        mine.iter()
            .zip(floors)
            .all(|(mine, floor)| *mine >= floor.unwrap_or(0))
    }

    fn components(self) -> [u8; 5] {
        [
            self.fmc.unwrap_or(0),
            self.bl,
            self.tee,
            self.snp,
            self.ucode,
        ]
    }
}

impl fmt::Display for TcbWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Display for Tcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fmc) = self.fmc {
            write!(f, "fmc {fmc} ")?;
        }
        let Self {
            bl,
            tee,
            snp,
            ucode,
            ..
        } = self;
        write!(f, "bl {bl} tee {tee} snp {snp} ucode {ucode}")
    }
}

impl fmt::Display for TcbFloor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("fmc", self.fmc),
            ("bl", self.bl),
            ("tee", self.tee),
            ("snp", self.snp),
            ("ucode", self.ucode),
        ];
        let named = parts
            .iter()
            .filter_map(|(name, floor)| Some(format!("{name} {}", (*floor)?)));
        write!(f, "at least {}", named.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Tcb = Tcb {
        fmc: None,
        bl: 10,
        tee: 0,
        snp: 25,
        ucode: 84,
    };

    #[test]
    fn turin_puts_its_levels_elsewhere() {
        let word = TcbWord([1, 2, 3, 4, 0, 0, 0, 5]);

        assert_eq!(word.on(Line::Milan), None);
        assert_eq!(word.on(Line::Turin).unwrap().word(Line::Turin), word);
    }

    #[test]
    fn a_level_is_compared_component_by_component() {
        let other = Tcb {
            bl: 11,
            ucode: 83,
            ..LEVEL
        };

        assert!(!LEVEL.at_most(other));
        assert!(!other.at_most(LEVEL));
    }

    #[test]
    fn a_floor_on_a_component_the_line_lacks_is_not_reached() {
        let floor = TcbFloor {
            fmc: Some(1),
            ..TcbFloor::default()
        };

        assert!(!LEVEL.reaches(floor));
    }
}

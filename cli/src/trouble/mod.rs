//! Trouble: what happened, whether money moved, and what to type next.

mod from;

use crate::amount::shown;
use proto::Wei;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt;

/// The exit status of a command that did not do what was asked. Numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// This machine: a disk, a missing program.
    Machine = 1,
    /// You were asked and said no, or could not be asked.
    NotConfirmed = 3,
    /// Something of yours to mend: configuration, key, password, recipe, data.
    Input = 4,
    /// Chain, node or storage cannot be reached, or are not ready; the same command again may do.
    Unreachable = 5,
    /// The contract or the node says no.
    Refused = 6,
    /// The machine is not what your policy takes.
    NotTrusted = 7,
    /// What came is not what was promised: root, signature, key.
    NotAsPromised = 8,
    /// The order ended without a result.
    Ended = 9,
}

/// What became of the money, as far as this command knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Money {
    /// This command moves none.
    NoMatter,
    NotMoved,
    /// Set aside for an order, and not spent.
    Reserved(Wei),
    /// In words, where it takes more.
    Said(String),
    /// Something was sent, and whether it counts is not known yet.
    Unknown,
}

#[derive(Debug)]
pub struct Trouble(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    what: String,
    money: Money,
    next: Option<String>,
}

impl Trouble {
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            what: what.into(),
            money: Money::NoMatter,
            next: None,
        }))
    }

    /// With all its causes in one line.
    pub fn because(kind: Kind, what: &str, cause: &dyn Error) -> Self {
        Self::new(kind, format!("{what}: {}", chained(cause)))
    }

    #[must_use]
    pub fn money(mut self, money: Money) -> Self {
        self.0.money = money;
        self
    }

    #[must_use]
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.0.next = Some(next.into());
        self
    }

    /// The same, unless it says something of its own about money and what to do.
    #[must_use]
    pub fn or(mut self, money: Money, next: &str) -> Self {
        if self.0.money == Money::NoMatter {
            self.0.money = money;
        }
        self.0.next.get_or_insert_with(|| next.to_owned());
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    pub fn code(&self) -> u8 {
        self.0.kind.code()
    }

    pub fn to_json(&self) -> Value {
        json!({ "error": {
            "exit": self.code(),
            "what": self.0.what,
            "money": self.0.money.words(),
            "next": self.0.next,
        }})
    }
}

impl Kind {
    pub const ALL: [Self; 8] = [
        Self::Machine,
        Self::NotConfirmed,
        Self::Input,
        Self::Unreachable,
        Self::Refused,
        Self::NotTrusted,
        Self::NotAsPromised,
        Self::Ended,
    ];

    pub const fn code(self) -> u8 {
        match self {
            Self::Machine => 1,
            Self::NotConfirmed => 3,
            Self::Input => 4,
            Self::Unreachable => 5,
            Self::Refused => 6,
            Self::NotTrusted => 7,
            Self::NotAsPromised => 8,
            Self::Ended => 9,
        }
    }

    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Machine => "a failure of this machine: a disk, a missing program",
            Self::NotConfirmed => {
                "you were asked and said no, or nobody could be asked (see --yes)"
            }
            Self::Input => "something of yours to mend: configuration, key, password, recipe, data",
            Self::Unreachable => {
                "chain, node or storage cannot be reached or are not ready; the same again may do"
            }
            Self::Refused => "the contract or the node says no",
            Self::NotTrusted => "the machine is not what your policy takes",
            Self::NotAsPromised => "what came is not what was promised: root, signature, key",
            Self::Ended => "the order ended without a result",
        }
    }
}

impl Money {
    pub fn words(&self) -> Option<String> {
        match self {
            Self::NoMatter => None,
            Self::NotMoved => Some("none moved".into()),
            Self::Reserved(fee) => Some(format!(
                "none spent; up to {} stay set aside for this order until it ends",
                shown(*fee)
            )),
            Self::Said(words) => Some(words.clone()),
            Self::Unknown => Some("a transaction was sent and is not final yet".into()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.what)?;
        if let Some(money) = self.0.money.words() {
            write!(f, "\n  money: {money}")?;
        }
        if let Some(next) = &self.0.next {
            write!(f, "\n  next:  {next}")?;
        }
        Ok(())
    }
}

/// An error and its causes in one line.
pub fn chained(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line = format!("{line}: {error}");
        cause = error.source();
    }
    line
}

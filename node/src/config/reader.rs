//! A reader of TOML tables that collects problems instead of stopping at the first.

use super::shown::{Key, Origin};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;
use toml::{Table, Value};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: String,
    what: String,
}

/// One table of the file. What was not asked for by the time it is dropped is unknown.
#[derive(Debug)]
pub(super) struct Section {
    path: String,
    table: Table,
    asked: Vec<&'static str>,
    problems: Rc<RefCell<Vec<Problem>>>,
    keys: Rc<RefCell<Vec<Key>>>,
}

impl Section {
    pub(super) fn root(table: Table) -> Self {
        Self {
            path: String::new(),
            table,
            asked: Vec::new(),
            problems: Rc::default(),
            keys: Rc::default(),
        }
    }

    /// Every key that was asked for so far, here and in other sections.
    pub(super) fn keys(&self) -> Vec<Key> {
        self.keys.borrow().clone()
    }

    /// The problems of this section and all below it.
    pub(super) fn finish(self) -> Vec<Problem> {
        let problems = self.problems.clone();
        drop(self);
        problems.take()
    }

    pub(super) fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let table = match self.remove(key) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => self.wrong(key, "a table", &other).unwrap_or_default(),
        };
        read(&mut Self {
            path: self.at(key),
            table,
            asked: Vec::new(),
            problems: self.problems.clone(),
            keys: self.keys.clone(),
        })
    }

    /// A section that may be left out, which is no problem then.
    pub(super) fn optional_section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.has(key) {
            return Some(self.section(key, read));
        }
        let first = self.keys.borrow().len();
        self.asked.push(key);
        read(&mut Self {
            path: self.at(key),
            table: Table::new(),
            asked: Vec::new(),
            problems: Rc::default(),
            keys: self.keys.clone(),
        });
        for key in self.keys.borrow_mut().iter_mut().skip(first) {
            key.origin = Origin::Absent;
        }
        None
    }

    pub(super) fn path(&mut self, key: &'static str) -> PathBuf {
        if !self.table.contains_key(key) {
            self.complain(key, "is required: a path".into());
        }
        self.path_or(key, PathBuf::new())
    }

    pub(super) fn path_or(&mut self, key: &'static str, default: PathBuf) -> PathBuf {
        let found = self.text(key);
        self.describe(
            Some(Value::from(default.to_string_lossy().as_ref())),
            "a path",
        );
        found.map_or(default, PathBuf::from)
    }

    /// Texts that read as `T`s; without the key, none.
    pub(super) fn list<T: FromStr>(&mut self, key: &'static str, wanted: &str) -> Vec<T> {
        let found = self.take(key);
        let wanted = format!("a list of {wanted}");
        self.describe(Some(Value::Array(Vec::new())), &wanted);
        let found = match found {
            None => return Vec::new(),
            Some(Value::Array(found)) => found,
            Some(other) => return self.wrong(key, &wanted, &other).unwrap_or_default(),
        };
        let read = |value: &Value| value.as_str().and_then(|text| text.parse().ok());
        let read = found.iter().map(read).collect::<Option<Vec<T>>>();
        read.unwrap_or_else(|| {
            self.complain(key, format!("must be {wanted}"));
            Vec::new()
        })
    }

    /// Text that reads as a `T`; the default is known to.
    pub(super) fn parsed<T: FromStr>(
        &mut self,
        key: &'static str,
        default: &str,
        wanted: &str,
    ) -> T {
        let found = self.text(key).unwrap_or_else(|| default.into());
        self.describe(Some(default.into()), wanted);
        found
            .parse()
            .or_else(|_error| {
                self.complain(key, format!("must be {wanted}, found {found:?}"));
                default.parse()
            })
            .unwrap_or_else(|_error| unreachable!("the default of {key} reads"))
    }

    /// Text that must read as a `T`, if there is any.
    pub(super) fn optional<T: FromStr>(&mut self, key: &'static str, wanted: &str) -> Option<T> {
        let found = self.text(key);
        self.describe(None, wanted);
        let found = found?;
        let read = found.parse().ok();
        if read.is_none() {
            self.complain(key, format!("must be {wanted}, found {found:?}"));
        }
        read
    }

    /// The same, and its absence is a problem.
    pub(super) fn required<T: FromStr + Default>(&mut self, key: &'static str, wanted: &str) -> T {
        if !self.table.contains_key(key) {
            self.complain(key, format!("is required: {wanted}"));
        }
        self.optional(key, wanted).unwrap_or_default()
    }

    /// A list of texts; none is an empty one.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let found = self.take(key);
        self.describe(Some(Value::Array(Vec::new())), "a list of strings");
        let found = match found {
            None => return Vec::new(),
            Some(Value::Array(found)) => found,
            Some(other) => return self.wrong(key, "a list", &other).unwrap_or_default(),
        };
        let texts = found.iter().map(|entry| entry.as_str().map(String::from));
        texts.collect::<Option<_>>().unwrap_or_else(|| {
            self.complain(key, "must be a list of strings".into());
            Vec::new()
        })
    }

    /// A table whose keys the operator chooses.
    pub(super) fn pairs<T: FromStr>(
        &mut self,
        key: &'static str,
        wanted: &str,
    ) -> BTreeMap<String, T> {
        let found = self.take(key);
        self.describe(
            Some(Value::Table(Table::new())),
            &format!("names, each with {wanted}"),
        );
        let found = match found {
            None => return BTreeMap::new(),
            Some(Value::Table(found)) => found,
            Some(other) => return self.wrong(key, "a table", &other).unwrap_or_default(),
        };
        let read = |(name, value): (String, Value)| {
            let read = value.as_str().and_then(|text| text.parse().ok());
            if read.is_none() {
                let at = format!("{key}.{name}");
                self.complain(&at, format!("must be {wanted}"));
            }
            read.map(|read| (name, read))
        };
        found.into_iter().filter_map(read).collect()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn number<N>(&mut self, key: &'static str, default: N, range: RangeInclusive<N>) -> N
    where
        N: TryFrom<i64> + PartialOrd + fmt::Display,
    {
        let found = self.take(key);
        let usual = default.to_string().parse().map(Value::Integer);
        self.describe(usual.ok(), &format!("{} to {}", range.start(), range.end()));
        let found = match found {
            None => return default,
            Some(Value::Integer(found)) => found,
            Some(other) => return self.wrong(key, "a whole number", &other).unwrap_or(default),
        };
        match N::try_from(found) {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let (low, high) = range.into_inner();
                self.complain(
                    key,
                    format!("must be between {low} and {high}, found {found}"),
                );
                default
            }
        }
    }

    /// A number, if there is any.
    pub(super) fn optional_number<N>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<N>,
    ) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + fmt::Display + Copy,
    {
        if self.has(key) {
            return Some(self.number(key, *range.start(), range));
        }
        self.take(key);
        self.describe(None, &format!("{} to {}", range.start(), range.end()));
        None
    }

    /// One of these words; the first is the default.
    pub(super) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> T {
        let &(usual, default) = words.first().expect("a choice has words");
        let all: Vec<_> = words.iter().map(|&(word, _)| word).collect();
        let found = self.text(key);
        self.describe(Some(usual.into()), &all.join(", "));
        let Some(found) = found else {
            return default;
        };
        words.iter().find(|(word, _)| *word == found).map_or_else(
            || {
                let words: Vec<_> = words.iter().map(|&(word, _)| word).collect();
                let words = words.join(", ");
                self.complain(key, format!("must be one of {words}, found {found:?}"));
                default
            },
            |&(_, value)| value,
        )
    }

    fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other @ (Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_)) => self.wrong(key, "a string", &other),
        }
    }

    /// Takes the key's value, and notes what was asked for and found.
    fn take(&mut self, key: &'static str) -> Option<Value> {
        let found = self.remove(key);
        let (value, origin) = match &found {
            Some(value) => (value.to_string(), Origin::File),
            None => (String::new(), Origin::Default),
        };
        let path = self.at(key);
        self.keys.borrow_mut().push(Key {
            path,
            value,
            default: None,
            wanted: String::new(),
            origin,
        });
        found
    }

    /// What the key taken last may be, and is by default.
    fn describe(&self, default: Option<Value>, wanted: &str) {
        let default = default.map(|default| default.to_string());
        if let Some(key) = self.keys.borrow_mut().last_mut() {
            if key.origin == Origin::Default {
                key.value = default.clone().unwrap_or_default();
                key.origin = default.as_ref().map_or(Origin::Absent, |_| Origin::Default);
            }
            key.default = default;
            key.wanted = wanted.into();
        }
    }

    fn remove(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        self.table.remove(key)
    }

    fn wrong<T>(&self, key: &str, wanted: &str, found: &Value) -> Option<T> {
        self.complain(key, format!("must be {wanted}, found {}", name(found)));
        None
    }

    pub(super) fn complain(&self, key: &str, what: String) {
        let path = self.at(key);
        self.problems.borrow_mut().push(Problem { path, what });
    }

    fn at(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.into()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    fn nearest(&self, key: &str) -> Option<&'static str> {
        let close = self
            .asked
            .iter()
            .map(|&asked| (distance(asked, key), asked));
        close
            .min()
            .filter(|&(distance, _)| distance <= 3)
            .map(|(_, asked)| asked)
    }
}

impl Drop for Section {
    fn drop(&mut self) {
        for key in self.table.keys() {
            let hint = self
                .nearest(key)
                .map(|near| format!("; did you mean {near}?"));
            self.complain(key, format!("is not known{}", hint.unwrap_or_default()));
        }
    }
}

fn name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}

/// How many letters must change to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.chars().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row.pop().unwrap_or_default()
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

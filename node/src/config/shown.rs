//! The configuration shown: as a commented file, and key by key with its origin.

use super::about::about;
use super::{Config, ConfigError, Problems};
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;

/// One key, as the reader asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    pub path: String,
    /// As TOML.
    pub value: String,
    /// As TOML; absent where the operator must decide.
    pub default: Option<String>,
    /// What the value may be.
    pub wanted: String,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Default,
    File,
    /// It is not there, and nothing stands in for it.
    Absent,
}

/// A file with every key, commented out at its default, but for the state folder.
pub fn template(state_folder: &Path) -> String {
    let folder = toml::Value::from(state_folder.to_string_lossy().as_ref());
    let (_config, keys) = Config::explained(&format!("[state]\nfolder = {folder}\n"));
    let mut text = String::from(
        "# sealtune-node. Every key is here. What is commented out with one # is the default;\n\
         # with two, nothing is.\n",
    );
    let mut section = "";
    for key in &keys {
        let (of, name) = key.path.rsplit_once('.').unwrap_or(("", &key.path));
        if of != section {
            section = of;
            let mark = if is_absent(section, &keys) { "## " } else { "" };
            line(&mut text, format_args!("\n{mark}[{section}]"));
        }
        if let Some(about) = about(&key.path) {
            line(&mut text, format_args!("# {about}"));
        }
        let assignment = format!("{name} = {}    # {}", key.value, key.wanted);
        match key.origin {
            Origin::File => line(&mut text, format_args!("{assignment}")),
            Origin::Default => line(&mut text, format_args!("# {assignment}")),
            Origin::Absent => line(&mut text, format_args!("## {assignment}")),
        }
    }
    text
}

/// Every key of the file at `path`, and what is wrong with it.
pub fn keys(path: &Path) -> Result<(Vec<Key>, Option<Problems>), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
        path: path.into(),
        source,
    })?;
    let (config, keys) = Config::explained(&text);
    match config {
        Ok(_) => Ok((keys, None)),
        Err(ConfigError::Problems(problems)) => Ok((keys, Some(problems))),
        Err(error @ (ConfigError::Read { .. } | ConfigError::Syntax(_))) => Err(error),
    }
}

/// Whether nothing of this section is there.
fn is_absent(section: &str, keys: &[Key]) -> bool {
    let of = |key: &Key| key.path.rsplit_once('.').map(|(of, _)| of) == Some(section);
    keys.iter()
        .filter(|key| of(key))
        .all(|key| key.origin == Origin::Absent)
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line)
        .and_then(|()| text.write_char('\n'))
        .expect("writing to a text does not fail");
}

#[cfg(test)]
mod tests {
    use super::super::about::ABOUT;
    use super::*;

    fn all() -> Vec<Key> {
        Config::explained("[state]\nfolder = '/s'\n").1
    }

    #[test]
    fn every_key_is_explained_and_nothing_else() {
        let keys: Vec<_> = all().into_iter().map(|key| key.path).collect();
        let unexplained: Vec<_> = keys.iter().filter(|key| about(key).is_none()).collect();
        let unknown: Vec<_> = ABOUT
            .iter()
            .filter(|(path, _)| !keys.iter().any(|key| key == path))
            .collect();

        assert!(
            unexplained.is_empty(),
            "add to config/about.rs: {unexplained:?}"
        );
        assert!(
            unknown.is_empty(),
            "remove from config/about.rs: {unknown:?}"
        );
    }

    #[test]
    fn the_commented_file_is_a_configuration_and_says_the_defaults() {
        let text = template(Path::new("/var/lib/sealtune"));
        let uncommented: Vec<_> = text
            .lines()
            .map(|line| {
                let assignment = line
                    .strip_prefix("# ")
                    .filter(|rest| rest.contains(" = ") && !rest.ends_with('.'));
                assignment.unwrap_or(line)
            })
            .collect();

        Config::parse(&text).unwrap();
        Config::parse(&uncommented.join("\n")).unwrap();
        for key in all() {
            let name = key.path.rsplit_once('.').unwrap().1;
            assert!(text.contains(&format!("{name} = ")), "{name}");
        }
    }

    #[test]
    fn a_key_says_where_its_value_is_from() {
        let (_, keys) = Config::explained("[state]\nfolder = '/s'\n[stop]\ngrace_secs = 7\n");
        let key = |path: &str| keys.iter().find(|key| key.path == path).unwrap();

        assert_eq!(
            (
                key("stop.grace_secs").value.as_str(),
                key("stop.grace_secs").origin
            ),
            ("7", Origin::File)
        );
        assert_eq!(key("limits.tasks_max").origin, Origin::Default);
    }
}

//! Figures of a broker that dashboards and alerts name.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PREFIX: &str = "sealtune_broker_";

/// Those that any file of `deploy/observability` names.
pub(crate) fn asked_for() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/observability");
    let places = ["grafana", "prometheus", "prometheus/tests"];
    let entries = places
        .iter()
        .flat_map(|place| fs::read_dir(folder.join(place)).unwrap());
    let files = entries.map(|entry| entry.unwrap().path());
    let texts = files
        .filter(|path| path.is_file())
        .map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| figures_in(&text)).collect()
}

/// Those that a page of figures has.
pub(crate) fn exported(page: &str) -> BTreeSet<String> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(figures_in).collect()
}

fn figures_in(text: &str) -> Vec<String> {
    let other = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = text.split(other).filter(|word| word.starts_with(PREFIX));
    words.map(str::to_owned).collect()
}

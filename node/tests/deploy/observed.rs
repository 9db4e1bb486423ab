//! Dashboards and alerts: what they name is what the node exports.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that panics is a test that fails"
)]

use node::breaker::{Cause, Standing};
use node::metrics::Metrics;
use node::status::Survey;
use proto::training::{Checkpoint, GpuReading, Progress, Step};
use proto::{Digest, Finite, Reason, Root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tasks::{Outcome, Phase};

/// Which labels a series has, by its name.
type Series = BTreeMap<String, BTreeSet<String>>;

/// Labels that Prometheus adds when it asks, and those of what it adds itself.
const ADDED: [&str; 2] = ["instance", "job"];
const PREFIX: &str = "sealtune_";
/// A broker's figures begin with it; they are compared where a broker renders them.
const BROKER: &str = "sealtune_broker_";

/// Everything there is to count was counted once.
fn exported() -> String {
    let metrics = Metrics::default();
    for phase in [Phase::Offered, Phase::Promised, Phase::Accepted] {
        metrics.moved(Some((phase, 1)), Phase::Promised);
    }
    let staged = Phase::Staged {
        dataset: Digest([0; 32]),
    };
    let blob = Root([0; 32]);
    for phase in [staged, Phase::Sealed { blob }, Phase::Delivered { blob }] {
        metrics.moved(Some((phase, 1)), Phase::Closed(Outcome::Paid));
    }
    metrics.moved(
        None,
        Phase::Closed(Outcome::Released(Reason::TrainerFailed)),
    );
    metrics.reported(&Progress::Step(step()), None, 1);
    metrics.reported(&Progress::Checkpoint(checkpoint()), None, 1);
    metrics.reported(&Progress::Gpu(reading()), None, 1);
    metrics.stands(&Survey::default(), &Standing::default(), 1, true);
    metrics.rpc(0, 2, 1);
    metrics.storage(true, Some(1));
    metrics.text().unwrap()
}

fn step() -> Step {
    let one = Finite::new(1.0).unwrap();
    Step {
        step: 1,
        steps_total: 2,
        epoch: one,
        tokens: 3,
        loss: one,
        learning_rate: one,
        grad_norm: one,
        tokens_per_sec: one,
        eta_secs: None,
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        step: 1,
        digest: Digest([0; 32]),
        bytes: 1,
    }
}

fn reading() -> GpuReading {
    GpuReading {
        ordinal: 0,
        utilisation_pct: 50,
        memory_used_bytes: 1,
        memory_total_bytes: 2,
        power_milliwatts: 1,
        temperature_celsius: 60,
        ecc_errors: 0,
        xid: Some(79),
    }
}

fn series_of(text: &str) -> Series {
    let mut series = Series::new();
    for line in text.lines().filter(|line| line.starts_with(PREFIX)) {
        let (name, labels) = split(line.rsplit_once(' ').unwrap().0);
        series.entry(name).or_default().extend(labels);
    }
    series
}

/// `name{label="value",…}` as its name and the labels' names.
fn split(selector: &str) -> (String, Vec<String>) {
    let (name, rest) = selector.split_once('{').unwrap_or((selector, ""));
    let inside = rest.split('}').next().unwrap_or_default();
    let labels = inside.split(',').filter(|pair| !pair.trim().is_empty());
    let key = |pair: &str| pair.trim().split(['=', '!']).next().unwrap().to_owned();
    (name.to_owned(), labels.map(key).collect())
}

/// Every series of ours that a text names, with the labels it is asked by.
fn named_in(text: &str) -> Vec<(String, Vec<String>)> {
    let text = text.replace("\\\"", "\"");
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let starts = text.match_indices(PREFIX).map(|(at, _)| at);
    let whole = starts.filter(|&at| text.get(..at).unwrap().chars().last().is_none_or(word));
    whole
        .map(|at| {
            let rest = text.get(at..).unwrap();
            let end = rest.find(word).unwrap_or(rest.len());
            let has_labels = rest.get(end..).unwrap().starts_with('{');
            let close = rest.find('}').filter(|_| has_labels);
            split(rest.get(..close.unwrap_or(end)).unwrap())
        })
        .collect()
}

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/observability")
}

fn files(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let entries = fs::read_dir(deploy().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    assert!(!paths.is_empty(), "no {ending} in {folder}");
    let read = |path: PathBuf| (path.clone(), fs::read_to_string(path).unwrap());
    paths.into_iter().map(read).collect()
}

fn all_files() -> Vec<(PathBuf, String)> {
    let mut all = files("grafana", ".json");
    all.extend(files("prometheus", ".rules.yml"));
    all.extend(files("prometheus/tests", ".test.yml"));
    all
}

#[test]
fn what_dashboards_and_alerts_ask_for_is_exported() {
    let exported = series_of(&exported());

    let mut asked = 0;
    for (path, text) in all_files() {
        let ours = named_in(&text).into_iter();
        for (name, labels) in ours.filter(|(name, _)| !name.starts_with(BROKER)) {
            let path = path.display();
            let known = exported.get(&name);
            let known = known.unwrap_or_else(|| panic!("{path}: the node has no {name}"));
            for label in labels
                .iter()
                .filter(|label| !ADDED.contains(&label.as_str()))
            {
                assert!(known.contains(label), "{path}: {name} has no label {label}");
            }
            asked += 1;
        }
    }

    assert!(asked > 100, "only {asked} places were looked at");
}

#[test]
fn every_series_of_the_node_is_on_its_dashboard() {
    let boards = files("grafana", ".json");
    let shown: BTreeSet<String> = boards
        .iter()
        .flat_map(|(_, text)| named_in(text))
        .map(|(name, _)| name)
        .collect();

    for name in series_of(&exported()).keys() {
        assert!(shown.contains(name), "{name} is on no dashboard");
    }
}

#[test]
fn the_causes_that_alerts_speak_of_are_those_there_are_and_each_wakes_somebody() {
    let rules = fs::read_to_string(deploy().join("prometheus/sealtune-node.rules.yml")).unwrap();
    let asked = rules
        .lines()
        .filter(|line| line.contains("sealtune_circuit_breaker{"));
    let words = asked.flat_map(|line| line.split('"').nth(1).unwrap().split('|'));
    let words: Vec<&str> = words.collect();

    let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.word()).collect();

    assert_eq!(BTreeSet::from_iter(&words), BTreeSet::from_iter(&causes));
    assert_eq!(words.len(), causes.len(), "one cause, one alert");
}

#[test]
fn every_alert_has_its_page_and_its_test_and_every_page_its_alert() {
    let rules = files("prometheus", ".rules.yml");
    let tests: String = files("prometheus/tests", ".test.yml")
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let mut alerts = BTreeSet::new();
    for (_, text) in &rules {
        for block in text.split("- alert: ").skip(1) {
            let name = block.lines().next().unwrap();
            let page = format!("docs/runbooks/{name}.md");
            assert!(block.contains(&format!("runbook_url: {page}")), "{name}");
            let fires = format!("alertname: {name}\n        exp_alerts:");
            assert!(tests.contains(&fires), "no test in which {name} comes");
            alerts.insert(name.to_owned());
        }
    }

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbooks");
    let pages = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let pages = pages.map(|page| page.file_stem().unwrap().to_string_lossy().into_owned());

    assert_eq!(pages.collect::<BTreeSet<_>>(), alerts);
}

#[test]
fn dashboards_can_be_imported_and_no_two_panels_lie_upon_each_other() {
    for (path, text) in files("grafana", ".json") {
        let board: serde_json::Value = serde_json::from_str(&text).unwrap();
        let panels = board["panels"].as_array().unwrap();
        let mut ids = BTreeSet::new();
        let mut cells = BTreeSet::new();
        for panel in panels {
            assert!(ids.insert(panel["id"].as_u64().unwrap()), "{path:?}");
            let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    let title = &panel["title"];
                    assert!(
                        x < 24 && cells.insert((x, y)),
                        "{path:?}: {title} at {x}, {y}"
                    );
                }
            }
        }
        assert!(ids.len() > 3, "{path:?} shows nothing");
    }
}

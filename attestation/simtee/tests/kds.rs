//! The key server's client, against a server that behaves badly.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

use attestation::At;
use attestation::kds::{Http, Kds, KdsError, Store};
use attestation::snp::Line;
use simtee::{FakeKds, Fault, Identity, Machine, ReportVersion, SyntheticRoot};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const NOW: At = At(1_790_000_000);

fn machine() -> Arc<Machine> {
    let root = SyntheticRoot::generate(Line::Genoa, NOW.0).unwrap();
    let identity = Identity {
        measurement: [7; 48],
        host_data: [0; 32],
        version: ReportVersion::V5,
        csp: None,
    };
    Arc::new(Machine::start(root, identity).unwrap())
}

/// Serves on a thread that ends with the test's process.
fn serve(machine: &Arc<Machine>, fault: Fault) -> (String, Arc<AtomicU64>) {
    let server = FakeKds::bind(0, fault).unwrap();
    let (base, asked) = (
        format!("http://{}", server.address().unwrap()),
        server.asked(),
    );
    let machine = machine.clone();
    std::thread::spawn(move || server.serve(&machine));
    (base, asked)
}

struct Client {
    kds: Kds<Http>,
    pauses: Arc<Mutex<Vec<Duration>>>,
    _folder: tempfile::TempDir,
}

fn client(base: &str) -> Client {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let pauses = Arc::new(Mutex::new(Vec::new()));
    let noted = pauses.clone();
    let http = Http::with_timeout(Duration::from_secs(20));
    let kds = Kds::new(base, http, store, move |pause| {
        noted.lock().unwrap().push(pause);
    });
    Client {
        kds,
        pauses,
        _folder: folder,
    }
}

fn vcek(client: &Client, machine: &Machine) -> Result<Vec<u8>, KdsError> {
    client.kds.vcek(Line::Genoa, machine.hwid(), machine.tcb())
}

#[test]
fn the_key_server_is_asked_once_and_patiently() {
    let machine = machine();

    // Many callers at once are one request, and its answer is kept.
    let (base, asked) = serve(&machine, Fault::None);
    let one = client(&base);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(vcek(&one, &machine).unwrap(), machine.vek()));
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(
        one.kds.authorities(Line::Genoa).unwrap().ark,
        machine.root().ark()
    );
    assert!(one.kds.crl(Line::Genoa, NOW).is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 3);

    // Another chip's certificate is not there to be had.
    let other = one.kds.vcek(Line::Genoa, &[0; 64], machine.tcb());
    assert!(matches!(other, Err(KdsError::Status(404))));

    // A list that is out of date is fetched again, and refused if it stays so.
    let later = At(NOW.0 + 365 * 24 * 60 * 60);
    assert!(matches!(
        one.kds.crl(Line::Genoa, later),
        Err(KdsError::Wrong(_))
    ));

    // A busy server is asked again after a pause, with some jitter on top.
    let (base, asked) = serve(&machine, Fault::Throttle(2));
    let patient = client(&base);
    assert_eq!(vcek(&patient, &machine).unwrap(), machine.vek());
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    let pauses = patient.pauses.lock().unwrap().clone();
    assert_eq!(pauses.len(), 2);
    assert!(pauses.iter().all(|pause| *pause >= Duration::from_secs(1)));

    // A server that stays busy is given up.
    let (base, _asked) = serve(&machine, Fault::Throttle(1000));
    assert!(matches!(
        vcek(&client(&base), &machine),
        Err(KdsError::Busy(6))
    ));
}

#[test]
fn a_server_that_never_answers_is_left_in_time() {
    let machine = machine();
    let (base, _asked) = serve(&machine, Fault::Stall);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let http = Http::with_timeout(Duration::from_millis(200));
    let kds = Kds::new(&base, http, store, |_pause| {});

    let left = kds.vcek(Line::Genoa, machine.hwid(), machine.tcb());

    assert!(matches!(left, Err(KdsError::Fetch(_))));
}

#[test]
fn an_imported_store_serves_without_a_network() {
    let machine = machine();
    let (base, _asked) = serve(&machine, Fault::None);
    let (online, offline) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kds = |base: &str, folder: &std::path::Path| {
        let http = Http::with_timeout(Duration::from_secs(20));
        Kds::new(base, http, Store::open(folder).unwrap(), |_pause| {})
    };
    let ask = |kds: &Kds<Http>| kds.vcek(Line::Genoa, machine.hwid(), machine.tcb());
    ask(&kds(&base, online.path())).unwrap();

    let imported = Store::open(offline.path())
        .unwrap()
        .import(online.path())
        .unwrap();

    assert_eq!(imported.files, 1);
    let nowhere = kds("http://127.0.0.1:9", offline.path());
    assert_eq!(ask(&nowhere).unwrap(), machine.vek());
    assert!(nowhere.authorities(Line::Genoa).is_err());
}

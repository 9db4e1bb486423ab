//! The simulated machine the node runs in; it outlives the node's kills, as a chip does.

use attestation::snp::Line;
use simtee::{Identity, Machine, ReportVersion, SyntheticRoot};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) struct SimulatedMachine {
    pub(crate) socket: PathBuf,
    /// In PEM, for the node's configuration.
    pub(crate) root_file: PathBuf,
    /// In DER, for the customer's verifier.
    pub(crate) root: Vec<u8>,
}

impl SimulatedMachine {
    /// Powers it on. It ends with the test's process.
    pub(crate) fn power_on(folder: &Path) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let root = SyntheticRoot::generate(Line::Genoa, now.as_secs()).unwrap();
        let identity = Identity {
            measurement: [0x51; 48],
            host_data: [0; 32],
            version: ReportVersion::V5,
            csp: None,
        };
        let machine = Machine::start(root, identity).unwrap();
        let (socket, root_file) = (folder.join("tee.sock"), folder.join("root.pem"));
        let root = machine.root().ark().to_vec();
        std::fs::write(&root_file, simtee::pem(&root)).unwrap();
        let listener = simtee::listen(&socket).unwrap();
        std::thread::spawn(move || simtee::serve(&machine, &listener));
        Self {
            socket,
            root_file,
            root,
        }
    }
}

//! The bundle a node would publish at boot, of the simulated machine.

use crate::{Machine, SimError};
use attestation::bundle::{Bundle, Parts};
use attestation::{Purpose, Transcript};

/// The curve's base point: a key whose secret is 1, so that nobody takes it for a node's.
const SIGNER: [u8; 33] = [
    0x02, 0x79, 0xbe, 0x66, 0x7e, 0xf9, 0xdc, 0xbb, 0xac, 0x55, 0xa0, 0x62, 0x95, 0xce, 0x87, 0x0b,
    0x07, 0x02, 0x9b, 0xfc, 0xdb, 0x2d, 0xce, 0x28, 0xd9, 0x59, 0xf2, 0x81, 0x5b, 0x16, 0xf8, 0x17,
    0x98,
];

/// For who wants to see a verdict before there is a node.
#[allow(
    clippy::default_trait_access,
    reason = "the digests are of a crate that this one does not otherwise use"
)]
pub fn boot_bundle(machine: &Machine) -> Result<Bundle, SimError> {
    let transcript = Transcript {
        purpose: Purpose::Boot,
        nonce: [0; 32],
        signer: SIGNER,
        tls_key: Default::default(),
        devices: Default::default(),
        config: Default::default(),
        boot_id: *b"simulated boot  ",
    };
    let parts = Parts {
        report: machine.report(&transcript.report_data())?,
        kind: machine.kind(),
        vek: machine.vek().to_vec(),
        issuer: machine.root().issuer(machine.kind()).to_vec(),
        ark: machine.root().ark().to_vec(),
        crl: Some(machine.root().crl()?),
        transcript: Some(transcript),
        devices: Vec::new(),
    };
    Ok(Bundle::build(&parts)?)
}

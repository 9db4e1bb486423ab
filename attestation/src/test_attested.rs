//! Accepted evidence for tests of what comes after it.

use crate::verdict::Proven;
use crate::{
    Assurance, At, Attested, Claims, Judgement, Purpose, Transcript, TrustDomain, VERIFIER, Vendor,
    tdx,
};
use proto::Digest;

pub(crate) fn attested(bound: Option<Transcript>) -> Attested {
    let judgement = Judgement {
        policy: Digest::default(),
        verifier: VERIFIER,
        at: At(1_780_272_000),
    };
    let proven = Proven {
        domain: TrustDomain::Hardware(Vendor::Intel),
        assurance: Assurance::Chip,
        claims: Claims::Tdx(Box::new(claims())),
        bound,
    };
    Attested::new(proven, judgement)
}

/// A transcript of a node with this signer and these devices.
pub(crate) fn transcript(signer: [u8; 33], devices: Digest) -> Transcript {
    Transcript {
        purpose: Purpose::Challenge,
        nonce: [1; 32],
        signer,
        tls_key: Digest::default(),
        devices,
        config: Digest::default(),
        boot_id: [2; 16],
    }
}

fn claims() -> tdx::Claims {
    let zero = [0; 48];
    tdx::Claims {
        version: 4,
        attributes: [0; 8],
        xfam: [0; 8],
        registers: tdx::Registers {
            mr_seam: zero,
            mrtd: zero,
            rtmr: [zero; 4],
            mr_config_id: zero,
            mr_owner: zero,
            mr_owner_config: zero,
            service_tds: None,
        },
        report_data: [0; 64],
        tcb: None,
    }
}

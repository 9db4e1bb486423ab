//! Evidence of what a machine is. These are bytes to be verified: nothing in them
//! is trusted because it is here.

use crate::bounded::{Blob, List};
use crate::limits::{
    CERTIFICATE_BYTES_MAX, CERTIFICATE_TABLE_BYTES_MAX, COLLATERAL_BYTES_MAX, CRL_BYTES_MAX,
    GPU_CHAIN_BYTES_MAX, GPUS_MAX, QUOTE_BYTES_MAX, RIM_BYTES_MAX, RIMS_MAX, SNP_REPORT_BYTES,
    SPDM_BYTES_MAX, TRANSCRIPT_BYTES_MAX,
};
use crate::{BootId, ChallengeNonce, Digest, PublicKey, Signature};

message! {
    /// Everything a stranger needs to judge a machine without asking anybody else.
    Evidence {
        cpu: CpuEvidence,
        /// The canonical bytes whose SHA-512 is in the report's `REPORT_DATA`.
        transcript: Blob<TRANSCRIPT_BYTES_MAX>,
        gpus: List<GpuEvidence, GPUS_MAX>,
        /// Reference manifests for the GPUs' drivers and VBIOS, XML.
        rims: List<Blob<RIM_BYTES_MAX>, RIMS_MAX>,
    }
}

choice! {
    /// What the CPU's vendor vouches for.
    CpuEvidence in cpu_evidence {
        Snp(SnpEvidence),
        Tdx(TdxEvidence),
    }
}

message_of_choice! { CpuEvidence }

message! {
    /// AMD SEV-SNP. Certificates in DER.
    SnpEvidence {
        report: Blob<SNP_REPORT_BYTES, SNP_REPORT_BYTES>,
        /// The host's table as it came; may be empty.
        certificate_table: Blob<CERTIFICATE_TABLE_BYTES_MAX>,
        /// VCEK or VLEK.
        vek: Blob<CERTIFICATE_BYTES_MAX>,
        /// ASK or ASVK.
        ask: Blob<CERTIFICATE_BYTES_MAX>,
        /// For other people's tools; a verifier has its own root.
        ark: Blob<CERTIFICATE_BYTES_MAX>,
        /// May be empty; what that means is the verifier's policy.
        crl: Blob<CRL_BYTES_MAX>,
    }
}

message! {
    /// Intel TDX.
    TdxEvidence {
        quote: Blob<QUOTE_BYTES_MAX, 1>,
        /// JSON as Intel's service gives it; may be empty.
        collateral: Blob<COLLATERAL_BYTES_MAX>,
    }
}

message! {
    /// NVIDIA, over SPDM.
    GpuEvidence {
        measurements: Blob<SPDM_BYTES_MAX, 1>,
        /// PEM, the device's certificate first.
        certificates: Blob<GPU_CHAIN_BYTES_MAX, 1>,
        nonce: ChallengeNonce,
    }
}

message! {
    /// Made once at boot and good until the next: who this machine is.
    BootBundle {
        evidence: Evidence,
        /// The key all results are signed with.
        signer: PublicKey,
        /// SHA-256 of the TLS key's `SubjectPublicKeyInfo`.
        tls_spki: Digest,
        /// SHA-256 of the node's effective configuration.
        config: Digest,
        boot_id: BootId,
    }
}

empty! { AttestRequest }

message! {
    /// Asks for a fresh hardware report over the caller's nonce.
    ChallengeRequest {
        nonce: ChallengeNonce,
    }
}

message! {
    ChallengeReply {
        evidence: Evidence,
    }
}

message! {
    /// Asks the attested key to sign: cheap, and proves only that the key is there now.
    LivenessRequest {
        nonce: ChallengeNonce,
    }
}

message! {
    LivenessReply {
        boot_id: BootId,
        /// Over [`liveness_digest`].
        signature: Signature,
    }
}

/// What a node signs to show that the key of its boot bundle is there now.
pub fn liveness_digest(boot_id: BootId, nonce: ChallengeNonce) -> [u8; 32] {
    let message = [
        b"sealtune liveness 1".as_slice(),
        boot_id.as_bytes(),
        nonce.as_bytes(),
    ];
    alloy_primitives::keccak256(message.concat()).0
}

//! Why evidence was refused, in words that never change.

use std::fmt;
use std::str::FromStr;

/// A word that names no reason this version knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reason this version knows")]
pub struct UnknownReason(pub String);

macro_rules! reasons {
    ($($(#[$section:meta])* $name:ident = $code:literal, $text:literal, $advice:literal;)*) => {
        /// One failed check. The code goes into other people's scripts: it is never
        /// reused and never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason { $($(#[$section])* #[doc = $text] $name,)* }

        impl Reason {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What a person reads.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What the reader can do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

reasons! {
    // The report itself.
    Length = "E_LENGTH", "the evidence has the wrong length",
        "take the raw report of 1184 bytes, without the message header before it";
    Version = "E_VERSION", "the report's version is not one to judge",
        "update the verifier, or lower min_report_version if it is the policy that refuses";
    Reserved = "E_RESERVED", "a field that must be zero is not",
        "refuse this evidence: it was not written by firmware this verifier knows";
    SigAlgo = "E_SIG_ALGO", "the report names another signature algorithm than ECDSA P-384 with SHA-384",
        "refuse this evidence: no AMD firmware writes this";
    SigEncoding = "E_SIG_ENCODING", "unsigned bytes of the signature block are not zero",
        "refuse this copy and ask for an unaltered one";
    Signature = "E_SIGNATURE", "the report is not signed by the key in the certificate",
        "refuse: the report was changed, or the certificate belongs to another chip or firmware level";
    SignerKind = "E_SIGNER_KIND", "the report is signed by another kind of key than it must be",
        "send the certificate that belongs to the report, or allow this kind of key in the policy";
    // Certificates and revocation.
    CertParse = "E_CERT_PARSE", "a certificate cannot be read",
        "send the certificate as the vendor issued it, in DER, with nothing after it";
    CertProfile = "E_CERT_PROFILE", "a certificate is not of the form the vendor issues",
        "refuse: this certificate was not issued for signing reports";
    CertExpired = "E_CERT_EXPIRED", "a certificate has expired",
        "ask the prover for evidence with a current certificate, or check the clock";
    CertNotYet = "E_CERT_NOT_YET", "a certificate is not valid yet",
        "check the verifier's clock";
    Chain = "E_CHAIN", "a certificate is not issued by the one above it",
        "send the chain that belongs to this certificate";
    RootUntrusted = "E_ROOT_UNTRUSTED", "the chain ends in a root that is not trusted",
        "refuse: anybody can make such a root; a simulated machine is verified against its own root, by name";
    CrlMissing = "E_CRL_MISSING", "the policy asks for a revocation list and there is none",
        "ask the prover for a bundle with the vendor's current revocation list";
    CrlInvalid = "E_CRL_INVALID", "the revocation list is not the vendor's",
        "take the list from the vendor; this one proves nothing";
    CrlStale = "E_CRL_STALE", "the revocation list is too old",
        "fetch the current list, or allow a number of days in the policy";
    Revoked = "E_REVOKED", "a certificate of the chain has been revoked",
        "refuse: the vendor has withdrawn its promise for these keys";
    // The certificate against the report.
    TcbCertMismatch = "E_TCB_CERT_MISMATCH", "the certificate is for another firmware level than the report",
        "send the certificate for the reported firmware level";
    ProductMismatch = "E_PRODUCT_MISMATCH", "report, certificate and chain speak of different products",
        "send the certificate that belongs to this machine";
    ProductNotAllowed = "E_PRODUCT_NOT_ALLOWED", "the policy does not take this product line",
        "choose a machine of another product line, or allow this one in the policy";
    HwidMismatch = "E_HWID_MISMATCH", "the certificate is for another chip than the report",
        "send the certificate of the chip that made the report";
    HwidMasked = "E_HWID_MASKED", "the report does not say which chip made it",
        "have the host unmask its chip id, or allow masked ids in the policy";
    ChipNotAllowed = "E_CHIP_NOT_ALLOWED", "the chip is not on the policy's list",
        "add the chip to chip_ids if this is the machine you mean";
    CspNotAllowed = "E_CSP_NOT_ALLOWED", "the cloud provider is not on the policy's list",
        "add the provider to csp_ids if you trust all of its machines";
    // How the guest was started.
    PolicyDebug = "E_POLICY_DEBUG", "the guest was started with debugging allowed: the host can read its memory",
        "refuse: secrets given to this guest are the host's";
    PolicyMigrate = "E_POLICY_MIGRATE", "a migration agent may move the guest, and its memory, elsewhere",
        "start the guest without a migration agent";
    PolicySmt = "E_POLICY_SMT", "the guest may share a core with others",
        "start the guest with SMT forbidden, or allow it in the policy";
    PolicyBits = "E_POLICY_BITS", "the guest policy lacks bits that are required",
        "start the guest with the required policy bits";
    PolicyReserved = "E_POLICY_RESERVED", "reserved bits of the guest policy are wrong",
        "refuse: firmware does not accept such a guest policy";
    Vmpl = "E_VMPL", "the report was asked for at a privilege level that is not allowed",
        "ask for the report at an allowed level, or allow this one in the policy";
    GuestSvn = "E_GUEST_SVN", "the guest's security version is below the minimum",
        "use a newer image";
    // What runs in it.
    ReportData = "E_REPORT_DATA", "the report is bound to other data than expected",
        "refuse: this report was made for another key, nonce or configuration";
    HostData = "E_HOST_DATA", "the guest was started with another configuration than expected",
        "check which configuration the node was started with";
    Measurement = "E_MEASUREMENT", "the guest is not one of the expected images",
        "compare with the published digests for this release, vCPU count and vCPU type";
    IdKey = "E_ID_KEY", "the image is not signed by an expected id key",
        "check who signed the image";
    AuthorKey = "E_AUTHOR_KEY", "the image's author key is not as expected",
        "check who signed the image's id key";
    // The platform.
    TcbOrder = "E_TCB_ORDER", "the firmware levels contradict each other",
        "refuse: firmware does not report levels in this order";
    ProvisionalFw = "E_PROVISIONAL_FW", "the platform runs firmware it could still roll back",
        "have the host commit its firmware, or allow provisional firmware in the policy";
    TcbMin = "E_TCB_MIN", "a firmware level is below the minimum",
        "have the host update its firmware and the guest restarted";
    FirmwareMin = "E_FIRMWARE_MIN", "the committed firmware version is below the minimum",
        "have the host update and commit its firmware";
    PlatformInfo = "E_PLATFORM_INFO", "the platform's settings are not as required",
        "have the host change its settings";
    MitVector = "E_MIT_VECTOR", "required mitigations were not on, now or when the guest started",
        "have the host update its firmware and the guest restarted";
    // Beyond the manifest: policies of our own.
    Bundle = "E_BUNDLE", "the files of the bundle do not belong together",
        "ask the prover for an unaltered bundle";
    CertTable = "E_CERT_TABLE", "the certificate table cannot be read",
        "take the certificates from the bundle or from the vendor; the host wrote this table";
    AssuranceNotAllowed = "E_ASSURANCE_NOT_ALLOWED", "the policy does not take this class of assurance",
        "choose a machine of another class, or allow this one in the policy";
    SimulatorMarker = "E_SIMULATOR_MARKER", "the report carries the simulator's marker and claims to be hardware",
        "refuse: this is not a machine";
    // NVIDIA devices.
    GpuReport = "E_GPU_REPORT", "the device's report is not an SPDM 1.1 measurements exchange",
        "take the report as NVML returns it, request and response";
    GpuNonce = "E_GPU_NONCE", "the device answered another nonce than it was asked",
        "refuse: this report was made for somebody else, or earlier";
    GpuFwid = "E_GPU_FWID", "the device's key was made for other firmware than it runs",
        "refuse: report and certificate belong to different firmware";
    RimMissing = "E_RIM_MISSING", "there are no reference values for the device's driver or VBIOS",
        "fetch NVIDIA's reference file for this version once and keep it";
    RimInvalid = "E_RIM_INVALID", "a reference file cannot be read",
        "fetch the file again, as NVIDIA published it";
    RimSignature = "E_RIM_SIGNATURE", "a reference file is not signed by NVIDIA",
        "fetch the file again; what this one says proves nothing";
    RimVersion = "E_RIM_VERSION", "a reference file is for another version than the device runs",
        "fetch the files for the driver and VBIOS in the verdict";
    RimConflict = "E_RIM_CONFLICT", "two reference files state values for the same measurement",
        "give one file for the driver and one for the VBIOS";
    RimMismatch = "E_RIM_MISMATCH", "the device's firmware is not what NVIDIA published for its version",
        "refuse: the device runs changed firmware, or is in another mode";
    // Intel TDX.
    TdxQuote = "E_TDX_QUOTE", "the bytes are not a TDX quote of version 4 or 5",
        "take the quote as the kernel or the quoting service returns it";
    CollateralMissing = "E_COLLATERAL_MISSING", "the quote comes without Intel's collateral",
        "fetch the collateral for this quote once and send it along";
    CollateralInvalid = "E_COLLATERAL_INVALID", "quote and collateral do not verify together",
        "fetch the collateral for this very platform from Intel";
    CollateralStale = "E_COLLATERAL_STALE", "Intel's collateral is not valid at this time",
        "fetch current collateral, or check the clock";
    TcbStatus = "E_TCB_STATUS", "Intel does not call the platform's firmware up to date",
        "have the host update, or allow this status in the policy";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Reason {
    type Err = UnknownReason;

    fn from_str(code: &str) -> Result<Self, UnknownReason> {
        let known = Self::ALL.iter().find(|reason| reason.code() == code);
        known.copied().ok_or_else(|| UnknownReason(code.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_survives_its_code() {
        for &reason in Reason::ALL {
            assert_eq!(reason.code().parse(), Ok(reason));
        }
    }

    #[test]
    fn no_two_reasons_share_a_code() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();

        assert_eq!(codes.len(), Reason::ALL.len());
    }

    #[test]
    fn an_unknown_code_is_refused() {
        assert!("E_NOTHING".parse::<Reason>().is_err());
    }
}

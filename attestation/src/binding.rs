//! What REPORT_DATA stands for: a transcript of typed fields in one canonical form.
//!
//! ```text
//!   REPORT_DATA = SHA-512( field ‖ field ‖ … ),  field = length (u32, big-endian) ‖ bytes
//!   label · purpose · nonce · signer · TLS key · device evidence · configuration · boot id
//! ```
//!
//! Nobody chooses REPORT_DATA directly. The verifier rebuilds these bytes from parsed
//! fields, so two different transcripts cannot share one encoding.

use proto::Digest;
use ring::digest::{SHA256, SHA512, digest};
use serde::{Deserialize, Serialize};

const LABEL: &[u8] = b"sealtune/report-data/v1";
const GPU_NONCE_LABEL: &[u8] = b"sealtune/gpu-nonce/v1";
const FIELDS: usize = 8;

/// Why a report was made; part of what is hashed, so that one kind of report cannot
/// stand in for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Once per boot, without a nonce: a certificate for the key.
    Boot,
    /// For one verifier's nonce: the machine is alive now.
    Challenge,
    /// Inside a TLS certificate.
    Ratls,
}

/// Everything a report is bound to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    pub purpose: Purpose,
    /// The verifier's choice; zero for [`Purpose::Boot`].
    #[serde(with = "hex")]
    pub nonce: [u8; 32],
    /// The node's secp256k1 key, compressed.
    #[serde(with = "hex")]
    pub signer: [u8; 33],
    /// SHA-256 of the TLS key's SubjectPublicKeyInfo; zero where there is none.
    #[serde(with = "digest_hex")]
    pub tls_key: Digest,
    /// SHA-256 of the evidence of all devices; zero where there are none.
    #[serde(with = "digest_hex")]
    pub devices: Digest,
    /// SHA-256 of the node's configuration document.
    #[serde(with = "digest_hex")]
    pub config: Digest,
    /// Random per boot.
    #[serde(with = "hex")]
    pub boot_id: [u8; 16],
}

/// Bytes that are no canonical transcript.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTranscript {
    #[error("the transcript ends inside field {0}")]
    Short(usize),
    #[error("bytes follow the transcript's last field")]
    Trailing,
    #[error("field {0} of the transcript has the wrong length")]
    FieldLength(usize),
    #[error("the transcript is not labelled sealtune/report-data/v1")]
    Label,
    #[error("the transcript's purpose is none this version knows")]
    Purpose,
    #[error("the transcript's signer is no compressed secp256k1 key")]
    Signer,
    #[error("a boot transcript carries no nonce, and only it")]
    Nonce,
}

impl Transcript {
    /// The 64 bytes that the report must carry.
    pub fn report_data(&self) -> [u8; 64] {
        let mut data = [0; 64];
        data.copy_from_slice(digest(&SHA512, &self.to_bytes()).as_ref());
        data
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&[
            LABEL,
            self.purpose.word().as_bytes(),
            &self.nonce,
            &self.signer,
            &self.tls_key.0,
            &self.devices.0,
            &self.config.0,
            &self.boot_id,
        ])
    }

    /// Reads canonical bytes; anything else is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadTranscript> {
        let [
            label,
            purpose,
            nonce,
            signer,
            tls_key,
            devices,
            config,
            boot_id,
        ] = decode(bytes)?;
        if label != LABEL {
            return Err(BadTranscript::Label);
        }
        let transcript = Self {
            purpose: Purpose::from_word(purpose)?,
            nonce: sized(2, nonce)?,
            signer: sized(3, signer)?,
            tls_key: Digest(sized(4, tls_key)?),
            devices: Digest(sized(5, devices)?),
            config: Digest(sized(6, config)?),
            boot_id: sized(7, boot_id)?,
        };
        transcript.checked()
    }

    /// The transcript, if its fields make sense together.
    pub fn checked(self) -> Result<Self, BadTranscript> {
        if !matches!(self.signer.first(), Some(2 | 3)) {
            return Err(BadTranscript::Signer);
        }
        let without_nonce = self.nonce == [0; 32];
        if without_nonce != (self.purpose == Purpose::Boot) {
            return Err(BadTranscript::Nonce);
        }
        Ok(self)
    }

    /// The nonce a GPU is asked with: it hangs on the CPU's challenge, while the GPU's
    /// answer is hashed into [`Self::devices`]. `index` counts the devices from zero.
    pub fn gpu_nonce(
        purpose: Purpose,
        nonce: &[u8; 32],
        boot_id: &[u8; 16],
        index: u32,
    ) -> [u8; 32] {
        let word = purpose.word().as_bytes();
        let index = index.to_be_bytes();
        let bytes = encode(&[GPU_NONCE_LABEL, word, nonce, boot_id, &index]);
        let mut gpu_nonce = [0; 32];
        gpu_nonce.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        gpu_nonce
    }
}

/// Digests in JSON, in hex as the other fields are.
mod digest_hex {
    use proto::Digest;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        hex::serialize(digest.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        hex::deserialize(from).map(Digest)
    }
}

impl Purpose {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Boot => "boot",
            Self::Challenge => "challenge",
            Self::Ratls => "ratls",
        }
    }

    fn from_word(word: &[u8]) -> Result<Self, BadTranscript> {
        match word {
            b"boot" => Ok(Self::Boot),
            b"challenge" => Ok(Self::Challenge),
            b"ratls" => Ok(Self::Ratls),
            _unknown => Err(BadTranscript::Purpose),
        }
    }
}

fn encode(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in fields {
        // Fields are labels, keys and digests: far below 4 GiB.
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<[&[u8]; FIELDS], BadTranscript> {
    let mut fields: [&[u8]; FIELDS] = [&[]; FIELDS];
    let mut rest = bytes;
    for (number, field) in fields.iter_mut().enumerate() {
        (*field, rest) = split_field(rest).ok_or(BadTranscript::Short(number))?;
    }
    if !rest.is_empty() {
        return Err(BadTranscript::Trailing);
    }
    Ok(fields)
}

fn split_field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

fn sized<const N: usize>(number: usize, field: &[u8]) -> Result<[u8; N], BadTranscript> {
    field
        .try_into()
        .map_err(|_length| BadTranscript::FieldLength(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn transcript() -> Transcript {
        let mut signer = [7; 33];
        signer[0] = 2;
        Transcript {
            purpose: Purpose::Challenge,
            nonce: [1; 32],
            signer,
            tls_key: Digest([3; 32]),
            devices: Digest([4; 32]),
            config: Digest([5; 32]),
            boot_id: [6; 16],
        }
    }

    #[test]
    fn a_transcript_survives_its_bytes() {
        let transcript = transcript();

        assert_eq!(
            Transcript::from_bytes(&transcript.to_bytes()),
            Ok(transcript)
        );
    }

    #[test]
    fn a_transcript_survives_its_json() {
        let transcript = transcript();
        let json = serde_json::to_string(&transcript).unwrap();

        assert!(json.contains(&"05".repeat(32)), "{json}");
        assert_eq!(
            serde_json::from_str::<Transcript>(&json).unwrap(),
            transcript
        );
    }

    #[test]
    fn a_boot_transcript_with_a_nonce_is_refused() {
        let transcript = Transcript {
            purpose: Purpose::Boot,
            ..transcript()
        };

        assert_eq!(transcript.checked(), Err(BadTranscript::Nonce));
    }

    #[test]
    fn a_challenge_without_a_nonce_is_refused() {
        let transcript = Transcript {
            nonce: [0; 32],
            ..transcript()
        };

        assert_eq!(transcript.checked(), Err(BadTranscript::Nonce));
    }

    #[test]
    fn every_device_is_asked_with_a_nonce_of_its_own() {
        let nonce = |index| Transcript::gpu_nonce(Purpose::Boot, &[0; 32], &[1; 16], index);

        assert_ne!(nonce(0), nonce(1));
    }

    proptest! {
        /// What parses is canonical: it is written again as the very bytes it was read from.
        #[test]
        fn one_transcript_has_one_encoding(
            flip in 0..transcript().to_bytes().len() * 8,
            cut in 0..transcript().to_bytes().len(),
        ) {
            let mut bytes = transcript().to_bytes();
            prop_assert!(Transcript::from_bytes(&bytes[..cut]).is_err());
            bytes[flip / 8] ^= 1 << (flip % 8);
            if let Ok(other) = Transcript::from_bytes(&bytes) {
                prop_assert_eq!(other.to_bytes(), bytes);
                prop_assert_ne!(other, transcript());
            }
        }
    }
}

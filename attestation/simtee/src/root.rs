//! A synthetic root: ARK, ASK and ASVK of one product line, made fresh.

use crate::cert::{Draft, authority, extension, level, p384_key, rsa_key, text};
use crate::keys::{AuthorityKey, ReportKey};
use crate::{SimError, crl, oid};
use attestation::snp::{KeyKind, Line, Tcb};
use der::Encode;
use x509_cert::ext::Extension;

const DAY: u64 = 24 * 60 * 60;
const YEAR: u64 = 365 * DAY;
const ARK_SERIAL: &[u8] = &[1, 0, 0];
const ASK_SERIAL: &[u8] = &[1, 0, 1];
const ASVK_SERIAL: &[u8] = &[1, 1, 1];

/// The authorities of one simulated product line.
#[derive(Debug)]
pub struct SyntheticRoot {
    line: Line,
    /// The start of everything's validity, in seconds since 1970.
    born: u64,
    ark_key: AuthorityKey,
    ask_key: AuthorityKey,
    asvk_key: AuthorityKey,
    ark: Vec<u8>,
    ask: Vec<u8>,
    asvk: Vec<u8>,
}

impl SyntheticRoot {
    /// Makes new keys and certificates, valid from `now` on.
    pub fn generate(line: Line, now: u64) -> Result<Self, SimError> {
        let [ark_key, ask_key, asvk_key] = generate_keys()?;
        let born = now.saturating_sub(DAY);
        let ark = authority_cert(
            &names(line).0,
            &ark_key,
            &names(line).0,
            &ark_key,
            ARK_SERIAL,
            None,
            born,
        )?;
        let ask = authority_cert(
            &names(line).1,
            &ask_key,
            &names(line).0,
            &ark_key,
            ASK_SERIAL,
            Some(0),
            born,
        )?;
        let asvk = authority_cert(
            &names(line).2,
            &asvk_key,
            &names(line).0,
            &ark_key,
            ASVK_SERIAL,
            Some(0),
            born,
        )?;
        Ok(Self {
            line,
            born,
            ark_key,
            ask_key,
            asvk_key,
            ark,
            ask,
            asvk,
        })
    }

    pub const fn line(&self) -> Line {
        self.line
    }

    /// The root's certificate, in DER.
    pub fn ark(&self) -> &[u8] {
        &self.ark
    }

    /// The certificate above keys of this kind, in DER.
    pub fn issuer(&self, kind: KeyKind) -> &[u8] {
        match kind {
            KeyKind::Vcek => &self.ask,
            KeyKind::Vlek => &self.asvk,
        }
    }

    /// An empty revocation list, valid for thirty days.
    pub fn crl(&self) -> Result<Vec<u8>, SimError> {
        self.crl_of(&[])
    }

    /// A revocation list that withdraws the authority over keys of this kind.
    pub fn crl_revoking(&self, kind: KeyKind) -> Result<Vec<u8>, SimError> {
        match kind {
            KeyKind::Vcek => self.crl_of(&[ASK_SERIAL]),
            KeyKind::Vlek => self.crl_of(&[ASVK_SERIAL]),
        }
    }

    fn crl_of(&self, revoked: &[&[u8]]) -> Result<Vec<u8>, SimError> {
        let valid = (self.born, self.born.saturating_add(30 * DAY));
        crl::issue(&self.ark_key, &names(self.line).0, valid, revoked)
    }

    /// A certificate for a chip's key at a firmware level.
    pub(crate) fn issue_vcek(
        &self,
        key: &ReportKey,
        tcb: Tcb,
        hwid: &[u8],
    ) -> Result<Vec<u8>, SimError> {
        let mut extensions = self.extensions(tcb)?;
        extensions.push(extension(oid::HWID, false, hwid.to_vec())?);
        let (_, ask, _) = names(self.line);
        let valid = (self.born, self.born.saturating_add(7 * YEAR));
        leaf("DEV-SEV-VCEK", key, &ask, valid, extensions)
            .and_then(|draft| draft.issue(&self.ask_key))
    }

    /// A certificate for a cloud provider's key.
    pub(crate) fn issue_vlek(
        &self,
        key: &ReportKey,
        tcb: Tcb,
        csp: &str,
    ) -> Result<Vec<u8>, SimError> {
        let mut extensions = self.extensions(tcb)?;
        extensions.push(text(oid::CSP, csp)?);
        let (_, _, asvk) = names(self.line);
        let valid = (self.born, self.born.saturating_add(YEAR));
        leaf("DEV-SEV-VLEK", key, &asvk, valid, extensions)
            .and_then(|draft| draft.issue(&self.asvk_key))
    }

    fn extensions(&self, tcb: Tcb) -> Result<Vec<Extension>, SimError> {
        let version: u8 = match self.line {
            Line::Turin => 1,
            Line::Milan | Line::Genoa => 0,
        };
        let mut extensions = vec![
            extension(oid::STRUCT_VERSION, false, version.to_der()?)?,
            text(oid::PRODUCT, self.line.name())?,
            level(oid::BL, tcb.bl)?,
            level(oid::TEE, tcb.tee)?,
            level(oid::SNP, tcb.snp)?,
            level(oid::UCODE, tcb.ucode)?,
        ];
        match tcb.fmc {
            Some(fmc) => extensions.push(level(oid::FMC, fmc)?),
            None => extensions.extend(reserved()?),
        }
        Ok(extensions)
    }
}

fn reserved() -> Result<Vec<Extension>, SimError> {
    oid::RESERVED.into_iter().map(|id| level(id, 0)).collect()
}

/// The names of ARK, ASK and ASVK.
fn names(line: Line) -> (String, String, String) {
    (
        format!("DEV-ARK-{line}"),
        format!("DEV-SEV-{line}"),
        format!("DEV-SEV-VLEK-{line}"),
    )
}

/// Three RSA-4096 keys take seconds: each on a thread of its own.
fn generate_keys() -> Result<[AuthorityKey; 3], SimError> {
    std::thread::scope(|scope| {
        let keys = [(); 3].map(|()| scope.spawn(AuthorityKey::generate));
        let keys = keys.map(|key| {
            key.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        let [ark, ask, asvk] = keys;
        Ok([ark?, ask?, asvk?])
    })
}

#[allow(
    clippy::too_many_arguments,
    reason = "a certificate is two names, two keys and four numbers"
)]
fn authority_cert(
    subject: &str,
    key: &AuthorityKey,
    issuer: &str,
    issuer_key: &AuthorityKey,
    serial: &[u8],
    path: Option<u8>,
    born: u64,
) -> Result<Vec<u8>, SimError> {
    let draft = Draft {
        serial,
        issuer,
        subject,
        valid: (born, born.saturating_add(20 * YEAR)),
        key: rsa_key(key.public())?,
        extensions: authority(path)?,
    };
    draft.issue(issuer_key)
}

fn leaf<'a>(
    subject: &'a str,
    key: &ReportKey,
    issuer: &'a str,
    valid: (u64, u64),
    extensions: Vec<Extension>,
) -> Result<Draft<'a>, SimError> {
    Ok(Draft {
        serial: &[1],
        issuer,
        subject,
        valid,
        key: p384_key(key.public())?,
        extensions,
    })
}

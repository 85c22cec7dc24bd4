//! The certificate log: everything our authority issued, and whether it still counts.

use serde::{Deserialize, Serialize};

use crate::device::Reality;
use crate::id::{
    ChallengeId, CodeText, DeliveryId, DeviceId, Fingerprint, ProfileId, Scope, Serial, Version,
};
use crate::time::Timestamp;

/// What a certificate was issued for. A challenge carries it to the certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Purpose {
    /// A device's own identity towards this server.
    MdmIdentity {
        /// The code that let it in.
        code: Option<CodeText>,
        /// Real or simulated, as the code says.
        reality: Reality,
        /// The device whose enrollment it replaces, when that is known beforehand.
        replaces: Option<DeviceId>,
    },
    /// An identity inside a delivered profile.
    ProfileIdentity {
        /// The delivery.
        delivery: DeliveryId,
        /// The certificate profile that asked for it.
        profile: ProfileId,
    },
}

/// A subject alternative name that the profile asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum AltName {
    /// `rfc822Name`.
    Email(String),
    /// `dNSName`.
    Dns(String),
    /// `uniformResourceIdentifier`.
    Uri(String),
    /// Microsoft's user principal name, an `otherName`.
    Upn(String),
}

/// What a certificate carries that its request cannot say: Apple's payload has no field for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Object identifiers of the extended key usages.
    pub extended_key_usages: Vec<String>,
    /// Lifetime in seconds.
    pub lifetime_seconds: i64,
    /// Names added to those of the request.
    pub alt_names: Vec<AltName>,
    /// `digitalSignature`.
    pub sign: bool,
    /// `keyEncipherment`.
    pub encipher: bool,
}

impl Policy {
    /// The policy of a device's own identity: TLS client authentication for a year.
    pub fn mdm_identity() -> Self {
        Self {
            extended_key_usages: vec!["1.3.6.1.5.5.7.3.2".to_owned()],
            lifetime_seconds: 365 * 86_400,
            alt_names: Vec::new(),
            sign: true,
            encipher: true,
        }
    }
}

/// Why a certificate was revoked: `CRLReason` of RFC 5280 5.3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationReason {
    /// 0
    Unspecified,
    /// 1
    KeyCompromise,
    /// 3
    AffiliationChanged,
    /// 4
    Superseded,
    /// 5
    CessationOfOperation,
}

impl RevocationReason {
    /// The number in the list.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// One issued certificate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its key: SHA-256 of the DER.
    pub fingerprint: Fingerprint,
    /// Times written.
    pub version: Version,
    /// Its serial number.
    pub serial: Serial,
    /// Where it belongs.
    pub scope: Scope,
    /// Its subject, as text.
    pub subject: String,
    /// What it was issued for.
    pub purpose: Purpose,
    /// What it carries; a renewal carries the same.
    pub policy: Policy,
    /// The device it belongs to, once that is known.
    pub device: Option<DeviceId>,
    /// The challenge that allowed it.
    pub challenge: Option<ChallengeId>,
    /// SHA-256 of its public key, lower-case hex.
    pub key_sha256: String,
    /// SCEP transaction.
    pub transaction: Option<String>,
    /// The certificate it renews.
    pub renews: Option<Fingerprint>,
    /// The certificate, DER in base64.
    pub der: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its own first moment.
    pub not_before: Timestamp,
    /// Its own last moment.
    pub not_after: Timestamp,
    /// Whether it was revoked.
    pub revoked: Option<Revocation>,
}

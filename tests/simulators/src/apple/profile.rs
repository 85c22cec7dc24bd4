//! A configuration profile, read as a device reads it (Apple: "`TopLevel`", "`CommonPayloadKeys`").

use openssl::cms::CmsContentInfo;
use openssl::x509::X509;
use plist::{Dictionary, Value};

use super::ErrorChain;
use crate::cms::{self, Signature};
use crate::document::{self, Ask as _};
use crate::identity::Identity;

/// Most payloads of one profile.
const MAX_PAYLOADS: usize = 256;

/// One payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Payload {
    /// `PayloadType`.
    pub kind: String,
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID`.
    pub uuid: String,
    /// All its keys.
    pub settings: Dictionary,
}

/// A profile, its signature judged.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Top-level `PayloadIdentifier`: the same one replaces.
    pub identifier: String,
    /// Top-level `PayloadUUID`.
    pub uuid: String,
    /// `PayloadDisplayName`.
    pub display_name: String,
    /// `PayloadOrganization`.
    pub organization: Option<String>,
    /// `PayloadRemovalDisallowed`.
    pub removal_disallowed: bool,
    /// Whether the payloads came encrypted to this device.
    pub encrypted: bool,
    /// What the settings say about its signature.
    pub signature: Signature,
    /// Certificates sent with the signature, in DER.
    pub signers: Vec<Vec<u8>>,
    /// Payloads in the order of the profile.
    pub payloads: Vec<Payload>,
}

impl Profile {
    /// Reads a profile. `roots` judge its signature, `identities` open it if it is encrypted.
    pub fn parse(
        bytes: &[u8],
        roots: &[X509],
        identities: &[&Identity],
    ) -> Result<Self, ErrorChain> {
        let malformed = |code, text: &str| ErrorChain::one("MCProfileErrorDomain", code, text);
        let signed = cms::profile(bytes, roots);
        if signed.signature == Signature::Broken {
            return Err(malformed(
                1004,
                "The profile's signature is not of its content.",
            ));
        }
        let top = document::read(&signed.text).map_err(|error| {
            let cause = std::error::Error::source(&error)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            malformed(1000, &format!("The profile is malformed ({error}{cause})."))
        })?;
        let need = |key: &str| {
            let text = top
                .text(key)
                .filter(|text| !text.is_empty())
                .map(str::to_owned);
            text.ok_or_else(|| malformed(1002, &format!("The profile lacks “{key}”.")))
        };
        if need("PayloadType")? != "Configuration" {
            return Err(malformed(
                1010,
                "The profile's “PayloadType” is not “Configuration”.",
            ));
        }
        let encrypted = top.truth("IsEncrypted");
        let content = match top.data("EncryptedPayloadContent").filter(|_| encrypted) {
            Some(sealed) => decrypt(sealed, identities)
                .ok_or_else(|| malformed(1006, "The profile cannot be decrypted."))?,
            None => top
                .get("PayloadContent")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default(),
        };
        if content.is_empty() {
            return Err(malformed(1005, "The profile is empty."));
        }
        if content.len() > MAX_PAYLOADS {
            return Err(malformed(1000, "The profile has too many payloads."));
        }
        Ok(Self {
            identifier: need("PayloadIdentifier")?,
            uuid: need("PayloadUUID")?,
            display_name: top
                .text("PayloadDisplayName")
                .unwrap_or("Profile")
                .to_owned(),
            organization: top.text("PayloadOrganization").map(str::to_owned),
            removal_disallowed: top.truth("PayloadRemovalDisallowed"),
            encrypted,
            signature: signed.signature,
            signers: signed.certificates,
            payloads: content.iter().map(payload).collect::<Result<_, _>>()?,
        })
    }

    /// The first payload of this type.
    pub fn payload(&self, kind: &str) -> Option<&Payload> {
        self.payloads.iter().find(|payload| payload.kind == kind)
    }

    /// The payload with this UUID; UUIDs are compared without regard to case.
    pub fn by_uuid(&self, uuid: &str) -> Option<&Payload> {
        self.payloads
            .iter()
            .find(|payload| payload.uuid.eq_ignore_ascii_case(uuid))
    }
}

fn payload(value: &Value) -> Result<Payload, ErrorChain> {
    let wrong = |text: String| ErrorChain::one("MCPayloadErrorDomain", 2002, text);
    let settings = value
        .as_dictionary()
        .ok_or_else(|| wrong("A payload is not a dictionary.".to_owned()))?;
    let need = |key: &str| {
        let text = settings
            .text(key)
            .filter(|text| !text.is_empty())
            .map(str::to_owned);
        text.ok_or_else(|| wrong(format!("A payload lacks “{key}”.")))
    };
    Ok(Payload {
        kind: need("PayloadType")?,
        identifier: need("PayloadIdentifier")?,
        uuid: need("PayloadUUID")?,
        settings: settings.clone(),
    })
}

fn decrypt(sealed: &[u8], identities: &[&Identity]) -> Option<Vec<Value>> {
    let cms = CmsContentInfo::from_der(sealed).ok()?;
    let text = identities
        .iter()
        .find_map(|identity| cms.decrypt(identity.key(), identity.x509()).ok())?;
    // What is encrypted is an array; the reader's budget is for dictionaries, so the array is read inside of one.
    let text = String::from_utf8(text).ok()?;
    let start = text.find("<array")?;
    let end = text.rfind("</array>")? + "</array>".len();
    let wrapped = format!(
        "<plist version=\"1.0\"><dict><key>c</key>{}</dict></plist>",
        text.get(start..end)?
    );
    document::read(wrapped.as_bytes())
        .ok()?
        .get("c")?
        .as_array()
        .cloned()
}

//! Identities and certificates as payloads (Apple, "SCEP", `CertificatePKCS12`, `CertificateRoot`, `CertificatePKCS1`).

use plist::{Dictionary, Value};

use super::document::Payload;
use crate::{
    certificate_names::SanType,
    der::{CertificateKind, certificate_kind},
    identifiers::PayloadUuid,
    identity::KeyUsage,
    material::{IdentityMaterial, NotACertificate, Pkcs12Material, RootMaterial, ScepMaterial},
};

impl ScepMaterial {
    fn write(&self, into: &mut Payload) {
        let mut content = Dictionary::new();
        let mut put = |key: &str, value: Value| content.insert(key.to_owned(), value);
        put("URL", self.url.as_str().into());
        if let Some(name) = &self.name {
            put("Name", name.as_str().into());
        }
        let subject = self.names.subject.iter().map(|attribute| {
            let pair = [attribute.kind.apple_name(), attribute.value.as_str()];
            Value::Array(vec![Value::Array(pair.map(Value::from).to_vec())])
        });
        put("Subject", Value::Array(subject.collect()));
        put("Challenge", self.challenge.expose().into());
        put("Keysize", self.key_size.bits().into());
        put("Key Type", "RSA".into());
        put("Key Usage", key_usage_bits(&self.key_usage).into());
        if let Some(fingerprint) = &self.ca_fingerprint {
            put("CAFingerprint", Value::Data(fingerprint.clone()));
        }
        put("Retries", u32::from(self.retries).into());
        put("RetryDelay", self.retry_delay.into());
        let mut alternatives = Dictionary::new();
        for name in &self.names.alternatives {
            alternatives.insert(san_key(name.kind).into(), name.value.as_str().into());
        }
        if !alternatives.is_empty() {
            put("SubjectAltName", Value::Dictionary(alternatives));
        }
        if let Some(extractable) = self.keychain.key_is_extractable {
            put("KeyIsExtractable", extractable.into());
        }
        if let Some(access) = self.keychain.allow_all_apps_access {
            put("AllowAllAppsAccess", access.into());
        }
        into.put("PayloadContent", content);
    }
}

impl Pkcs12Material {
    fn write(&self, into: &mut Payload) {
        into.put_some("PayloadCertificateFileName", self.file_name.as_deref());
        into.put("PayloadContent", Value::Data(self.der.as_bytes().to_vec()));
        into.put("Password", self.password.expose());
        into.put_some("KeyIsExtractable", self.keychain.key_is_extractable);
        into.put_some("AllowAllAppsAccess", self.keychain.allow_all_apps_access);
    }
}

impl IdentityMaterial {
    pub(crate) fn payload(&self, identifier: String, uuid: PayloadUuid) -> Payload {
        match self {
            Self::Scep(scep) => {
                let kind = "com.apple.security.scep";
                let mut payload = Payload::new(kind, identifier, uuid, &scep.display_name);
                scep.write(&mut payload);
                payload
            }
            Self::Pkcs12(pkcs12) => {
                let kind = "com.apple.security.pkcs12";
                let mut payload = Payload::new(kind, identifier, uuid, &pkcs12.display_name);
                pkcs12.write(&mut payload);
                payload
            }
        }
    }
}

impl RootMaterial {
    pub(crate) fn payload(
        &self,
        identifier: String,
        uuid: PayloadUuid,
    ) -> Result<Payload, NotACertificate> {
        let kind = match certificate_kind(self.der.as_bytes()) {
            Some(CertificateKind::SelfIssued) => "com.apple.security.root",
            Some(CertificateKind::Issued) => "com.apple.security.pkcs1",
            None => {
                return Err(NotACertificate {
                    name: self.name.clone(),
                });
            }
        };
        let mut payload = Payload::new(kind, identifier, uuid, &self.display_name);
        payload.put_some("PayloadCertificateFileName", self.file_name.as_deref());
        payload.put("PayloadContent", Value::Data(self.der.as_bytes().to_vec()));
        Ok(payload)
    }
}

/// `Key Usage`: 1 to sign, 4 to encrypt, added up.
fn key_usage_bits(usages: &[KeyUsage]) -> u32 {
    usages.iter().fold(0, |bits, usage| {
        bits | match usage {
            KeyUsage::DigitalSignature => 1,
            KeyUsage::KeyEncipherment => 4,
        }
    })
}

/// The key of `SubjectAltName` for a kind of name. Each holds one name.
fn san_key(kind: SanType) -> &'static str {
    match kind {
        SanType::EmailAddress => "rfc822Name",
        SanType::UserPrincipalName => "ntPrincipalName",
        SanType::DomainNameService => "dNSName",
        SanType::UniversalResourceIdentifier => "uniformResourceIdentifier",
    }
}

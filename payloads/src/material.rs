//! What the server adds to a profile when it is delivered: identities and certificates.

use std::fmt;

use crate::{
    certificate_names::CertificateNames,
    der::Der,
    identity::{CertificateTerms, KeySize, KeyUsage, PkcsCertificate, ScepCertificate},
    platform::Platform,
    profile_id::ProfileId,
    secret::Secret,
};

/// Where a trusted certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootName {
    /// The server's own root.
    Lab,
    /// A `trusted_certificate` profile.
    Profile(ProfileId),
}

impl fmt::Display for RootName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lab => f.write_str("lab"),
            Self::Profile(id) => write!(f, "profile.{id}"),
        }
    }
}

/// A trusted certificate to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootMaterial {
    /// Where it comes from.
    pub name: RootName,
    /// The certificate. Self-issued it becomes an anchor, otherwise a known intermediate.
    pub der: Der,
    /// The name people see.
    pub display_name: String,
    /// The file name shown with it.
    pub file_name: Option<String>,
}

/// Bytes given as a certificate that are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not one X.509 certificate")]
pub struct NotACertificate {
    /// Where the bytes come from.
    pub name: RootName,
}

/// An identity to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityMaterial {
    /// The device makes the key and asks for a certificate.
    Scep(ScepMaterial),
    /// Key and certificate are sent.
    Pkcs12(Pkcs12Material),
}

/// How macOS keeps the key; not written elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeychainFlags {
    /// `KeyIsExtractable`.
    pub key_is_extractable: Option<bool>,
    /// `AllowAllAppsAccess`.
    pub allow_all_apps_access: Option<bool>,
}

impl KeychainFlags {
    /// What `terms` say: nothing but on macOS, and there a key that cannot be exported unless they say otherwise.
    pub fn of(terms: &CertificateTerms) -> Self {
        match terms.platform {
            Platform::Macos => Self {
                key_is_extractable: Some(terms.key_is_extractable.unwrap_or(false)),
                allow_all_apps_access: terms.allow_all_apps_access,
            },
            _ => Self::default(),
        }
    }
}

/// What a device needs to ask for a certificate (RFC 8894).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScepMaterial {
    /// The name people see.
    pub display_name: String,
    /// The SCEP server.
    pub url: String,
    /// The name of the authority there.
    pub name: Option<String>,
    /// The names to ask for.
    pub names: CertificateNames,
    /// What entitles to the certificate.
    pub challenge: Secret,
    /// The size of the key.
    pub key_size: KeySize,
    /// What the key may do.
    pub key_usage: Vec<KeyUsage>,
    /// A digest of the authority's certificate, by which the device recognises it.
    pub ca_fingerprint: Option<Vec<u8>>,
    /// How often a pending request is repeated.
    pub retries: u8,
    /// Seconds between repetitions.
    pub retry_delay: u32,
    /// How macOS keeps the key.
    pub keychain: KeychainFlags,
}

/// An identity with its key (RFC 7292).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs12Material {
    /// The name people see.
    pub display_name: String,
    /// The file name shown with it.
    pub file_name: Option<String>,
    /// The file.
    pub der: Der,
    /// The password of the file, made for it alone.
    pub password: Secret,
    /// How macOS keeps the key.
    pub keychain: KeychainFlags,
}

impl ScepMaterial {
    /// Material with defaults: a 2048-bit key to sign and encrypt with, three repetitions ten seconds apart.
    pub fn new(
        display_name: impl Into<String>,
        url: impl Into<String>,
        names: CertificateNames,
        challenge: Secret,
    ) -> Self {
        Self {
            display_name: display_name.into(),
            url: url.into(),
            name: None,
            names,
            challenge,
            key_size: KeySize::default(),
            key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment],
            ca_fingerprint: None,
            retries: 3,
            retry_delay: 10,
            keychain: KeychainFlags::default(),
        }
    }

    /// Material for a `scep_certificate` profile. `own_url` serves where the profile names no server.
    pub fn of(
        settings: &ScepCertificate,
        display_name: impl Into<String>,
        own_url: &str,
        names: CertificateNames,
        challenge: Secret,
    ) -> Self {
        let url = settings
            .scep_server_urls
            .first()
            .map_or(own_url, String::as_str);
        Self {
            name: settings.ca_name.clone(),
            key_size: settings.terms.key_size,
            key_usage: settings.terms.key_usage.clone(),
            retries: settings.retries,
            retry_delay: settings.retry_delay,
            keychain: KeychainFlags::of(&settings.terms),
            ..Self::new(display_name, url, names, challenge)
        }
    }
}

impl Pkcs12Material {
    /// Material for a `pkcs_certificate` profile.
    pub fn of(
        settings: &PkcsCertificate,
        display_name: impl Into<String>,
        der: Der,
        password: Secret,
    ) -> Self {
        Self {
            display_name: display_name.into(),
            file_name: None,
            der,
            password,
            keychain: KeychainFlags::of(&settings.terms),
        }
    }
}

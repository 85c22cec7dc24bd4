//! Signing and encrypting of mail on iOS.

use serde::{Deserialize, Serialize};

use crate::{complaint::Complaint, profile_id::ProfileId, properties::properties};

/// Where an S/MIME identity comes from (Microsoft Graph, `emailCertificateType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailCertificateType {
    /// None is delivered: the user chooses one on the device.
    None,
    /// A certificate profile.
    Certificate,
    /// A credential derived from a smart card.
    DerivedCredential,
}

properties! {
    /// S/MIME settings of an iOS account, of either protocol (Microsoft Graph, `iosEasEmailProfileConfiguration`).
    pub struct Smime {
        shared {}
        own {
            /// Whether S/MIME is configured at all; without it every other property here must stay at its default.
            require_smime: bool = false,
            /// Sign by default.
            smime_signing_enabled: bool = false,
            /// The user may switch signing.
            smime_signing_user_override_enabled: bool = false,
            /// Where the identity to sign with comes from; a certificate profile where one is named and nothing is said.
            signing_certificate_type: Option<EmailCertificateType> = None,
            /// The identity to sign with.
            smime_signing_certificate: Option<ProfileId> = None,
            /// The user may choose another identity to sign with.
            smime_signing_certificate_user_override_enabled: bool = false,
            /// Encrypt by default.
            smime_encrypt_by_default_enabled: bool = false,
            /// The user may switch encrypting by default.
            smime_encrypt_by_default_user_override_enabled: bool = false,
            /// A switch in each message that is being written.
            smime_enable_per_message_switch: bool = false,
            /// Where the identity to decrypt with comes from; a certificate profile where one is named and nothing is said.
            encryption_certificate_type: Option<EmailCertificateType> = None,
            /// The identity to decrypt with.
            smime_encryption_certificate: Option<ProfileId> = None,
            /// The user may choose another identity to decrypt with.
            smime_encryption_certificate_user_override_enabled: bool = false,
            /// Also write the keys that iOS 12 and earlier read: `SMIMEEnabled`, `SMIMEEncryptionEnabled`, `SMIMEEnablePerMessageSwitch`.
            /// Microsoft Graph has no such property.
            smime_legacy_keys: bool = false,
        }
    }
}

impl Smime {
    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        if self.require_smime {
            for (name, kind, named) in [
                (
                    "smime_signing_certificate",
                    self.signing_certificate_type,
                    self.smime_signing_certificate.is_some(),
                ),
                (
                    "smime_encryption_certificate",
                    self.encryption_certificate_type,
                    self.smime_encryption_certificate.is_some(),
                ),
            ] {
                let (found, allowed) = match (kind, named) {
                    (Some(EmailCertificateType::None), true) => {
                        ("a value", "nothing while its certificate type is none")
                    }
                    (
                        Some(
                            EmailCertificateType::Certificate
                            | EmailCertificateType::DerivedCredential,
                        ),
                        false,
                    ) => ("nothing", "the profile its certificate type asks for"),
                    _ => continue,
                };
                complaints.push(Complaint::new(name, found, allowed));
            }
            return;
        }
        for (name, set) in [
            ("smime_signing_enabled", self.smime_signing_enabled),
            (
                "smime_signing_user_override_enabled",
                self.smime_signing_user_override_enabled,
            ),
            (
                "signing_certificate_type",
                self.signing_certificate_type.is_some(),
            ),
            (
                "smime_signing_certificate",
                self.smime_signing_certificate.is_some(),
            ),
            (
                "smime_signing_certificate_user_override_enabled",
                self.smime_signing_certificate_user_override_enabled,
            ),
            (
                "smime_encrypt_by_default_enabled",
                self.smime_encrypt_by_default_enabled,
            ),
            (
                "smime_encrypt_by_default_user_override_enabled",
                self.smime_encrypt_by_default_user_override_enabled,
            ),
            (
                "smime_enable_per_message_switch",
                self.smime_enable_per_message_switch,
            ),
            (
                "encryption_certificate_type",
                self.encryption_certificate_type.is_some(),
            ),
            (
                "smime_encryption_certificate",
                self.smime_encryption_certificate.is_some(),
            ),
            (
                "smime_encryption_certificate_user_override_enabled",
                self.smime_encryption_certificate_user_override_enabled,
            ),
            ("smime_legacy_keys", self.smime_legacy_keys),
        ] {
            if set {
                complaints.push(Complaint::new(
                    name,
                    "a value",
                    "nothing while `require_smime` is false",
                ));
            }
        }
    }

    /// The identities it names.
    pub(crate) fn identities(&self) -> impl Iterator<Item = (&'static str, &ProfileId)> {
        let signing = self.smime_signing_certificate.iter();
        let encryption = self.smime_encryption_certificate.iter();
        signing
            .map(|id| ("smime_signing_certificate", id))
            .chain(encryption.map(|id| ("smime_encryption_certificate", id)))
    }
}

//! The settings of a profile, one type per kind and platform.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    complaint::Complaint,
    exchange::{IosExchange, MacosExchange},
    identity::{PkcsCertificate, ScepCertificate},
    mail::{IosMail, MacosMail},
    platform::Platform,
    profile_id::ProfileId,
    properties::{Properties, Reader},
    trusted::TrustedCertificate,
};

/// Declares the types of settings: the variants of [`Settings`] and of [`SettingsType`], and the names users write.
macro_rules! settings {
    ($($(#[$meta:meta])* $variant:ident($type:ty) = $name:literal,)*) => {
        /// The settings of a profile. Its type never changes: another type is another profile.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "profiles are few, and accounts are most of them")]
        pub enum Settings {
            $($(#[$meta])* $variant($type),)*
        }

        /// The type of a profile, written as `type`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum SettingsType {
            $($(#[$meta])* $variant,)*
        }

        impl SettingsType {
            /// Every type.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name users write.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The names of its properties.
            pub fn properties(self) -> Vec<&'static str> {
                let mut names = Vec::new();
                match self { $(Self::$variant => <$type>::names(&mut names),)* }
                names
            }

            pub(crate) fn read(self, from: &mut Reader) -> Option<Settings> {
                match self { $(Self::$variant => <$type>::read(from).map(Settings::$variant),)* }
            }
        }

        impl Settings {
            /// Its type.
            pub fn kind(&self) -> SettingsType {
                match self { $(Self::$variant(_) => SettingsType::$variant,)* }
            }

            pub(crate) fn write(&self, into: &mut Map<String, Value>) -> Result<(), serde_json::Error> {
                match self { $(Self::$variant(settings) => settings.write(into),)* }
            }
        }
    };
}

settings! {
    /// Exchange ActiveSync on iOS.
    IosExchange(IosExchange) = "ios_exchange",
    /// Exchange Web Services on macOS.
    MacosExchange(MacosExchange) = "macos_exchange",
    /// IMAP or POP on iOS.
    IosMail(IosMail) = "ios_mail",
    /// IMAP or POP on macOS.
    MacosMail(MacosMail) = "macos_mail",
    /// A certificate to trust.
    TrustedCertificate(TrustedCertificate) = "trusted_certificate",
    /// An identity by SCEP.
    ScepCertificate(ScepCertificate) = "scep_certificate",
    /// An identity by PKCS#12.
    PkcsCertificate(PkcsCertificate) = "pkcs_certificate",
}

/// A text that names no type of profile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile type `{0}` is not known")]
pub struct UnknownSettingsType(String);

impl FromStr for SettingsType {
    type Err = UnknownSettingsType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownSettingsType(text.chars().take(80).collect()))
    }
}

impl fmt::Display for SettingsType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What another profile is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A `scep_certificate` or `pkcs_certificate`.
    Identity,
    /// A `trusted_certificate`.
    Root,
}

/// A property that names another profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The property.
    pub property: &'static str,
    /// The profile it names.
    pub id: &'a ProfileId,
    /// What it must be.
    pub kind: ReferenceKind,
}

impl Settings {
    /// The platform the profile is written for.
    pub fn platform(&self) -> Platform {
        match self {
            Self::IosExchange(_) | Self::IosMail(_) => Platform::Ios,
            Self::MacosExchange(_) | Self::MacosMail(_) => Platform::Macos,
            Self::TrustedCertificate(settings) => settings.platform,
            Self::ScepCertificate(settings) => settings.terms.platform,
            Self::PkcsCertificate(settings) => settings.terms.platform,
        }
    }

    /// The other profiles it names, whose payloads travel in the same document. One profile may be named more than once.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let identity = |(property, id)| Reference {
            property,
            id,
            kind: ReferenceKind::Identity,
        };
        let root = |property| {
            move |id| Reference {
                property,
                id,
                kind: ReferenceKind::Root,
            }
        };
        match self {
            Self::IosExchange(IosExchange { account, smime, .. }) => account
                .authentication_identity()
                .map(|id| ("identity_certificate", id))
                .into_iter()
                .chain(smime.identities())
                .map(identity)
                .chain(
                    account
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::MacosExchange(MacosExchange { account, .. }) => account
                .authentication_identity()
                .map(|id| ("identity_certificate", id))
                .into_iter()
                .map(identity)
                .chain(
                    account
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::IosMail(IosMail { account, smime, .. }) => account
                .identity_certificate
                .iter()
                .map(|id| ("identity_certificate", id))
                .chain(smime.identities())
                .map(identity)
                .chain(
                    account
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::MacosMail(MacosMail { account }) => account
                .identity_certificate
                .iter()
                .map(|id| ("identity_certificate", id))
                .map(identity)
                .chain(
                    account
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::TrustedCertificate(_) => Vec::new(),
            Self::ScepCertificate(ScepCertificate { terms, .. })
            | Self::PkcsCertificate(PkcsCertificate { terms, .. }) => terms
                .root_certificate
                .iter()
                .map(root("root_certificate"))
                .collect(),
        }
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        match self {
            Self::IosExchange(settings) => settings.complain(complaints),
            Self::MacosExchange(settings) => settings.complain(complaints),
            Self::IosMail(settings) => {
                settings.account.complain(complaints);
                settings.smime.complain(complaints);
            }
            Self::MacosMail(settings) => settings.account.complain(complaints),
            Self::TrustedCertificate(settings) => settings.complain(complaints),
            Self::ScepCertificate(settings) => settings.complain(complaints),
            Self::PkcsCertificate(settings) => settings.complain(complaints),
        }
    }
}

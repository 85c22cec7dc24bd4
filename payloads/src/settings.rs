//! The settings of a profile, one type per kind and platform.

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    complaint::Complaint,
    derived::DerivedCredential,
    exchange::{AuthenticationMethod, IosExchange, MacosExchange},
    identity::{PkcsCertificate, ScepCertificate},
    imported::ImportedPkcs,
    knox::KnoxExchange,
    mail::{IosMail, MacosMail},
    platform::Platform,
    profile_id::ProfileId,
    properties::{Properties, Reader},
    trusted::TrustedCertificate,
    windows_exchange::{Windows10Exchange, WindowsPhone81Exchange},
    windows_mail::WindowsMail,
    windows_rule::ApplicabilityRules,
    work_mail::{AndroidWorkGmail, AndroidWorkNine},
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
    /// Exchange ActiveSync on Windows 10 and 11.
    Windows10Exchange(Windows10Exchange) = "windows10_exchange",
    /// Exchange ActiveSync on Windows Phone 8.1.
    WindowsPhone81Exchange(WindowsPhone81Exchange) = "windowsphone81_exchange",
    /// IMAP or POP on Windows 10 and 11.
    WindowsMail(WindowsMail) = "windows_mail",
    /// Exchange ActiveSync of Samsung's mail app.
    KnoxExchange(KnoxExchange) = "knox_exchange",
    /// Exchange ActiveSync of Gmail in a work profile.
    AndroidWorkGmail(AndroidWorkGmail) = "android_work_gmail",
    /// Exchange ActiveSync of Nine in a work profile.
    AndroidWorkNine(AndroidWorkNine) = "android_work_nine",
    /// A certificate to trust.
    TrustedCertificate(TrustedCertificate) = "trusted_certificate",
    /// An identity by SCEP.
    ScepCertificate(ScepCertificate) = "scep_certificate",
    /// An identity by PKCS#12.
    PkcsCertificate(PkcsCertificate) = "pkcs_certificate",
    /// Identities that were uploaded for the user.
    ImportedPkcs(ImportedPkcs) = "imported_pkcs",
    /// An identity derived from a smart card.
    DerivedCredential(DerivedCredential) = "derived_credential",
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
    /// An identity to sign in with: `scep_certificate`, `pkcs_certificate`, `derived_credential`.
    Identity,
    /// An identity for S/MIME: one to sign in with, or `imported_pkcs`.
    Smime,
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
            Self::Windows10Exchange(_) | Self::WindowsMail(_) => Platform::Windows10,
            Self::WindowsPhone81Exchange(_) => Platform::WindowsPhone81,
            Self::TrustedCertificate(settings) => settings.platform,
            Self::ScepCertificate(settings) => settings.terms.platform,
            Self::PkcsCertificate(settings) => settings.terms.platform,
            Self::KnoxExchange(_) => Platform::AndroidKnox,
            Self::AndroidWorkGmail(_) | Self::AndroidWorkNine(_) => Platform::AndroidWork,
            Self::ImportedPkcs(settings) => settings.platform,
            Self::DerivedCredential(settings) => settings.platform,
        }
    }

    /// How its account signs in, where that is a choice.
    pub fn authentication_method(&self) -> Option<AuthenticationMethod> {
        match self {
            Self::IosExchange(settings) => Some(settings.account.authentication_method),
            Self::MacosExchange(settings) => Some(settings.account.authentication_method),
            Self::KnoxExchange(settings) => Some(settings.authentication_method),
            Self::AndroidWorkGmail(settings) => Some(settings.account.authentication_method),
            Self::AndroidWorkNine(settings) => Some(settings.account.authentication_method),
            Self::IosMail(_)
            | Self::MacosMail(_)
            | Self::Windows10Exchange(_)
            | Self::WindowsPhone81Exchange(_)
            | Self::WindowsMail(_)
            | Self::TrustedCertificate(_)
            | Self::ScepCertificate(_)
            | Self::PkcsCertificate(_)
            | Self::ImportedPkcs(_)
            | Self::DerivedCredential(_) => None,
        }
    }

    /// Whether it sets up an account.
    pub fn is_account(&self) -> bool {
        match self {
            Self::IosExchange(_)
            | Self::MacosExchange(_)
            | Self::IosMail(_)
            | Self::MacosMail(_)
            | Self::Windows10Exchange(_)
            | Self::WindowsPhone81Exchange(_)
            | Self::WindowsMail(_)
            | Self::KnoxExchange(_)
            | Self::AndroidWorkGmail(_)
            | Self::AndroidWorkNine(_) => true,
            Self::TrustedCertificate(_)
            | Self::ScepCertificate(_)
            | Self::PkcsCertificate(_)
            | Self::ImportedPkcs(_)
            | Self::DerivedCredential(_) => false,
        }
    }

    /// Whether it describes an identity.
    pub fn is_identity(&self) -> bool {
        match self {
            Self::ScepCertificate(_)
            | Self::PkcsCertificate(_)
            | Self::ImportedPkcs(_)
            | Self::DerivedCredential(_) => true,
            Self::TrustedCertificate(_)
            | Self::IosExchange(_)
            | Self::MacosExchange(_)
            | Self::IosMail(_)
            | Self::MacosMail(_)
            | Self::Windows10Exchange(_)
            | Self::WindowsPhone81Exchange(_)
            | Self::WindowsMail(_)
            | Self::KnoxExchange(_)
            | Self::AndroidWorkGmail(_)
            | Self::AndroidWorkNine(_) => false,
        }
    }

    /// Which devices of its platform it is for, if it says so.
    pub fn applicability_rules(&self) -> Option<&ApplicabilityRules> {
        match self {
            Self::Windows10Exchange(settings) => Some(&settings.rules),
            Self::WindowsMail(settings) => Some(&settings.rules),
            _ => None,
        }
    }

    /// Whether it is kept from Windows 10 Mobile (Microsoft Graph, `applyOnlyToWindowsPhone81`).
    pub fn only_windows_phone_81(&self) -> bool {
        matches!(self, Self::WindowsPhone81Exchange(settings) if settings.apply_only_to_windows_phone81)
    }

    /// The other profiles it names, whose payloads travel in the same document. One profile may be named more than once.
    pub fn references(&self) -> Vec<Reference<'_>> {
        let identity = |(property, id)| Reference {
            property,
            id,
            kind: ReferenceKind::Identity,
        };
        let smime = |(property, id)| Reference {
            property,
            id,
            kind: ReferenceKind::Smime,
        };
        let root = |property| {
            move |id| Reference {
                property,
                id,
                kind: ReferenceKind::Root,
            }
        };
        match self {
            Self::IosExchange(IosExchange {
                account,
                smime: signing,
                ..
            }) => account
                .authentication_identity()
                .map(|id| ("identity_certificate", id))
                .into_iter()
                .map(identity)
                .chain(signing.identities().map(smime))
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
            Self::IosMail(IosMail {
                account,
                smime: signing,
                ..
            }) => account
                .identity_certificate
                .iter()
                .map(|id| ("identity_certificate", id))
                .map(identity)
                .chain(signing.identities().map(smime))
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
            Self::KnoxExchange(settings) => settings
                .authentication_identity()
                .map(|id| ("identity_certificate", id))
                .map(identity)
                .into_iter()
                .chain(
                    settings
                        .smime_signing_certificate
                        .iter()
                        .map(|id| ("smime_signing_certificate", id))
                        .map(smime),
                )
                .chain(
                    settings
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::AndroidWorkGmail(AndroidWorkGmail { account, .. })
            | Self::AndroidWorkNine(AndroidWorkNine { account, .. }) => account
                .authentication_identity()
                .map(|id| ("identity_certificate", id))
                .map(identity)
                .into_iter()
                .chain(
                    account
                        .root_certificates
                        .iter()
                        .map(root("root_certificates")),
                )
                .collect(),
            Self::TrustedCertificate(_)
            | Self::ImportedPkcs(_)
            | Self::Windows10Exchange(_)
            | Self::WindowsPhone81Exchange(_)
            | Self::WindowsMail(_) => Vec::new(),
            Self::DerivedCredential(settings) => settings
                .root_certificate
                .iter()
                .map(root("root_certificate"))
                .collect(),
            Self::ScepCertificate(ScepCertificate { terms, .. })
            | Self::PkcsCertificate(PkcsCertificate { terms, .. }) => terms
                .root_certificate
                .iter()
                .map(root("root_certificate"))
                .collect(),
        }
    }

    pub(crate) fn complain(&self, complaints: &mut Vec<Complaint>) {
        if let Some(rules) = self.applicability_rules() {
            rules.complain(complaints);
        }
        match self {
            Self::IosExchange(settings) => settings.complain(complaints),
            Self::MacosExchange(settings) => settings.complain(complaints),
            Self::IosMail(settings) => {
                settings.account.complain(complaints);
                settings.smime.complain(complaints);
            }
            Self::MacosMail(settings) => settings.account.complain(complaints),
            Self::Windows10Exchange(settings) => settings.complain(complaints),
            Self::WindowsPhone81Exchange(settings) => settings.complain(complaints),
            Self::WindowsMail(settings) => settings.complain(complaints),
            Self::TrustedCertificate(settings) => settings.complain(complaints),
            Self::ScepCertificate(settings) => settings.complain(complaints),
            Self::PkcsCertificate(settings) => settings.complain(complaints),
            Self::KnoxExchange(settings) => settings.complain(complaints),
            Self::AndroidWorkGmail(settings) => settings.complain(complaints),
            Self::AndroidWorkNine(settings) => settings.complain(complaints),
            Self::ImportedPkcs(settings) => settings.complain(complaints),
            Self::DerivedCredential(settings) => settings.complain(complaints),
        }
    }
}

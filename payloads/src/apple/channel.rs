//! The two channels of a macOS device.

use crate::{identity::CertificateStore, platform::Platform, settings::Settings};

/// To whom a profile goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The device.
    Device,
    /// A user of a Mac.
    User,
}

/// The channel a profile must be sent on: accounts on macOS, and a user's identity there, go to the user; everything else to the device
/// (Apple, "Mail" and `ExchangeWebServices`: device channel not allowed). Windows devices have one channel, whatever its profiles say of users.
pub fn channel(settings: &Settings) -> Channel {
    let identity = |platform, store| match (platform, store) {
        (Platform::Macos, CertificateStore::User) => Channel::User,
        _ => Channel::Device,
    };
    match settings {
        Settings::MacosExchange(_) | Settings::MacosMail(_) => Channel::User,
        Settings::IosExchange(_)
        | Settings::IosMail(_)
        | Settings::Windows10Exchange(_)
        | Settings::WindowsPhone81Exchange(_)
        | Settings::WindowsMail(_)
        | Settings::KnoxExchange(_)
        | Settings::AndroidWorkGmail(_)
        | Settings::AndroidWorkNine(_)
        | Settings::TrustedCertificate(_)
        | Settings::ImportedPkcs(_)
        | Settings::DerivedCredential(_) => Channel::Device,
        Settings::ScepCertificate(settings) => {
            identity(settings.terms.platform, settings.terms.certificate_store)
        }
        Settings::PkcsCertificate(settings) => {
            identity(settings.terms.platform, settings.terms.certificate_store)
        }
    }
}

//! What must be on a device before what, and for whom.

use mdm_payloads::Settings;
use mdm_payloads::identity::CertificateStore;
use mdm_payloads::windows::Rank;

/// What a profile must follow: trusted certificates, then identities, then mail accounts.
pub fn rank(settings: &Settings) -> Rank {
    if settings.is_account() {
        Rank::Mail
    } else if settings.is_identity() {
        Rank::Identity
    } else {
        Rank::Root
    }
}

/// Whether a profile goes to a user's part of the management tree, so that its user has to be logged in. The plan says it for
/// certain; this is asked before one is made, because making one may issue a certificate.
pub(super) fn for_user(settings: &Settings) -> bool {
    let store = match settings {
        Settings::ScepCertificate(settings) => Some(settings.terms.certificate_store),
        Settings::PkcsCertificate(settings) => Some(settings.terms.certificate_store),
        _ => None,
    };
    store.map_or(settings.is_account(), |store| {
        store == CertificateStore::User
    })
}

//! S/MIME keys, the same in both account payloads of iOS (Apple, "Mail" and `ExchangeActiveSync`).

use super::{
    compile::{CompileError, IdentityUuids},
    document::Payload,
};
use crate::smime::Smime;

/// Writes the keys; none while S/MIME is not configured.
pub(super) fn write(
    smime: &Smime,
    identities: &IdentityUuids<'_>,
    into: &mut Payload,
) -> Result<(), CompileError> {
    if !smime.require_smime {
        return Ok(());
    }
    into.put("SMIMESigningEnabled", smime.smime_signing_enabled);
    into.put(
        "SMIMESigningUserOverrideable",
        smime.smime_signing_user_override_enabled,
    );
    if let Some(id) = &smime.smime_signing_certificate {
        into.put("SMIMESigningCertificateUUID", identities.get(id)?.as_str());
    }
    into.put(
        "SMIMESigningCertificateUUIDUserOverrideable",
        smime.smime_signing_certificate_user_override_enabled,
    );
    into.put(
        "SMIMEEncryptByDefault",
        smime.smime_encrypt_by_default_enabled,
    );
    into.put(
        "SMIMEEncryptByDefaultUserOverrideable",
        smime.smime_encrypt_by_default_user_override_enabled,
    );
    if let Some(id) = &smime.smime_encryption_certificate {
        into.put(
            "SMIMEEncryptionCertificateUUID",
            identities.get(id)?.as_str(),
        );
    }
    into.put(
        "SMIMEEncryptionCertificateUUIDUserOverrideable",
        smime.smime_encryption_certificate_user_override_enabled,
    );
    into.put(
        "SMIMEEnableEncryptionPerMessageSwitch",
        smime.smime_enable_per_message_switch,
    );
    if smime.smime_legacy_keys {
        let encryption =
            smime.smime_encrypt_by_default_enabled || smime.smime_encryption_certificate.is_some();
        into.put("SMIMEEnabled", true);
        into.put("SMIMEEncryptionEnabled", encryption);
        into.put(
            "SMIMEEnablePerMessageSwitch",
            smime.smime_enable_per_message_switch,
        );
    }
    Ok(())
}

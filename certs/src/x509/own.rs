//! Certificates of the server's own, the root and its leaves, which `rcgen` writes.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyIdMethod, KeyPair, PublicKeyData as _,
};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use time::UtcOffset;

use super::{SerialNumber, Validity};

/// What all of them have: `CN=<common_name>` and no more for a subject, key identifiers by the
/// method of [`key_identifier`](super::key_identifier), and none of rcgen's defaults, which are
/// valid from 1975 to 4096.
pub(crate) fn parameters(
    common_name: &str,
    validity: Validity,
    serial: &SerialNumber,
    key: &KeyPair,
) -> CertificateParams {
    let key_id = digest(&SHA1_FOR_LEGACY_USE_ONLY, key.der_bytes());
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::CommonName, common_name);
    // In UTC, since rcgen decides by the local year how a date is written.
    parameters.not_before = validity.not_before.to_offset(UtcOffset::UTC);
    parameters.not_after = validity.not_after.to_offset(UtcOffset::UTC);
    parameters.serial_number = Some(serial.as_octets().to_vec().into());
    parameters.key_identifier_method = KeyIdMethod::PreSpecified(key_id.as_ref().to_vec());
    parameters.use_authority_key_identifier_extension = true;
    parameters
}

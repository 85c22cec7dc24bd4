//! Digests: SHA-256, by which certificates, keys and challenges are looked up, and SHA-1, by which Windows does.

use mdm_core::id::{ChallengeId, Fingerprint};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// SHA-256 in lower-case hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The key of a challenge, from its text.
pub fn challenge_id(text: &str) -> Option<ChallengeId> {
    sha256_hex(text.as_bytes()).parse().ok()
}

/// The key of a certificate, from its DER.
pub fn fingerprint(der: &[u8]) -> Option<Fingerprint> {
    sha256_hex(der).parse().ok()
}

/// SHA-1, by which Windows knows certificates; it protects nothing.
pub fn sha1(bytes: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref());
    out
}

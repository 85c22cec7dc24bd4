//! MD5, for the one protocol that still wants it (OMA Device Management Security, `syncml:auth-md5`).

use openssl::hash::{MessageDigest, hash};

/// The digest; none where the system's library refuses MD5, as it does in FIPS mode.
pub fn md5(bytes: &[u8]) -> Option<[u8; 16]> {
    let digest = hash(MessageDigest::md5(), bytes).ok()?;
    <[u8; 16]>::try_from(&*digest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1321, A.5.
    #[test]
    fn digests_of_the_specification() {
        for (text, hex) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            let digest = md5(text.as_bytes()).unwrap();
            let number = u128::from_be_bytes(digest);
            assert_eq!(format!("{number:032x}"), hex, "{text}");
        }
    }
}

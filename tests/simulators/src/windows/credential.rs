//! Credentials of OMA DM 1.2: Basic, and MD5 with a nonce (OMA DM Security 1.2, section 5.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::{MessageDigest, hash};

use super::provisioning::Credential;
use super::syncml::Cred;

const BASIC: &str = "syncml:auth-basic";
pub(super) const MD5: &str = "syncml:auth-md5";

/// What proves a credential: of its own kind, or of the kind a challenge asks for.
pub(super) fn prove(credential: &Credential, kind: Option<&str>) -> Cred {
    let kind = match kind {
        Some(kind) => kind,
        None if credential.kind == "BASIC" => BASIC,
        None => MD5,
    };
    let data = if kind == BASIC {
        STANDARD.encode(format!("{}:{}", credential.name, credential.secret))
    } else {
        digest(&credential.name, &credential.secret, &credential.nonce)
    };
    Cred {
        kind: kind.to_owned(),
        data,
    }
}

/// Base64 of MD5 of base64 of MD5 of name and secret, and the nonce as bytes.
fn digest(name: &str, secret: &str, nonce: &[u8]) -> String {
    let md5 = |bytes: &[u8]| {
        let digest = hash(MessageDigest::md5(), bytes);
        digest
            .map(|digest| STANDARD.encode(digest))
            .unwrap_or_default()
    };
    let inner = md5(format!("{name}:{secret}").as_bytes());
    md5(&[inner.as_bytes(), b":", nonce].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of the specification's formula computed with another program:
    /// `printf '%s' 'Bruce2:OhBehave' | openssl md5 -binary | base64`, and so on.
    #[test]
    fn the_digest_is_that_of_the_specification() {
        // OMA DM Security 1.2, section 5.3.1: the example of the SyncML Representation Protocol.
        assert_eq!(
            digest("Bruce2", "OhBehave", b"Nonce"),
            "Zz6EivR3yeaaENcRN6lpAQ=="
        );
        let credential = Credential {
            kind: "BASIC".into(),
            name: "u".into(),
            secret: "é:".into(),
            nonce: Vec::new(),
        };
        assert_eq!(prove(&credential, None).data, STANDARD.encode("u:é:"));
        assert_eq!(prove(&credential, Some(MD5)).kind, MD5);
        assert!(!format!("{credential:?}").contains("é:"));
    }
}

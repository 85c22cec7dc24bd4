//! Who a message says it is from, and what it is asked to prove (OMA Device Management Security).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::element::Element;
use super::meta::{Format, Meta, Nonce};
use crate::secret::{Password, Presented};
use crate::xml::{Ns, Writer};

/// `Type` of a credential or a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AuthType {
    /// `syncml:auth-basic`: name and password in base64.
    Basic,
    /// `syncml:auth-md5`: a digest over name, password and nonce.
    Md5,
    /// Another, or empty.
    Other(String),
}

impl AuthType {
    /// By its name.
    pub fn named(name: &str) -> Self {
        match name {
            "syncml:auth-basic" => Self::Basic,
            "syncml:auth-md5" => Self::Md5,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Basic => "syncml:auth-basic",
            Self::Md5 => "syncml:auth-md5",
            Self::Other(name) => name,
        }
    }
}

/// `Cred`: what a party presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cred {
    /// How `data` is to be understood.
    pub auth_type: AuthType,
    /// As sent.
    pub data: Presented,
}

impl Cred {
    /// Name and password as they are presented in the clear (RFC 7617 section 2 without the scheme).
    pub fn basic(name: &str, password: &Password) -> Self {
        let pair = format!("{name}:{}", password.expose());
        Self {
            auth_type: AuthType::Basic,
            data: Presented::new(STANDARD.encode(pair)),
        }
    }

    /// The digest of name, password and nonce; see [`md5_digest`].
    pub fn md5(
        name: &str,
        password: &Password,
        nonce: &Nonce,
        md5: impl Fn(&[u8]) -> [u8; 16],
    ) -> Self {
        Self {
            auth_type: AuthType::Md5,
            data: md5_digest(name, password, nonce, md5),
        }
    }

    /// Name and password of a [`AuthType::Basic`] credential, `None` for another or one that is not base64 of UTF-8
    /// with a colon. The name ends at the first colon.
    pub fn name_and_password(&self) -> Option<(String, Password)> {
        if self.auth_type != AuthType::Basic {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(self.data.expose()).ok()?).ok()?;
        let (name, password) = text.split_once(':')?;
        Some((name.to_owned(), Password::new(password.to_owned())))
    }

    pub(super) fn read(element: &Element) -> Self {
        let meta = Meta::within(element);
        Self {
            auth_type: AuthType::named(&meta.kind.unwrap_or_default()),
            data: Presented::new(element.child_text("Data").unwrap_or_default().to_owned()),
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.element((Ns::SyncMl, "Cred"), &[], |w| {
            proof(&self.auth_type, None).write(w);
            w.leaf((Ns::SyncMl, "Data"), self.data.expose());
        });
    }
}

/// `base64(MD5(base64(MD5(name ":" password)) ":" nonce))` (OMA Device Management Security). MD5 itself is the
/// caller's: nothing here is cryptography.
pub fn md5_digest(
    name: &str,
    password: &Password,
    nonce: &Nonce,
    md5: impl Fn(&[u8]) -> [u8; 16],
) -> Presented {
    let inner = md5(format!("{name}:{}", password.expose()).as_bytes());
    let mut outer = STANDARD.encode(inner).into_bytes();
    outer.push(b':');
    outer.extend_from_slice(&nonce.0);
    Presented::new(STANDARD.encode(md5(&outer)))
}

/// `Chal`: what the other party is to present in its next message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chal {
    /// The kind of credential that is wanted.
    pub auth_type: AuthType,
    /// What to make the next digest with.
    pub next_nonce: Option<Nonce>,
}

impl Chal {
    /// Asks for a digest with this nonce.
    pub const fn md5(next_nonce: Nonce) -> Self {
        Self {
            auth_type: AuthType::Md5,
            next_nonce: Some(next_nonce),
        }
    }

    /// Asks for name and password.
    pub const fn basic() -> Self {
        Self {
            auth_type: AuthType::Basic,
            next_nonce: None,
        }
    }

    pub(super) fn read(element: &Element) -> Self {
        let meta = Meta::within(element);
        Self {
            auth_type: AuthType::named(&meta.kind.unwrap_or_default()),
            next_nonce: meta.next_nonce,
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.element((Ns::SyncMl, "Chal"), &[], |w| {
            proof(&self.auth_type, self.next_nonce.clone()).write(w);
        });
    }
}

fn proof(auth_type: &AuthType, next_nonce: Option<Nonce>) -> Meta {
    Meta {
        kind: Some(auth_type.name().to_owned()),
        next_nonce,
        ..Meta::format(Format::B64)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn openssl_md5(bytes: &[u8]) -> [u8; 16] {
        let mut child = Command::new("openssl")
            .args(["dgst", "-md5", "-binary"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        output.stdout.try_into().unwrap()
    }

    /// The worked example of `Cred` in OMA SyncML Representation Protocol: user Bruce2, password `OhBehave`, nonce "Nonce".
    #[test]
    fn digest_of_the_specification() {
        let digest = md5_digest(
            "Bruce2",
            &Password::new("OhBehave".into()),
            &Nonce(b"Nonce".to_vec()),
            openssl_md5,
        );
        assert_eq!(digest.expose(), "Zz6EivR3yeaaENcRN6lpAQ==");
    }

    #[test]
    fn basic_is_split_at_the_first_colon() {
        let cred = Cred::basic("Bruce2", &Password::new("Oh:Béhave".into()));
        assert_eq!(
            cred.name_and_password(),
            Some(("Bruce2".into(), Password::new("Oh:Béhave".into())))
        );
        for (auth_type, data) in [
            (AuthType::Md5, "QTpC"),
            (AuthType::Basic, "!"),
            (AuthType::Basic, "QUI="),
            (AuthType::Basic, "/zo="),
        ] {
            let cred = Cred {
                auth_type,
                data: Presented::new(data.into()),
            };
            assert_eq!(cred.name_and_password(), None, "{data}");
        }
        assert_eq!(
            format!("{cred:?}"),
            "Cred { auth_type: Basic, data: Presented(***) }"
        );
    }
}

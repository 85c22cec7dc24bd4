use super::{RequestError, SecurityToken, Unknown, field};
use crate::{
    secret::Password,
    xml::{Ns, Reader},
};

/// The header `Security` of WS-Security 1.0: who says to enroll. Nothing in it was checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// A name and a password, of an `OnPremise` enrollment.
    pub username: Option<UsernameToken>,
    /// Tokens, of a `Federated` or `Certificate` enrollment.
    pub tokens: Vec<SecurityToken>,
    /// What else there is: a time stamp, a signature.
    pub unknown: Vec<Unknown>,
}

/// A name and a password (WS-Security Username Token Profile 1.0), as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsernameToken {
    /// The name; often an e-mail address.
    pub username: String,
    /// The password; empty or absent when a certificate is renewed.
    pub password: Option<Password>,
}

const MOST: usize = 16;

impl Security {
    /// Reads the header that is open.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, RequestError> {
        let mut security = Self::default();
        while let Some(child) = reader.child()? {
            match (child.ns(), child.local()) {
                (Some(Ns::Security), "UsernameToken") => {
                    let token = UsernameToken::read(reader)?;
                    field::put(&mut security.username, token, "UsernameToken")?;
                }
                (Some(Ns::Security), "BinarySecurityToken") => {
                    let token = SecurityToken::read(reader, &child)?;
                    push(&mut security.tokens, token, "BinarySecurityToken")?;
                }
                _ => {
                    let unknown = Unknown::read(reader, &child)?;
                    push(&mut security.unknown, unknown, "Security/*")?;
                }
            }
        }
        Ok(security)
    }
}

impl UsernameToken {
    fn read(reader: &mut Reader<'_>) -> Result<Self, RequestError> {
        let (mut username, mut password) = (None, None);
        while let Some(child) = reader.child()? {
            match (child.ns(), child.local()) {
                (Some(Ns::Security), "Username") => {
                    field::once(&mut username, reader, &child, "Username")?;
                }
                (Some(Ns::Security), "Password") => {
                    let text = untrimmed(reader)?;
                    if !text.is_empty() {
                        field::put(&mut password, Password::new(text), "Password")?;
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            username: field::required(username, "Username")?,
            password,
        })
    }
}

/// A password may begin and end with white space.
fn untrimmed(reader: &mut Reader<'_>) -> Result<String, RequestError> {
    let text = reader.text()?;
    if text.len() > field::LONG {
        return Err(RequestError::TooLong {
            element: "Password",
            longest: field::LONG,
        });
    }
    Ok(text)
}

fn push<T>(list: &mut Vec<T>, value: T, element: &'static str) -> Result<(), RequestError> {
    if list.len() >= MOST {
        return Err(RequestError::TooMany {
            element,
            most: MOST,
        });
    }
    list.push(value);
    Ok(())
}

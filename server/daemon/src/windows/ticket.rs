//! Who says to enroll: from the security header of a message to a ticket of the domain.

use mdm_core::code::CodeRefused;
use mdm_core::id::{CodeText, UserId};
use mdm_core::service::ServiceError;
use mdm_core::service::enrollment::{Admission, EnrollmentError, NotAdmitted};
use mdm_core::service::windows_enrollment::{Ticket, TicketRefused};
use mdm_windows::soap::{Security, SecurityToken, TokenKind, UsernameToken};
use ring::digest::{SHA256, digest};

use super::WindowsRefused;
use crate::config::EnrollmentPolicy;
use crate::devices::{Devices, Knowledge};
use crate::digest::{challenge_id, fingerprint};
use crate::respond::Failure;

/// Somebody who is let in.
pub(super) struct Bearer {
    /// By what.
    pub(super) ticket: Ticket,
    /// Into what.
    pub(super) admission: Admission,
    /// The name that was typed.
    pub(super) upn: Option<String>,
}

/// The longest name that is kept, in characters.
const LONGEST_NAME: usize = 255;

impl Devices {
    /// Who sent a message, and whether that lets it in; nothing is used up.
    pub(super) async fn windows_bearer(
        &self,
        security: Option<&Security>,
        known: &mut Knowledge,
    ) -> Result<Bearer, Failure> {
        let (ticket, upn) = self.windows_ticket(security, known).await?;
        self.let_in(ticket, upn).await
    }

    /// What a message shows to be let in, and the name that was typed.
    pub(super) async fn windows_ticket(
        &self,
        security: Option<&Security>,
        known: &mut Knowledge,
    ) -> Result<(Ticket, Option<String>), Failure> {
        let (ticket, upn) = match security {
            None => (Ticket::None, None),
            Some(security) => match (&security.username, security.tokens.first()) {
                (Some(typed), _) => self.by_password(typed).await?,
                (None, Some(token)) => self.by_token(token, known)?,
                (None, None) => (Ticket::None, None),
            },
        };
        Ok((ticket, upn.as_deref().and_then(kept_name)))
    }

    /// Where enrollment is open, what lets nobody in is as good as nothing.
    pub(super) async fn let_in(
        &self,
        ticket: Ticket,
        upn: Option<String>,
    ) -> Result<Bearer, Failure> {
        let open = self.server.config.open_enrollment;
        let services = &self.server.services;
        match services.windows_ticket(&ticket, open).await {
            Ok(admission) => Ok(Bearer {
                ticket,
                admission,
                upn,
            }),
            Err(refused) if open && is_unknown_code(&refused) => {
                let admission = services.windows_ticket(&Ticket::None, open).await?;
                Ok(Bearer {
                    ticket: Ticket::None,
                    admission,
                    upn,
                })
            }
            Err(refused) => Err(refused.into()),
        }
    }

    /// Name and password: the password is that of the user, or an enrollment code.
    async fn by_password(
        &self,
        typed: &UsernameToken,
    ) -> Result<(Ticket, Option<String>), Failure> {
        let ticket = match &typed.password {
            Some(password) => {
                self.typed_ticket(Some(&typed.username), password.expose())
                    .await?
            }
            None => Ticket::None,
        };
        Ok((ticket, Some(typed.username.clone())))
    }

    /// What somebody typed below their name. Users that have a password are not let in by another, but by any code.
    pub(super) async fn typed_ticket(
        &self,
        name: Option<&str>,
        secret: &str,
    ) -> Result<Ticket, Failure> {
        let by_code = by_code(secret);
        let Some(id) = name.and_then(|name| UserId::of(name.trim()).ok()) else {
            return Ok(by_code);
        };
        let user = self
            .server
            .store
            .user(&id)
            .await
            .map_err(ServiceError::from)?;
        let password = user.and_then(|user| user.enrollment_password);
        // An empty one would let in whoever knows a name.
        let Some(password) = password.filter(|password| !password.expose().is_empty()) else {
            return Ok(by_code);
        };
        if same_secret(secret, password.expose()) {
            return Ok(Ticket::User(id));
        }
        match &by_code {
            Ticket::Code(code) if self.known_code(code).await? => Ok(by_code),
            _ => Err(NotAdmitted::from(TicketRefused::Password(id)).into()),
        }
    }

    async fn known_code(&self, code: &CodeText) -> Result<bool, ServiceError> {
        Ok(self.server.store.code(code).await?.is_some())
    }

    fn by_token(
        &self,
        token: &SecurityToken,
        known: &mut Knowledge,
    ) -> Result<(Ticket, Option<String>), Failure> {
        match &token.kind {
            TokenKind::User => Ok(by_login(token.content.expose())),
            TokenKind::X509 => {
                let allowed = &self.server.config.windows.policies;
                if !allowed.contains(&EnrollmentPolicy::Certificate) {
                    return Err(WindowsRefused::Token("a certificate").into());
                }
                known.findings.push((
                    "wsse.signature-not-checked".to_owned(),
                    "the certificate of the security header is one of ours; that the device holds its key was not checked"
                        .to_owned(),
                ));
                let ticket = fingerprint(token.content.expose()).map(Ticket::Certificate);
                Ok((ticket.unwrap_or(Ticket::None), None))
            }
            TokenKind::Jwt => Err(WindowsRefused::Token("a token of Entra ID").into()),
            TokenKind::Pkcs10 | TokenKind::Pkcs7 | TokenKind::Other(_) => {
                Err(WindowsRefused::Token("a token of this kind").into())
            }
        }
    }
}

/// Whether what was typed is no code at all, which open enrollment does not ask for.
pub(super) fn is_unknown_code(refused: &EnrollmentError) -> bool {
    matches!(
        refused,
        EnrollmentError::NotAdmitted(NotAdmitted::Code(CodeRefused::Unknown))
    )
}

/// Whether two secrets are the same, in a time that says nothing of where they differ: their digests are compared.
fn same_secret(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|text| digest(&SHA256, text.as_bytes()));
    let pairs = one.as_ref().iter().zip(other.as_ref());
    pairs.fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

/// What the login page handed out; from a program that registers the device by itself, a code. Both may be followed by a
/// point and a name.
fn by_login(octets: &[u8]) -> (Ticket, Option<String>) {
    let text = String::from_utf8_lossy(octets);
    let text = text.trim();
    let (secret, upn) = match text.split_once('.') {
        Some((secret, upn)) => (secret, Some(upn.to_owned())),
        None => (text, None),
    };
    let ticket = if secret.len() == SECRET {
        challenge_id(text).map(Ticket::Login)
    } else {
        Some(by_code(secret))
    };
    (ticket.unwrap_or(Ticket::None), upn)
}

/// The length of the secret that the login page makes; longer than any code.
const SECRET: usize = 32;

/// What the page hands out for a name: the name cannot be changed without the whole becoming unknown.
pub(super) fn login_token(secret: &str, upn: Option<&str>) -> String {
    match upn {
        Some(upn) => format!("{secret}.{upn}"),
        None => secret.to_owned(),
    }
}

/// A code as it was typed. What cannot be one is looked up as one that nobody has.
pub(super) fn by_code(text: &str) -> Ticket {
    let text = text.trim().to_ascii_uppercase();
    if text.is_empty() {
        return Ticket::None;
    }
    match text.parse::<CodeText>().or_else(|_| "-".parse()) {
        Ok(code) => Ticket::Code(code),
        Err(_) => Ticket::None,
    }
}

/// A name as it is kept: none that is empty or holds control characters.
pub(super) fn kept_name(text: &str) -> Option<String> {
    let text = text.trim();
    let legal = !text.is_empty() && !text.chars().any(char::is_control);
    legal.then(|| text.chars().take(LONGEST_NAME).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_header_says() {
        let secret = "0123456789abcdefghjkmnpqrstvwxyz";
        let code = |text: &str| Ticket::Code(text.parse().unwrap());
        let login = |text: &str| Ticket::Login(challenge_id(text).unwrap());
        let named = format!("{secret}.ada@lab.example");
        for (octets, ticket, upn) in [
            (secret, login(secret), None),
            (&named, login(&named), Some("ada@lab.example")),
            ("abcd-efgh", code("ABCD-EFGH"), None),
            ("ABCD-EFGH.a@b.c", code("ABCD-EFGH"), Some("a@b.c")),
            (" ", Ticket::None, None),
            ("\u{e9}", code("-"), None),
        ] {
            let (found, name) = by_login(octets.as_bytes());
            assert_eq!((found, name.as_deref()), (ticket, upn), "{octets}");
        }
        assert_eq!(login_token(secret, Some("ada@lab.example")), named);
        for (one, other, same) in [
            ("p&<é", "p&<é", true),
            ("p", "P", false),
            ("p", "p ", false),
            ("", "p", false),
        ] {
            assert_eq!(same_secret(one, other), same, "{one} {other}");
        }
        assert_eq!(kept_name(" a\u{0}"), None);
        assert_eq!(kept_name(" a <&> "), Some("a <&>".to_owned()));
    }
}

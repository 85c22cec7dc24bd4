//! Requests that are written before they are sent, for loads in which the device must cost nothing while a clock runs.

use bytes::Bytes;
use http::Method;

use super::account::Whose;
use super::credential::prove;
use super::device::WindowsDevice;
use super::enrollment::{Credentials, Invitation};
use super::enrollment_body::{context_items, discover_request, policies_request, token_request};
use super::error::DeviceError;
use super::request::certificate_request;
use super::session::Cause;
use super::soap::{self, DISCOVER, ENROLLMENT, POLICIES, TOKEN, Token};
use super::syncml::{self, Header};
use super::xml;
use crate::cms::{Digest, SigningTime, mdm_signature};

/// A request, whole.
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    /// How it is sent.
    pub method: Method,
    /// Where to.
    pub url: String,
    /// Its headers, but for `Host` and `Content-Length`.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Bytes,
}

/// What a message of a session shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// `MDM-Signature`, made with the device's key; no credentials.
    Signature,
    /// The digest of its credentials and the last nonce.
    Digest,
}

/// Where a server's services are; a device learns it from the answer to its first question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// `Policy.svc`.
    pub policies: String,
    /// `Enrollment.svc`.
    pub enrollment: String,
}

impl WindowsDevice {
    /// The four requests of an enrollment with a password: probe, `Discover`, `GetPolicies`, `RequestSecurityToken`.
    pub fn prepare_enrollment(
        &self,
        invitation: &Invitation,
        services: &Services,
    ) -> Result<Vec<PreparedRequest>, DeviceError> {
        let token = match &invitation.credentials {
            Credentials::OnPremise {
                user_name,
                password,
            } => Token::Password(user_name.clone(), password.clone()),
            Credentials::Federated { .. } => {
                let rule = "what a login page hands out is not known before".to_owned();
                return Err(DeviceError::Protocol(rule));
            }
        };
        let key = self.environment.keys.key(self.keys_taken + 1)?;
        let csr = certificate_request(&self.persona, self.persona.request_style, &key)
            .map_err(crate::cms::SignedError::from)?;
        let wanted = token_request(
            "Issue",
            &format!("{ENROLLMENT}#PKCS10"),
            &csr,
            context_items(&self.persona, invitation, self.login),
        );
        let question = discover_request(&self.persona, &invitation.email);
        let agent = || ("user-agent", self.persona.user_agent.clone());
        let probe = PreparedRequest {
            method: Method::GET,
            url: invitation.url.clone(),
            headers: vec![
                agent(),
                ("cache-control", "no-cache".to_owned()),
                ("pragma", "no-cache".to_owned()),
            ],
            body: Bytes::new(),
        };
        let asked = [
            (&DISCOVER, &invitation.url, None, question),
            (
                &POLICIES,
                &services.policies,
                Some(&token),
                policies_request(),
            ),
            (&TOKEN, &services.enrollment, Some(&token), wanted),
        ];
        let posts = asked.map(|(exchange, url, token, body)| PreparedRequest {
            method: Method::POST,
            url: url.clone(),
            headers: vec![
                (
                    "content-type",
                    "application/soap+xml; charset=utf-8".to_owned(),
                ),
                agent(),
            ],
            body: soap::request(exchange, url, token, body).into(),
        });
        Ok([probe].into_iter().chain(posts).collect())
    }

    /// The first message of the next session, as the schedule begins one.
    pub fn prepare_session(&mut self, shown: Shown) -> Result<PreparedRequest, DeviceError> {
        let (id, url) = self.next_session()?;
        let enrollment = self.enrollment.as_ref().ok_or(DeviceError::NotEnrolled)?;
        let cred = match shown {
            Shown::Signature => None,
            Shown::Digest => self
                .credential(Whose::Client)
                .map(|credential| prove(&credential, None)),
        };
        let header = Header {
            session_id: &id,
            msg_id: 1,
            target: &url,
            source: &self.persona.device_id,
            user: Some(&enrollment.user_name),
            cred: cred.as_ref(),
        };
        let message = self.first_package(1, Cause::Client).message(&header, true);
        let (kind, body) = self.encoded(enrollment.account.wbxml, message, None)?;
        let mut headers = Self::session_headers(kind);
        if shown == Shown::Signature {
            let at = SigningTime::At(self.environment.clock.now());
            let signature = mdm_signature(&body, &enrollment.identity, Digest::Sha256, at)?;
            headers.push(("mdm-signature", signature));
        }
        Ok(PreparedRequest {
            method: Method::POST,
            url,
            headers,
            body: body.into(),
        })
    }

    /// Takes the answer to a prepared message: the device must be let in and asked nothing. Keeps the next nonce.
    pub fn take_quiet_answer(&mut self, body: &[u8]) -> Result<(), DeviceError> {
        let answer = syncml::read(&xml::read(body)?)?;
        let status = answer.statuses.first();
        match status.map(|status| status.code) {
            Some(200 | 212) => {}
            code => return Err(DeviceError::NotAuthenticated(code.unwrap_or(0))),
        }
        if !answer.commands.is_empty() || !answer.is_final {
            let rule = "the server wants something of a device that should have nothing to do";
            return Err(DeviceError::Protocol(rule.to_owned()));
        }
        let challenge = status.and_then(|status| status.challenge.as_ref());
        if let Some(nonce) = challenge.and_then(|challenge| challenge.next_nonce.as_ref()) {
            self.keep_nonce(Whose::Client, nonce);
        }
        Ok(())
    }
}

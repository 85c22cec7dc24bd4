//! How a message reaches the management server: its encoding, its signature, the certificate in TLS.

use bytes::Bytes;
use http::Method;

use super::device::WindowsDevice;
use super::error::{DeviceError, excerpt};
use super::script::Behaviour;
use super::syncml::{self, MSFT, Message};
use super::wbxml;
use super::xml::{self, Element};
use crate::cms::{Digest, SigningTime, mdm_signature};

const XML: &str = "application/vnd.syncml.dm+xml";
const WBXML: &str = "application/vnd.syncml.dm+wbxml";
const ACCEPT: &str =
    "application/vnd.syncml.dm+xml, application/vnd.syncml.dm+wbxml, application/octet-stream";

impl WindowsDevice {
    /// Sends a message, as the script wants it, and reads the answer; `None` is an empty one, which ends the session.
    pub(super) async fn exchange(
        &mut self,
        url: &str,
        message: Element,
        behaviour: Option<&Behaviour>,
    ) -> Result<Option<Message>, DeviceError> {
        let enrollment = self.enrollment.clone().ok_or(DeviceError::NotEnrolled)?;
        let (kind, body) = self.encoded(enrollment.account.wbxml, message, behaviour)?;
        let wrong = behaviour == Some(&Behaviour::WrongCredentials);
        let shown = self.shown_identity().filter(|_| !wrong);
        let signing = matches!(self.setting("RequireMessageSigning"), Some("true" | "1"));
        let signature = if signing {
            let at = SigningTime::At(self.environment.clock.now());
            let covered = if wrong { b"wrong".as_slice() } else { &body };
            Some(mdm_signature(
                covered,
                &enrollment.identity,
                Digest::Sha256,
                at,
            )?)
        } else {
            None
        };
        let client = self.client(shown.as_ref()).map_err(DeviceError::Http)?;
        let mut headers = Self::session_headers(kind);
        if let Some(signature) = signature {
            headers.push(("mdm-signature", signature));
        }
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let body = Bytes::from(body);
        let mut answer = client
            .send(Method::POST, url, &headers, body.clone())
            .await
            .map_err(DeviceError::Http)?;
        if behaviour == Some(&Behaviour::ReplayMessage) {
            answer = client
                .send(Method::POST, url, &headers, body)
                .await
                .map_err(DeviceError::Http)?;
        }
        let status = answer.status.as_u16();
        if status != 200 {
            return Err(DeviceError::Refused {
                status,
                body: excerpt(&answer.body),
            });
        }
        if answer.body.is_empty() || behaviour == Some(&Behaviour::LoseAnswer) {
            return Ok(None);
        }
        let kind = answer.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let root = match kind {
            WBXML => wbxml::decode(&answer.body)?,
            XML => xml::read(&answer.body)?,
            other => {
                let rule = format!("the answer is of type `{other}`");
                return Err(DeviceError::Protocol(rule));
            }
        };
        syncml::read(&root).map(Some)
    }

    /// Headers of every message.
    pub(super) fn session_headers(kind: &str) -> Vec<(&'static str, String)> {
        [
            ("content-type", kind),
            ("accept", ACCEPT),
            ("accept-charset", "UTF-8"),
            ("user-agent", "MSFT OMA DM Client/1.2.0.1"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    pub(super) fn encoded(
        &self,
        binary: bool,
        mut message: Element,
        behaviour: Option<&Behaviour>,
    ) -> Result<(&'static str, Vec<u8>), DeviceError> {
        if behaviour == Some(&Behaviour::DuplicateCmdId) {
            duplicate(&mut message);
        }
        // The newer protocol alone names its namespace and the errors behind a status.
        let newer = self
            .setting("SyncApplicationVersion")
            .is_some_and(|version| version.starts_with(['3', '4', '5']));
        if !newer || binary {
            without_errors(&mut message);
        }
        let (kind, mut bytes) = if binary {
            (WBXML, wbxml::encode(&message)?)
        } else {
            let prefixes: &[(&str, &str)] = if newer { &[(MSFT, "msft")] } else { &[] };
            (XML, xml::write(&message, prefixes).into_bytes())
        };
        if behaviour == Some(&Behaviour::TruncatedPackage) {
            bytes.truncate(bytes.len() * 2 / 3);
        }
        Ok((kind, bytes))
    }
}

/// Takes `msft:originalerror` off.
fn without_errors(element: &mut Element) {
    element.attributes.retain(|(ns, _, _)| ns != MSFT);
    element.children.iter_mut().for_each(without_errors);
}

/// Gives every command the number of the first one.
fn duplicate(message: &mut Element) {
    let body = message
        .children
        .iter_mut()
        .find(|child| child.name == "SyncBody");
    let mut first = None;
    for command in body.into_iter().flat_map(|body| &mut body.children) {
        let id = command
            .children
            .iter_mut()
            .find(|child| child.name == "CmdID");
        if let Some(id) = id {
            match &first {
                None => first = Some(id.text.clone()),
                Some(text) => id.text.clone_from(text),
            }
        }
    }
}

//! How a message reaches the MDM server: PUT, signed or with a client certificate, and what its status means.

use bytes::Bytes;
use http::Method;

use super::device::AppleDevice;
use super::error::excerpt;
use super::script::Behaviour;
use super::{DeviceError, Enrollment};
use crate::cms::{Digest, SigningTime, mdm_signature};
use crate::document::{self, Ask as _};
use crate::http::{Response, Target};
use crate::identity::Identity;

/// Redirections followed for one message.
const MAX_REDIRECTS: usize = 3;

/// Whether requests carry `Mdm-Signature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sign {
    /// As `SignMessage` of the MDM payload says.
    #[default]
    AsProfile,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How MDM requests are authenticated and where they go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// Whether requests are signed.
    pub sign: Sign,
    /// Digest of the signature.
    pub digest: Digest,
    /// Whether the device shows its certificate to a server that asks for one.
    pub present_certificate: bool,
    /// Scheme, host and port used instead of those in the profile, such as those of a listener for mutual TLS.
    pub origin: Option<String>,
}

impl Default for Transport {
    fn default() -> Self {
        Self {
            sign: Sign::AsProfile,
            digest: Digest::Sha256,
            present_certificate: true,
            origin: None,
        }
    }
}

/// A request made and signed beforehand.
#[derive(Debug, Clone)]
pub struct Presigned {
    /// Where it goes.
    pub url: String,
    /// Its media type.
    pub content_type: &'static str,
    /// Its body.
    pub body: Bytes,
    /// Value of `Mdm-Signature`.
    pub signature: Option<String>,
}

/// Media type of check-in messages.
pub(super) const CHECK_IN: &str = "application/x-apple-aspen-mdm-checkin";
/// Media type of reports.
pub(super) const CONNECT: &str = "application/x-apple-aspen-mdm; charset=UTF-8";

/// What a status says to a device.
pub(super) enum Verdict {
    Done(Bytes),
    Unenroll(String),
    Refused(DeviceError),
}

impl AppleDevice {
    /// Makes a request for an enrollment.
    pub(super) fn presign(
        &self,
        enrollment: &Enrollment,
        url: &str,
        content_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Presigned, DeviceError> {
        let sign = match self.environment.transport.sign {
            Sign::AsProfile => enrollment.payload.sign_message,
            Sign::Always => true,
            Sign::Never => false,
        };
        let when = if self.persona.platform.is_macos() {
            SigningTime::Absent
        } else {
            SigningTime::At(self.environment.clock.now())
        };
        let digest = self.environment.transport.digest;
        let signature = if sign {
            Some(mdm_signature(&body, &enrollment.identity, digest, when)?)
        } else {
            None
        };
        Ok(Presigned {
            url: self.place(url),
            content_type,
            body: Bytes::from(body),
            signature,
        })
    }

    /// Sends a request and follows redirections for this one time.
    pub(super) async fn put(
        &mut self,
        what: &str,
        request: Presigned,
        identity: &Identity,
        more_roots: &[Vec<u8>],
    ) -> Result<Response, DeviceError> {
        let failed = |source| DeviceError::Http {
            what: what.to_owned(),
            source,
        };
        let shown = Some(identity)
            .filter(|_| self.environment.transport.present_certificate)
            .cloned();
        let client = self.client(shown.as_ref(), more_roots).map_err(failed)?;
        let mut headers = vec![("content-type", request.content_type)];
        headers.extend(
            request
                .signature
                .as_deref()
                .map(|signature| ("mdm-signature", signature)),
        );
        let mut url = request.url;
        let mut answer = client
            .send(Method::PUT, &url, &headers, request.body.clone())
            .await
            .map_err(failed)?;
        for _ in 0..MAX_REDIRECTS {
            let Some(location) = answer
                .header("location")
                .filter(|_| answer.status.is_redirection())
            else {
                break;
            };
            url = if location.starts_with('/') {
                with_path(&url, location)
            } else {
                location.to_owned()
            };
            answer = client
                .send(Method::PUT, &url, &headers, request.body.clone())
                .await
                .map_err(failed)?;
        }
        Ok(answer)
    }

    fn place(&self, url: &str) -> String {
        match (&self.environment.transport.origin, Target::of(url)) {
            (Some(origin), Ok((_, uri))) => {
                let path = uri
                    .path_and_query()
                    .map_or("/", http::uri::PathAndQuery::as_str);
                format!("{}{path}", origin.trim_end_matches('/'))
            }
            _ => url.to_owned(),
        }
    }
}

fn with_path(url: &str, path: &str) -> String {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(after_scheme..).unwrap_or_default();
    let end = rest.find('/').map_or(url.len(), |at| after_scheme + at);
    format!("{}{path}", url.get(..end).unwrap_or_default())
}

/// What an answer's status means: 401 and a 403 with `com.apple.unrecognized.device` end the enrollment.
pub(super) fn judge(what: &str, answer: &Response) -> Verdict {
    match answer.status.as_u16() {
        200 => Verdict::Done(answer.body.clone()),
        401 => Verdict::Unenroll(format!("{what} was answered with 401")),
        403 if error_code(answer).as_deref() == Some("com.apple.unrecognized.device") => {
            Verdict::Unenroll(format!(
                "{what} was answered with com.apple.unrecognized.device"
            ))
        }
        status => {
            let body = excerpt(&answer.body);
            Verdict::Refused(DeviceError::Refused {
                what: what.to_owned(),
                status,
                body,
            })
        }
    }
}

/// `code` of a typed 403 document, in JSON or as a property list.
fn error_code(answer: &Response) -> Option<String> {
    if answer
        .header("content-type")
        .is_some_and(|kind| kind.contains("json"))
    {
        let json: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
        return json.get("code")?.as_str().map(str::to_owned);
    }
    document::read(&answer.body)
        .ok()?
        .text("code")
        .map(str::to_owned)
}

/// A request changed as a script wants it.
pub(super) fn misuse(mut request: Presigned, behaviour: Option<&Behaviour>) -> Presigned {
    match behaviour {
        Some(Behaviour::BadSignature) => {
            request.signature = request.signature.map(|signature| {
                // The last bytes of the structure are the signature's own.
                let at = signature.len().saturating_sub(20);
                let mut text = signature.into_bytes();
                if let Some(byte) = text.get_mut(at) {
                    *byte = if *byte == b'A' { b'B' } else { b'A' };
                }
                String::from_utf8_lossy(&text).into_owned()
            });
        }
        Some(Behaviour::TamperedBody) => {
            request.body = [request.body.as_ref(), b"\n".as_slice()].concat().into();
        }
        _ => {}
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_what_they_do() {
        let json = r#"{"code":"com.apple.unrecognized.device"}"#;
        let plist = "<plist><dict><key>code</key><string>com.apple.unrecognized.device</string></dict></plist>";
        for (status, kind, body, expected) in [
            (200, "", "x", "done"),
            (401, "", "", "unenroll: Idle was answered with 401"),
            (
                403,
                "application/json",
                json,
                "unenroll: Idle was answered with com.apple.unrecognized.device",
            ),
            (
                403,
                "application/xml",
                plist,
                "unenroll: Idle was answered with com.apple.unrecognized.device",
            ),
            (
                403,
                "text/plain",
                "no",
                "Idle was answered with HTTP status 403: no",
            ),
            (500, "", "", "Idle was answered with HTTP status 500: "),
        ] {
            let mut headers = http::HeaderMap::new();
            headers.insert("content-type", kind.parse().unwrap());
            let status = http::StatusCode::from_u16(status).unwrap();
            let answer = Response {
                status,
                headers,
                body: Bytes::from(body),
            };
            let found = match judge("Idle", &answer) {
                Verdict::Done(_) => "done".to_owned(),
                Verdict::Unenroll(why) => format!("unenroll: {why}"),
                Verdict::Refused(error) => error.to_string(),
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn redirections_within_a_host() {
        assert_eq!(with_path("https://h:1/a/b?c", "/d"), "https://h:1/d");
        assert_eq!(with_path("https://h:1", "/d"), "https://h:1/d");
    }
}

//! Failures towards the enrollment client of Windows: SOAP faults, whose subcode becomes the HRESULT that a person sees.

use http::StatusCode;
use mdm_core::code::CodeRefused;
use mdm_core::service::enrollment::NotAdmitted;
use mdm_core::service::windows_enrollment::TicketRefused;
use mdm_windows::soap::{Action, Fault, MessageId, Refusal, Reply as Header};

use super::{Failure, Reply, empty, whole};

/// The media type of both directions (SOAP 1.2 Part 2 section 7).
pub const MEDIA_TYPE: &str = "application/soap+xml; charset=utf-8";

/// What an answer to one SOAP request begins with.
#[derive(Debug, Clone)]
pub struct Soap {
    /// The operation of the address that was asked.
    pub action: Action,
    /// The header of the answer; what it relates to is filled in once it is read.
    pub header: Header,
}

impl Soap {
    /// Remembers which request is answered.
    pub fn relate(&mut self, message: Option<&MessageId>) {
        self.header.relates_to = message.cloned();
    }

    /// The fault. Always with status 500: with another one the client shows that number, and nobody sees the text.
    pub(super) fn fault(&self, failure: &Failure) -> Reply {
        let told = failure.told();
        let fault = Fault {
            refusal: failure.refusal(),
            reason: told.trim_end().replace('\n', "; "),
        };
        match fault.encode(self.action, &self.header) {
            Ok(text) => whole(StatusCode::INTERNAL_SERVER_ERROR, MEDIA_TYPE, text),
            // A text that XML cannot hold at all; the subcode is worth more than it.
            Err(_) => Fault {
                refusal: failure.refusal(),
                reason: "the server's log says why".to_owned(),
            }
            .encode(self.action, &self.header)
            .map_or_else(
                |_| empty(StatusCode::INTERNAL_SERVER_ERROR),
                |text| whole(StatusCode::INTERNAL_SERVER_ERROR, MEDIA_TYPE, text),
            ),
        }
    }
}

impl Failure {
    /// How the enrollment client is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Route(_) => Refusal::EndpointUnavailable,
            Self::Later { .. } => Refusal::NotSupported,
            Self::Body(_) | Self::Malformed { .. } | Self::MediaType(_) => Refusal::MessageFormat,
            Self::Unproven(_) => Refusal::Authentication,
            Self::Revoked(_) | Self::NotThisDevice { .. } => Refusal::Authorization,
            Self::NotAdmitted(refused) => match refused {
                NotAdmitted::Code(CodeRefused::Missing | CodeRefused::Unknown)
                | NotAdmitted::Ticket(
                    TicketRefused::Certificate(_)
                    | TicketRefused::Login(_)
                    | TicketRefused::User(_)
                    | TicketRefused::Password(_),
                ) => Refusal::Authentication,
                _ => Refusal::Authorization,
            },
            Self::Windows(refused) => refused.refusal(),
            Self::Link(_) | Self::Profile(_) | Self::Crypto { .. } => Refusal::EnrollmentServer,
            Self::Service(_) => Refusal::InternalServiceFault,
        }
    }
}

#[cfg(test)]
mod tests {
    use mdm_certs::csr::CsrError;
    use mdm_core::code::CodeRefused;
    use mdm_core::service::ServiceError;
    use mdm_core::service::windows_enrollment::NotRenewed;
    use mdm_core::time::Timestamp;
    use mdm_windows::soap::ActivityId;

    use super::*;
    use crate::edge::{BodyError, NoRoute};
    use crate::respond::Dialect;
    use crate::windows::WindowsRefused;

    fn soap() -> Soap {
        Soap {
            action: Action::RequestSecurityToken,
            header: Header {
                relates_to: "urn:uuid:1".parse().ok(),
                activity: ActivityId::new([7; 16]),
            },
        }
    }

    async fn body(reply: Reply) -> String {
        use http_body_util::BodyExt as _;
        let bytes = reply.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn every_failure_has_a_code_that_a_person_can_look_up() {
        let fingerprint: mdm_core::id::Fingerprint = "ab".parse().unwrap();
        for (failure, code, reason) in [
            (
                Failure::Route(NoRoute::Path),
                "0x80180008",
                "nothing is served at this path",
            ),
            (
                Failure::Later { what: "X" },
                "0x80180015",
                "X is not part of this version",
            ),
            (
                Failure::Body(BodyError::TooLarge {
                    limit: 7,
                    declared: None,
                }),
                "0x80180001",
                "the request body was not read: request body is longer than 7 bytes",
            ),
            (
                Failure::MediaType("a/b".to_owned()),
                "0x80180001",
                "the media type `a/b` does not belong here",
            ),
            (
                Failure::Revoked("01".to_owned()),
                "0x80180003",
                "the identity with serial number 01 was revoked",
            ),
            (
                NotAdmitted::from(CodeRefused::Unknown).into(),
                "0x80180002",
                "this enrollment code is not known; hint: the server prints a code at start; `mockmdm code` makes another",
            ),
            (
                NotAdmitted::from(CodeRefused::UsedUp).into(),
                "0x80180003",
                "this enrollment code was used up",
            ),
            (
                NotAdmitted::from(CodeRefused::Expired(Timestamp(0))).into(),
                "0x80180003",
                "this enrollment code expired at 1970-01-01T00:00:00Z",
            ),
            (
                NotAdmitted::from(TicketRefused::Certificate(fingerprint.clone())).into(),
                "0x80180002",
                "the certificate ab lets nobody in",
            ),
            (
                WindowsRefused::from(CsrError::Signature).into(),
                "0x80180004",
                "the certificate request is refused: the certification request is not signed by the key it names",
            ),
            (
                WindowsRefused::from(NotRenewed::Revoked(fingerprint)).into(),
                "0x80180016",
                "the certificate ab was revoked",
            ),
            (
                Failure::Crypto {
                    doing: "issuing",
                    cause: "the secret cause".to_owned(),
                },
                "0x80180005",
                "the server failed; its log says why",
            ),
            (
                Failure::Service(ServiceError::Contended("device")),
                "0x80180006",
                "the server failed; its log says why",
            ),
        ] {
            let reply = failure.reply(&Dialect::Soap(soap()));
            assert_eq!(reply.status(), 500, "{failure}");
            assert_eq!(reply.headers()["content-type"], MEDIA_TYPE);
            let text = body(reply).await;
            let expected = format!("<s:Text xml:lang=\"en-US\">{code}: {reason}");
            assert!(text.contains(&expected), "{expected}\n{text}");
            assert!(!text.contains("secret cause"), "{text}");
            assert!(text.contains("<a:RelatesTo>urn:uuid:1</a:RelatesTo>"));
        }
    }

    #[tokio::test]
    async fn a_reason_that_xml_cannot_hold_is_left_out() {
        let failure = Failure::MediaType("\u{0}<&>".to_owned());
        let text = body(failure.reply(&Dialect::Soap(soap()))).await;
        assert!(text.contains("0x80180001: "), "{text}");
        assert!(!text.contains('\u{0}'), "{text}");
    }
}

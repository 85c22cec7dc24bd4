use super::AdditionalContext;
use crate::{
    soap::{
        Action, Envelope, RequestError, SecurityToken, TokenKind, Unknown, Unreadable,
        envelope::expect, field,
    },
    xml::{Budget, Ns, Reader},
};

/// `RequestSecurityToken` ([MS-WSTEP] 3.1.4.1.3): the device asks for its first certificate or for a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSecurityToken {
    /// The first or a new one.
    pub request_type: RequestType,
    /// `TokenType`, which is always the same.
    pub token_type: Option<String>,
    /// The request itself.
    pub certificate_request: CertificateRequest,
    /// What the device says about itself.
    pub context: AdditionalContext,
    /// What else there is.
    pub unknown: Vec<Unknown>,
}

/// `RequestType` (WS-Trust 1.3 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestType {
    /// A first certificate.
    Issue,
    /// A new one in place of one that ends.
    Renew,
}

/// What a certificate is asked for with: octets as they were sent, base64 undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateRequest {
    /// PKCS #10 (RFC 2986). Windows bends its rules; a strict reader will not do.
    Pkcs10(Vec<u8>),
    /// CMS `SignedData` around PKCS #10, signed with the key that ends (RFC 5652).
    Pkcs7(Vec<u8>),
}

const MOST: usize = 32;

impl RequestSecurityToken {
    /// Decodes the body of a POST to the enrollment address.
    pub fn decode(document: &[u8], budget: Budget) -> Result<Envelope<Self>, Unreadable> {
        Envelope::read(
            document,
            budget,
            Action::RequestSecurityToken,
            |reader, element| {
                expect(element, Ns::Trust, "RequestSecurityToken")?;
                Self::read(reader)
            },
        )
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, RequestError> {
        let (mut request_type, mut token_type, mut token) = (None, None, None);
        let mut context = AdditionalContext::default();
        let mut unknown = Vec::new();
        while let Some(child) = reader.child()? {
            match (child.ns(), child.local()) {
                (Some(Ns::Trust), "RequestType") => {
                    field::once(&mut request_type, reader, &child, "RequestType")?;
                }
                (Some(Ns::Trust), "TokenType") => {
                    field::once(&mut token_type, reader, &child, "TokenType")?;
                }
                (Some(Ns::Security), "BinarySecurityToken") => {
                    field::put(
                        &mut token,
                        SecurityToken::read(reader, &child)?,
                        "BinarySecurityToken",
                    )?;
                }
                (Some(Ns::Authorization), "AdditionalContext") => context.read(reader)?,
                _ if unknown.len() >= MOST => {
                    return Err(RequestError::TooMany {
                        element: "RequestSecurityToken/*",
                        most: MOST,
                    });
                }
                _ => unknown.push(Unknown::read(reader, &child)?),
            }
        }
        let request_type = RequestType::of(&field::required(request_type, "RequestType")?)?;
        let token = field::required(token, "BinarySecurityToken")?;
        Ok(Self {
            request_type,
            token_type,
            certificate_request: CertificateRequest::of(token, request_type)?,
            context,
            unknown,
        })
    }
}

impl RequestType {
    fn of(text: &str) -> Result<Self, RequestError> {
        match text {
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue" => Ok(Self::Issue),
            "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Renew" => Ok(Self::Renew),
            _ => Err(RequestError::Value {
                element: "RequestType",
                expected: "Issue or Renew of WS-Trust 1.3",
            }),
        }
    }
}

impl CertificateRequest {
    /// A first request has no key yet to sign with, a renewal must prove the one it has.
    fn of(token: SecurityToken, request_type: RequestType) -> Result<Self, RequestError> {
        let content = token.content.expose().to_vec();
        match (request_type, token.kind) {
            (RequestType::Issue, TokenKind::Pkcs10) => Ok(Self::Pkcs10(content)),
            (RequestType::Renew, TokenKind::Pkcs7) => Ok(Self::Pkcs7(content)),
            (RequestType::Issue, _) => Err(RequestError::Value {
                element: "BinarySecurityToken/@ValueType",
                expected: "PKCS10, as for a first certificate",
            }),
            (RequestType::Renew, _) => Err(RequestError::Value {
                element: "BinarySecurityToken/@ValueType",
                expected: "PKCS7, as for a renewal",
            }),
        }
    }
}

//! What a message is.

/// `messageType` (RFC 8894 section 3.2.1.2), or any other number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 3: the reply to any request.
    CertRep,
    /// 17: a request signed with the certificate it renews.
    RenewalReq,
    /// 18: a request for other content under an existing certificate; only in drafts of the RFC.
    UpdateReq,
    /// 19: a request, usually signed with a self-made certificate.
    PkcsReq,
    /// 20: asks what became of a pending request.
    CertPoll,
    /// 21: asks for a certificate.
    GetCert,
    /// 22: asks for a CRL.
    GetCrl,
    /// A number without a meaning to us.
    Unknown(u32),
}

impl MessageType {
    /// The type by its number.
    pub const fn from_code(code: u32) -> Self {
        match code {
            3 => Self::CertRep,
            17 => Self::RenewalReq,
            18 => Self::UpdateReq,
            19 => Self::PkcsReq,
            20 => Self::CertPoll,
            21 => Self::GetCert,
            22 => Self::GetCrl,
            other => Self::Unknown(other),
        }
    }

    /// The number on the wire.
    pub const fn code(self) -> u32 {
        match self {
            Self::CertRep => 3,
            Self::RenewalReq => 17,
            Self::UpdateReq => 18,
            Self::PkcsReq => 19,
            Self::CertPoll => 20,
            Self::GetCert => 21,
            Self::GetCrl => 22,
            Self::Unknown(code) => code,
        }
    }
}

//! Why a request was refused, as clients are told.

/// `failInfo` (RFC 8894 section 3.2.1.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailInfo {
    /// Unrecognized or unsupported algorithm.
    BadAlg,
    /// The integrity check failed.
    BadMessageCheck,
    /// Not permitted or not supported, a wrong challenge password included.
    BadRequest,
    /// The signing time was too far from ours.
    BadTime,
    /// No certificate matches.
    BadCertId,
}

impl FailInfo {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::BadAlg => 0,
            Self::BadMessageCheck => 1,
            Self::BadRequest => 2,
            Self::BadTime => 3,
            Self::BadCertId => 4,
        }
    }

    /// The name of the number, as in the RFC.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BadAlg => "badAlg",
            Self::BadMessageCheck => "badMessageCheck",
            Self::BadRequest => "badRequest",
            Self::BadTime => "badTime",
            Self::BadCertId => "badCertId",
        }
    }
}

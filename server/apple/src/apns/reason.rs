//! Why APNs refused.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// `reason` of an APNs error (Apple, "Handling notification responses from APNs").
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum PushReason {
            $($(#[$doc])* $name,)+
            /// One that Apple did not document when this was written; at most 64 characters of it.
            Unknown(String),
        }

        impl From<&str> for PushReason {
            fn from(text: &str) -> Self {
                match text {
                    $(stringify!($name) => Self::$name,)+
                    other => Self::Unknown(other.chars().filter(|c| !c.is_control()).take(64).collect()),
                }
            }
        }

        impl fmt::Display for PushReason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$name => stringify!($name),)+
                    Self::Unknown(text) => text,
                })
            }
        }

        #[cfg(test)]
        const ALL: &[&str] = &[$(stringify!($name)),+];
    };
}

reasons! {
    /// 400: the collapse identifier is too long.
    BadCollapseId,
    /// 400: not a token, or one of the other environment.
    BadDeviceToken,
    /// 400.
    BadExpirationDate,
    /// 400.
    BadMessageId,
    /// 400.
    BadPriority,
    /// 400: not a topic.
    BadTopic,
    /// 400: the token belongs to another topic, so the device enrolled with another push certificate.
    DeviceTokenNotForTopic,
    /// 400.
    DuplicateHeaders,
    /// 400: the connection was idle for too long.
    IdleTimeout,
    /// 400: the push type does not fit.
    InvalidPushType,
    /// 400.
    MissingDeviceToken,
    /// 400: no topic, with a certificate for several.
    MissingTopic,
    /// 400.
    PayloadEmpty,
    /// 400: the certificate is not for this topic.
    TopicDisallowed,
    /// 403: the certificate is bad.
    BadCertificate,
    /// 403: the certificate is for the other environment.
    BadCertificateEnvironment,
    /// 403: of token-based connections.
    BadEnvironmentKeyIdInToken,
    /// 403: of token-based connections.
    ExpiredProviderToken,
    /// 403.
    Forbidden,
    /// 403: of token-based connections.
    InvalidProviderToken,
    /// 403: no certificate was presented.
    MissingProviderToken,
    /// 403: of token-based connections.
    UnrelatedKeyIdInToken,
    /// 404.
    BadPath,
    /// 405.
    MethodNotAllowed,
    /// 410: the token has expired.
    ExpiredToken,
    /// 410: the device no longer takes pushes for this topic.
    Unregistered,
    /// 413.
    PayloadTooLarge,
    /// 429: of token-based connections.
    TooManyProviderTokenUpdates,
    /// 429: too many pushes to one token.
    TooManyRequests,
    /// 500.
    InternalServerError,
    /// 503.
    ServiceUnavailable,
    /// 503: the connection is being closed.
    Shutdown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_and_strangers_are_bounded() {
        for name in ALL {
            let reason = PushReason::from(*name);
            assert!(!matches!(reason, PushReason::Unknown(_)), "{name}");
            assert_eq!(reason.to_string(), *name);
        }
        assert_eq!(
            PushReason::from("New\nOne"),
            PushReason::Unknown("NewOne".into())
        );
        assert_eq!(
            PushReason::from("x".repeat(99).as_str()).to_string().len(),
            64
        );
    }
}

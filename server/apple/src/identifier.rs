//! The identifiers devices report about themselves, each its own type.
//!
//! All are opaque text: 1 to 64 bytes (`Topic` and `CommandUuid` 255 and 128) without control characters, kept exactly
//! as sent. Devices report a UDID in several shapes, so nothing is re-cased or re-formatted.

use std::fmt;
use std::str::FromStr;

/// Why text is no identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadIdentifier {
    /// No text.
    #[error("is empty")]
    Empty,
    /// Too much text.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A control character.
    #[error("holds a control character")]
    Control,
}

fn check(text: &str, longest: usize) -> Result<(), BadIdentifier> {
    if text.is_empty() {
        Err(BadIdentifier::Empty)
    } else if text.len() > longest {
        Err(BadIdentifier::TooLong(longest))
    } else if text.chars().any(char::is_control) {
        Err(BadIdentifier::Control)
    } else {
        Ok(())
    }
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $longest:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadIdentifier;
            fn from_str(text: &str) -> Result<Self, BadIdentifier> {
                check(text, $longest)?;
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

identifier!(
    /// `UDID`: a device, outside user enrollment.
    Udid, 64
);
identifier!(
    /// `EnrollmentID`: an enrollment of a device whose UDID the server may not know (user enrollment).
    EnrollmentId, 64
);
identifier!(
    /// `UserID`: a macOS user.
    UserId, 64
);
identifier!(
    /// `EnrollmentUserID`: a user in a user enrollment.
    EnrollmentUserId, 64
);
identifier!(
    /// `UserShortName` where it alone tells users apart: Shared iPad.
    ShortName, 255
);
identifier!(
    /// `Topic`: the push topic, `com.apple.mgmt.…`.
    Topic, 255
);
identifier!(
    /// `CommandUUID`: one command. Chosen by the server, so a UUID in practice; a device echoes it.
    CommandUuid, 128
);
identifier!(
    /// `RequestType` of a command.
    RequestType, 128
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_and_shapes() {
        for (text, outcome) in [
            ("00008030-001A2C3E0E89802E", Ok(())),
            ("564D3C1A-0F5B-4C5E-9D3B-0123456789AB", Ok(())),
            ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4", Ok(())),
            ("é & <x>", Ok(())),
            ("", Err(BadIdentifier::Empty)),
            ("a\nb", Err(BadIdentifier::Control)),
            (&"x".repeat(65), Err(BadIdentifier::TooLong(64))),
        ] {
            let udid = text.parse::<Udid>();
            assert_eq!(udid.as_ref().map(|_| ()).map_err(|e| *e), outcome, "{text}");
            if let Ok(udid) = udid {
                assert_eq!(udid.as_str(), text);
            }
        }
    }
}

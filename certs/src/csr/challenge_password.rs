//! The password in a request.

use std::fmt;

/// A `challengePassword` (RFC 2985 section 5.4.1). It shows as `***`.
#[derive(Clone)]
pub struct ChallengePassword(String);

impl ChallengePassword {
    /// A password from its text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The password itself, to look it up or hash it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is `secret`, in time that depends on the lengths only.
    #[must_use]
    pub fn is(&self, secret: &str) -> bool {
        let (ours, theirs) = (self.0.as_bytes(), secret.as_bytes());
        ours.len() == theirs.len() && openssl::memcmp::eq(ours, theirs)
    }
}

impl fmt::Debug for ChallengePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengePassword(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_compares_but_does_not_show() {
        let password = ChallengePassword::new("sécret".to_owned());
        assert_eq!(format!("{password:?}"), "ChallengePassword(***)");
        for (text, same) in [
            ("sécret", true),
            ("secret", false),
            ("sécreT", false),
            ("", false),
        ] {
            assert_eq!(password.is(text), same, "{text}");
        }
    }
}

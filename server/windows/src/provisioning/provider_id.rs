use std::{fmt, str::FromStr};

/// `PROVIDER-ID`: names this server on the device, in the account, in `DMClient` and in every address below it
/// (page "`DMClient` CSP"). One constant for a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProviderId(String);

/// Why a text is no [`ProviderId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("provider identifier is not of 1 to {longest} letters, digits, blanks or `-_.`", longest = ProviderId::LONGEST)]
pub struct BadProviderId;

impl ProviderId {
    /// In characters.
    pub const LONGEST: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderId {
    type Err = BadProviderId;

    fn from_str(text: &str) -> Result<Self, BadProviderId> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b" -_.".contains(&b);
        let fits = (1..=Self::LONGEST).contains(&text.len());
        if !fits || text.trim() != text || !text.bytes().all(allowed) {
            return Err(BadProviderId);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ProviderId;

    #[test]
    fn what_an_address_can_hold() {
        for (text, expected) in [
            ("mockmdm", true),
            ("MS DM Server", true),
            ("", false),
            (" a", false),
            ("a/b", false),
            ("a%", false),
            ("é", false),
        ] {
            assert_eq!(text.parse::<ProviderId>().is_ok(), expected, "{text}");
        }
        assert!("x".repeat(65).parse::<ProviderId>().is_err());
    }
}

//! Values that must not end up in logs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that is shown to nobody by accident: a challenge, the password of a PKCS#12 file.
///
/// `Debug` prints `***`, there is no `Display`, and the text is reached by [`Secret::expose`] only.
/// `Serialize` writes the text itself, because a stored secret must be readable again.
/// Comparison takes a time that depends on the text; compare what a peer sends elsewhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Every use of this is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_and_json_keeps() {
        let secret = Secret::from("p&<é");
        assert_eq!(format!("{secret:?}"), "***");
        let json = serde_json::to_string(&secret).unwrap();
        assert_eq!(json, r#""p&<é""#);
        assert_eq!(
            serde_json::from_str::<Secret>(&json).unwrap().expose(),
            "p&<é"
        );
    }
}

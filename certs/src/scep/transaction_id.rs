//! What ties a poll or a repetition to its request.

use std::fmt;
use std::str::FromStr;

/// A `transactionID` (RFC 8894 section 3.2.1.1): 1 to 255 printable ASCII characters, compared octet by
/// octet. Clients make it a hash of their key, in decimal, hexadecimal or base64.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TransactionId(String);

/// Text that is no transaction identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a transaction identifier is 1 to 255 printable ASCII characters")]
pub struct NotATransactionId;

impl TransactionId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TransactionId {
    type Err = NotATransactionId;

    fn from_str(text: &str) -> Result<Self, NotATransactionId> {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if printable && (1..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotATransactionId)
        }
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_all_clients_are_taken_and_others_refused() {
        for text in [
            "12345678901234567890123456789012345678901234567890123456789012345678901234567",
            "0D7B1BDE52EE7EB16A1F0ECF24C9A6C4A5E4AB08",
            "Yk1xTkZ0+/dF5Zk3bY8xJw==",
            &"a".repeat(255),
        ] {
            assert_eq!(text.parse::<TransactionId>().unwrap().as_str(), text);
        }
        for text in ["", "é", "a\nb", &"a".repeat(256)] {
            assert_eq!(
                text.parse::<TransactionId>().unwrap_err().to_string(),
                "a transaction identifier is 1 to 255 printable ASCII characters",
                "{text}"
            );
        }
    }
}

//! What a device should hold, and how to compare what it says with that.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use super::operation::Value;

/// One node to read once a profile is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadBack {
    /// The node.
    pub uri: String,
    /// What it should hold; none where it is enough that it is there.
    pub expected: Option<Value>,
    /// How to compare.
    pub comparison: Comparison,
}

/// When a value means the same as the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The same text.
    Text,
    /// The same text but for the case of letters: host names, thumbprints.
    CaseInsensitive,
    /// The same number: `1` and `01`.
    Number,
    /// The same truth: `1` and `true`.
    Boolean,
    /// The same bytes once decoded from base64, however the lines are broken.
    Der,
    /// Whatever it says: a device hides it.
    Masked,
    /// Something, whatever it is.
    Present,
}

/// Padding may be missing, and what is left of the last octet may be anything: this reads what others wrote.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

impl ReadBack {
    /// Whether `reported`, the value the device gave, is what it should hold.
    pub fn agrees(&self, reported: &str) -> bool {
        let expected = self.expected.as_ref().map_or("", Value::expose);
        match self.comparison {
            Comparison::Text => reported == expected,
            Comparison::CaseInsensitive => {
                reported.trim().to_lowercase() == expected.trim().to_lowercase()
            }
            Comparison::Number => match (number(reported), number(expected)) {
                (Some(reported), Some(expected)) => reported == expected,
                _ => false,
            },
            Comparison::Boolean => match (truth(reported), truth(expected)) {
                (Some(reported), Some(expected)) => reported == expected,
                _ => false,
            },
            Comparison::Der => match (bytes(reported), bytes(expected)) {
                (Some(reported), Some(expected)) => reported == expected,
                _ => false,
            },
            Comparison::Masked => true,
            Comparison::Present => !reported.trim().is_empty(),
        }
    }
}

/// A whole number in decimal, or in hexadecimal after `0x`.
pub(super) fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with(['+', '-']) => i64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => number(text).map(|number| number != 0),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    LENIENT.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_and_not_spelling() {
        use Comparison::{Boolean, CaseInsensitive, Der, Masked, Number, Present, Text};
        for (comparison, expected, reported, agrees) in [
            (Text, "Ada & <é>", "Ada & <é>", true),
            (Text, "a", "A", false),
            (Text, "a", "a ", false),
            (
                CaseInsensitive,
                "mail.Example.com",
                "MAIL.example.com",
                true,
            ),
            (CaseInsensitive, "büro.example", "BÜRO.example", true),
            (CaseInsensitive, "a.example", "b.example", false),
            (Number, "1", "01", true),
            (Number, "-1", " -1", true),
            (Number, "2", "0x2", true),
            (Number, "-1", "0x-1", false),
            (Number, "1", "2", false),
            (Number, "1", "true", false),
            (Number, "1", "", false),
            (Boolean, "true", "1", true),
            (Boolean, "1", "True", true),
            (Boolean, "false", "00", true),
            (Boolean, "false", "true", false),
            (Boolean, "false", "", false),
            (Der, "MIIBPg==", "MIIB\r\n Pg==\r\n", true),
            (Der, "MIIBPg==", "MIIBPg", true),
            (Der, "MIIBPg==", "MIIBPw==", false),
            (Der, "MIIBPg==", "(null)", false),
            (Masked, "secret", "******", true),
            (Masked, "secret", "", true),
            (Present, "", "0A1B", true),
            (Present, "", " ", false),
        ] {
            let item = ReadBack {
                uri: "./x".into(),
                expected: Some(expected.into()),
                comparison,
            };
            assert_eq!(
                item.agrees(reported),
                agrees,
                "{comparison:?} {expected} {reported}"
            );
        }
    }
}

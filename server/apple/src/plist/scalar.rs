//! The text of a scalar element and its value.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::value::Value;

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The elements that hold text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Key,
    String,
    Integer,
    Real,
    Data,
    Date,
    True,
    False,
}

impl Scalar {
    pub(super) fn named(element: &str) -> Option<Self> {
        Some(match element {
            "key" => Self::Key,
            "string" => Self::String,
            "integer" => Self::Integer,
            "real" => Self::Real,
            "data" => Self::Data,
            "date" => Self::Date,
            "true" => Self::True,
            "false" => Self::False,
            _ => return None,
        })
    }

    pub(super) const fn element(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Data => "data",
            Self::Date => "date",
            Self::True => "true",
            Self::False => "false",
        }
    }

    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Key | Self::String => "text",
            Self::Integer => "an integer between -2^63 and 2^64-1",
            Self::Real => "a number",
            Self::Data => "base64",
            Self::Date => "a date such as 2026-01-31T12:00:00Z",
            Self::True | Self::False => "empty",
        }
    }

    /// The value of `text`, or `None` where it is not of this type. `text` is taken only by strings.
    pub(super) fn value(self, text: &mut String) -> Option<Value> {
        match self {
            Self::Key | Self::String => Some(Value::String(std::mem::take(text))),
            Self::Integer => integer(text.trim()).map(Value::Integer),
            Self::Real => text.trim().parse().ok().map(Value::Real),
            Self::Data => data(text).map(Value::Data),
            Self::Date => date(text.trim()).map(Value::Date),
            Self::True | Self::False => text
                .trim()
                .is_empty()
                .then_some(Value::Bool(self == Self::True)),
        }
    }
}

/// Decimal, or hexadecimal after `0x` as Apple's reader takes it.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        Some(hex) => (16, hex),
        None => (10, digits),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None; // a second sign
    }
    let n = i128::from_str_radix(digits, radix).ok()?;
    let n = if negative { -n } else { n };
    (i128::from(i64::MIN)..=i128::from(u64::MAX))
        .contains(&n)
        .then_some(n)
}

fn data(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|b| b.is_ascii_whitespace()) {
        let packed: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        BASE64.decode(packed).ok()
    } else {
        BASE64.decode(text).ok()
    }
}

fn date(text: &str) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let at = at.checked_to_offset(time::UtcOffset::UTC)?;
    let at = at.replace_nanosecond(0).ok()?;
    // Its offset may have led beyond the years that can be written.
    (0..=9999).contains(&at.year()).then_some(at)
}

/// Whether base64 text lacks its padding.
pub(super) fn unpadded(text: &str) -> bool {
    !text
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .count()
        .is_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_takes_its_own_text_and_nothing_else() {
        for (scalar, text, shown) in [
            (
                Scalar::Integer,
                " -9223372036854775808 ",
                Some("-9223372036854775808"),
            ),
            (
                Scalar::Integer,
                "18446744073709551615",
                Some("18446744073709551615"),
            ),
            (Scalar::Integer, "18446744073709551616", None),
            (Scalar::Integer, "-9223372036854775809", None),
            (Scalar::Integer, "0x1F", Some("31")),
            (Scalar::Integer, "+7", Some("7")),
            (Scalar::Integer, "+-7", None),
            (Scalar::Integer, "0x-7", None),
            (Scalar::Integer, "1.0", None),
            (Scalar::Integer, "", None),
            (Scalar::Integer, "٣", None),
            (Scalar::Integer, &"9".repeat(1000), None),
            (Scalar::Real, "0.25", Some("0.25")),
            (Scalar::Real, "nan", Some("NaN")),
            (Scalar::Real, "one", None),
            (Scalar::Data, "\n\tAAEC\n\t/w==\n", Some("data(4 bytes)")),
            (Scalar::Data, "AAECfw", Some("data(4 bytes)")),
            (Scalar::Data, "", Some("data(0 bytes)")),
            (Scalar::Data, "AAEC*", None),
            (Scalar::Data, "A", None),
            (
                Scalar::Date,
                "2026-01-31T12:00:00Z",
                Some("2026-01-31 12:00:00.0 +00:00:00"),
            ),
            (Scalar::Date, "2026-02-31T12:00:00Z", None),
            (Scalar::Date, "9999-12-31T23:59:59-23:59", None),
            (Scalar::Date, "0000-01-01T00:00:00+00:01", None),
            (Scalar::True, " ", Some("true")),
            (Scalar::False, "yes", None),
            (Scalar::String, " a ", Some("\" a \"")),
        ] {
            let value = scalar.value(&mut text.to_owned());
            assert_eq!(
                value.map(|v| format!("{v:?}")).as_deref(),
                shown,
                "{scalar:?} {text}"
            );
        }
    }
}

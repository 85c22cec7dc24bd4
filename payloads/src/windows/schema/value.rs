//! Which values a node takes.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::super::{operation::Format, read_back::number};

/// The values a node takes, beyond its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Any.
    Any,
    /// One of these.
    OneOf(Vec<String>),
    /// A number made of these bits.
    Bits(Vec<i64>),
    /// A number from the first to the second.
    Range(i64, i64),
    /// A text of this shape.
    Shape(Shape),
}

/// A shape of texts. These are all that Microsoft's description prescribes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `{8-4-4-4-12}` hexadecimal digits in braces.
    BracedGuid,
    /// The same without braces.
    Guid,
    /// One digit, or two with a dot between them.
    Version,
}

impl Shape {
    /// The shape a regular expression of the description stands for.
    pub(super) fn of(expression: &str) -> Option<Self> {
        match expression {
            r"\{[0-9A-Fa-f]{8}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{12}\}" => {
                Some(Self::BracedGuid)
            }
            r"[0-9A-Fa-f]{8}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{4}\-[0-9A-Fa-f]{12}" => {
                Some(Self::Guid)
            }
            r"^(\d\.)?(\d)$" => Some(Self::Version),
            _ => None,
        }
    }

    fn fits(self, text: &str) -> bool {
        match self {
            Self::BracedGuid => text
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .is_some_and(is_guid),
            Self::Guid => is_guid(text),
            Self::Version => {
                let digit =
                    |text: &str| text.len() == 1 && text.bytes().all(|b| b.is_ascii_digit());
                match text.split_once('.') {
                    Some((major, minor)) => digit(major) && digit(minor),
                    None => digit(text),
                }
            }
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::BracedGuid => "a GUID in braces",
            Self::Guid => "a GUID",
            Self::Version => "a version of one or two digits",
        }
    }
}

fn is_guid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let mut parts = text.split('-');
    lengths.iter().all(|&length| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit()))
    }) && parts.next().is_none()
}

/// The bounds written `[0-30]` or `[(-1)-2147483647]`.
pub(super) fn range(text: &str) -> Option<(i64, i64)> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let (low, high) = match inner.strip_prefix('(') {
        Some(rest) => rest.split_once(")-")?,
        None => inner.split_once('-')?,
    };
    Some((low.parse().ok()?, high.parse().ok()?))
}

impl Allowed {
    /// What would be allowed instead of `value`, in words; `None` when it is allowed.
    pub(super) fn refusal(&self, value: &str) -> Option<String> {
        match self {
            Self::Any => None,
            Self::OneOf(values) => (!values.iter().any(|allowed| allowed == value))
                .then(|| format!("one of {}", values.join(", "))),
            Self::Bits(bits) => {
                let all = bits.iter().fold(0, |all, bit| all | bit);
                let fits = number(value).is_some_and(|value| value >= 0 && value & !all == 0);
                (!fits).then(|| format!("a number made of the bits {all:#x}"))
            }
            Self::Range(low, high) => {
                let fits = number(value).is_some_and(|value| (*low..=*high).contains(&value));
                (!fits).then(|| format!("{low} to {high}"))
            }
            Self::Shape(shape) => (!shape.fits(value)).then(|| shape.words().to_owned()),
        }
    }
}

/// What would be a value of `format` instead of `value`, in words; `None` when it is one.
pub(super) fn refusal_of_format(format: Format, value: &str) -> Option<&'static str> {
    match format {
        Format::Int => value
            .parse::<i64>()
            .is_err()
            .then_some("a whole number in decimal digits"),
        Format::Bool => (!matches!(value, "true" | "false")).then_some("true or false"),
        Format::B64 | Format::Bin => STANDARD
            .decode(value)
            .is_err()
            .then_some("base64 without line breaks"),
        Format::Float => value.parse::<f64>().is_err().then_some("a number"),
        Format::Chr | Format::Node | Format::Null | Format::Xml | Format::Date | Format::Time => {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let one_of = Allowed::OneOf(vec!["0".into(), "1".into()]);
        let bits = Allowed::Bits(vec![1, 2, 0x60]);
        let ranged = Allowed::Range(-1, 30);
        for (allowed, value, fits) in [
            (&one_of, "1", true),
            (&one_of, "01", false),
            (&one_of, "2", false),
            (&one_of, "", false),
            (&bits, "0x2", true),
            (&bits, "3", true),
            (&bits, "0x61", true),
            (&bits, "0x80", false),
            (&bits, "-1", false),
            (&bits, "x", false),
            (&ranged, "-1", true),
            (&ranged, "30", true),
            (&ranged, "31", false),
            (&ranged, "", false),
            (&Allowed::Any, "", true),
            (&Allowed::Shape(Shape::Version), "3.0", true),
            (&Allowed::Shape(Shape::Version), "3", true),
            (&Allowed::Shape(Shape::Version), "3.0.0", false),
            (&Allowed::Shape(Shape::Version), "10", false),
            (
                &Allowed::Shape(Shape::BracedGuid),
                "{0dd8685c-e272-4fcb-9ECF-2ead7ea2497b}",
                true,
            ),
            (
                &Allowed::Shape(Shape::BracedGuid),
                "0dd8685c-e272-4fcb-9ecf-2ead7ea2497b",
                false,
            ),
            (
                &Allowed::Shape(Shape::Guid),
                "0dd8685c-e272-4fcb-9ecf-2ead7ea2497b",
                true,
            ),
            (
                &Allowed::Shape(Shape::Guid),
                "0dd8685c-e272-4fcb-9ecf",
                false,
            ),
        ] {
            assert_eq!(
                allowed.refusal(value).is_none(),
                fits,
                "{allowed:?} {value}"
            );
        }
    }

    #[test]
    fn bounds() {
        for (text, expected) in [
            ("[0-30]", Some((0, 30))),
            ("[(-1)-2147483647]", Some((-1, 2_147_483_647))),
            ("[(-1)-4294967295]", Some((-1, 4_294_967_295))),
            ("0-30", None),
            ("[0]", None),
            ("[a-b]", None),
        ] {
            assert_eq!(range(text), expected, "{text}");
        }
    }

    #[test]
    fn formats() {
        for (format, value, fits) in [
            (Format::Int, "-1", true),
            (Format::Int, "0x1", false),
            (Format::Int, "", false),
            (Format::Bool, "true", true),
            (Format::Bool, "1", false),
            (Format::B64, "MIIB", true),
            (Format::B64, "MI\nIB", false),
            (Format::Bin, "***", false),
            (Format::Float, "1.5", true),
            (Format::Chr, "<&é", true),
        ] {
            assert_eq!(
                refusal_of_format(format, value).is_none(),
                fits,
                "{format} {value}"
            );
        }
    }
}

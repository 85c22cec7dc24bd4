//! The query string of a request, as clients really write it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The answer to `GetCACaps` (RFC 8894 section 3.5.2), one word to a line. Clients look for the words
/// they know; strongSwan needs `SHA-384` to take AES and `DES3` to take SHA-256.
pub const GET_CA_CAPS: &str =
    "POSTPKIOperation\nRenewal\nSHA-1\nSHA-256\nSHA-384\nSHA-512\nDES3\nAES\nSCEPStandard\n";

/// The largest message that is read, in octets.
pub const MAX_MESSAGE: usize = 256 * 1024;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a request asks for (RFC 8894 section 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// What the authority can do.
    GetCaCaps,
    /// The authority's certificates.
    GetCaCert,
    /// The authority's next certificate.
    GetNextCaCert,
    /// A message to decode: the body of a POST, the `message` of a GET.
    PkiOperation,
    /// Anything else, as written.
    Unknown(String),
}

/// Why the `message` of a GET is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// No `message` at all.
    #[error("the query has no `message`")]
    Missing,
    /// Not base64 in any of the ways clients write it.
    #[error("the `message` of the query is not base64")]
    NotBase64,
    /// More than [`MAX_MESSAGE`].
    #[error("the `message` of the query is longer than {MAX_MESSAGE} octets")]
    TooLong,
}

/// A query string, not decoded: decoding it by the rules of forms would destroy what some clients put
/// into it unescaped.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a>(&'a str);

impl<'a> Query<'a> {
    /// A query from what follows the `?` of the request target.
    pub const fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// The operation, its name compared without regard to case.
    pub fn operation(&self) -> Option<Operation> {
        let name = percent_decoded(self.value("operation")?);
        let name = String::from_utf8_lossy(&name).trim().to_owned();
        Some(match name.to_ascii_lowercase().as_str() {
            "getcacaps" => Operation::GetCaCaps,
            "getcacert" => Operation::GetCaCert,
            "getnextcacert" => Operation::GetNextCaCert,
            "pkioperation" => Operation::PkiOperation,
            _ => Operation::Unknown(name),
        })
    }

    /// The message: base64 in the standard or the URL-safe alphabet, percent-encoded or not, with or
    /// without padding, with line breaks, with `+` as it is or turned into a space on the way.
    pub fn message(&self) -> Result<Vec<u8>, MessageError> {
        let raw = self.value("message").ok_or(MessageError::Missing)?;
        // Three characters for each of four that stand for three octets, and some line breaks.
        if raw.len() > MAX_MESSAGE * 9 / 2 {
            return Err(MessageError::TooLong);
        }
        let text: Vec<u8> = percent_decoded(raw)
            .into_iter()
            .filter_map(|byte| match byte {
                b'\r' | b'\n' | b'\t' => None,
                b'-' => Some(b'+'),
                b'_' => Some(b'/'),
                byte => Some(byte),
            })
            .collect();
        let spaces_were_plus: Vec<u8> = text
            .iter()
            .map(|byte| if *byte == b' ' { b'+' } else { *byte })
            .collect();
        let spaces_were_breaks: Vec<u8> = text.into_iter().filter(|byte| *byte != b' ').collect();
        let decoded: Vec<Vec<u8>> = [spaces_were_plus, spaces_were_breaks]
            .iter()
            .filter_map(|text| BASE64.decode(text).ok())
            .collect();
        // A message is a SEQUENCE; a reading that is none is the wrong one of two.
        let message = decoded
            .iter()
            .find(|message| crate::der::Element::parse(message).is_ok())
            .or(decoded.first())
            .ok_or(MessageError::NotBase64)?;
        if message.len() > MAX_MESSAGE {
            return Err(MessageError::TooLong);
        }
        Ok(message.clone())
    }

    /// The text of `message`: which authority `GetCACert` means (RFC 8894 section 4.2).
    pub fn authority(&self) -> Option<String> {
        let text = percent_decoded(self.value("message")?);
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    /// The first value of `name`, up to the next `&`; base64 padding and `=` within stay.
    fn value(&self, name: &str) -> Option<&'a str> {
        self.0.split('&').find_map(|pair| {
            let (found, value) = pair.split_once('=')?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// `text` with `%XX` decoded; a `%` that starts no such triplet stays, and `+` is a `+`.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let triplet = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = triplet {
            decoded.push((high << 4) | low);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            decoded.push(*first);
            rest = after;
        }
    }
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::der::encode;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    /// Octets whose base64 has `+`, `/` and padding, and which are a SEQUENCE.
    fn message() -> Vec<u8> {
        let octets = [0xfb, 0xff, 0xbe, 0xfb, 0xef, 0xbe, 0xfb, 0xef].repeat(20);
        encode(|w| w.sequence(|w| w.octet_string(&octets)))
    }

    #[test]
    fn every_way_of_writing_a_message_is_read() {
        let message = message();
        let standard = STANDARD.encode(&message);
        assert!(standard.contains('+') && standard.contains('/') && standard.contains('='));
        let lines = |separator: &str| {
            let lines: Vec<_> = standard
                .as_bytes()
                .chunks(64)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            lines.join(separator)
        };
        for value in [
            standard.clone(),
            standard.replace('=', "%3D"),
            standard
                .replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3d"),
            standard.replace('+', " "),
            standard.replace('+', "%20"),
            standard.trim_end_matches('=').to_owned(),
            URL_SAFE_NO_PAD.encode(&message),
            lines("\n"),
            lines("\r\n"),
            lines("%0A"),
            lines("%0D%0A"),
            lines(" "),
            lines("%20"),
        ] {
            for query in [
                format!("operation=PKIOperation&message={value}"),
                format!("MESSAGE={value}&operation=PKIOperation&x"),
            ] {
                let query = Query::new(&query);
                assert_eq!(query.message().as_ref(), Ok(&message), "{query:?}");
                assert_eq!(query.operation(), Some(Operation::PkiOperation));
            }
        }
    }

    #[test]
    fn operations_are_named_in_any_case() {
        for (query, operation) in [
            ("operation=GetCACaps", Some(Operation::GetCaCaps)),
            ("operation=getcacaps&message=x", Some(Operation::GetCaCaps)),
            (
                "x=1&Operation=GetCACert&message=",
                Some(Operation::GetCaCert),
            ),
            ("operation=GetNextCACert", Some(Operation::GetNextCaCert)),
            ("operation=PKI%4fperation", Some(Operation::PkiOperation)),
            ("operation=Get%26", Some(Operation::Unknown("Get&".into()))),
            ("operation", None),
            ("", None),
        ] {
            assert_eq!(Query::new(query).operation(), operation, "{query}");
        }
        let query = Query::new("operation=GetCACert&message=the%20lab");
        assert_eq!(query.authority().as_deref(), Some("the lab"));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let long = "A".repeat(MAX_MESSAGE * 3);
        let longer = "A".repeat(MAX_MESSAGE * 5);
        for (query, complaint) in [
            ("operation=PKIOperation", "the query has no `message`"),
            ("message=%", "the `message` of the query is not base64"),
            ("message=A", "the `message` of the query is not base64"),
            ("message=é%zz", "the `message` of the query is not base64"),
            (
                &format!("message={long}"),
                "the `message` of the query is longer than 262144 octets",
            ),
            (
                &format!("message={longer}"),
                "the `message` of the query is longer than 262144 octets",
            ),
        ] {
            let error = Query::new(query).message().unwrap_err();
            assert_eq!(error.to_string(), complaint);
        }
        assert_eq!(Query::new("message=").message(), Ok(Vec::new()));
    }

    #[test]
    fn the_capabilities_are_one_word_to_a_line() {
        insta::assert_snapshot!(GET_CA_CAPS, @r"
        POSTPKIOperation
        Renewal
        SHA-1
        SHA-256
        SHA-384
        SHA-512
        DES3
        AES
        SCEPStandard
        ");
    }
}
